package odoo

import (
	"regexp"
	"slices"
	"strings"

	"odoobridge/rpc"
)

// CheckNames returns Odoo's 404 for a call of JSON-2 whose model or method is "." or "..": no name of either, but a step in
// a path to whatever stands between us and Odoo.
func (c Call) CheckNames() *rpc.Error {
	if c.Envelope.Protocol != rpc.JSON2 {
		return nil
	}
	step := func(name string) bool { return name == "." || name == ".." }
	switch {
	case step(c.Model):
		return c.noModel()
	case step(c.Method):
		return c.noModelMethod()
	}
	return nil
}

func (c Call) noModel() *rpc.Error {
	return rpc.NotFound("the model " + c.Envelope.Args[3].PyRepr() + " does not exist")
}

func (c Call) noModelMethod() *rpc.Error {
	return rpc.NotFound("The method '" + c.Model + "." + c.Method + "' does not exist")
}

func (c Call) noArgument(name string) *rpc.Error {
	return rpc.UnprocessableEntity("missing a required argument: '" + name + "'")
}

// In front of an Odoo before 19, a call of JSON-2 is said as object.execute_kw, and errors are turned into those of 19.

// Named is a call of JSON-2 as execute_kw takes it.
type Named struct {
	args   []rpc.Value
	kwargs []rpc.Member
}

// Name finds what execute_kw is to be given. The error is the one 19 has for what it finds before the method is called.
func (c Call) Name() (Named, *rpc.Error) {
	var n Named
	if isPrivate(c.Method) {
		return n, c.privateMethod()
	}
	method, known := ormMethods[c.Method]
	perModel := method.perModel && (method.until == 0 || c.Series <= method.until)
	var ids rpc.Value
	for _, m := range c.Envelope.Named() {
		switch m.Name {
		case "ids":
			ids = m.Value
		case "__model__", "__method__": // the path's outweigh them: json2.reserved
		default:
			n.kwargs = append(n.kwargs, m)
		}
	}
	if perModel && ids.Truthy() {
		return n, rpc.UnprocessableEntity("cannot call " + c.Model + "." + c.Method + " with ids")
	}
	if err := c.rename(method, n.kwargs); err != nil {
		return n, err
	}
	switch given := ids.Kind() != rpc.Invalid; {
	case perModel || !known && !given:
	case ids.Truthy():
		n.args = []rpc.Value{ids}
	default:
		n.args = []rpc.Value{rpc.EmptyArray()}
	}
	// By position, since overrides name them as they like: default_get of 18's res.partner takes default_fields.
	for range method.required {
		n.args, n.kwargs = append(n.args, n.kwargs[0].Value), n.kwargs[1:]
	}
	return n, nil
}

// rename puts the required arguments first, and gives all the names that they have in the call's series.
func (c Call) rename(method ormMethod, kwargs []rpc.Member) *rpc.Error {
	for i, name := range method.required {
		at := slices.IndexFunc(kwargs, func(m rpc.Member) bool { return m.Name == name })
		if at < 0 {
			return c.noArgument(name)
		}
		kwargs[i], kwargs[at] = kwargs[at], kwargs[i]
	}
	for _, r := range method.renamed {
		if c.Series > r.until {
			continue
		}
		if slices.ContainsFunc(kwargs, func(m rpc.Member) bool { return m.Name == r.before }) {
			return rpc.UnprocessableEntity("got an unexpected keyword argument '" + r.before + "'")
		}
		for i := range kwargs {
			if kwargs[i].Name == r.name {
				kwargs[i].Name = r.before
			}
		}
	}
	return nil
}

// RewriteNamed appends the call as execute_kw, in JSON-RPC. as is that of Rewrite.
func (c Call) RewriteNamed(dst []byte, n Named, as []rpc.Arg) []byte {
	return rpc.AppendNamedCall(dst, as, c.Model, c.Method, n.args, n.kwargs)
}

// JSON2Answer says how Odoo's answer to it is told in JSON-2.
func (c Call) JSON2Answer() rpc.JSON2Answer {
	// The method itself returns records; it is execute_kw that makes an id of a single one.
	return rpc.JSON2Answer{List: c.Method == "create" || c.Method == "copy", Error: c.json2Error}
}

func (c Call) privateMethod() *rpc.Error {
	return exception("odoo.exceptions.AccessError", "Private methods (such as '"+c.Model+"."+c.Method+"') cannot be called remotely.")
}

// unbound is what Python says of a function that is not called right.
var unbound = regexp.MustCompile(`^(?:\w+\.)*(\w+)\(\) (?:missing \d+ required positional arguments?: ('\w+').*|(got an unexpected keyword argument '.*'))$`)

// json2Error is what 19 says where an older Odoo says e: a status belongs to it, and so does another class for what JSON-2
// finds itself.
func (c Call) json2Error(e *rpc.Error) *rpc.Error {
	switch e.Class {
	case "odoo.exceptions.UserError":
		if e.Message == "Object "+c.Model+" doesn't exist" {
			return c.noModel()
		}
	case "odoo.exceptions.AccessError":
		if e.Message == "Private methods (such as "+c.Method+") cannot be called remotely." {
			return c.privateMethod()
		}
	case "builtins.AttributeError":
		if e.Message == "The method '"+c.Method+"' does not exist on the model '"+c.Model+"'" ||
			e.Message == "The method '"+c.Model+"."+c.Method+"' does not exist" || // 19, through the add-on
			e.Message == "type object '"+c.Model+"' has no attribute '"+c.Method+"'" || // a later 15
			e.Message == "'"+c.Model+"' object has no attribute '"+c.Method+"'" || strings.HasSuffix(e.Message, "has no attribute '__name__'") {
			return c.noModelMethod() // something of that name that can't be called: json2.attr, json2.field
		}
	case "builtins.TypeError":
		if e.Message == "'member_descriptor' object is not callable" {
			return c.noModelMethod() // json2.attr in 15
		}
		if found := unbound.FindStringSubmatch(e.Message); found != nil && found[1] == c.Method {
			return c.unbound(found[2], found[3])
		}
	}
	return e
}

// unbound is 19's error for a missing argument, in quotes, or for one that the method does not take.
func (c Call) unbound(missing, unexpected string) *rpc.Error {
	if missing == "" {
		return rpc.UnprocessableEntity(unexpected)
	}
	name := strings.Trim(missing, "'")
	for _, r := range ormMethods[c.Method].renamed {
		if r.before == name && c.Series <= r.until {
			name = r.name
		}
	}
	return c.noArgument(name)
}
