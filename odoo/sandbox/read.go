package sandbox

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

func runRead(e *env, r *records, args map[string]any) (any, error) {
	names, err := e.fieldList(r.model, args["fields"])
	if err != nil {
		return nil, err
	}
	if err := e.checkAccess(r.model, "read"); err != nil {
		return nil, err
	}
	return e.read(r.model, r.ids, names, args["load"] == "_classic_read")
}

// fieldList is the fields a caller asks for, all of them where none is named.
func (e *env) fieldList(m *model, fields any) ([]string, error) {
	if !truthy(fields) {
		var all []string
		for _, name := range m.fieldNames() {
			if !slices.Contains(m.noAccess, name) {
				all = append(all, name)
			}
		}
		return all, nil
	}
	list, ok := items(fields)
	if !ok {
		return nil, typeError("'" + typeName(fields) + "' object is not iterable")
	}
	var names, forbidden []string
	for _, item := range list {
		name := str(item)
		if m.field(name) == nil {
			return nil, e.invalidField(m, name)
		}
		if slices.Contains(m.noAccess, name) && !e.su {
			forbidden = append(forbidden, name)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(forbidden) > 0 {
		return nil, e.forbiddenField(m, forbidden...)
	}
	return names, nil
}

// invalidField words an unknown field name (case read.read.badfield).
func (e *env) invalidField(m *model, name string) error {
	if e.series >= 19 {
		return valueError("Invalid field " + repr(name) + " on " + repr(m.name))
	}
	return valueError("Invalid field " + repr(name) + " on model " + repr(m.name))
}

// read is a list of dicts in the order of the ids. Records that are not there are left out; id 0 stands for a record that
// is not saved yet, whose fields are empty. It reads field by field, not record by record: what a field costs in queries
// does not grow with the records.
func (e *env) read(m *model, ids []any, names []string, classic bool) (any, error) {
	return e.readAs(e, m, ids, names, classic)
}

// readFound is read for records that a search of the same transaction found: the rules let the user have them.
func (e *env) readFound(m *model, ids []int64, names []string, classic bool) (any, error) {
	return e.readAs(e.superuser(), m, ints(ids), names, classic)
}

// readAs reads the rows as one environment and what their fields lead to as another.
func (e *env) readAs(fetcher *env, m *model, ids []any, names []string, classic bool) (any, error) {
	fields := make([]*field, 0, len(names))
	var stored []string
	for _, name := range names {
		if name == "id" {
			continue
		}
		f := m.field(name)
		fields = append(fields, f)
		if f.column != "" {
			stored = append(stored, name)
		}
	}
	fetch := !m.stored || len(fields) > 0
	rows := &rows{}
	if fetch && len(ids) > 0 {
		var err error
		if rows, err = fetcher.fetch(m, ids, stored); err != nil {
			return nil, err
		}
	}
	columns := make([][]any, len(fields))
	for i, f := range fields {
		var err error
		if columns[i], err = e.values(m, f, rows, classic); err != nil {
			return nil, err
		}
	}
	at := rows.index()
	list := make([]any, 0, len(ids))
	for _, v := range ids {
		if err := e.checkID(v); err != nil {
			return nil, err
		}
		id, isInt := v.(int64)
		i, there := at[id]
		if fetch && !there && (id != 0 || !isInt) {
			continue
		}
		d := &dict{keys: make([]string, 0, len(fields)+1), values: make(map[string]any, len(fields)+1)}
		d.set("id", v)
		for n, f := range fields {
			if there {
				d.set(f.name, columns[n][i])
			} else {
				d.set(f.name, emptyValue(f))
			}
		}
		list = append(list, d)
	}
	return list, nil
}

// rows are stored columns of records, as the driver gives them: columns[name][i] is of the record ids[i].
type rows struct {
	ids     []int64
	columns map[string][]any
}

// index is where each record is in the rows.
func (r *rows) index() map[int64]int {
	at := make(map[int64]int, len(r.ids))
	for i, id := range r.ids {
		at[id] = i
	}
	return at
}

// fetch reads stored fields of the records that exist. A record that the rules withhold is an AccessError.
func (e *env) fetch(m *model, ids []any, names []string) (*rows, error) {
	list := make([]int64, 0, len(ids))
	for _, v := range ids {
		switch v := v.(type) {
		case int64:
			list = append(list, v)
		case []any, *dict:
			return nil, typeError("unhashable type: '" + typeName(v) + "'")
		case string:
			if _, err := toInt(v); err != nil && e.series >= 16 {
				return nil, notAnInteger(v)
			}
			if e.series < 16 {
				n, _ := toInt(v)
				return nil, accessError(fmt.Sprintf("Database fetch misses ids ((%s,)) and has extra ids ((%s,)), may be caused by a type "+
					"incoherence in a previous request", repr(v), repr(n)))
			}
		}
	}
	return e.fetchIDs(m, list, names)
}

func (e *env) fetchIDs(m *model, ids []int64, names []string) (*rows, error) {
	out := &rows{columns: make(map[string][]any, len(names))}
	if !m.stored {
		return out, nil
	}
	w := &where{env: e}
	list := w.arg(pq.Array(ids))
	rule, err := e.ruleSQL(w, m, "t0", "read")
	if err != nil {
		return nil, err
	}
	expressions := []string{"t0.id", rule}
	for _, name := range names {
		expressions = append(expressions, column("t0", m.fields[name]))
	}
	found, err := e.tx.QueryContext(e.ctx, "SELECT "+strings.Join(expressions, ", ")+" FROM "+quote(m.table)+" t0 WHERE t0.id = ANY ("+list+")", w.args...)
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer found.Close()
	var id int64
	var allowed sql.NullBool
	values := make([]any, len(names))
	into := []any{&id, &allowed}
	for i := range values {
		into = append(into, &values[i])
	}
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		if !allowed.Bool {
			return nil, e.ruleError(m, "read")
		}
		out.ids = append(out.ids, id)
		for i, name := range names {
			out.columns[name] = append(out.columns[name], values[i])
		}
	}
	return out, e.databaseError(found.Err())
}

// values is a field of records as read answers it, in the order of the rows.
func (e *env) values(m *model, f *field, r *rows, classic bool) ([]any, error) {
	if f.column != "" {
		return e.convertAll(f, r.columns[f.name], classic)
	}
	byID, err := e.unstored(m, f, r.ids, classic)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(r.ids))
	for i, id := range r.ids {
		v, known := byID[id]
		if !known {
			v = emptyValue(f)
		}
		list[i] = v
	}
	return list, nil
}

