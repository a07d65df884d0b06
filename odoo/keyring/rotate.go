package keyring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"odoobridge/auth"
)

// maxOverlap bounds how long a key that was replaced goes on working: a key that is never given up needs none.
const maxOverlap = 366 * 24 * time.Hour

// Rotate gives a key a new value, which is returned here and nowhere again. The row stays, and with it its id, its user, its
// groups and what refers to it.
//
// Without an overlap the old value stops working at once, and so do those of earlier rotations. With one it goes on for so
// long: in a row of its own, under another name, which the schema odoobridge knows to be the old value of this key. The
// bridge takes both for the same key, by its name, and refuses the old one from that moment on; then [Keyring.Sweep] removes
// the row. [ErrNoSchema] without that schema.
func (k *Keyring) Rotate(ctx context.Context, db string, by Actor, ref Ref, overlap time.Duration) (key Key, secret auth.Secret, err error) {
	if overlap < 0 || overlap > maxOverlap {
		return Key{}, "", wrong(ErrInvalid, "an overlap of %v is not between 0 and %d days", overlap, maxOverlap/(24*time.Hour))
	}
	secret = NewKey()
	err = k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		if key, err = c.current(ctx, ref); err != nil {
			return err
		}
		if overlap > 0 && !c.hasSchema() {
			return wrong(ErrNoSchema, "an overlap needs a place to keep until when the old key works: run `odoobridge keys init` once, "+
				"or rotate without --overlap")
		}
		detail := "the old key stopped at once"
		if overlap > 0 {
			until, err := c.keep(ctx, key, overlap)
			if err != nil {
				return err
			}
			detail = "the old key works until " + until.Format(time.RFC3339)
		} else if err := c.forget(ctx, key); err != nil {
			return err
		}
		_, err := c.ExecContext(ctx, `UPDATE auth_api_key SET key = $2, write_uid = $3, write_date = now() AT TIME ZONE 'utc' WHERE id = $1`,
			key.ID, secret.Reveal(), by.uid())
		if err != nil {
			return err
		}
		c.did("rotate", key.Name, key.ID, "of %s, %s", key.Login, detail)
		key, err = c.key(ctx, Numbered(key.ID))
		return err
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// keep copies the value of a key into a row of its own that retires after the overlap.
func (c *change) keep(ctx context.Context, key Key, overlap time.Duration) (until time.Time, err error) {
	var old string
	err = c.QueryRowContext(ctx, `SELECT key, now() + make_interval(secs => $2) FROM auth_api_key WHERE id = $1`,
		key.ID, overlap.Seconds()).Scan(&old, &until)
	if err != nil {
		return time.Time{}, err
	}
	name := fmt.Sprintf("%s (until %s)", key.Name, until.UTC().Format("2006-01-02 15:04:05 UTC"))
	for n := 2; ; n++ {
		err := c.free(ctx, name)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrDuplicate) {
			return time.Time{}, err
		}
		name = fmt.Sprintf("%s (until %s, %d)", key.Name, until.UTC().Format("2006-01-02 15:04:05 UTC"), n)
	}
	id, err := c.insert(ctx, name, auth.Secret(old), key.UID, key.Active)
	if err != nil {
		return time.Time{}, err
	}
	if c.hasGroups() {
		if _, err := c.ExecContext(ctx, `INSERT INTO auth_api_key_group_rel (key_id, group_id)
			SELECT $1, group_id FROM auth_api_key_group_rel WHERE key_id = $2`, id, key.ID); err != nil {
			return time.Time{}, err
		}
	}
	_, err = c.ExecContext(ctx, `INSERT INTO odoobridge.key_retirement (key_id, of_id, retires_at) VALUES ($1, $2, $3)`, id, key.ID, until)
	return until.UTC(), err
}

// forget removes what a key has replaced.
func (c *change) forget(ctx context.Context, key Key) error {
	ids, err := c.family(ctx, key)
	if err != nil || len(ids) == 1 {
		return err
	}
	return c.remove(ctx, ids[1:])
}

// due is the condition on a row o of key_retirement that is over: its time has come, or the key that replaced it is gone.
const due = `(o.retires_at <= now() OR NOT EXISTS (SELECT FROM auth_api_key m WHERE m.id = o.of_id))`

// Sweep removes the keys that were replaced and whose overlap is over, and tells how many. The bridge refuses them in any
// case; Odoo's own controllers do once they are gone.
func (k *Keyring) Sweep(ctx context.Context, db string, by Actor) (removed int, err error) {
	some := false
	err = k.use(ctx, db, func(ctx context.Context, db *sql.DB, l *layout) error {
		if !l.hasSchema() {
			return nil
		}
		return db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM odoobridge.key_retirement o WHERE `+due+`)`).Scan(&some)
	})
	if err != nil || !some {
		return 0, err
	}
	err = k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		var ids []int64
		if err := c.QueryRowContext(ctx, `SELECT array_agg(o.key_id) FROM odoobridge.key_retirement o WHERE `+due).Scan(pq.Array(&ids)); err != nil {
			return err
		}
		keys, err := list(ctx, c, c.layout, "k.id = ANY ($1::bigint[])", pq.Array(ids))
		if err != nil {
			return err
		}
		for _, key := range keys {
			c.did("retired", key.Name, key.ID, "of %s, replaced by id %d", key.Login, key.RetiresFor)
		}
		removed = len(keys)
		return c.remove(ctx, ids)
	})
	return removed, err
}
