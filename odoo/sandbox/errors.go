package sandbox

import (
	"strings"

	"odoobridge/rpc"
)

// newError is a Python exception with one argument, its message. The traceback has its last line only: Odoo's own source
// lines are no part of the protocol, the last line is.
func newError(class, message string) *rpc.Error {
	e := &rpc.Error{Class: class, Message: message}
	name := strings.TrimPrefix(class, "builtins.")
	last := message
	if class == "builtins.KeyError" {
		last = stringRepr(message)
	}
	e.Debug = "Traceback (most recent call last):\n" + name
	if last != "" {
		e.Debug += ": " + last
	}
	e.Debug += "\n"
	return e
}

func typeError(message string) *rpc.Error      { return newError("builtins.TypeError", message) }
func valueError(message string) *rpc.Error     { return newError("builtins.ValueError", message) }
func attributeError(message string) *rpc.Error { return newError("builtins.AttributeError", message) }
func indexError(message string) *rpc.Error     { return newError("builtins.IndexError", message) }
func assertionError(message string) *rpc.Error { return newError("builtins.AssertionError", message) }
func keyError(message string) *rpc.Error       { return newError("builtins.KeyError", message) }

func userError(message string) *rpc.Error   { return newError("odoo.exceptions.UserError", message) }
func accessError(message string) *rpc.Error { return newError("odoo.exceptions.AccessError", message) }
func validationError(message string) *rpc.Error {
	return newError("odoo.exceptions.ValidationError", message)
}
func accessDenied() *rpc.Error { return newError("odoo.exceptions.AccessDenied", "Access Denied") }

// missingError is what a browse record that is not there raises when it is used.
func missingError(model string, id any, uid int64) *rpc.Error {
	return newError("odoo.exceptions.MissingError",
		"Record does not exist or has been deleted.\n(Record: "+model+"("+repr(id)+",), User: "+repr(uid)+")")
}
