package keyring

import (
	"context"
	"database/sql"
)

// Audit returns the last lines of the audit log, the latest first. [ErrNoSchema] without the schema odoobridge: then it is
// in the program's log alone.
func (k *Keyring) Audit(ctx context.Context, db string, limit int) (entries []Entry, err error) {
	name := db
	err = k.useAny(ctx, db, func(ctx context.Context, db *sql.DB, l *layout) error {
		if !l.hasSchema() {
			return noSchema("the audit log is kept")
		}
		rows, err := db.QueryContext(ctx, `SELECT at, actor, coalesce(actor_uid, 0), source, action, object, coalesce(object_id, 0), detail
			FROM odoobridge.audit ORDER BY id DESC LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			e := Entry{DB: name}
			if err := rows.Scan(&e.At, &e.By.Name, &e.By.UID, &e.By.Source, &e.Action, &e.Object, &e.ID, &e.Detail); err != nil {
				return err
			}
			e.At = e.At.UTC()
			entries = append(entries, e)
		}
		return rows.Err()
	})
	return entries, err
}
