package directory

import (
	"context"
	"strings"
)

// InGroup tells whether a user is in the group of an external id such as "base.group_system", as Odoo's has_group does.
func (d *Directory) InGroup(ctx context.Context, db string, uid int64, group string) (member bool, err error) {
	module, name, _ := strings.Cut(group, ".")
	err = d.use(ctx, db, func(ctx context.Context, b *base, l *layout) error {
		// Up to 18 the groups that a group implies are rows of the relation too, and has_group looks at nothing else; from 19
		// on they are found by way of what implies them (res.users.all_group_ids). 19 is where groups have privileges.
		held := `SELECT gid FROM res_groups_users_rel WHERE uid = $1`
		if l.has("res_groups.privilege_id") {
			held += ` UNION SELECT i.hid FROM held JOIN res_groups_implied_rel i ON i.gid = held.gid`
		}
		return b.db.QueryRowContext(ctx, `WITH RECURSIVE held(gid) AS (`+held+`) SELECT EXISTS (
			SELECT FROM ir_model_data m JOIN held ON held.gid = m.res_id
			WHERE m.model = 'res.groups' AND m.module = $2 AND m.name = $3)`, uid, module, name).Scan(&member)
	})
	return member, err
}
