package keyring

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"

	"github.com/lib/pq"
)

//go:embed schema.sql
var schema string

// Schema is the SQL that makes the schema odoobridge and lets a role, which must exist, use it.
func Schema(role string) string {
	return strings.ReplaceAll(schema, ":role", pq.QuoteIdentifier(role))
}

// Init makes the schema odoobridge in a database and lets a role use it: that of the bridge. It does no harm where it is
// there already.
func (k *Keyring) Init(ctx context.Context, db string, by Actor, role string) error {
	return k.useAny(ctx, db, func(ctx context.Context, conn *sql.DB, _ *layout) error {
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // does nothing after the commit
		there := false
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&there); err != nil {
			return err
		}
		if !there {
			return wrong(ErrInvalid, "PostgreSQL has no role %q to give the rights to: name the role that the bridge connects as by --role", role)
		}
		if _, err := tx.ExecContext(ctx, Schema(role)); err != nil {
			if pq.As(err, insufficientPrivilege) != nil {
				return &problem{ErrNotGranted, fmt.Sprintf("the role %q may not make the schema odoobridge in database %q: run `odoobridge keys init` "+
					"as the owner of the database, with --role %s", k.server.Role(), db, role), err}
			}
			return err
		}
		l, err := detect(ctx, tx)
		if err != nil {
			return err
		}
		c := &change{layout: l, db: db, by: by}
		c.did("init", "odoobridge", 0, "for the role %s", role)
		if err := record(ctx, tx, l, c.entries...); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		k.audit(c.entries[0])
		return nil
	})
}

func noSchema(what string) error {
	return wrong(ErrNoSchema, "%s in the schema odoobridge, which is not there: run `odoobridge keys init` once, as the owner of the database", what)
}
