package sandbox

// storedComputation brings columns up to date that Odoo computes and stores. It runs after a write of one of the fields
// it depends on; $1 are the records. It is for the series whose table has the column, if one is named.
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
		model: "res.partner", depends: []string{"name", "parent_id", "is_company"}, column: "display_name",
		statement: `UPDATE res_partner r SET display_name = CASE WHEN r.is_company OR p.id IS NULL THEN r.name ELSE p.name || ', ' || r.name END
			FROM res_partner c LEFT JOIN res_partner p ON p.id = c.parent_id
			WHERE c.id = r.id AND (r.id = ANY ($1) OR r.parent_id = ANY ($1))`,
	},
	{
		model: "res.partner", depends: []string{"name", "parent_id", "is_company"}, column: "complete_name",
		statement: `UPDATE res_partner r SET complete_name = CASE WHEN r.is_company OR p.id IS NULL THEN r.name ELSE p.name || ', ' || r.name END
			FROM res_partner c LEFT JOIN res_partner p ON p.id = c.parent_id
			WHERE c.id = r.id AND (r.id = ANY ($1) OR r.parent_id = ANY ($1))`,
	},
	{ // auth_api_key: archiving a user archives its keys while the company wants that, unarchiving brings them back
		model: "res.users", depends: []string{"active"}, column: "auth_api_key_ids",
		statement: `UPDATE auth_api_key k SET active = u.active FROM res_users u JOIN res_company c ON c.id = u.company_id
			WHERE u.id = k.user_id AND c.archived_user_disable_auth_api_key AND u.id = ANY ($1)`,
	},
}
