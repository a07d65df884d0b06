package sandbox

import (
	"fmt"
	"slices"
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
		all := e.describe(r.model, f)
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

func runDefaultGet(e *env, r *records, args map[string]any) (any, error) {
	list, ok := args["fields_list"]
	if !ok {
		list = args["fields"]
	}
	names, ok := items(list)
	if !ok {
		return nil, typeError("'" + typeName(list) + "' object is not iterable")
	}
	result := newDict()
	for _, item := range names {
		f := r.model.fields[str(item)]
		v, given := e.context.get("default_" + str(item))
		if f == nil {
			if given {
				result.set(str(item), v) // a name that is no field comes back as it is (values.date)
			}
			continue
		}
		if given {
			converted, err := e.defaultValue(r.model, f, v)
			if err != nil {
				return nil, err
			}
			result.set(f.name, converted)
		} else if given, ok := r.model.defaults[f.name]; !ok {
			continue
		} else if v, err := e.defaultOf(r.model, f, given, nil); err != nil {
			return nil, err
		} else if v != nil {
			result.set(f.name, v)
		}
	}
	return result, nil
}

// defaultValue is a default of the context after the conversions that default_get makes.
func (e *env) defaultValue(m *model, f *field, v any) (any, error) {
	switch f.kind {
	case "char", "text", "html":
		if (v == nil || v == false) && e.series >= 16 {
			return nil, nil
		}
		if v == nil || v == false {
			return false, nil
		}
		if f.kind == "html" {
			return sanitizeHTML(str(v)), nil
		}
		return str(v), nil
	case "integer":
		if !truthy(v) {
			return int64(0), nil
		}
		n, err := toInt(v)
		if err != nil {
			return nil, err
		}
		if i, ok := n.(int64); !ok || i > 1<<31-1 {
			return toFloat(n) // beyond what XML-RPC can carry: values.int.big
		}
		return n, nil
	case "float", "monetary":
		if !truthy(v) {
			return 0.0, nil
		}
		n, err := toFloat(v)
		if err != nil {
			return nil, err
		}
		if n, err = e.round(m, f, n); err != nil {
			return nil, err
		}
		return e.round(m, f, n) // to the cache and from there: twice, which values.float.big shows
	case "boolean":
		return truthy(v), nil
	case "selection":
		if v == nil || v == false {
			return false, nil
		}
		if err := e.checkSelection(m, f, v); err != nil {
			return nil, nil
		}
	case "one2many", "many2many":
		return defaultMembers(v), nil
	}
	return v, nil
}

// defaultMembers is the default of an x2many field as default_get answers it: one command that sets the ids, and one for
// each record to be created.
func defaultMembers(v any) any {
	list, _ := v.([]any)
	ids, created := []any{}, []any{}
	for _, item := range list {
		command, ok := item.([]any)
		switch {
		case !ok:
			ids = append(ids, item)
		case len(command) == 3 && command[0] == int64(commandSet):
			set, _ := command[2].([]any)
			ids = append(ids, set...)
		case len(command) > 1 && command[0] == int64(commandLink):
			ids = append(ids, command[1])
		case len(command) == 3 && command[0] == int64(commandCreate):
			created = append(created, command)
		}
	}
	return append([]any{[]any{int64(commandSet), int64(0), ids}}, created...)
}

// namePairs are [id, name] of records.
func (e *env) namePairs(m *model, ids []int64) (any, error) {
	names, err := e.displayNames(m, ids)
	if err != nil {
		return nil, err
	}
	pairs := make([]any, len(ids))
	for i, id := range ids {
		pairs[i] = []any{id, names[id]}
	}
	return pairs, nil
}

func runNameGet(e *env, r *records, _ map[string]any) (any, error) {
	if err := e.checkAccess(r.model, "read"); err != nil {
		return nil, err
	}
	ids, err := e.checkRecords(r.model, r.ids, "read")
	if err != nil {
		return nil, err
	}
	return e.namePairs(r.model, ids)
}

func runContextGet(e *env, _ *records, _ map[string]any) (any, error) {
	d := newDict("lang", orFalse(e.user.lang), "tz", orFalse(e.user.tz))
	if e.series >= 16 {
		d.set("uid", e.uid)
	}
	return d, nil
}

func orFalse(s string) any {
	if s == "" {
		return false
	}
	return s
}

func runGetParam(e *env, r *records, args map[string]any) (any, error) {
	if err := e.checkAccess(r.model, "read"); err != nil {
		return nil, err
	}
	value, err := e.parameter(str(args["key"]))
	if err != nil || value != nil {
		return value, err
	}
	return args["default"], nil
}

// parameter is a system parameter's value, nil where there is none.
func (e *env) parameter(key string) (any, error) {
	list, err := e.search(e.models["ir.config_parameter"], query{domain: []any{[]any{"key", "=", key}}})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	m := e.models["ir.config_parameter"]
	return e.scalar(m, m.fields["value"], list[0], true)
}

func runSetParam(e *env, r *records, args map[string]any) (any, error) {
	key, value := str(args["key"]), args["value"]
	old, err := e.parameter(key)
	if err != nil {
		return nil, err
	}
	none := value == nil || value == false
	recs := &records{model: r.model}
	if old == nil {
		if !none {
			_, err = runCreate(e, recs, map[string]any{"vals_list": newDict("key", key, "value", value)})
		}
		return false, err
	}
	ids, err := e.search(r.model, query{domain: []any{[]any{"key", "=", key}}})
	if err != nil {
		return nil, err
	}
	recs.ids = ints(ids)
	switch {
	case none:
		_, err = runUnlink(e, recs, nil)
	case str(value) != old:
		_, err = runWrite(e, recs, map[string]any{"vals": newDict("value", value)})
	}
	return old, err
}

func runExists(e *env, r *records, _ map[string]any) (any, error) {
	ids, err := idList(r.ids)
	if err != nil {
		return nil, err
	}
	there, err := e.existing(r.model, ids)
	return ints(slices.DeleteFunc(ids, func(id int64) bool { return !slices.Contains(there, id) })), err
}

// runBrowse answers what Odoo does: browse is called on the ids, without any of its own.
func runBrowse(e *env, r *records, _ map[string]any) (any, error) {
	return &records{model: r.model}, nil
}

func runSelf(e *env, r *records, _ map[string]any) (any, error) { return r, nil }

func runEnsureOne(e *env, r *records, _ map[string]any) (any, error) {
	if len(r.ids) != 1 {
		return nil, valueError("Expected singleton: " + repr(r))
	}
	return r, nil
}

func runMapped(e *env, r *records, args map[string]any) (any, error) {
	name := str(args["func"])
	if r.model.fields[name] == nil {
		return nil, keyError(name)
	}
	rows, err := e.read(r.model, r.ids, []string{name}, false)
	if err != nil {
		return nil, err
	}
	values := []any{}
	for _, row := range rows.([]any) {
		values = append(values, row.(*dict).values[name])
	}
	return values, nil
}

func runFilteredDomain(e *env, r *records, args map[string]any) (any, error) {
	list, _ := items(args["domain"])
	domain := append([]any{[]any{"id", "in", r.ids}}, list...)
	ids, err := e.with("active_test", false).search(r.model, query{domain: domain, order: "id"})
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return &records{model: r.model, ids: ints(ids)}, nil
}
