package auth

import (
	"errors"
	"fmt"
	"time"
)

// Kind is why an [Error] came to be; the bridge words the answer by it.
type Kind uint8

const (
	// Denied is Odoo's AccessDenied, or false for common.authenticate: wrong, missing or refused credentials.
	Denied Kind = iota + 1
	// UnknownDatabase is a database that does not exist or is not served.
	UnknownDatabase
	// UnknownUser is a uid in the call without a row: Odoo answers MissingError (auth.wronguid, auth.uid.neg).
	UnknownUser
	// NoPassword is a call of a known, active user that shows no text to check as a password: an empty one to `common`,
	// or one that is no string. The series differ in what they answer (common.auth.pw.empty, auth.pw.int).
	NoPassword
	// Cooldown is a source that failed too often with this login; refused without a look at the password.
	Cooldown
	// Unavailable is a PostgreSQL that did not answer, longer than the stale limit for a caller who is known.
	Unavailable
	// Overloaded is a full queue for hashing.
	Overloaded
	// NeedsAddon is an archived user whose key works, but whom Odoo refuses on RPC whatever the secret; a series without native
	// keys; or a database in which the bridge may make none.
	NeedsAddon
)

// String is the kind's name in the log.
func (k Kind) String() string {
	names := [...]string{Denied: "denied", UnknownDatabase: "unknown_database", UnknownUser: "unknown_user",
		NoPassword: "no_password", Cooldown: "cooldown", Unavailable: "unavailable", Overloaded: "overloaded",
		NeedsAddon: "needs_addon"}
	if int(k) < len(names) && names[k] != "" {
		return names[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Error is what [Authenticator.Identify] and [Authenticator.Secret] fail with. Nothing in it is a secret; but only
// Kind, RetryAfter and the text of NeedsAddon are for the caller, the rest tells more than a caller may know.
type Error struct {
	Kind       Kind
	Reason     string        // for the log: what was wrong, with which value, and what to do
	RetryAfter time.Duration // for Cooldown, Overloaded and Unavailable; 0 when unknown
	Cause      error         // what the Directory or Minter said; may be nil
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("auth: %s: %s: %v", e.Kind, e.Reason, e.Cause)
	}
	return fmt.Sprintf("auth: %s: %s", e.Kind, e.Reason)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf is the kind of the [Error] in err's chain, 0 if there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return 0
}

// denied makes the commonest error.
func denied(format string, args ...any) *Error {
	return &Error{Kind: Denied, Reason: fmt.Sprintf(format, args...)}
}
