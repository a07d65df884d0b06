package sandbox

// storedComputation brings columns up to date that Odoo computes and stores. It runs after a write of one of the fields
// it depends on, id being written when a record is created; $1 are the records. It is for the series that have the
// column, if one is named as "table.column".
type storedComputation struct {
	model     string
	depends   []string
	column    string
	until     int // the last series it is for, 0 is all
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
	{ // up to series 18 a new user without groups gets those of the template base.default_user
		model: "res.users", depends: []string{"id"}, until: 18,
		statement: `INSERT INTO res_groups_users_rel (gid, uid) SELECT r.gid, u.id
			FROM res_users u, ir_model_data d JOIN res_groups_users_rel r ON r.uid = d.res_id
			WHERE u.id = ANY ($1) AND d.model = 'res.users' AND d.module = 'base' AND d.name = 'default_user'
				AND NOT EXISTS (SELECT FROM res_groups_users_rel r WHERE r.uid = u.id)`,
	},
	{ // in series 19, without that template, it is an internal user
		model: "res.users", depends: []string{"id"},
		statement: `INSERT INTO res_groups_users_rel (gid, uid) SELECT d.res_id, u.id FROM res_users u, ir_model_data d
			WHERE u.id = ANY ($1) AND d.model = 'res.groups' AND d.module = 'base' AND d.name = 'group_user'
				AND NOT EXISTS (SELECT FROM res_groups_users_rel r WHERE r.uid = u.id)`,
	},
	{ // up to series 18 the groups that a user's groups imply are stored with them
		model: "res.users", depends: []string{"id", "groups_id"}, until: 18,
		statement: `WITH RECURSIVE mine(uid, gid) AS (SELECT uid, gid FROM res_groups_users_rel WHERE uid = ANY ($1)
				UNION SELECT m.uid, i.hid FROM mine m JOIN res_groups_implied_rel i ON i.gid = m.gid)
			INSERT INTO res_groups_users_rel (uid, gid) SELECT uid, gid FROM mine ON CONFLICT DO NOTHING`,
	},
	{ // the same from the groups' side
		model: "res.groups", depends: []string{"users", "implied_ids"}, until: 18,
		statement: `WITH RECURSIVE mine(uid, gid) AS (SELECT uid, gid FROM res_groups_users_rel WHERE gid = ANY ($1)
				UNION SELECT m.uid, i.hid FROM mine m JOIN res_groups_implied_rel i ON i.gid = m.gid)
			INSERT INTO res_groups_users_rel (uid, gid) SELECT uid, gid FROM mine ON CONFLICT DO NOTHING`,
	},
	{ // who is no internal user is one of those with whom records are shared
		model: "res.users", depends: []string{"id", "groups_id", "group_ids"},
		statement: `WITH RECURSIVE internal(gid) AS (SELECT res_id FROM ir_model_data
				WHERE model = 'res.groups' AND module = 'base' AND name = 'group_user'
				UNION SELECT i.gid FROM internal n JOIN res_groups_implied_rel i ON i.hid = n.gid)
			UPDATE res_users u SET share = NOT EXISTS (SELECT FROM res_groups_users_rel r JOIN internal n ON n.gid = r.gid WHERE r.uid = u.id)
			WHERE u.id = ANY ($1)`,
	},
	{ // a partner is shared unless an internal user is behind it
		model: "res.users", depends: []string{"id", "groups_id", "group_ids", "partner_id"},
		statement: `UPDATE res_partner p SET partner_share = NOT EXISTS (SELECT FROM res_users i WHERE i.partner_id = p.id AND i.active AND NOT i.share)
			FROM res_users u WHERE u.partner_id = p.id AND u.id = ANY ($1)`,
	},
	{
		model: "res.users", depends: []string{"id", "company_id"},
		statement: `INSERT INTO res_company_users_rel (cid, user_id) SELECT company_id, id FROM res_users WHERE id = ANY ($1)
			ON CONFLICT DO NOTHING`,
	},
	{ // who creates a company may use it
		model: "res.company", depends: []string{"id"},
		statement: `INSERT INTO res_company_users_rel (cid, user_id) SELECT id, create_uid FROM res_company WHERE id = ANY ($1)
			ON CONFLICT DO NOTHING`,
	},
	{ // the wizard of a native key: the day on which it expires
		model: "res.users.apikeys.description", depends: []string{"id", "duration"}, column: "res_users_apikeys_description.duration",
		statement: `UPDATE res_users_apikeys_description SET expiration_date = CASE WHEN duration::int > 0 THEN current_date + duration::int END
			WHERE id = ANY ($1) AND duration::int >= 0`,
	},
	{ // auth_api_key: archiving a user archives its keys while the company wants that, unarchiving brings them back
		model: "res.users", depends: []string{"active"}, column: "res_company.archived_user_disable_auth_api_key",
		statement: `UPDATE auth_api_key k SET active = u.active FROM res_users u JOIN res_company c ON c.id = u.company_id
			WHERE u.id = k.user_id AND c.archived_user_disable_auth_api_key AND u.id = ANY ($1)`,
	},
}
