package keyring

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// change is a transaction that changes keys.
type change struct {
	*sql.Tx
	*layout
	db      string
	by      Actor
	entries []Entry
}

// change runs f in a transaction that no other writer of keys, Odoo included, comes between, and tells Odoo's workers and
// the audit log of it. Nothing is changed where it fails.
//
// The table is locked, because not every release of the module keeps names unique by a constraint: that of 19 does not
// (schema-19), and none keeps keys unique. Who only reads keys does not notice.
func (k *Keyring) change(ctx context.Context, name string, by Actor, f func(context.Context, *change) error) error {
	return k.use(ctx, name, func(ctx context.Context, db *sql.DB, l *layout) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // does nothing after the commit
		c := &change{Tx: tx, layout: l, db: name, by: by}
		// Shorter than the time an answer is waited for, so that it is PostgreSQL that gives up, and says why.
		if _, err := tx.ExecContext(ctx, `SELECT set_config('lock_timeout', $1, true)`, fmt.Sprint((k.server.Timeout() / 2).Milliseconds())); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `LOCK TABLE auth_api_key IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		if err := f(ctx, c); err != nil {
			return err
		}
		if len(c.entries) == 0 { // nothing to do
			return nil
		}
		if err := record(ctx, tx, l, c.entries...); err != nil {
			return err
		}
		if err := l.signal(ctx, tx); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("it is not known whether the change was made, `odoobridge keys list` tells: %w", err)
		}
		if !l.has(signalTable+".") && !l.has(signalTable+".id") {
			// A sequence moves at once and not with the commit: a worker that looked in between has dropped its cache and
			// filled it with the old row again. Odoo itself moves it after the commit; once more, so does this. The first
			// time stands where this one fails, and a program that dies here has told the workers all the same.
			_ = l.signal(ctx, db)
		}
		for _, e := range c.entries {
			k.audit(e)
		}
		return nil
	})
}

// did remembers what was done, for the audit log.
func (c *change) did(action, object string, id int64, format string, args ...any) {
	c.entries = append(c.entries, Entry{At: time.Now().UTC(), DB: c.db, By: c.by, Action: action, Object: object, ID: id, Detail: fmt.Sprintf(format, args...)})
}

// signal moves the object by which the series tells its workers to drop their caches.
func (l *layout) signal(ctx context.Context, db querier) error {
	statement := ""
	switch {
	case l.has(signalTable + ".id"):
		statement = "INSERT INTO " + signalTable + " DEFAULT VALUES"
	case l.has(signalSequence + "."):
		statement = "SELECT nextval('" + signalSequence + "')"
	case l.has(signalAll + "."):
		statement = "SELECT nextval('" + signalAll + "')"
	default:
		return wrong(ErrNotInstalled, "the database has none of %s, %s and %s, by which Odoo's workers are told of changes: is this a database of Odoo?",
			signalTable, signalSequence, signalAll)
	}
	_, err := db.ExecContext(ctx, statement)
	return err
}
