package sandbox

import (
	"maps"
	"slices"

	"odoobridge/fixtures/module"
)

// actionMethod is a method that a fixture file describes by what it writes.
func actionMethod(m *model, name string, action module.Method) method {
	return method{
		signature: parseSignature(className(m.name) + "." + name + "(self)"),
		run:       func(e *env, r *records, _ map[string]any) (any, error) { return runAction(e, r, action) },
	}
}

// runAction writes the values of the action on the records, all of which have to be in a state that it is for.
func runAction(e *env, r *records, action module.Method) (any, error) {
	names := slices.Sorted(maps.Keys(action.When))
	list, err := e.read(r.model, r.ids, names, false)
	if err != nil {
		return nil, err
	}
	for _, item := range list.([]any) {
		for _, name := range names {
			if !slices.Contains(action.When[name], str(item.(*dict).values[name])) {
				return nil, userError(action.Error)
			}
		}
	}
	vals := newDict()
	for _, name := range slices.Sorted(maps.Keys(action.Set)) {
		v, err := decodeJSON(action.Set[name])
		if err != nil {
			return nil, err
		}
		if v, err = e.defaultOf(r.model, r.model.fields[name], v, newDict()); err != nil {
			return nil, err
		}
		vals.set(name, v)
	}
	return runWrite(e, r, map[string]any{"vals": vals})
}
