package sandbox

import (
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
// is not saved yet, whose fields are empty.
func (e *env) read(m *model, ids []any, names []string, classic bool) (any, error) {
	var stored []string
	for _, name := range names {
		if m.field(name).column != "" && name != "id" {
			stored = append(stored, name)
		}
	}
	known := make(map[int64]*row)
	fetch := !m.stored || slices.ContainsFunc(names, func(n string) bool { return n != "id" })
	if fetch && len(ids) > 0 {
		rows, err := e.fetch(m, ids, stored)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			known[rows[i].id] = &rows[i]
		}
	}
	list := []any{}
	for _, v := range ids {
		if err := e.checkID(v); err != nil {
			return nil, err
		}
		id, isInt := v.(int64)
		row := known[id]
		if fetch && row == nil && (id != 0 || !isInt) {
			continue
		}
		d := newDict("id", v)
		for _, name := range names {
			if name == "id" {
				continue
			}
			value, err := e.value(m, m.field(name), row, classic)
			if err != nil {
				return nil, err
			}
			d.set(name, value)
		}
		list = append(list, d)
	}
	return list, nil
}

// row is the stored columns of a record, as the driver gives them.
type row struct {
	id     int64
	values map[string]any
}

// fetch reads stored fields of the records that exist. A record that the rules withhold is an AccessError.
func (e *env) fetch(m *model, ids []any, names []string) ([]row, error) {
	var list []int64
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
	if !m.stored {
		return nil, nil
	}
	allowed, err := e.allowed(m, list, "read")
	if err != nil {
		return nil, err
	}
	there, err := e.existing(m, list)
	if err != nil {
		return nil, err
	}
	if len(there) > len(allowed) {
		return nil, e.ruleError(m, "read")
	}
	columns := make([]string, 0, len(names)+1)
	columns = append(columns, "t.id")
	for _, name := range names {
		columns = append(columns, column("t", m.fields[name]))
	}
	rows, err := e.tx.QueryContext(e.ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+quote(m.table)+" t WHERE t.id = ANY ($1)", pq.Array(list))
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		r := row{values: make(map[string]any, len(names))}
		values := make([]any, len(names))
		into := []any{&r.id}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, name := range names {
			r.values[name] = values[i]
		}
		out = append(out, r)
	}
	return out, e.databaseError(rows.Err())
}

// value is a field of a record as read answers it. row is nil for a record that is not saved yet.
func (e *env) value(m *model, f *field, r *row, classic bool) (any, error) {
	switch {
	case r == nil, f.kind == "":
		return emptyValue(f), nil
	case f.column != "":
		return e.convert(f, r.values[f.name], classic)
	}
	if c, ok := computed[m.name+"."+f.name]; ok {
		return c.read(e, r.id)
	}
	switch {
	case f.name == "display_name":
		names, err := e.displayNames(m, []int64{r.id})
		return names[r.id], err
	case f.name == "__last_update":
		return e.scalar(m, &field{name: "write_date", kind: "datetime", column: "timestamp"}, r.id, classic)
	case f.related != "":
		return e.related(m, f, r.id, classic)
	case f.kind == "one2many" || f.kind == "many2many":
		return e.members(f, r.id)
	}
	return emptyValue(f), nil // computed in Python, by code that the sandbox has no data for
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

// scalar reads one stored field of one record.
func (e *env) scalar(m *model, f *field, id int64, classic bool) (any, error) {
	var v any
	err := e.tx.QueryRowContext(e.ctx, "SELECT "+column("t", f)+" FROM "+quote(m.table)+" t WHERE id = $1", id).Scan(&v)
	if err != nil {
		return nil, e.databaseError(err)
	}
	return e.convert(f, v, classic)
}

// related follows the path of a related field, without access checks as Odoo does.
func (e *env) related(m *model, f *field, id int64, classic bool) (any, error) {
	path := strings.Split(f.related, ".")
	for i, name := range path {
		step := m.fields[name]
		if step == nil {
			return emptyValue(f), nil
		}
		if i == len(path)-1 {
			rows, err := e.superuser().fetch(m, []any{id}, storedOnly(step))
			if err != nil || len(rows) == 0 {
				return emptyValue(f), err
			}
			return e.superuser().value(m, step, &rows[0], classic)
		}
		if step.column == "" {
			return emptyValue(f), nil
		}
		next, err := e.scalar(m, step, id, false)
		if err != nil {
			return nil, err
		}
		target, ok := next.(int64)
		if !ok {
			return emptyValue(f), nil
		}
		m, id = e.models[step.comodel], target
	}
	return emptyValue(f), nil
}

func storedOnly(f *field) []string {
	if f.column == "" || f.name == "id" {
		return nil
	}
	return []string{f.name}
}

// members are the ids in a one2many or many2many field: active ones, in the order of their model.
func (e *env) members(f *field, id int64) (any, error) {
	co := e.models[f.comodel]
	if co == nil || !co.stored {
		return []any{}, nil
	}
	var condition string
	switch f.kind {
	case "one2many":
		if inverse := co.fields[f.inverse]; inverse == nil || inverse.column == "" {
			return []any{}, nil
		}
		condition = "t0." + quote(f.inverse) + " = $1"
	case "many2many":
		if f.relation == "" {
			return []any{}, nil
		}
		condition = fmt.Sprintf("t0.id IN (SELECT %s FROM %s WHERE %s = $1)", quote(f.column2), quote(f.relation), quote(f.column1))
	}
	if active := co.fields["active"]; active != nil && active.column != "" {
		if test, ok := e.context.get("active_test"); !ok || truthy(test) {
			condition += " AND t0.active"
		}
	}
	w := &where{env: e, args: []any{id}}
	rule, err := e.ruleSQL(w, co, "t0", "read")
	if err != nil {
		return nil, err
	}
	order, err := e.orderBy(co, "t0", "")
	if err != nil {
		return nil, err
	}
	ids, err := e.ids("SELECT t0.id FROM "+quote(co.table)+" t0 WHERE "+condition+" AND ("+rule+")"+order, w.args...)
	return ints(ids), err
}

// displayNames are the names of records, False for those that are not there.
func (e *env) displayNames(m *model, ids []int64) (map[int64]any, error) {
	names := make(map[int64]any, len(ids))
	for _, id := range ids {
		names[id] = false
	}
	f := m.fields[m.recName]
	switch {
	case !m.stored:
		return names, nil
	case f != nil && f.column == "" && f.related != "":
		for _, id := range ids {
			v, err := e.related(m, f, id, false)
			if err != nil {
				return nil, err
			}
			names[id] = v
		}
		return names, nil
	case f == nil || f.column == "":
		for _, id := range ids {
			names[id] = fmt.Sprintf("%s,%d", m.name, id)
		}
		return names, nil
	}
	return names, e.eachName(func(id int64, name string) { names[id] = name },
		"SELECT t.id, coalesce("+column("t", f)+"::text, '') FROM "+quote(m.table)+" t WHERE t.id = ANY ($1)", pq.Array(ids))
}

// eachName hands over the rows of a query, an id and a name each.
func (e *env) eachName(each func(id int64, name string), query string, args ...any) error {
	rows, err := e.tx.QueryContext(e.ctx, query, args...)
	if err != nil {
		return e.databaseError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		each(id, name)
	}
	return e.databaseError(rows.Err())
}
