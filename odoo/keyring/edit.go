package keyring

import (
	"context"

	"github.com/lib/pq"
)

// A key that was replaced with an overlap lives on beside the new one for a while. Whatever is done to the new one is done to
// it too: who revokes a key, or gives it to another user, means all that goes by its name.

// family is the id of a key and those of the ones it has replaced that still work.
func (c *change) family(ctx context.Context, key Key) ([]int64, error) {
	ids := []int64{key.ID}
	if !c.hasSchema() {
		return ids, nil
	}
	rows, err := c.QueryContext(ctx, `SELECT key_id FROM odoobridge.key_retirement WHERE of_id = $1`, key.ID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// edit changes the rows of a key's family. set is a list of assignments that begin with a comma, whose first parameter is $3.
func (c *change) edit(ctx context.Context, key Key, set string, args ...any) error {
	ids, err := c.family(ctx, key)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, `UPDATE auth_api_key SET write_uid = $2, write_date = now() AT TIME ZONE 'utc'`+set+` WHERE id = ANY ($1::bigint[])`,
		append([]any{pq.Array(ids), c.by.uid()}, args...)...)
	return err
}

// Archive makes a key not work until it is restored: auth_api_key.active is set to false. A key that is archived already
// stays so, and that is no error. [ErrUnsupported] where the module has no such column, before series 17.
func (k *Keyring) Archive(ctx context.Context, db string, by Actor, ref Ref) (Key, error) {
	return k.setActive(ctx, db, by, ref, false)
}

// Restore makes an archived key work again.
func (k *Keyring) Restore(ctx context.Context, db string, by Actor, ref Ref) (Key, error) {
	return k.setActive(ctx, db, by, ref, true)
}

func (k *Keyring) setActive(ctx context.Context, db string, by Actor, ref Ref, active bool) (key Key, err error) {
	err = k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		if !c.has("auth_api_key.active") {
			return wrong(ErrUnsupported, "the auth_api_key of this series has no column active, so its keys can't be archived or restored: "+
				"revoke removes a key for good, rotate replaces it")
		}
		if key, err = c.key(ctx, ref); err != nil || key.Active == active {
			return err
		}
		if err := c.edit(ctx, key, ", active = $3", active); err != nil {
			return err
		}
		action := "archive"
		if active {
			action = "restore"
		}
		c.did(action, key.Name, key.ID, "of %s", key.Login)
		key, err = c.key(ctx, Numbered(key.ID))
		return err
	})
	return key, err
}

// Assign gives a key to the user of that login; the key itself stays as it is. As in Odoo, a key given to an archived user
// whose company disables the keys of such is archived; but none is restored by being given to someone.
func (k *Keyring) Assign(ctx context.Context, db string, by Actor, ref Ref, login string) (key Key, err error) {
	err = k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		if key, err = c.current(ctx, ref); err != nil {
			return err
		}
		uid, err := c.user(ctx, login)
		if err != nil || uid == key.UID {
			return err
		}
		set := ", user_id = $3"
		if c.has("auth_api_key.active") && c.has(settingColumn) {
			set += `, active = active AND NOT EXISTS (SELECT FROM res_users u JOIN res_company c ON c.id = u.company_id
				WHERE u.id = $3 AND NOT coalesce(u.active, false) AND c.archived_user_disable_auth_api_key)`
		}
		if err := c.edit(ctx, key, set, uid); err != nil {
			return err
		}
		c.did("assign", key.Name, key.ID, "from %s to %s", key.Login, login)
		key, err = c.key(ctx, Numbered(key.ID))
		return err
	})
	return key, err
}

// Revoke removes a key for good, and what it has replaced. What is told of it is how it was.
func (k *Keyring) Revoke(ctx context.Context, db string, by Actor, ref Ref) (key Key, err error) {
	err = k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		if key, err = c.key(ctx, ref); err != nil {
			return err
		}
		ids, err := c.family(ctx, key)
		if err != nil {
			return err
		}
		c.did("revoke", key.Name, key.ID, "of %s", key.Login)
		return c.remove(ctx, ids)
	})
	return key, err
}

// remove deletes rows, and what our own tables say of their retirement.
func (c *change) remove(ctx context.Context, ids []int64) error {
	if c.hasSchema() {
		if _, err := c.ExecContext(ctx, `DELETE FROM odoobridge.key_retirement
			WHERE key_id = ANY ($1::bigint[]) OR of_id = ANY ($1::bigint[])`, pq.Array(ids)); err != nil {
			return err
		}
	}
	if c.hasGroups() { // as the foreign key would, but before 18 it is not known to
		if _, err := c.ExecContext(ctx, `DELETE FROM auth_api_key_group_rel WHERE key_id = ANY ($1::bigint[])`, pq.Array(ids)); err != nil {
			return err
		}
	}
	_, err := c.ExecContext(ctx, `DELETE FROM auth_api_key WHERE id = ANY ($1::bigint[])`, pq.Array(ids))
	return err
}
