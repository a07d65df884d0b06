package sandbox

import (
	"context"
)

// call is one RPC call, its arguments decoded.
type call struct {
	service, method string
	methodType      string // the Python type of the method's name: "str" for every sane call
	methodText      string // str() of the method's name, whatever it is
	args            []any
	json            bool // the arguments came as a list; XML-RPC's are a tuple, which some messages tell
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
	switch c.service {
	case "common":
		return s.common(ctx, c)
	case "db":
		return s.dbService(ctx, c)
	case "object":
		return s.object(ctx, c)
	}
	return nil, keyError(c.service)
}
