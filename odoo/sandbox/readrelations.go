package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// related follows the path of a related field, without access checks as Odoo does.
func (e *env) related(m *model, f *field, ids []int64, classic bool) (map[int64]any, error) {
	su := e.superuser()
	at := make(map[int64]int64, len(ids)) // where the path has led, by record
	for _, id := range ids {
		at[id] = id
	}
	path := strings.Split(f.related, ".")
	for i, name := range path {
		last := i == len(path)-1
		if m == nil || m.fields[name] == nil {
			return nil, nil
		}
		step := m.fields[name]
		found, err := su.fetchIDs(m, slices.Compact(slices.Sorted(maps.Values(at))), storedOnly(step))
		if err != nil {
			return nil, err
		}
		values, err := su.values(m, step, found, classic && last)
		if err != nil {
			return nil, err
		}
		index, reached := found.index(), make(map[int64]any, len(ids))
		for start, current := range at {
			n, there := index[current]
			if !there {
				delete(at, start)
				continue
			}
			reached[start] = values[n]
			if next, ok := values[n].(int64); ok {
				at[start] = next
			} else {
				delete(at, start)
			}
		}
		if last {
			if f.kind == "many2one" && step.kind == "one2many" {
				return e.firstOf(step, reached, classic)
			}
			return reached, nil
		}
		m = e.models[step.comodel]
	}
	return nil, nil
}

func storedOnly(f *field) []string {
	if f.column == "" || f.name == "id" {
		return nil
	}
	return []string{f.name}
}

// members are the ids in a one2many or many2many field, by record: active ones, in the order of their model.
func (e *env) members(f *field, ids []int64) (map[int64]any, error) {
	co := e.models[f.comodel]
	if co == nil || !co.stored {
		return nil, nil
	}
	var owner, from string
	switch f.kind {
	case "one2many":
		if inverse := co.fields[f.inverse]; inverse == nil || inverse.column == "" {
			return nil, nil
		}
		owner, from = "t0."+quote(f.inverse), quote(co.table)+" t0"
	case "many2many":
		if f.relation == "" {
			return nil, nil
		}
		owner = "rel." + quote(f.column1)
		from = fmt.Sprintf("%s t0 JOIN %s rel ON rel.%s = t0.id", quote(co.table), quote(f.relation), quote(f.column2))
	}
	condition := owner + " = ANY ($1)"
	if active := co.fields["active"]; active != nil && active.column != "" {
		if test, ok := e.context.get("active_test"); !ok || truthy(test) {
			condition += " AND t0.active"
		}
	}
	w := &where{env: e, args: []any{pq.Array(ids)}}
	rule, err := e.ruleSQL(w, co, "t0", "read")
	if err != nil {
		return nil, err
	}
	order, err := e.orderBy(co, "t0", "")
	if err != nil {
		return nil, err
	}
	found, err := e.tx.QueryContext(e.ctx, "SELECT "+owner+", t0.id FROM "+from+" WHERE "+condition+" AND ("+rule+")"+order, w.args...)
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer found.Close()
	lists := make(map[int64]any)
	for found.Next() {
		var of, id int64
		if err := found.Scan(&of, &id); err != nil {
			return nil, err
		}
		list, _ := lists[of].([]any)
		lists[of] = append(list, id)
	}
	return lists, e.databaseError(found.Err())
}
