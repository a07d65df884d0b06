package sandbox

import (
	"maps"
	"slices"
	"strings"
)

func runFieldsGet(e *env, r *records, args map[string]any) (any, error) {
	wanted, _ := items(args["allfields"])
	attributes, _ := items(args["attributes"])
	result := newDict()
	for _, name := range r.model.fieldNames() {
		f := r.model.fields[name]
		if len(wanted) > 0 && !slices.Contains(wanted, any(name)) || slices.Contains(r.model.noAccess, name) {
			continue
		}
		all := r.model.describe(f, e.series)
		if args["attributes"] == nil || e.series < 16 && !truthy(args["attributes"]) {
			result.set(name, all)
			continue
		}
		some := newDict()
		for _, key := range all.keys {
			if slices.Contains(attributes, any(key)) {
				some.set(key, all.values[key])
			}
		}
		result.set(name, some)
	}
	return result, nil
}

// describe is what fields_get tells of a field: in alphabetical order, but for the type and the name in series 15. What
// only Python code says (help, dependencies of computed fields, domains) is told where facts are known.
func (m *model) describe(f *field, series int) *dict {
	facts := factsOf(m, f)
	d := map[string]any{
		"type": f.kind, "change_default": false, "company_dependent": false, "depends": []any{}, "manual": false,
		"readonly": f.readonly, "required": f.required, "store": f.stored, "string": f.label,
		"searchable": f.stored || f.related != "" || f.name == "display_name" && series >= 16,
		"sortable":   f.column != "" || series >= 16 && f.related != "" && !strings.HasSuffix(f.kind, "2many"),
		"name":       f.name,
	}
	if f.related != "" {
		d["depends"] = []any{f.related}
		d["related"] = f.related
	}
	if series >= 16 {
		d["groupable"] = d["sortable"] == true || f.kind == "many2many" && f.stored
		d["exportable"] = true
		d["default_export_compatible"] = f.name == m.recName || f.name == "name" && m.recName == "complete_name"
	}
	if aggregator := m.aggregator(f, series); aggregator != "" {
		d[map[bool]string{false: "group_operator", true: "aggregator"}[series >= 18]] = aggregator
	}
	if f.relational() {
		maps.Copy(d, facts.relation(f, series))
	}
	switch f.kind {
	case "char":
		d["translate"], d["trim"] = f.translated, true
	case "text":
		d["translate"] = f.translated
	case "html":
		maps.Copy(d, map[string]any{
			"sanitize": true, "sanitize_attributes": true, "sanitize_style": false, "sanitize_tags": true, "strip_classes": false,
			"strip_style": false, "translate": f.translated,
		})
	case "float":
		if digits, limited := m.digits[f.name]; limited {
			d["digits"] = []any{int64(10), int64(digits)}
		}
	case "selection":
		d["selection"] = append([]any{}, f.selection...)
	case "binary":
		d["attachment"] = f.isAttachment()
	}
	return inOrder(d, series)
}

// relation is what fields_get tells of a relational field.
func (facts fieldFacts) relation(f *field, series int) map[string]any {
	d := map[string]any{"relation": f.comodel, "context": newDict(), "domain": []any{}}
	if facts.domain != nil {
		d["domain"] = polish(facts.domain)
	}
	if facts.archived && series >= 16 {
		d["context"] = newDict("active_test", false)
	}
	if f.inverse != "" {
		d["relation_field"] = f.inverse
	}
	return d
}

// inOrder is a description in the order in which a series writes it.
func inOrder(d map[string]any, series int) *dict {
	ordered := newDict()
	if series < 16 {
		ordered.set("type", d["type"])
	}
	for _, key := range slices.Sorted(maps.Keys(d)) {
		if series >= 16 || key != "type" && key != "name" {
			ordered.set(key, d[key])
		}
	}
	if series < 16 {
		ordered.set("name", d["name"])
	}
	return ordered
}
