package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lib/pq"

	"odoobridge/fixtures/module"
)

// displayNames are the names of records, False for those that are not there.
func (e *env) displayNames(m *model, ids []int64) (map[int64]any, error) {
	names := make(map[int64]any, len(ids))
	for _, id := range ids {
		names[id] = false
	}
	f := m.fields[m.recName]
	switch {
	case !m.stored || len(ids) == 0:
		return names, nil
	case m.path:
		return names, e.pathNames(m, names)
	case len(m.display) > 0:
		return names, e.formNames(m, names)
	case f != nil && f.column == "" && f.related != "":
		found, err := e.related(m, f, ids, false)
		maps.Copy(names, found)
		return names, err
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

// pathNames are the names of records whose model names them with what is above them.
func (e *env) pathNames(m *model, names map[int64]any) error {
	query := fmt.Sprintf(`WITH RECURSIVE up(start, above, name, depth) AS (
			SELECT t.id, t.%[1]s, %[2]s::text, 0 FROM %[3]s t WHERE t.id = ANY ($1)
			UNION ALL SELECT up.start, t.%[1]s, %[2]s::text, up.depth + 1 FROM %[3]s t JOIN up ON t.id = up.above)
		SELECT start, coalesce(string_agg(name, ' / ' ORDER BY depth DESC), '') FROM up GROUP BY start`,
		quote(m.parent), column("t", m.fields[m.recName]), quote(m.table))
	ids := slices.Sorted(maps.Keys(names))
	return e.eachName(func(id int64, name string) { names[id] = name }, query, pq.Array(ids))
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
