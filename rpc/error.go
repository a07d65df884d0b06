package rpc

import "time"

// Error is an error as Odoo's client sees it. ErrorReply puts it on the wire.
type Error struct {
	Class      string        // Python class with its module: "odoo.exceptions.AccessDenied", "builtins.TypeError"
	Message    string        // str(exception)
	Args       []byte        // JSON of exception.args; nil means [Message]
	Debug      string        // traceback for data.debug and the XML faultString; "" means the line "Class: Message"
	Status     int           // HTTP status; 0 means 200
	RetryAfter time.Duration // above 0 adds Retry-After, in whole seconds, rounded up
	Cause      error         // private: for the log, never on the wire
}

// Error is "Class: Message", as the last line of a Python traceback.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Class
	}
	return e.Class + ": " + e.Message
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// AccessDenied is Odoo's answer to credentials that do not hold.
func AccessDenied() *Error {
	return &Error{Class: "odoo.exceptions.AccessDenied", Message: "Access Denied"}
}
