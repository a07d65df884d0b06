package keyring

import (
	"context"

	"github.com/lib/pq"
)

// layout is which tables and columns of those that matter a database has, by table.column.
type layout struct{ columns map[string]bool }

// The tables looked at, with the schema in which they are. odoobridge is our own, which may be absent.
var tables = []string{
	"public.res_users", "public.res_partner", "public.res_company",
	"public.auth_api_key", "public.auth_api_key_group", "public.auth_api_key_group_rel", "public.orm_signaling_default",
	"odoobridge.key_retirement", "odoobridge.key_use", "odoobridge.audit",
}

// signals are the objects of the series by which Odoo's workers are told to drop the cache that the module's users of keys
// are in: a table since 19, before a sequence of that cache, and one for all caches at first (schema-15, -18, -19).
const (
	signalTable    = "orm_signaling_default"
	signalSequence = "base_cache_signaling_default"
	signalAll      = "base_cache_signaling"
)

// detect reads the catalog, which shows what exists and not what the role may use: what it may not must be an error.
func detect(ctx context.Context, db querier) (*layout, error) {
	rows, err := db.QueryContext(ctx, `
		SELECT (CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END) || c.relname || '.' || coalesce(a.attname, '')
		FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S'
		WHERE n.nspname || '.' || c.relname = ANY ($1::text[])`,
		pq.Array(append([]string{"public." + signalSequence, "public." + signalAll}, tables...)))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	l := &layout{columns: map[string]bool{}}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		l.columns[name] = true
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if !l.has("res_users.id") {
		return nil, wrong(ErrNotInstalled, "there is no table res_users: is this a database of Odoo?")
	}
	return l, nil
}

func (l *layout) has(column string) bool { return l.columns[column] }

// hasGroups tells whether the module auth_api_key_group is there.
func (l *layout) hasGroups() bool {
	return l.has("auth_api_key_group.code") && l.has("auth_api_key_group_rel.key_id")
}

// hasSchema tells whether our own tables are there.
func (l *layout) hasSchema() bool {
	return l.has("odoobridge.key_retirement.key_id") && l.has("odoobridge.key_use.key_id") && l.has("odoobridge.audit.id")
}

// column is the expression for a column, given as table.column, of a table with that alias, or otherwise where the database
// lacks it.
func (l *layout) column(column, expression, otherwise string) string {
	if l.has(column) {
		return expression
	}
	return otherwise
}
