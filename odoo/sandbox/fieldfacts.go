package sandbox

import (
	"slices"
	"strings"
)

// fieldFacts is what Odoo 19's classes say of a field and ir_model_fields does not.
type fieldFacts struct {
	module     string // that added the field to another's model
	help       bool
	attributes *dict // of fields_get: depends, context, domain, digits, ...
}

// parseFieldFacts reads what stands behind the name in a line of api19/fields.txt. It panics on what it can't read: the file
// is part of the program.
func parseFieldFacts(parts []string) fieldFacts {
	f := fieldFacts{attributes: newDict()}
	for _, part := range parts {
		name, value, valued := strings.Cut(part, " ")
		switch {
		case name == "of":
			f.module = value
		case name == "help":
			f.help = true
		case !valued:
			f.attributes.set(name, true)
		default:
			v, err := decodeJSON([]byte(value))
			if err != nil {
				panic("api19/fields.txt: " + part + ": " + err.Error())
			}
			f.attributes.set(name, v)
		}
	}
	return f
}

// describe19 is what fields_get of 19 tells of a field, in alphabetical order (doc.model).
func (r *registry) describe19(m *model, f *field) *dict {
	facts := fieldFacts19()[m.name][f.name]
	d := newDict(
		"change_default", false, "company_dependent", false, "default_export_compatible", false,
		"depends", dependencies(m, f), "exportable", true, "groupable", r.groupable(m, f), "manual", strings.HasPrefix(f.name, "x_"),
		"name", f.name, "readonly", f.readonly, "required", f.required,
		"searchable", r.searchable(m, f),
		"sortable", r.sortable(m, f), "store", f.stored, "string", f.label, "type", f.kind,
	)
	if f.related != "" {
		d.set("related", f.related)
	}
	r.describeKind19(m, f, d)
	if facts.attributes != nil {
		for _, name := range facts.attributes.keys {
			if value := facts.attributes.values[name]; value != nil {
				d.set(name, value)
			} else {
				d.delete(name)
			}
		}
	}
	slices.Sort(d.keys)
	return d
}

// end is the field at the end of a path of relations, nil where it leads nowhere.
func (r *registry) end(m *model, path string) (*model, *field) {
	for {
		name, rest, more := strings.Cut(path, ".")
		f := m.fields[name]
		if f == nil || !more {
			return m, f
		}
		if m = r.models[f.comodel]; m == nil {
			return nil, nil
		}
		path = rest
	}
}

// describeKind19 adds what fields of a kind have.
func (r *registry) describeKind19(m *model, f *field, d *dict) {
	switch f.kind {
	case "integer", "float", "monetary":
		if f.name != "id" && f.name != "sequence" && r.sortable(m, f) {
			d.set("aggregator", "sum")
		}
		if f.kind == "monetary" {
			d.set("currency_field", "currency_id")
		}
	case "char":
		d.set("translate", f.translated)
		d.set("trim", true)
	case "text":
		d.set("translate", f.translated)
	case "html":
		d.set("translate", f.translated)
		for _, name := range []string{"sanitize", "sanitize_attributes", "sanitize_tags"} {
			d.set(name, true)
		}
		for _, name := range []string{"sanitize_style", "strip_classes", "strip_style"} {
			d.set(name, false)
		}
	case "binary":
		d.set("attachment", f.stored && f.column == "")
	case "selection", "reference":
		d.set("selection", r.selection(m, f))
	case "many2one", "one2many", "many2many":
		d.set("context", newDict())
		d.set("domain", []any{})
		d.set("relation", f.comodel)
		co := r.models[f.comodel]
		d.set("allow_hierachy_operators", co != nil && co.fields[co.parent] != nil)
		if f.inverse != "" {
			d.set("relation_field", f.inverse)
		}
	}
}

// dependencies are the fields that one is computed from, as far as the table says. The name of a record comes from the field
// that names it.
func dependencies(m *model, f *field) []any {
	switch {
	case f.name == "display_name" && m.fields[m.recName] != nil:
		return []any{m.recName}
	case f.related != "":
		return []any{f.related}
	}
	return []any{}
}

// searchable tells whether a field can be searched: a stored one, or one that is related to such a one.
func (r *registry) searchable(m *model, f *field) bool {
	if f.stored || f.name == "display_name" {
		return true
	}
	target, last := r.end(m, f.related)
	return last != nil && r.searchable(target, last)
}

// sortable tells whether PostgreSQL can sort by a field: by a column, its own or one that the field is related to.
func (r *registry) sortable(m *model, f *field) bool {
	if f.column != "" || f.related == "" {
		return f.column != ""
	}
	target, last := r.follow(m, f.related)
	return last != nil && last.related == "" && r.sortable(target, last)
}

// groupable is sortable, and many2many fields.
func (r *registry) groupable(m *model, f *field) bool {
	return r.sortable(m, f) || f.kind == "many2many" && f.stored
}

// follow goes along a path of many2one fields that are columns to the field at its end, nil where it can't.
func (r *registry) follow(m *model, path string) (*model, *field) {
	for {
		name, rest, more := strings.Cut(path, ".")
		f := m.fields[name]
		if f == nil || !more {
			return m, f
		}
		if m = r.models[f.comodel]; f.kind != "many2one" || f.column == "" || m == nil {
			return nil, nil
		}
		path = rest
	}
}
