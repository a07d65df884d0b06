package keyring

import (
	"context"
	"database/sql"
	"errors"
)

// SetCompanySetting writes "disable API key for archived user" of a company. As in Odoo, what is stored of the keys of users
// who are archived already stays as it is; this program's archived_users: setting goes by the setting itself.
func (k *Keyring) SetCompanySetting(ctx context.Context, db string, by Actor, company int64, disable bool) error {
	return k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		if !c.has(settingColumn) {
			return noSetting()
		}
		var name string
		var set bool
		err := c.QueryRowContext(ctx, `SELECT name, coalesce(archived_user_disable_auth_api_key, false) FROM res_company WHERE id = $1`, company).Scan(&name, &set)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return wrong(ErrUnknownCompany, "there is no company of id %d", company)
		case err != nil || set == disable:
			return err
		}
		_, err = c.ExecContext(ctx, `UPDATE res_company SET archived_user_disable_auth_api_key = $2, write_uid = $3, write_date = now() AT TIME ZONE 'utc' WHERE id = $1`,
			company, disable, by.uid())
		c.did("setting", name, company, "disable API key for archived user: %v", disable)
		return err
	})
}
