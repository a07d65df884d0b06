package sandbox

import (
	"context"
)

// call is one RPC call, its arguments decoded.
type call struct {
	service, method string
	args            []any
	json            bool // the arguments came as a list; XML-RPC's are a tuple, which some messages tell
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
