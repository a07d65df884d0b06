package rpc

import (
	"fmt"
	"net/http"
)

// Envelope is a call as it stands on the wire: who is to do what, with which arguments. Nothing in it is decoded but
// what routing needs. An Envelope may be used again for the next body; its slices are then reused, so Args, ID and the
// Values must not be kept beyond the next Parse. After an error only Protocol and ID say anything.
type Envelope struct {
	Protocol Protocol
	ID       []byte // JSON-RPC: the id as Python's json prints it again, "null" when absent; nil for XML-RPC
	Service  string // decoded; "" when ServiceValue is not a string
	Method   string // decoded; "" when MethodValue is not a string

	// Args are the positional arguments of the service's method. ArgsKind is what "args" was: Array for every sane call
	// and all of XML-RPC. Odoo unpacks "args" with Python's *, so that Args are the names of a Struct and the characters
	// of a String (pj.params.argsdict, pj.params.argsstring); of other kinds there are none, and Odoo answers a TypeError
	// (pj.params.argsnull). The object service indexes before it unpacks: a Struct is KeyError 0 (pj.params.argsobject).
	Args     []Value
	ArgsKind Kind

	// ServiceValue and MethodValue are service and method as they were sent. Both are Strings in every sane call. To
	// another service Odoo answers UnknownService, to another method a TypeError (pj.service.null, pj.method.int). A
	// methodCall without a methodName has an Invalid MethodValue: Python's None (px.nomethod.xml2).
	ServiceValue, MethodValue Value

	args  Value  // "args" itself, JSON only
	text  []byte // the body when it had to be rewritten to UTF-8; reused
	tags  []xmlTag
	marks []xmlMark
}

// keptText bounds what is kept of a rewritten body for the next one, in bytes.
const keptText = 1 << 20

// maxArgs bounds the positional arguments of a call, because a Value is larger than the argument can be: a body of
// nothing but "0,0,0" would take a hundred times its size. Odoo's methods take a dozen at most.
const maxArgs = 1 << 16

// tooManyArgs is our own answer to a call of more than maxArgs arguments. To Python it would be a TypeError at last.
func tooManyArgs() *Error {
	return &Error{Class: "werkzeug.exceptions.BadRequest", Status: http.StatusBadRequest,
		Message: fmt.Sprintf("400 Bad Request: the call has more than %d arguments; pass a list as one argument", maxArgs)}
}

func (e *Envelope) reset(p Protocol) {
	if cap(e.text) > keptText {
		e.text = nil
	}
	*e = Envelope{Protocol: p, Args: e.Args[:0], ArgsKind: Array, text: e.text, tags: e.tags[:0], marks: e.marks[:0]}
	if p == JSONRPC {
		e.ID = null
	}
}

var null = []byte("null")

// word is the string v, "" if it is none. The words of Odoo's protocol are not allocated.
func word(v Value) string {
	if v.kind != String {
		return ""
	}
	text := v.raw
	if v.form == jsonText {
		text = text[1 : len(text)-1]
	}
	switch string(text) {
	case "common":
		return "common"
	case "object":
		return "object"
	case "db":
		return "db"
	case "execute_kw":
		return "execute_kw"
	case "execute":
		return "execute"
	case "authenticate":
		return "authenticate"
	case "login":
		return "login"
	case "version":
		return "version"
	}
	s, _ := v.Str()
	return s
}
