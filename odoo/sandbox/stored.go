package sandbox

// storedComputation brings columns up to date that Odoo computes and stores. It runs after a write of one of the fields
// it depends on, id being written when a record is created; $1 are the records. It is for the series that have the
// column, if one is named as "table.column".
type storedComputation struct {
	model     string
	depends   []string
	column    string
	statement string
}

var storedComputations = []storedComputation{
	{
		model: "res.partner", depends: []string{"name", "parent_id", "is_company"},
		statement: `UPDATE res_partner r SET
				commercial_partner_id = CASE WHEN r.is_company OR p.id IS NULL THEN r.id ELSE coalesce(p.commercial_partner_id, p.id) END
			FROM res_partner c LEFT JOIN res_partner p ON p.id = c.parent_id WHERE c.id = r.id AND r.id = ANY ($1)`,
	},
	{
		model: "res.partner", depends: []string{"name", "parent_id", "is_company"}, column: "res_partner.display_name",
		statement: `UPDATE res_partner r SET display_name = CASE WHEN r.is_company OR p.id IS NULL THEN r.name ELSE p.name || ', ' || r.name END
			FROM res_partner c LEFT JOIN res_partner p ON p.id = c.parent_id
			WHERE c.id = r.id AND (r.id = ANY ($1) OR r.parent_id = ANY ($1))`,
	},
	{
		model: "res.partner", depends: []string{"name", "parent_id", "is_company"}, column: "res_partner.complete_name",
		statement: `UPDATE res_partner r SET complete_name = CASE WHEN r.is_company OR p.id IS NULL THEN r.name ELSE p.name || ', ' || r.name END
			FROM res_partner c LEFT JOIN res_partner p ON p.id = c.parent_id
			WHERE c.id = r.id AND (r.id = ANY ($1) OR r.parent_id = ANY ($1))`,
	},
	{ // a new user without groups is an internal user
		model: "res.users", depends: []string{"id"},
		statement: `INSERT INTO res_groups_users_rel (gid, uid) SELECT d.res_id, u.id FROM res_users u, ir_model_data d
			WHERE u.id = ANY ($1) AND d.model = 'res.groups' AND d.module = 'base' AND d.name = 'group_user'
				AND NOT EXISTS (SELECT FROM res_groups_users_rel r WHERE r.uid = u.id)`,
	},
	{
		model: "res.users", depends: []string{"id", "company_id"},
		statement: `INSERT INTO res_company_users_rel (cid, user_id) SELECT company_id, id FROM res_users WHERE id = ANY ($1)
			ON CONFLICT DO NOTHING`,
	},
	{ // auth_api_key: archiving a user archives its keys while the company wants that, unarchiving brings them back
		model: "res.users", depends: []string{"active"}, column: "res_company.archived_user_disable_auth_api_key",
		statement: `UPDATE auth_api_key k SET active = u.active FROM res_users u JOIN res_company c ON c.id = u.company_id
			WHERE u.id = k.user_id AND c.archived_user_disable_auth_api_key AND u.id = ANY ($1)`,
	},
}
