package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

func runCreate(e *env, r *records, args map[string]any) (any, error) {
	list, many := args["vals_list"].([]any)
	if !many {
		list = []any{args["vals_list"]}
	}
	if err := e.checkAccess(r.model, "create"); err != nil {
		return nil, err
	}
	if _, isIterable := items(args["vals_list"]); !isIterable && r.model.name == "res.partner" {
		return nil, typeError("'" + typeName(args["vals_list"]) + "' object is not iterable")
	}
	ids := []int64{}
	for _, item := range list {
		vals, ok := item.(*dict)
		if !ok {
			return nil, attributeError("'" + typeName(item) + "' object has no attribute 'get'")
		}
		id, err := e.create(r.model, vals)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if allowed, err := e.allowed(r.model, ids, "create"); err != nil || len(allowed) < len(ids) {
		if err == nil {
			err = e.ruleError(r.model, "create")
		}
		return nil, err
	}
	if many {
		return ints(ids), nil
	}
	return ids[0], nil
}

// create inserts one record: the defaults, the values, then what the x2many fields bring.
func (e *env) create(m *model, vals *dict) (int64, error) {
	for _, name := range vals.keys {
		if m.fields[name] == nil {
			if e.series >= 19 {
				return 0, valueError("Invalid field " + repr(name) + " in " + repr(m.name))
			}
			return 0, e.invalidField(m, name)
		}
	}
	vals = vals.copy()
	if err := e.setDefaults(m, vals); err != nil {
		return 0, err
	}
	if err := e.createInherited(m, vals); err != nil {
		return 0, err
	}
	columns, err := e.columns(m, vals, true)
	if err != nil {
		return 0, err
	}
	for _, name := range m.fieldNames() {
		f := m.fields[name]
		if f.required && f.column != "" && name != "id" && columns[name] == nil {
			return 0, e.notNull(m, f)
		}
	}
	e.stamp(m, columns, "create_uid", "create_date", "write_uid", "write_date")
	names := sortedKeys(columns)
	w := &where{env: e}
	placeholders := make([]string, len(names))
	for i, name := range names {
		placeholders[i] = w.arg(columns[name])
	}
	statement := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s) RETURNING id", quote(m.table), join(names), strings.Join(placeholders, ", "))
	if len(names) == 0 {
		statement = "INSERT INTO " + quote(m.table) + " DEFAULT VALUES RETURNING id"
	}
	ids, err := e.ids(statement, w.args...)
	if err != nil {
		return 0, err
	}
	if err := e.writeMembers(m, ids, vals); err != nil {
		return 0, err
	}
	if err := e.checkConstraints(m, ids); err != nil {
		return 0, err
	}
	if err := e.createWith(m, ids[0]); err != nil {
		return 0, err
	}
	return ids[0], e.recompute(m, ids, append(vals.keys, "id"))
}

// createInherited makes the record that a model inherits from, with the values of its fields.
func (e *env) createInherited(m *model, vals *dict) error {
	if m.inherits == "" {
		return nil
	}
	if _, given := vals.get(m.inherits); given {
		return nil
	}
	inherited := newDict()
	for _, name := range slices.Clone(vals.keys) {
		if rest, ok := strings.CutPrefix(m.fields[name].related, m.inherits+"."); ok && m.fields[name].column == "" {
			inherited.set(rest, vals.values[name])
			vals.delete(name)
		}
	}
	su := e.superuser()
	su.inheriting = true
	id, err := su.create(e.models[m.fields[m.inherits].comodel], inherited)
	vals.set(m.inherits, id)
	return err
}

// stamp sets who and when, as the fields of all models say.
func (e *env) stamp(m *model, columns map[string]any, names ...string) {
	for _, name := range names {
		if m.fields[name] == nil || m.fields[name].column == "" {
			continue
		}
		if strings.HasSuffix(name, "_uid") {
			columns[name] = e.uid
		} else {
			columns[name] = time.Now().UTC().Format("2006-01-02 15:04:05.000000")
		}
	}
}

// columns converts values to those of columns; x2many fields and what Odoo computes are left out.
func (e *env) columns(m *model, vals *dict, creating bool) (map[string]any, error) {
	columns, inverse := make(map[string]any), make(map[string]any)
	for _, name := range vals.keys {
		f, value := m.fields[name], vals.values[name]
		if c, ok := computed[m.name+"."+name]; ok {
			if c.write == nil {
				continue
			}
			set, err := c.write(e, value)
			if err != nil {
				return nil, err
			}
			maps.Copy(inverse, set)
			continue
		}
		if f.column == "" || name == "id" {
			continue
		}
		convert := e.toColumn
		if creating {
			convert = e.toNewColumn
		}
		v, err := convert(m, f, value)
		if err != nil {
			return nil, err
		}
		if f.kind == "many2one" && v != nil {
			if err := e.checkForeignKey(m, f, v); err != nil {
				return nil, err
			}
		}
		if f.translated && v != nil {
			text := jsonEncoder{series: e.series}
			if err := text.encode(newDict("en_US", v)); err != nil {
				return nil, err
			}
			v = text.String()
		}
		columns[name] = v
	}
	maps.Copy(columns, inverse) // the inverse of a computed field comes last
	return columns, nil
}

// checkForeignKey does what a foreign key does: the recordings do not have those of all tables.
func (e *env) checkForeignKey(m *model, f *field, v any) error {
	co := e.models[f.comodel]
	id, ok := v.(int64)
	if co == nil || !co.stored || !ok {
		return nil
	}
	there, err := e.existing(co, []int64{id})
	if err == nil && len(there) == 0 {
		err = e.foreignKey(m, m.table+"_"+f.name+"_fkey")
	}
	return err
}

func runNameCreate(e *env, r *records, args map[string]any) (any, error) {
	if err := e.checkAccess(r.model, "create"); err != nil {
		return nil, err
	}
	name := r.model.recName
	if name == "complete_name" || name == "display_name" {
		name = "name"
	}
	vals := newDict(name, args["name"])
	if r.model.name == "res.partner" {
		text, isText := args["name"].(string)
		if !isText && truthy(args["name"]) {
			return nil, attributeError("'" + typeName(args["name"]) + "' object has no attribute 'strip'")
		}
		vals = contact(text)
	}
	id, err := e.create(r.model, vals)
	if err != nil {
		return nil, err
	}
	names, err := e.displayNames(r.model, []int64{id})
	return []any{id, names[id]}, err
}

// contact is the partner that a name stands for, which may be or have an address: "Name <a@b.c>".
func contact(text string) *dict {
	name, rest, found := strings.Cut(text, "<")
	address, _, closed := strings.Cut(rest, ">")
	switch {
	case found && closed && strings.Contains(address, "@"):
		return newDict("name", strings.Trim(name, ` "`), "email", strings.ToLower(address))
	case strings.Contains(text, "@"):
		return newDict("name", text, "email", strings.ToLower(text))
	}
	return newDict("name", text)
}
