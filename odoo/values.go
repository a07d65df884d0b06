package odoo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"odoobridge/rpc"
)

// DBName is the name of the database the call is for. The error is Odoo's for what is no name.
func (c Call) DBName() (string, *rpc.Error) {
	if name, ok := c.DB.Str(); ok && name != "" {
		return name, nil
	}
	if !c.DB.Truthy() && c.Series >= 18 {
		return "", exception("builtins.AssertionError", "Missing database name") // auth.db.empty, auth.db.null in 18
	}
	if kind := c.DB.Kind(); kind == rpc.Array || kind == rpc.Struct { // looked up among the open ones, as 19 does a password
		return "", exception("builtins.TypeError", "unhashable type: '"+c.DB.PyType()+"'") // auth.pw.list
	}
	if c.DB.Kind() == rpc.String || (!c.DB.Truthy() && c.Series >= 16) {
		// Without a name PostgreSQL's client library takes the role's (auth.db.empty in 15; tried on a 17, which does
		// so for null and false too). The role is nobody's business; the recordings' was odoo.
		return "", NoSuchDatabase("odoo")
	}
	return "", exception("builtins.AttributeError", "'"+c.DB.PyType()+"' object has no attribute 'startswith'") // auth.db.int
}

// NoSuchDatabase is the error of a database that does not exist, or is not served (auth.nodb). Odoo quotes the address
// of its PostgreSQL server there; ours is not told.
func NoSuchDatabase(name string) *rpc.Error {
	return exception("psycopg2.OperationalError",
		`connection to server at "localhost", port 5432 failed: FATAL:  database "`+name+"\" does not exist\n")
}

// NoSuchUser is the error of a uid without a row in res_users (auth.wronguid, auth.uid.neg).
func NoSuchUser(uid int64) *rpc.Error {
	return exception("odoo.exceptions.MissingError",
		fmt.Sprintf("Record does not exist or has been deleted.\n(Record: res.users(%d,), User: %d)", uid, uid))
}

// UserGiven tells whether the call names a user at all. A caller known by a header may leave it out as 0, false, null
// or "".
func (c Call) UserGiven() bool { return c.UID.Truthy() }

// UserID is Python's int() of the uid: a number, a string of digits (auth.uid.str, auth.uid.spaces), a float cut off
// (auth.uid.float), true as 1. The error is int()'s.
func (c Call) UserID() (int64, *rpc.Error) {
	switch c.UID.Kind() {
	case rpc.Int:
		if n, ok := c.UID.Int(); ok {
			return n, nil
		}
		return math.MaxInt64, nil // beyond any row's id, as what was sent
	case rpc.Bool:
		if c.UID.Truthy() {
			return 1, nil
		}
		return 0, nil
	case rpc.Float:
		return truncate(c.UID.PyStr())
	case rpc.String:
		s, _ := c.UID.Str()
		if n, ok := parseInt(s); ok {
			return n, nil
		}
		return 0, exception("builtins.ValueError", "invalid literal for int() with base 10: "+c.UID.PyRepr())
	}
	return 0, exception("builtins.TypeError",
		"int() argument must be a string, a bytes-like object or a real number, not '"+c.UID.PyType()+"'")
}

// truncate is int() of a Python float given as its repr.
func truncate(repr string) (int64, *rpc.Error) {
	f, err := strconv.ParseFloat(repr, 64)
	switch {
	case math.IsNaN(f):
		return 0, exception("builtins.ValueError", "cannot convert float NaN to integer")
	case math.IsInf(f, 0) || err != nil:
		return 0, exception("builtins.OverflowError", "cannot convert float infinity to integer")
	case math.Abs(f) >= math.MaxInt64:
		return math.MaxInt64, nil
	}
	return int64(f), nil
}

// parseInt is int() of a Python string: blanks around it, a sign, and single underscores between digits are allowed.
func parseInt(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	return n, err == nil
}

// LoginText is the login as Odoo compares it: a login that is no string matches no user (common.auth.login.int).
func (c Call) LoginText() string {
	s, _ := c.Login.Str()
	return s
}

