package rpc

// Envelope is a call as it stands on the wire: who is to do what, with which arguments. Nothing in it is decoded but
// what routing needs. An Envelope may be used again for the next body; its slices are then reused, so Args and ID must
// not be kept beyond the next Parse.
type Envelope struct {
	Protocol Protocol
	ID       []byte  // JSON-RPC: the id as Python's json prints it again, "null" when absent; nil for XML-RPC
	Service  string  // decoded; "" when ServiceValue is not a string
	Method   string  // decoded; "" when MethodValue is not a string
	ArgsKind Kind    // what "args" was: Array for every sane call; see Args
	Args     []Value // positional arguments of the service's method

	// ServiceValue and MethodValue are service and method as they were sent. They are of Kind String for every sane
	// call; Odoo answers a KeyError to another service, and a TypeError to another method (pj.service.null,
	// px.nomethod.xml2: a methodCall without methodName has the method None).
	ServiceValue, MethodValue Value
}

// Arg is one argument of a canonical envelope: a string or an integer of ours, or a caller's span.
type Arg struct {
	value Value
	str   string
	num   int64
	form  argForm
}

type argForm uint8

const (
	argString argForm = iota
	argInt
	argValue
)

// StringArg is a string of ours.
func StringArg(s string) Arg { return Arg{str: s, form: argString} }

// IntArg is an integer of ours.
func IntArg(n int64) Arg { return Arg{num: n, form: argInt} }

// ValueArg is an argument as its caller wrote it. It must come from an envelope of the protocol it is written in.
func ValueArg(v Value) Arg { return Arg{value: v, form: argValue} }

// ParseJSON reads the body of POST /jsonrpc. The error is an *Error, worded as series s words it, for ErrorReply.
// After an error ID is set as far as it could be read.
func (e *Envelope) ParseJSON(body []byte, s Series) error {
	return &Error{Class: "builtins.NotImplementedError"}
}

// ParseXML reads the body of POST /xmlrpc/2/{service} or /xmlrpc/{service}. The error is an *Error.
func (e *Envelope) ParseXML(p Protocol, service string, body []byte, s Series) error {
	return &Error{Class: "builtins.NotImplementedError"}
}

// Append appends the canonical body of the call as its caller made it, service, method and arguments of any type
// included: what is forwarded when nothing is put into the call.
func (e *Envelope) Append(dst []byte) []byte { return dst }

// AppendCall appends the canonical request body of a call to dst: first the arguments in head, then those in rest.
// For XML-RPC the service is in the URL's path, not in the body, and id is ignored.
func AppendCall(dst []byte, p Protocol, id []byte, service, method string, head []Arg, rest []Value) []byte {
	return dst
}
