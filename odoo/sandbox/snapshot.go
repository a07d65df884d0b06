package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/lib/pq"
)

// A snapshot is a copy of all tables, and of the places of all sequences, in a schema of its own in the same database: no
// connection has to be closed for it, so that whatever else reads the database (the bridge, psql) goes on. The state is small,
// and either way takes a fraction of a second.

// snapshotSchema begins the names of the schemas that snapshots are kept in.
const snapshotSchema = "odoobridge_snapshot_"

// Tables of a snapshot's own; none of Odoo's has such a name.
const (
	sequencesTable = "*sequences" // the places of the sequences
	marksTable     = "*marks"     // what tells whether a table was changed since
)

// ErrNoSnapshot is wrapped by Restore's error where no snapshot of the name was taken.
var ErrNoSnapshot = errors.New("no such snapshot")

// longestName bounds a snapshot's name, so that the schema's is within PostgreSQL's 63 bytes.
const longestName = 63 - len(snapshotSchema)

// errName is wrapped by the error of a snapshot's name that is too long.
var errName = fmt.Errorf("its name has at most %d bytes", longestName)

// Snapshot keeps the state of the database under a name, in place of an earlier one of that name. It waits for calls that
// run, and holds up those that come.
func (s *Sandbox) Snapshot(ctx context.Context, name string) error {
	if len(name) > longestName {
		return fmt.Errorf("take the snapshot %.80q: %w", name, errName)
	}
	if err := s.exclusive(ctx, func(tx *sql.Tx) error { return takeSnapshot(ctx, tx, pq.QuoteIdentifier(snapshotSchema+name)) }); err != nil {
		return fmt.Errorf("take the snapshot %q: %w", name, err)
	}
	return nil
}

// Restore brings the database back to the state of a snapshot, and ends all sessions. The error wraps ErrNoSnapshot if there is
// none of that name.
func (s *Sandbox) Restore(ctx context.Context, name string) error {
	err := s.exclusive(ctx, func(tx *sql.Tx) error {
		var there bool
		if err := tx.QueryRowContext(ctx, "SELECT to_regnamespace(quote_ident($1)) IS NOT NULL", snapshotSchema+name).Scan(&there); err != nil {
			return err
		}
		if !there {
			return ErrNoSnapshot
		}
		return restoreSnapshot(ctx, tx, pq.QuoteIdentifier(snapshotSchema+name))
	})
	if err != nil {
		return fmt.Errorf("restore the snapshot %q: %w", name, err)
	}
	s.sessions.closeAll()
	return nil
}

// dropSnapshots forgets those of an earlier sandbox: a snapshot lives as long as the sandbox that took it.
func dropSnapshots(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `DO $$ DECLARE s name; BEGIN
		FOR s IN SELECT nspname FROM pg_namespace WHERE starts_with(nspname::text, '`+snapshotSchema+`') LOOP
			EXECUTE format('DROP SCHEMA %I CASCADE', s);
		END LOOP;
	END $$`)
	return err
}

