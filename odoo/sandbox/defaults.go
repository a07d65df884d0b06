package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// setDefaults gives a new record the values that the caller does not: those of the context, those of the model, then
// what is taken from records that the others name, and the next number of a sequence.
func (e *env) setDefaults(m *model, vals *dict) error {
	for _, key := range e.context.keys {
		name, isDefault := strings.CutPrefix(key, "default_")
		if _, given := vals.get(name); !isDefault || given || m.fields[name] == nil {
			continue
		}
		v, err := e.defaultValue(m, m.fields[name], e.context.values[key])
		if err != nil {
			return err
		}
		vals.set(name, v)
	}
	names := slices.Sorted(maps.Keys(m.defaults))
	for _, paths := range []bool{false, true} { // a path begins at a field that may have a default itself
		for _, name := range names {
			if _, given := vals.get(name); given || m.fields[name] == nil || isPath(m.defaults[name]) != paths {
				continue
			}
			v, err := e.defaultOf(m, m.fields[name], m.defaults[name], vals)
			if err != nil {
				return err
			}
			if v != nil {
				vals.set(name, v)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.sequences)) {
		given, _ := vals.get(name)
		if truthy(given) && given != m.defaults[name] {
			continue
		}
		s := m.sequences[name]
		next, err := e.ids("SELECT nextval(" + pq.QuoteLiteral(s.Name) + ")")
		if err != nil {
			return err
		}
		vals.set(name, fmt.Sprintf("%s%0*d", s.Prefix, s.Padding, next[0]))
	}
	switch m.name {
	case "res.company":
		return e.companyDefaults(vals)
	case "ir.attachment":
		attachmentDefaults(vals)
	}
	return nil
}

func isPath(v any) bool {
	d, ok := v.(*dict)
	return ok && d.values["path"] != nil
}

// defaultOf is a model's default for a field: a plain value, or one that is looked up. vals is the record so far; nil is
// the result where there is none.
func (e *env) defaultOf(m *model, f *field, v any, vals *dict) (any, error) {
	if compute, ok := v.(func(*env) any); ok {
		return compute(e), nil
	}
	d, special := v.(*dict)
	if !special {
		return v, nil
	}
	if id, ok := d.values["ref"].(string); ok {
		found, err := e.xmlID(id)
		return orNil(found), err
	}
	if path, ok := d.values["path"].(string); ok {
		return e.follow(m, f, path, vals)
	}
	switch d.values["from"] {
	case "now":
		return time.Now().UTC().Format(datetimeLayout), nil
	case "today":
		return time.Now().UTC().Format(dateLayout), nil
	case "user":
		return e.uid, nil
	case "company":
		return e.user.companyID, nil
	case "lang":
		if lang, _ := e.context.get("lang"); truthy(lang) {
			return lang, nil
		}
		return "en_US", nil
	}
	return nil, fmt.Errorf("the default of %s is %s, which is no value", f.name, repr(v))
}

func orNil(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// xmlID is the id of the record with an external id, 0 where there is none.
func (e *env) xmlID(id string) (int64, error) {
	module, name, _ := strings.Cut(id, ".")
	found, err := e.ids("SELECT res_id FROM ir_model_data WHERE module = $1 AND name = $2", module, name)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0], nil
}

// follow is the value at the end of a path that begins at a many2one of the record.
func (e *env) follow(m *model, f *field, path string, vals *dict) (any, error) {
	head, rest, dotted := strings.Cut(path, ".")
	start, _ := vals.get(head)
	id, ok := start.(int64)
	if !ok || !dotted {
		if !truthy(start) {
			return nil, nil
		}
		return start, nil
	}
	from := m.fields[head]
	if from == nil {
		return nil, nil
	}
	found, err := e.related(e.models[from.comodel], &field{name: f.name, kind: f.kind, related: rest}, []int64{id}, false)
	if v := found[id]; err == nil && truthy(v) {
		return v, nil
	}
	return nil, err
}

// createWith makes the record that comes with a new one: the variant of a product, for example.
func (e *env) createWith(m *model, id int64) error {
	if m.with == "" || e.inheriting {
		return nil
	}
	members := m.fields[m.with]
	co := e.models[members.comodel]
	there, err := e.ids("SELECT id FROM "+quote(co.table)+" WHERE "+quote(members.inverse)+" = $1 LIMIT 1", id)
	if err != nil || len(there) > 0 {
		return err
	}
	_, err = e.superuser().create(co, newDict(members.inverse, id))
	return err
}
