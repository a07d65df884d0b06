package sandbox

import (
	"context"
	"fmt"

	"odoobridge/rpc"
)

// call is one RPC call, its arguments decoded.
type call struct {
	service, method string
	methodType      string    // the Python type of the method's name: "str" for every sane call
	methodText      string    // str() of the method's name, whatever it is
	serviceValue    rpc.Value // the service as it was sent, for the error of one that is not known
	args            []any
	argsKind        rpc.Kind // an Array for every sane call
	json            bool     // the arguments came as a list; XML-RPC's are a tuple, which some messages tell
}

// checkMethodType is what adding a string to the method's name raises when it is none (common.unknown.empty.xml2).
func (c call) checkMethodType() error {
	if c.methodType == "str" {
		return nil
	}
	return typeError(`can only concatenate str (not "` + c.methodType + `") to str`)
}

// sequence names the Python type that the arguments are in.
func (c call) sequence() string {
	if c.json {
		return "list"
	}
	return "tuple"
}

// dispatch is Odoo's dispatch_rpc.
func (s *Sandbox) dispatch(ctx context.Context, c call) (any, error) {
	if err := s.checkArgs(c); err != nil {
		return nil, err
	}
	switch c.service {
	case "common":
		return s.common(ctx, c)
	case "db":
		return s.dbService(ctx, c)
	case "object":
		return s.object(ctx, c)
	}
	return nil, s.unknownService(c)
}

func (s *Sandbox) unknownService(c call) error {
	if s.series < 16 {
		return newError("builtins.UnboundLocalError", "cannot access local variable 'dispatch' where it is not associated with a value")
	}
	e := keyError(c.service)
	switch c.serviceValue.Kind() {
	case rpc.String, rpc.Invalid:
	case rpc.Array, rpc.Struct:
		return typeError("unhashable type: '" + c.serviceValue.PyType() + "'")
	default:
		e = newError("builtins.KeyError", c.serviceValue.PyStr())
		e.Debug = "Traceback (most recent call last):\nKeyError: " + c.serviceValue.PyRepr() + "\n"
		if c.json {
			e.Args = fmt.Appendf(nil, "[%s]", c.serviceValue.Raw())
		}
	}
	return e
}

// checkArgs is what calling a method with arguments that are no list raises. Python takes what it can iterate over.
func (s *Sandbox) checkArgs(c call) error {
	kinds := map[rpc.Kind]string{rpc.Null: "NoneType", rpc.Bool: "bool", rpc.Int: "int", rpc.Float: "float"}
	name, scalar := kinds[c.argsKind]
	switch {
	case c.service == "object" && c.argsKind == rpc.Struct && s.series < 19:
		e := newError("builtins.KeyError", "0")
		e.Args = []byte("[0]")
		return e
	case !scalar:
		return nil
	case c.service == "object" && s.series >= 19:
		return typeError("cannot unpack non-iterable " + name + " object")
	case c.service == "object":
		return typeError("'" + name + "' object is not subscriptable")
	}
	_, inCommon := commonMethods[c.method]
	_, inDB := dbMethods[c.method]
	if c.service == "common" && inCommon || c.service == "db" && inDB {
		return typeError("odoo.service." + c.service + ".exp_" + c.method + "() argument after * must be an iterable, not " + name)
	}
	return nil
}
