package directory

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

// detectEvery is how long a layout is believed. A table or column that is gone shows at once, by an error; one that is
// new shows after this time.
const detectEvery = time.Minute

// layout is which of the tables and columns that matter a database has, and what follows from that.
type layout struct {
	columns        map[string]bool // "table.column"
	read           [4]string       // the statements of Read, by variant
	passwordRounds int             // the largest among the passwords, 0 when there are none
}

// tables are those that are looked at.
var tables = []string{"res_users", "res_company", "auth_api_key", "auth_api_key_group", "auth_api_key_group_rel", "res_users_apikeys",
	"ir_config_parameter", "res_groups", retirements}

// retirements is the table of keys that were replaced and work for a while yet, of package keyring's own schema.
const retirements = "odoobridge.key_retirement"

// currentLayout detects the layout if it is not known or too old.
func (b *base) currentLayout(ctx context.Context) (*layout, error) {
	b.mu.Lock()
	l, detected := b.layout, b.detected
	b.mu.Unlock()
	if l != nil && time.Since(detected) < detectEvery {
		return l, nil
	}
	l, err := b.detect(ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.layout, b.detected = l, time.Now()
	return l, nil
}

func (b *base) forgetLayout() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.layout = nil
}

// detect reads the catalog. It is pg_attribute, which shows what exists, and not information_schema, which shows what
// the role may read: a setting the role may not read must be an error, not taken for absent.
func (b *base) detect(ctx context.Context) (*layout, error) {
	names, err := b.strings(ctx, `
		SELECT t.name || '.' || a.attname
		FROM unnest($1::text[]) AS t(name)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = `+tableNamed+`
		WHERE a.attnum > 0 AND NOT a.attisdropped`, pq.Array(tables))
	if err != nil {
		return nil, err
	}
	l := &layout{columns: map[string]bool{}}
	for _, name := range names {
		l.columns[name] = true
	}
	if !l.has("res_users.id") {
		return nil, fmt.Errorf("there is no table res_users that the role %q can see: is this a database of Odoo?", b.role)
	}
	for i := range l.read {
		l.read[i] = l.readStatement(variant(i))
	}
	err = b.db.QueryRowContext(ctx, passwordRounds).Scan(&l.passwordRounds)
	return l, err
}

// tableNamed is the table t.name. to_regclass would fail for a schema that the role may not use.
const tableNamed = `CASE strpos(t.name, '.') WHEN 0 THEN to_regclass(t.name) ELSE (
	SELECT c.oid::regclass FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname || '.' || c.relname = t.name) END`

// passwordRounds is what the dearest password costs: an upgraded database has users of several series' rounds, and a
// login that does not exist must not be told by being cheaper than one that does. It looks at a sample only, since there
// may be very many users.
const passwordRounds = `
	SELECT coalesce(max(rounds), 0) FROM (
		SELECT substring(password FROM '^\$pbkdf2-sha512\$([0-9]{1,9})\$')::int AS rounds
		FROM res_users WHERE password LIKE '$pbkdf2-sha512$%' LIMIT 1000
	) sample WHERE rounds IS NOT NULL`

// has tells whether the database has a column, given as table.column.
func (l *layout) has(column string) bool { return l.columns[column] }

// column is the expression for a column, given as table.column, or otherwise where the database lacks it.
func (l *layout) column(column, otherwise string) string {
	if !l.has(column) {
		return otherwise
	}
	_, name, _ := strings.Cut(column, ".")
	return pq.QuoteIdentifier(name)
}

// strings returns the one column of a query.
func (b *base) strings(ctx context.Context, query string, args ...any) (values []string, err error) {
	rows, err := b.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func(rows *sql.Rows) { _ = rows.Close() }(rows)
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, rows.Err()
}
