package keyring

import (
	"context"
	"database/sql"
	"time"
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

// Note writes a line of the audit log for a change that is made elsewhere: of policies. Without the schema odoobridge it goes
// to the program's log alone, to which it goes in any case.
func (k *Keyring) Note(ctx context.Context, e Entry) error {
	e.At = time.Now().UTC()
	k.audit(e)
	return k.useAny(ctx, e.DB, func(ctx context.Context, conn *sql.DB, l *layout) error {
		return record(ctx, conn, l, e)
	})
}

// record puts lines into the table of the audit log, where there is one.
func record(ctx context.Context, tx querier, l *layout, entries ...Entry) error {
	if !l.hasSchema() {
		return nil
	}
	for _, e := range entries {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO odoobridge.audit (at, actor, actor_uid, source, action, object, object_id, detail)
			VALUES ($1, $2, nullif($3::bigint, 0), $4, $5, $6, nullif($7::bigint, 0), $8)`,
			e.At, e.By.Name, e.By.UID, e.By.Source, e.Action, e.Object, e.ID, e.Detail)
		if err != nil {
			return err
		}
	}
	return nil
}
