package sandbox

import (
	"slices"
)

// runWebRead is web_read of series 17 and later: records with the records that they lead to, as a specification says.
func runWebRead(e *env, r *records, args map[string]any) (any, error) {
	specification, ok := args["specification"].(*dict)
	if !ok {
		return nil, attributeError("'" + typeName(args["specification"]) + "' object has no attribute 'items'")
	}
	return e.webRead(r.model, r.ids, specification)
}

func (e *env) webRead(m *model, ids []any, specification *dict) ([]any, error) {
	if len(specification.keys) == 0 || len(specification.keys) == 1 && specification.keys[0] == "id" {
		list := []any{}
		for _, id := range ids {
			list = append(list, newDict("id", id))
		}
		return list, nil
	}
	wanted := make([]any, len(specification.keys))
	for i, k := range specification.keys {
		wanted[i] = k
	}
	names, err := e.fieldList(m, wanted)
	if err != nil {
		return nil, err
	}
	if err := e.checkAccess(m, "read"); err != nil {
		return nil, err
	}
	read, err := e.read(m, ids, names, false)
	if err != nil {
		return nil, err
	}
	list := read.([]any)
	for _, name := range specification.keys {
		inner, _ := specification.values[name].(*dict)
		f := m.fields[name]
		if inner == nil || f == nil || !f.relational() || e.models[f.comodel] == nil {
			continue
		}
		for _, item := range list {
			row := item.(*dict)
			v, err := e.webValue(f, row.values[name], inner)
			if err != nil {
				return nil, err
			}
			row.set(name, v)
		}
	}
	return list, nil
}

// webValue is the value of a relation with what its specification wants of the records that it leads to.
func (e *env) webValue(f *field, v any, specification *dict) (any, error) {
	fields, given := specification.values["fields"].(*dict)
	co := e.models[f.comodel]
	if context, ok := specification.values["context"].(*dict); ok {
		for _, k := range context.keys {
			e = e.with(k, context.values[k])
		}
	}
	if f.kind == "many2one" {
		if !given || v == false {
			return v, nil
		}
		return e.webRecord(co, v, fields)
	}
	ids, _ := v.([]any)
	if order, ok := specification.values["order"].(string); ok && order != "" {
		found, err := e.with("active_test", false).search(co, query{domain: []any{[]any{"id", "in", ids}}, order: order})
		if err != nil {
			return nil, err
		}
		ids = ints(found)
	}
	if !given {
		return ids, nil
	}
	read := ids
	if limit, ok := specification.values["limit"].(int64); ok && limit < int64(len(ids)) {
		read = ids[:limit]
	}
	rows, err := e.webRead(co, read, fields)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = newDict("id", id)
		if at := slices.IndexFunc(rows, func(row any) bool { return row.(*dict).values["id"] == id }); at >= 0 {
			list[i] = rows[at]
		}
	}
	return list, nil
}

// webRecord is the record of a many2one: its name is told to those too who may not read it.
func (e *env) webRecord(co *model, id any, fields *dict) (any, error) {
	rest := fields.copy()
	rest.delete("display_name")
	rows, err := e.webRead(co, []any{id}, rest)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	record := rows[0].(*dict)
	if _, named := fields.get("display_name"); named {
		n, _ := id.(int64)
		names, err := e.superuser().displayNames(co, []int64{n})
		if err != nil {
			return nil, err
		}
		record.set("display_name", names[n])
	}
	return record, nil
}

// runWebSearchRead is web_search_read: a page of records and how many there are.
func runWebSearchRead(e *env, r *records, args map[string]any) (any, error) {
	var list []any
	if e.series < 17 {
		read, err := runSearchRead(e, r, args)
		if err != nil {
			return nil, err
		}
		list = read.([]any)
	} else {
		specification, ok := args["specification"].(*dict)
		if !ok {
			return nil, attributeError("'" + typeName(args["specification"]) + "' object has no attribute 'keys'")
		}
		ids, err := e.search(r.model, queryOf(args))
		if err != nil {
			return nil, err
		}
		if list, err = e.webRead(r.model, ints(ids), specification); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return newDict("length", int64(0), "records", list), nil
	}
	offset, _ := args["offset"].(int64)
	length := int64(len(list)) + offset
	limit, limited := args["limit"].(int64)
	most, counted := args["count_limit"].(int64)
	force, _ := e.context.get("force_search_count")
	full := int64(len(list)) == limit && !(counted && most > 0 && most <= length)
	if limited && limit > 0 && (full || truthy(force)) {
		n, err := e.count(r.model, query{domain: args["domain"], limit: args["count_limit"]})
		if err != nil {
			return nil, err
		}
		length, _ = n.(int64)
	}
	return newDict("length", length, "records", list), nil
}
