package sandbox

import (
	"maps"
	"slices"
)

// describe is what fields_get tells of a field: what follows from ir_model_fields, and on top of it what
// the state or a fixture file says (fields-N.json, measured on real Odoo). In alphabetical order, but for the type in
// series 15.
func (r *registry) describe(m *model, f *field) *dict {
	relational := f.kind == "many2one" || f.kind == "one2many" || f.kind == "many2many"
	d := newDict(
		"change_default", false, "company_dependent", false, "depends", []any{}, "manual", false, "name", f.name,
		"readonly", f.readonly, "required", f.required, "searchable", f.stored || f.related != "",
		"sortable", f.stored && f.kind != "one2many" && f.kind != "many2many" && f.kind != "binary",
		"store", f.stored, "string", f.label, "type", f.kind,
	)
	if r.series >= 16 {
		d.set("default_export_compatible", false)
		d.set("exportable", true)
		d.set("groupable", f.stored && f.kind != "one2many" && f.kind != "binary")
	}
	if f.related != "" {
		d.set("related", f.related)
	}
	if f.name == "display_name" && r.series >= 19 { // computed from the field that names a record, and searched by it
		d.set("searchable", true)
		if m.fields[m.recName] != nil {
			d.set("depends", []any{m.recName})
		}
	}
	switch {
	case relational:
		d.set("context", newDict())
		d.set("domain", []any{})
		d.set("relation", f.comodel)
		if f.inverse != "" {
			d.set("relation_field", f.inverse)
		}
		if r.series >= 16 {
			co := r.models[f.comodel]
			d.set("allow_hierachy_operators", co != nil && co.fields[co.parent] != nil)
		}
	case f.kind == "char" || f.kind == "text" || f.kind == "html":
		d.set("translate", f.translated)
		if f.kind == "char" {
			d.set("trim", true)
		}
	case f.kind == "selection" || f.kind == "reference":
		d.set("selection", r.selection(m, f))
	case f.kind == "binary":
		d.set("attachment", f.stored && f.column == "")
	case (f.kind == "integer" || f.kind == "float" || f.kind == "monetary") && f.stored && f.name != "id":
		name := "aggregator"
		if r.series < 16 {
			name = "group_operator"
		}
		d.set(name, "sum")
	}
	if f.kind == "html" {
		for name, on := range map[string]bool{
			"sanitize": true, "sanitize_attributes": true, "sanitize_tags": true, "sanitize_style": false, "strip_classes": false, "strip_style": false,
		} {
			d.set(name, on)
		}
	}
	slices.Sort(d.keys)
	if r.series < 16 {
		d.keys = slices.DeleteFunc(d.keys, func(name string) bool { return name == "type" })
		d.keys = slices.Insert(d.keys, 0, "type")
	}
	return f.told(d)
}

// selection is the values of a selection field with their labels: its own, or those of the field that it is related to.
func (r *registry) selection(m *model, f *field) []any {
	if target, last := r.end(m, f.related); len(f.selection) == 0 && last != nil {
		return r.selection(target, last)
	}
	return append([]any{}, f.selection...)
}

// told adds what is said of a field beyond the rules; nil is an attribute that it does not have.
func (f *field) told(d *dict) *dict {
	for _, name := range slices.Sorted(maps.Keys(f.get)) {
		if f.get[name] == nil {
			d.delete(name)
		} else {
			d.set(name, f.get[name])
		}
	}
	return d
}