// exclusive runs do in a transaction while no call runs.
func (s *Sandbox) exclusive(ctx context.Context, do func(*sql.Tx) error) error {
	s.calls.Lock()
	defer s.calls.Unlock()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// schema is a quoted identifier here and below.
func takeSnapshot(ctx context.Context, tx *sql.Tx, schema string) error {
	tables, err := names(ctx, tx, "r")
	if err != nil {
		return err
	}
	script := []string{"DROP SCHEMA IF EXISTS " + schema + " CASCADE", "CREATE SCHEMA " + schema}
	for _, t := range tables {
		script = append(script, fmt.Sprintf("CREATE UNLOGGED TABLE %s.%s AS TABLE public.%[2]s", schema, pq.QuoteIdentifier(t)))
	}
	sequences, err := names(ctx, tx, "S")
	if err != nil {
		return err
	}
	script = append(script,
		fmt.Sprintf("CREATE UNLOGGED TABLE %s.%q AS %s", schema, sequencesTable, places(sequences)),
		fmt.Sprintf("CREATE UNLOGGED TABLE %s.%q AS %s", schema, marksTable, marks(tables)))
	return run(ctx, tx, script)
}

// places is a query for the name and place of each sequence.
func places(sequences []string) string {
	parts := []string{"SELECT ''::text AS name, 0::bigint AS last_value, FALSE AS is_called WHERE FALSE"}
	for _, seq := range sequences {
		parts = append(parts, fmt.Sprintf("SELECT %s, last_value, is_called FROM public.%s", pq.QuoteLiteral("public."+pq.QuoteIdentifier(seq)), pq.QuoteIdentifier(seq)))
	}
	return strings.Join(parts, " UNION ALL ")
}

// marks is a query for what tells whether a table was changed: how many rows it has, and the sum of the transactions that wrote
// them.
func marks(tables []string) string {
	parts := []string{"SELECT ''::text AS name, 0::bigint AS rows, 0::numeric AS writers WHERE FALSE"}
	for _, t := range tables {
		parts = append(parts, fmt.Sprintf("SELECT %s, count(*), coalesce(sum(xmin::text::bigint), 0) FROM public.%s", pq.QuoteLiteral(t), pq.QuoteIdentifier(t)))
	}
	return strings.Join(parts, " UNION ALL ")
}

// restoreSnapshot brings back what was changed: most tests touch a few tables.
func restoreSnapshot(ctx context.Context, tx *sql.Tx, schema string) error {
	tables, err := names(ctx, tx, "r")
	if err != nil {
		return err
	}
	var changed []string
	err = tx.QueryRowContext(ctx, fmt.Sprintf("SELECT coalesce(array_agg(name), '{}') FROM (%s EXCEPT SELECT name, rows, writers FROM %s.%q) AS now",
		marks(tables), schema, marksTable)).Scan(pq.Array(&changed))
	if err != nil {
		return err
	}
	// Tables refer to each other in circles, so the references go for as long as it takes.
	drop, add, err := foreignKeys(ctx, tx, changed)
	if err != nil {
		return err
	}
	script := drop
	for _, t := range changed {
		script = append(script, "DELETE FROM public."+pq.QuoteIdentifier(t))
	}
	for _, t := range changed {
		script = append(script, fmt.Sprintf("INSERT INTO public.%s SELECT * FROM %s.%[1]s", pq.QuoteIdentifier(t), schema))
	}
	script = append(script, add...)
	script = append(script,
		fmt.Sprintf("SELECT setval(name::regclass, last_value, is_called) FROM %s.%q", schema, sequencesTable),
		fmt.Sprintf("DELETE FROM %s.%q", schema, marksTable),
		fmt.Sprintf("INSERT INTO %s.%q %s", schema, marksTable, marks(tables)))
	return run(ctx, tx, script)
}

// names are those of the relations of a kind in the schema public: "r" tables, "S" sequences.
func names(ctx context.Context, tx *sql.Tx, kind string) (list []string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT coalesce(array_agg(relname::text ORDER BY relname), '{}') FROM pg_class
		WHERE relkind::text = $1 AND relnamespace = 'public'::regnamespace`, kind).Scan(pq.Array(&list))
	return list, err
}

// foreignKeys are the statements that drop the foreign keys from and to tables, and those that add them again.
func foreignKeys(ctx context.Context, tx *sql.Tx, tables []string) (drop, add []string, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT c.conrelid::regclass::text, c.conname::text, pg_get_constraintdef(c.oid) FROM pg_constraint c
		JOIN pg_class from_table ON from_table.oid = c.conrelid JOIN pg_class to_table ON to_table.oid = c.confrelid
		WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
		AND (from_table.relname = ANY ($1) OR to_table.relname = ANY ($1))`, pq.Array(tables))
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var table, name, definition string
		if err := rows.Scan(&table, &name, &definition); err != nil {
			return nil, nil, err
		}
		drop = append(drop, "ALTER TABLE "+table+" DROP CONSTRAINT "+pq.QuoteIdentifier(name))
		add = append(add, "ALTER TABLE "+table+" ADD CONSTRAINT "+pq.QuoteIdentifier(name)+" "+definition)
	}
	return drop, add, rows.Err()
}

func run(ctx context.Context, tx *sql.Tx, script []string) error {
	_, err := tx.ExecContext(ctx, strings.Join(script, ";\n"))
	return err
}