// PasswordText is the password, "" when it is empty or no string.
func (c Call) PasswordText() string {
	s, _ := c.Password.Str()
	return s
}

// NoPassword is Odoo's answer to a call that shows no password to check, once its user is found and active: an empty
// one, or one that is no string. It returns nil where that is plainly AccessDenied, or false for a login.
func (c Call) NoPassword() *rpc.Error {
	if !c.Password.Truthy() {
		if c.Kind == Login && c.Series == 18 {
			return exception("builtins.AssertionError", "scope and key required") // common.auth.pw.empty in 18
		}
		return nil
	}
	kind := c.Password.Kind()
	if c.Series >= 19 && c.Kind == Object && (kind == rpc.Array || kind == rpc.Struct) {
		return exception("builtins.TypeError", "unhashable type: '"+c.Password.PyType()+"'") // auth.pw.list in 19
	}
	return exception("builtins.TypeError", "secret must be unicode or bytes, not "+c.Password.PyType()) // auth.pw.int
}

// As is how a call to Odoo's own RPC says as whom it is made: the database, the uid and the secret before its other
// arguments.
func As(db string, uid int64, secret string) []rpc.Arg {
	return []rpc.Arg{rpc.StringArg(db), rpc.IntArg(uid), rpc.StringArg(secret)}
}

// Rewrite appends the canonical body of an Object call to dst, in the protocol it came in. as is from As, or nil where
// Odoo learns otherwise who calls, as the add-on does.
func (c Call) Rewrite(dst []byte, as []rpc.Arg) []byte {
	env := c.Envelope
	return rpc.AppendCall(dst, env.Protocol, env.ID, env.Service, env.Method, as, c.rest())
}

// Transcode is Rewrite of a call that came by XML-RPC, for a JSON endpoint. It tells whether the call can be said in JSON;
// see rpc.AppendTranscodedCall.
func (c Call) Transcode(dst []byte, as []rpc.Arg) ([]byte, bool) {
	env := c.Envelope
	return rpc.AppendTranscodedCall(dst, env.Service, env.Method, as, c.rest())
}

// rest are the arguments behind the caller's credentials.
func (c Call) rest() []rpc.Value { return c.Envelope.Args[min(3, len(c.Envelope.Args)):] }

// Signature is what a Python function takes by position.
type Signature struct {
	Name     string
	Required []string
	Optional []string
}

// Check returns the TypeError that calling the function with n positional arguments raises, or nil.
func (s Signature) Check(n int) *rpc.Error {
	most := len(s.Required) + len(s.Optional)
	if n > most {
		takes := fmt.Sprintf("%d positional argument%s", most, plural(most))
		if len(s.Optional) > 0 {
			takes = fmt.Sprintf("from %d to %d positional arguments", len(s.Required), most) // plural even for 1
		}
		were := "were"
		if n == 1 {
			were = "was"
		}
		return exception("builtins.TypeError",
			fmt.Sprintf("%s() takes %s but %d %s given", s.Name, takes, n, were))
	}
	if n < len(s.Required) {
		missing := s.Required[n:]
		return exception("builtins.TypeError", fmt.Sprintf("%s() missing %d required positional argument%s: %s",
			s.Name, len(missing), plural(len(missing)), enumerate(missing)))
	}
	return nil
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// enumerate quotes names as Python does: 'a', 'a' and 'b', 'a', 'b', and 'c'.
func enumerate(names []string) string {
	quoted := slices.Clone(names)
	for i, n := range quoted {
		quoted[i] = "'" + n + "'"
	}
	switch n := len(quoted); n {
	case 1:
		return quoted[0]
	case 2:
		return quoted[0] + " and " + quoted[1]
	default:
		return strings.Join(quoted[:n-1], ", ") + ", and " + quoted[n-1]
	}
}

func notEnoughValues(expected string, got int) *rpc.Error {
	return exception("builtins.ValueError", fmt.Sprintf("not enough values to unpack (expected %s, got %d)", expected, got))
}

func exception(class, message string) *rpc.Error { return &rpc.Error{Class: class, Message: message} }