// unstored is a field without a column, by record; records for which it is empty may be left out.
func (e *env) unstored(m *model, f *field, ids []int64, classic bool) (map[int64]any, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if c, ok := computed[m.name+"."+f.name]; ok {
		return c.read(e, ids)
	}
	switch {
	case f.name == "display_name":
		return e.displayNames(m, ids)
	case f.name == "__last_update":
		return e.stored(m, &field{name: "write_date", kind: "datetime", column: "timestamp"}, ids, classic)
	case f.related != "":
		return e.related(m, f, ids, classic)
	case f.kind == "one2many" || f.kind == "many2many":
		return e.members(f, ids)
	}
	return nil, nil // computed in Python, by code that the sandbox has no data for
}

// convertAll is a column's values as read answers them.
func (e *env) convertAll(f *field, values []any, classic bool) ([]any, error) {
	var names map[int64]any
	if co := e.models[f.comodel]; f.kind == "many2one" && classic && co != nil {
		var ids []int64
		seen := make(map[int64]bool)
		for _, v := range values {
			if id, ok := v.(int64); ok && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
		var err error
		if names, err = e.superuser().displayNames(co, ids); err != nil {
			return nil, err
		}
	}
	list := make([]any, len(values))
	for i, v := range values {
		converted, err := e.convert(f, v)
		if err != nil {
			return nil, err
		}
		if id, ok := converted.(int64); ok && f.kind == "many2one" && classic {
			name, known := names[id]
			if !known {
				name = false
			}
			converted = []any{id, name}
		}
		list[i] = converted
	}
	return list, nil
}

// emptyValue is what an empty field reads as.
func emptyValue(f *field) any {
	switch f.kind {
	case "integer":
		return int64(0)
	case "float", "monetary":
		return 0.0
	case "one2many", "many2many":
		return []any{}
	}
	return false
}

// stored reads one stored field, by record, without access checks.
func (e *env) stored(m *model, f *field, ids []int64, classic bool) (map[int64]any, error) {
	found, err := e.tx.QueryContext(e.ctx, "SELECT t.id, "+column("t", f)+" FROM "+quote(m.table)+" t WHERE t.id = ANY ($1)", pq.Array(ids))
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer found.Close()
	var there []int64
	var values []any
	for found.Next() {
		var id int64
		var v any
		if err := found.Scan(&id, &v); err != nil {
			return nil, err
		}
		there, values = append(there, id), append(values, v)
	}
	if err := found.Err(); err != nil {
		return nil, e.databaseError(err)
	}
	found.Close()
	values, err = e.convertAll(f, values, classic)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]any, len(there))
	for i, id := range there {
		byID[id] = values[i]
	}
	return byID, nil
}

// scalar reads one stored field of one record.
func (e *env) scalar(m *model, f *field, id int64, classic bool) (any, error) {
	byID, err := e.stored(m, f, []int64{id}, classic)
	return byID[id], err
}
