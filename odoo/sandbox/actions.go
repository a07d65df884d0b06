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
	if err := e.checkAction(r.model, r.ids, action); err != nil {
		return nil, err
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

// checkAction refuses an action on records that are not in a state that it is for.
func (e *env) checkAction(m *model, ids []any, action module.Method) error {
	names := slices.Sorted(maps.Keys(action.When))
	if len(names) == 0 {
		return nil
	}
	list, err := e.read(m, ids, names, false)
	if err != nil {
		return err
	}
	for _, item := range list.([]any) {
		for _, name := range names {
			if !slices.Contains(action.When[name], str(item.(*dict).values[name])) {
				return userError(action.Error)
			}
		}
	}
	return nil
}
