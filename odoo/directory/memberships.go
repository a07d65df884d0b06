package directory

import "odoobridge/auth"

// variant is which memberships a statement of Read reads: bits, so that what is not asked for needs no right to be read.
type variant int

const (
	withKeyGroups variant = 1 << iota
	withGroups
)

func variantOf(m auth.Memberships) (v variant) {
	if m.KeyGroups {
		v |= withKeyGroups
	}
	if len(m.Groups) > 0 {
		v |= withGroups
	}
	return v
}

// keyGroups is the expression for the codes of the groups of the auth_api_key whose id is the expression key.
func (l *layout) keyGroups(v variant, key string) string {
	if v&withKeyGroups == 0 || !l.has("auth_api_key_group.code") || !l.has("auth_api_key_group_rel.key_id") {
		return "NULL::json"
	}
	return `(SELECT json_agg(g.code ORDER BY g.code) FROM auth_api_key_group_rel r JOIN auth_api_key_group g ON g.id = r.group_id
				WHERE r.key_id = ` + key + `)`
}

// userGroups are a common table expression, with a comma behind it, of the groups asked for by $10 and what makes a user a
// member of them, and the expression for those that the row u of res_users is in. As in InGroup: what implies a group counts
// from 19 on, and is written into res_groups_users_rel before.
func (l *layout) userGroups(v variant) (members, groups string) {
	if v&withGroups == 0 {
		return "", "NULL::json"
	}
	members = `SELECT w.name, d.res_id FROM unnest($10::text[]) AS w(name)
				JOIN ir_model_data d ON d.module = split_part(w.name, '.', 1) AND d.name = substr(w.name, strpos(w.name, '.') + 1)
				WHERE d.model = 'res.groups'`
	if l.has("res_groups.privilege_id") {
		members += ` UNION SELECT m.name, i.gid FROM m JOIN res_groups_implied_rel i ON i.hid = m.gid`
	}
	return `m(name, gid) AS (` + members + `), `,
		`(SELECT json_agg(DISTINCT m.name) FROM m JOIN res_groups_users_rel r ON r.gid = m.gid WHERE r.uid = u.id)`
}
