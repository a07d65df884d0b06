package sandbox

import (
	"errors"
	"fmt"

	"odoobridge/rpc"
)

// namedCall is a call of JSON-2: the members of its body are the method's arguments, but for ids and context.
type namedCall struct {
	model, method string
	members       *dict
}

func (c namedCall) name() string { return c.model + "." + c.method }

// json2Controller is the function that the members are passed to first, as keywords.
const json2Controller = "WebJson2Controller.web_json_2_rpc"

// run calls the method as Odoo 19's controller does.
func (c namedCall) run(e *env) (any, error) {
	kwargs := c.members.copy()
	if _, ok := kwargs.get("self"); ok {
		return nil, typeError(json2Controller + "() got multiple values for argument 'self'")
	}
	for _, own := range []string{"__model__", "__method__"} {
		kwargs.delete(own) // those of the path outweigh them (json2.reserved)
	}
	m := e.models[c.model]
	if m == nil {
		return nil, rpc.NotFound("the model " + repr(c.model) + " does not exist")
	}
	if err := c.setContext(e, kwargs); err != nil {
		return nil, err
	}
	method, err := c.find(e, m)
	if err != nil {
		return nil, err
	}
	ids, given := kwargs.get("ids")
	kwargs.delete("ids")
	if given && truthy(ids) && method.class {
		return nil, rpc.UnprocessableEntity("cannot call " + c.model + "." + c.method + " with ids")
	}
	recs := &records{model: m}
	if recs.ids, err = recordIDs(ids); err != nil {
		return nil, err
	}
	bound, err := method.signature.bindNamed(recs, kwargs)
	if err != nil {
		return nil, err
	}
	if err := e.checkContext(); err != nil {
		return nil, err
	}
	result, err := method.run(e, recs, bound)
	if err != nil {
		return nil, err
	}
	return unshaped(method, result), nil
}

// setContext is with_context(context), which takes whatever dict() does.
func (c namedCall) setContext(e *env, kwargs *dict) (err error) {
	context, _ := kwargs.get("context")
	kwargs.delete("context")
	if context != nil {
		e.context, err = toDict(context)
	}
	return err
}

// find is the method of a name. One that does not exist is 404 here.
func (c namedCall) find(e *env, m *model) (method, error) {
	if _, err := e.checkMethodName(modelCall{model: c.model, method: c.method}); err != nil {
		return method{}, err
	}
	found, err := e.findMethod(m, c.method)
	var missing *rpc.Error
	if errors.As(err, &missing) && missing.Class == "builtins.AttributeError" {
		return found, rpc.NotFound(missing.Message)
	}
	return found, err
}

// recordIDs is browse(ids): nothing, one id, or a sequence of them, of which a text is one.
func recordIDs(v any) ([]any, error) {
	if !truthy(v) {
		return nil, nil
	}
	switch v := v.(type) {
	case int64:
		return []any{v}, nil
	case []any:
		return v, nil
	case string:
		var ids []any
		for _, r := range v {
			ids = append(ids, string(r))
		}
		return ids, nil
	case *dict:
		var ids []any
		for _, k := range v.keys {
			ids = append(ids, k)
		}
		return ids, nil
	}
	return nil, typeError("'" + typeName(v) + "' object is not iterable")
}

// unshaped is a method's result as the method itself returns it: call_kw answers the id of a single new record, and JSON-2
// always a list (json2.create.dict).
func unshaped(m method, result any) any {
	if id, one := result.(int64); one && m.first {
		return []any{id}
	}
	return result
}

// bindNamed binds named arguments as Python's inspect does, whose errors are JSON-2's 422 (json2.search.missing). The first
// parameter is the recordset.
func (s signature) bindNamed(self any, kwargs *dict) (map[string]any, error) {
	bound := map[string]any{s.params[0].name: self}
	if _, twice := kwargs.get(s.params[0].name); twice {
		return nil, rpc.UnprocessableEntity("multiple values for argument " + repr(s.params[0].name))
	}
	for _, p := range s.params[1:] {
		v, given := kwargs.get(p.name)
		switch {
		case given:
			bound[p.name] = v
		case p.optional:
			bound[p.name] = p.value
		default:
			return nil, rpc.UnprocessableEntity("missing a required argument: " + repr(p.name))
		}
	}
	rest := newDict()
	for _, name := range kwargs.keys {
		switch {
		case s.has(name):
		case s.keywords == "":
			return nil, rpc.UnprocessableEntity(fmt.Sprintf("got an unexpected keyword argument %s", repr(name)))
		default:
			rest.set(name, kwargs.values[name])
		}
	}
	if s.keywords != "" {
		bound[s.keywords] = rest
	}
	return bound, nil
}
