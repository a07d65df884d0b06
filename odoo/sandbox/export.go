package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// runExportData is export_data: a table of texts, one row for each record and one more for each further record of its
// x2many fields.
func runExportData(e *env, r *records, args map[string]any) (any, error) {
	list, ok := items(args["fields_to_export"])
	if !ok {
		return nil, typeError("'" + typeName(args["fields_to_export"]) + "' object is not iterable")
	}
	if !e.su && !e.user.groups[4] && e.uid != 2 {
		allowed, err := runHasGroup(e, r, map[string]any{"group_ext_id": "base.group_allow_export"})
		if err != nil || allowed != true {
			return nil, userError("You don't have the rights to export data. Please contact an Administrator.")
		}
	}
	paths := make([][]string, len(list))
	for i, item := range list {
		paths[i] = strings.Split(strings.ReplaceAll(str(item), ":id", "/id"), "/")
	}
	var rows []any
	for _, id := range r.ids {
		lines, err := e.exportRecord(r.model, id, paths)
		if err != nil {
			return nil, err
		}
		rows = append(rows, lines...)
	}
	return newDict("datas", append([]any{}, rows...)), nil
}

// exportRecord is the lines of one record.
func (e *env) exportRecord(m *model, id any, paths [][]string) ([]any, error) {
	current := make([]any, len(paths))
	for i := range current {
		current[i] = ""
	}
	lines := []any{current}
	done := make(map[string]bool)
	for i, path := range paths {
		if len(path) == 0 || path[0] == "" || done[path[0]] {
			continue
		}
		switch path[0] {
		case ".id":
			current[i] = str(id)
			continue
		case "id":
			name, err := e.ensureExternalID(m, id)
			if err != nil {
				return nil, err
			}
			current[i] = name
			continue
		}
		f := m.fields[path[0]]
		if f == nil {
			return nil, e.invalidField(m, path[0])
		}
		if !f.relational() {
			v, err := e.exportValue(m, f, id)
			if err != nil {
				return nil, err
			}
			current[i] = v
			continue
		}
		done[path[0]] = true
		more, err := e.exportRelated(m, f, id, paths, current)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

// exportRelated fills the columns of one relation, and is the lines that its further records need.
func (e *env) exportRelated(m *model, f *field, id any, paths [][]string, current []any) ([]any, error) {
	rows, err := e.read(m, []any{id}, []string{f.name}, false)
	if err != nil || len(rows.([]any)) == 0 {
		return nil, err
	}
	v := rows.([]any)[0].(*dict).values[f.name]
	ids, isList := v.([]any)
	if !isList && truthy(v) {
		ids = []any{v}
	}
	co := e.models[f.comodel]
	inner := make([][]string, len(paths))
	for i, path := range paths {
		if path[0] == f.name {
			inner[i] = path[1:]
		}
	}
	var extra []any
	if f.kind == "many2many" { // the records of a many2many are one text
		return nil, e.exportNames(co, ids, inner, paths, f, current)
	}
	for n, member := range ids {
		for i := range inner {
			if paths[i][0] == f.name && len(inner[i]) == 0 {
				inner[i] = []string{"display_name"}
			}
		}
		lines, err := e.exportRecord(co, member, inner)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			for i, v := range lines[0].([]any) {
				if inner[i] != nil && v != "" {
					current[i] = v
				}
			}
			lines = lines[1:]
		}
		extra = append(extra, lines...)
	}
	return extra, nil
}

// exportNames writes the names of many records into one cell.
func (e *env) exportNames(co *model, ids []any, inner, paths [][]string, f *field, current []any) error {
	numbers, err := idList(ids)
	if err != nil {
		return err
	}
	for i := range inner {
		if paths[i][0] != f.name {
			continue
		}
		var texts []string
		for _, id := range numbers {
			name, err := e.exportName(co, id, inner[i])
			if err != nil {
				return err
			}
			texts = append(texts, name)
		}
		current[i] = strings.Join(texts, ",")
	}
	return nil
}

func (e *env) exportName(co *model, id int64, path []string) (string, error) {
	if len(path) == 1 && path[0] == "id" {
		name, err := e.ensureExternalID(co, id)
		return str(name), err
	}
	names, err := e.superuser().displayNames(co, []int64{id})
	return str(names[id]), err
}

// exportValue is a field's value as text, numbers and booleans as they are.
func (e *env) exportValue(m *model, f *field, id any) (any, error) {
	rows, err := e.read(m, []any{id}, []string{f.name}, true)
	if err != nil || len(rows.([]any)) == 0 {
		return "", err
	}
	v := rows.([]any)[0].(*dict).values[f.name]
	switch {
	case f.kind == "boolean" || f.isNumber():
		return v, nil
	case !truthy(v):
		return "", nil
	case f.kind == "selection":
		for _, pair := range f.selection {
			if p := pair.([]any); p[0] == v {
				return p[1], nil
			}
		}
	case f.kind == "datetime":
		at, err := time.Parse(datetimeLayout, str(v))
		zone, zoneErr := time.LoadLocation(e.user.tz)
		if err == nil && zoneErr == nil {
			return at.In(zone).Format(datetimeLayout), nil
		}
	}
	return v, nil
}

// ensureExternalID is the external id of a record, made where it has none.
func (e *env) ensureExternalID(m *model, id any) (any, error) {
	ids, err := e.recordIDs([]any{id})
	if err != nil || len(ids) == 0 {
		return "", err
	}
	names, err := e.externalIDs(m, ids)
	if err != nil || names[ids[0]] != "" {
		return names[ids[0]], err
	}
	name := fmt.Sprintf("%s_%d_%.8s", m.table, ids[0], sessionID())
	return "__export__." + name, e.nameRecord(m, "__export__", name, ids[0])
}

// nameRecord gives a record an external id.
func (e *env) nameRecord(m *model, module, name string, id int64) error {
	return e.exec("INSERT INTO ir_model_data (module, name, model, res_id) VALUES ($1, $2, $3, $4)", module, name, m.name, id)
}
