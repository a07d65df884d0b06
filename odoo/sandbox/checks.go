package sandbox

import (
	"slices"

	"github.com/lib/pq"
)

// check is a constraint that Odoo has in Python, or in a table whose constraints are not recorded. It runs after a create or
// a write of one of the fields; query selects the words of the message for a record that breaks it, $1 being the records.
type check struct {
	model        string
	depends      []string
	since, until int // series, 0 is no limit
	query        string
	message      func(words []string) string
}

const userTypes = `SELECT res_id FROM ir_model_data WHERE model = 'res.groups' AND module = 'base' AND name IN ('group_user', 'group_portal', 'group_public')`

// checks are asked of real Odoo 15, 18 and 19, messages included.
var checks = []check{
	{
		model: "res.partner", depends: []string{"name", "type"}, until: 15,
		query:   `SELECT ARRAY['']::text[] FROM res_partner WHERE id = ANY ($1) AND type = 'contact' AND name IS NULL`,
		message: func([]string) string { return "res_partner_check_name" },
	},
	{
		model: "res.partner", depends: []string{"name", "type"}, since: 16,
		query:   `SELECT ARRAY['']::text[] FROM res_partner WHERE id = ANY ($1) AND type = 'contact' AND name IS NULL`,
		message: func([]string) string { return "The operation cannot be completed: Contacts require a name" },
	},
	{
		model: "res.users", depends: []string{"groups_id"}, until: 18,
		query: `SELECT ARRAY['']::text[] FROM res_groups_users_rel WHERE uid = ANY ($1) AND gid IN (` + userTypes + `)
			GROUP BY uid HAVING count(*) > 1`,
		message: func([]string) string { return "The user cannot have more than one user types." },
	},
	{
		model: "res.users", depends: []string{"group_ids"}, since: 19,
		query: `WITH RECURSIVE mine(uid, gid) AS (SELECT uid, gid FROM res_groups_users_rel WHERE uid = ANY ($1)
				UNION SELECT m.uid, i.hid FROM mine m JOIN res_groups_implied_rel i ON i.gid = m.gid)
			SELECT ARRAY[min(p.name), min(g.name->>'en_US'), max(g.name->>'en_US')] FROM mine m JOIN res_groups g ON g.id = m.gid
				JOIN res_users u ON u.id = m.uid JOIN res_partner p ON p.id = u.partner_id
			WHERE g.id IN (` + userTypes + `) GROUP BY m.uid HAVING count(*) > 1`,
		message: func(words []string) string {
			return "User '" + words[0] + "' cannot be at the same time in exclusive groups '" + words[1] + "', '" + words[2] + "'."
		},
	},
	{
		model: "res.users", depends: []string{"company_id", "company_ids"},
		query: `SELECT ARRAY[c.name, p.name, (SELECT string_agg(a.name, ', ' ORDER BY a.sequence, a.name) FROM res_company_users_rel r
					JOIN res_company a ON a.id = r.cid WHERE r.user_id = u.id)]
			FROM res_users u JOIN res_partner p ON p.id = u.partner_id JOIN res_company c ON c.id = u.company_id
			WHERE u.id = ANY ($1) AND u.active AND NOT EXISTS (SELECT FROM res_company_users_rel r WHERE r.user_id = u.id AND r.cid = u.company_id)`,
		message: func(words []string) string {
			return "Company " + words[0] + " is not in the allowed companies for user " + words[1] + " (" + words[2] + ")."
		},
	},
}

// checkStored raises what a constraint says of records after a write of the fields; with id among them, after a create.
func (e *env) checkStored(m *model, ids []int64, names []string) error {
	for _, c := range checks {
		touched := slices.Contains(names, "id") || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(c.depends, n) })
		if c.model != m.name || !touched || c.since > e.series || c.until != 0 && c.until < e.series {
			continue
		}
		broken, err := e.firstWords(c.query, ids)
		if err != nil {
			return err
		}
		if broken != nil {
			return validationError(c.message(broken))
		}
	}
	return nil
}

// firstWords is the first row of a check's query, nil if there is none.
func (e *env) firstWords(query string, ids []int64) ([]string, error) {
	found, err := e.tx.QueryContext(e.ctx, query, pq.Array(ids))
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer found.Close()
	var words []string
	if found.Next() {
		if err := found.Scan(pq.Array(&words)); err != nil {
			return nil, err
		}
	}
	return words, e.databaseError(found.Err())
}
