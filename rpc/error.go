package rpc

import (
	"fmt"
	"strings"
	"time"
)

// Error is an error as Odoo's client sees it. ErrorReply puts it on the wire.
type Error struct {
	Class      string        // Python class with its module: "odoo.exceptions.AccessDenied", "builtins.TypeError"
	Message    string        // what Odoo makes of the exception's arguments
	Args       []byte        // JSON of exception.args; nil means [Message]
	Debug      string        // traceback for data.debug and the XML faultString; "" means one of its last line only
	Status     int           // HTTP status; 0 means 200
	RetryAfter time.Duration // above 0 adds Retry-After, in whole seconds, rounded up
	Cause      error         // private: for the log, never on the wire

	text    string // str(exception) where that is not Message: repr of the key for a KeyError
	header  []Header
	page    Page    // answered by the HTTP layer with this page
	request Request // to which, where the page says so
	quote   []byte  // the body the page quotes; it may hold a secret, so Error leaves it out
}

// Error is the last line of a Python traceback, the class with its module.
func (e *Error) Error() string { return lastLine(e.Class, e) }

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// lastLine ends a Python traceback: "ValueError: message", the class alone where there is no message.
func lastLine(class string, e *Error) string {
	text := e.text
	if text == "" {
		text = e.Message
	}
	if text == "" {
		return class
	}
	return class + ": " + text
}

// traceback is Debug, or the shortest traceback that Python could print. Python leaves out the module "builtins".
func (e *Error) traceback() string {
	if e.Debug != "" {
		return e.Debug
	}
	return "Traceback (most recent call last):\n" + lastLine(strings.TrimPrefix(e.Class, "builtins."), e) + "\n"
}

func pyError(class, format string, args ...any) *Error {
	return &Error{Class: class, Message: fmt.Sprintf(format, args...)}
}

// pageError is a request that Odoo answers with an HTML page before it knows of any call.
func pageError(page Page, message string) *Error {
	return &Error{Class: "werkzeug.exceptions." + pages[page].class, Message: message, page: page}
}

// AccessDenied is Odoo's answer to credentials that do not hold.
func AccessDenied() *Error {
	return &Error{Class: "odoo.exceptions.AccessDenied", Message: "Access Denied"}
}

const sessionExpired = "odoo.http.SessionExpiredException"

// SessionExpired is Odoo's answer to a request that needs a session and has none.
func SessionExpired() *Error { return &Error{Class: sessionExpired, Message: "Session expired"} }

// TypeError is Python's TypeError: a call with the wrong arguments.
func TypeError(message string) *Error {
	return &Error{Class: "builtins.TypeError", Message: message}
}

// ValueError is Python's ValueError.
func ValueError(message string) *Error {
	return &Error{Class: "builtins.ValueError", Message: message}
}

// KeyError is Python's KeyError of a scalar key: its message is str(key), its argument the key, and the traceback ends
// in repr(key) (pj.service.null, pj.params.argsobject).
func KeyError(key Value) *Error {
	e := &Error{Class: "builtins.KeyError", Message: key.PyStr(), text: key.PyRepr()}
	if key.form == jsonText && key.kind != Invalid {
		e.Args = append(appendReprinted([]byte{'['}, key, false), ']')
	}
	return e
}

// KeyErrorInt is KeyError of an integer that stands nowhere in the body.
func KeyErrorInt(key int64) *Error {
	digits := fmt.Sprint(key)
	return &Error{Class: "builtins.KeyError", Message: digits, Args: []byte("[" + digits + "]")}
}

// UnknownService is Odoo's answer to a service other than common, object and db: a KeyError (pj.service.unknown,
// px.unknownservice.xml1), a TypeError where the service cannot be a key, and up to 15 a slip of Odoo's own.
func UnknownService(service Value, s Series) *Error {
	switch {
	case s.oldHTTP():
		return pyError("builtins.UnboundLocalError",
			"cannot access local variable 'dispatch' where it is not associated with a value")
	case service.kind == Array || service.kind == Struct:
		return pyError("builtins.TypeError", "unhashable type: '%s'", service.PyType())
	}
	return KeyError(service)
}
