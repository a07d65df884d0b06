package sandbox

import (
	"maps"
	"slices"
	"strings"

	"odoobridge/fixtures/module"
)

// formNames are the names of records whose model has forms for them: the first form whose fields are all set, else the
// name alone.
func (e *env) formNames(m *model, names map[int64]any) error {
	fields := []string{m.recName}
	for _, form := range m.display {
		fields = append(fields, module.DisplayFields(form)...)
	}
	list, err := e.superuser().read(m, ints(slices.Sorted(maps.Keys(names))), slices.Compact(fields), false)
	if err != nil {
		return err
	}
	for _, item := range list.([]any) {
		values := item.(*dict).values
		id := values["id"].(int64)
		names[id] = values[m.recName]
		for _, form := range m.display {
			if name, whole := fill(form, values); whole {
				names[id] = name
				break
			}
		}
	}
	return nil
}

// fill puts values into a form; whole is false where one of them is empty.
func fill(form string, values map[string]any) (name string, whole bool) {
	for _, field := range module.DisplayFields(form) {
		if !truthy(values[field]) {
			return "", false
		}
		form = strings.ReplaceAll(form, "{"+field+"}", str(values[field]))
	}
	return form, true
}

// firstOf is the first record of each list of a one2many, as a many2one reads.
func (e *env) firstOf(members *field, lists map[int64]any, classic bool) (map[int64]any, error) {
	first := make(map[int64]any, len(lists))
	var ids []int64
	for id, v := range lists {
		if list, _ := v.([]any); len(list) > 0 {
			first[id] = list[0]
			ids = append(ids, list[0].(int64))
		}
	}
	if !classic {
		return first, nil
	}
	names, err := e.superuser().displayNames(e.models[members.comodel], ids)
	for id, v := range first {
		first[id] = []any{v, names[v.(int64)]}
	}
	return first, err
}
