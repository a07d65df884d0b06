package odoo

import "odoobridge/rpc"

// CheckNames returns Odoo's 404 for a call of JSON-2 whose model or method is "." or "..": no name of either, but a step in
// a path to whatever stands between us and Odoo.
func (c Call) CheckNames() *rpc.Error {
	if c.Envelope.Protocol != rpc.JSON2 {
		return nil
	}
	step := func(name string) bool { return name == "." || name == ".." }
	switch {
	case step(c.Model):
		return rpc.NotFound("the model '" + c.Model + "' does not exist")
	case step(c.Method):
		return rpc.NotFound("The method '" + c.Model + "." + c.Method + "' does not exist")
	}
	return nil
}
