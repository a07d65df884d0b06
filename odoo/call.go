// Package odoo knows what an RPC call means to Odoo, without doing anything about it: which argument is the database, the
// user, the password, the model; which mistakes Odoo finds before it looks at credentials, and in which words; and how
// the series differ. It does no I/O.
//
// Facts come from the recorded exchanges of series 15, 18 and 19, whose case ids are named where they decide something.
// A 17 was asked the same; 16 is taken for a 17, and a series before 15 for a 15.
package odoo

import "odoobridge/rpc"

// Kind tells what a call asks for, and so which credentials it carries.
type Kind uint8

const (
	// Public calls carry no credentials: common.version, about, set_loglevel and unknown methods of common;
	// db.server_version and db.list_lang.
	Public Kind = iota
	// Login is common.login and common.authenticate: database, login, password.
	Login
	// Object is object.execute and object.execute_kw: database, uid, password.
	Object
	// DatabaseList is db.list, DatabaseExists is db.db_exist: answered from what the bridge serves.
	DatabaseList
	DatabaseExists
	// Master is a method of db that needs the master password.
	Master
)

// Call is an envelope understood.
type Call struct {
	Kind     Kind
	Series   rpc.Series
	Envelope *rpc.Envelope

	// The credentials as they were sent; see DBName, UserID and PasswordText. Invalid where Kind has none.
	DB, UID, Login, Password rpc.Value

	// Model and Method are what an Object call runs; "" where they are missing or no strings, which Odoo will say.
	Model, Method string
}

// Read tells what env means in series s. The error is Odoo's own for mistakes that it finds before it looks at
// credentials.
func Read(env *rpc.Envelope, s rpc.Series) (Call, *rpc.Error) {
	if s == 0 {
		s = rpc.DefaultSeries
	}
	c := Call{Series: s, Envelope: env}
	switch env.Service {
	case "common":
		return c.readCommon()
	case "object":
		return c.readObject()
	case "db":
		return c.readDB()
	}
	// pj.service.unknown, px.report.xml1. Odoo would look the service up among those that add-ons register too; what
	// the bridge can't see into it does not let through.
	return Call{}, rpc.UnknownService(env.ServiceValue, s)
}

func (c Call) readCommon() (Call, *rpc.Error) {
	args := c.Envelope.Args
	switch c.Envelope.Method {
	case "login":
		if err := loginSignature.Check(len(args)); err != nil {
			return Call{}, err
		}
	case "authenticate":
		if err := authenticateSignature.Check(len(args)); err != nil {
			return Call{}, err
		}
	default:
		c.Kind = Public
		return c, nil
	}
	c.Kind = Login
	c.DB, c.Login, c.Password = args[0], args[1], args[2]
	return c, nil
}

var (
	loginSignature        = Signature{Name: "exp_login", Required: []string{"db", "login", "password"}}
	authenticateSignature = Signature{Name: "exp_authenticate", Required: []string{"db", "login", "password", "user_agent_env"}}
	dbExistSignature      = Signature{Name: "exp_db_exist", Required: []string{"db_name"}}
	dbListSignature       = Signature{Name: "exp_list", Optional: []string{"document"}}
)

// CheckUserAgent returns the TypeError of a user_agent_env that is neither empty nor a mapping. Odoo raises it once the
// database is open and before it looks at the password (common.auth.env.string, common.auth.env.list).
func (c Call) CheckUserAgent() *rpc.Error {
	if len(c.Envelope.Args) < 4 {
		return nil
	}
	env := c.Envelope.Args[3]
	if !env.Truthy() || env.Kind() == rpc.Struct {
		return nil
	}
	return exception("builtins.TypeError", "'"+env.PyType()+"' object is not a mapping")
}

func (c Call) readObject() (Call, *rpc.Error) {
	env, args := c.Envelope, c.Envelope.Args
	c.Kind = Object
	known := env.Method == "execute" || env.Method == "execute_kw"
	if wrong := c.notIndexable(); wrong != nil {
		return Call{}, wrong
	}
	if c.Series >= 19 {
		// db, uid, passwd, model, method_, *args = params (auth.args.none, auth.args.model, auth.method.obj_list)
		if len(args) < 5 {
			return Call{}, notEnoughValues("at least 5", len(args))
		}
	} else if len(args) < 2 {
		return Call{}, c.indexError()
	}
	c.DB, c.UID = args[0], args[1]
	if len(args) > 2 {
		c.Password = args[2]
	}
	if len(args) > 3 {
		c.Model, _ = args[3].Str()
	}
	if len(args) > 4 {
		c.Method, _ = args[4].Str()
	}
	switch {
	case c.Series >= 19 && !known:
		return Call{}, c.noMethod()
	case c.Series >= 19 && env.Method == "execute_kw":
		// args, kw = args, the latter of which may be left out (auth.args.method, auth.args.extra)
		if rest := len(args) - 5; rest < 1 {
			return Call{}, notEnoughValues("2", rest)
		} else if rest > 2 {
			return Call{}, exception("builtins.ValueError", "too many values to unpack (expected 2)")
		}
	}
	return c, nil
}

// CheckMethod returns the error of a method of object other than execute and execute_kw. Series 16 to 18 find it only
// after the credentials hold (auth.method.unknown.bad in 18), 15 and below before (the same in 15); 19 in Read.
func (c Call) CheckMethod() *rpc.Error {
	switch c.Envelope.Method {
	case "execute", "execute_kw":
		return nil
	}
	return c.noMethod()
}

// CheckBeforeDatabase returns the error that Odoo finds in an Object call before it opens the database: it reads the uid
// first, and up to 15 looks at the method too.
func (c Call) CheckBeforeDatabase() *rpc.Error {
	if _, err := c.UserID(); err != nil {
		return err
	}
	if c.Series < 16 {
		return c.CheckMethod()
	}
	return nil
}

func (c Call) noMethod() *rpc.Error {
	name := c.Envelope.MethodValue.PyStr() // an empty methodName is None in XML-RPC: auth.method.empty.xml2
	if name == "obj_list" && c.Series < 16 {
		return exception("builtins.NameError",
			"obj_list has been discontinued via RPC as of 6.0, please query ir.model directly!")
	}
	return exception("builtins.NameError", "Method not available "+name)
}

func (c Call) readDB() (Call, *rpc.Error) {
	args := c.Envelope.Args
	switch c.Envelope.Method {
	case "server_version", "list_lang":
		c.Kind = Public
		return c, nil
	case "list":
		c.Kind = DatabaseList
		return c, dbListSignature.Check(len(args))
	case "db_exist":
		c.Kind = DatabaseExists
		if err := dbExistSignature.Check(len(args)); err != nil {
			return Call{}, err
		}
		c.DB = args[0]
		return c, nil
	case "create_database", "duplicate_database", "drop", "dump", "restore", "rename", "change_admin_password",
		"migrate_databases", "list_countries":
		if len(args) == 0 {
			return Call{}, c.indexError() // db.drop.none
		}
		c.Kind = Master
		return c, nil
	}
	if method := c.Envelope.MethodValue; method.Kind() != rpc.String { // 'exp_' + method, as in common (pj.method.int)
		return Call{}, exception("builtins.TypeError", `can only concatenate str (not "`+method.PyType()+`") to str`)
	}
	return Call{}, noDBMethod(c.Envelope.MethodValue.PyStr())
}

// noDBMethod is KeyError("Method not found: ..."), whose last line in a traceback quotes the key (db.unknown).
func noDBMethod(name string) *rpc.Error {
	text := "Method not found: " + name
	e := exception("builtins.KeyError", text)
	e.Debug = "Traceback (most recent call last):\nKeyError: '" + text + "'\n"
	return e
}

// notIndexable is the error of "args" that are no list, which JSON-RPC lets a caller send: Odoo takes params[0] of them
// (pj.params.argsobject), from 19 on it unpacks them.
func (c Call) notIndexable() *rpc.Error {
	kind := c.Envelope.ArgsKind
	switch {
	case kind == rpc.Array || kind == rpc.String:
		return nil
	case kind == rpc.Struct && c.Series >= 19:
		return notEnoughValues("at least 5", len(c.Envelope.Args))
	case kind == rpc.Struct:
		return rpc.KeyErrorInt(0)
	case c.Series >= 19:
		return exception("builtins.TypeError", "cannot unpack non-iterable "+pythonType(kind)+" object")
	}
	return exception("builtins.TypeError", "'"+pythonType(kind)+"' object is not subscriptable")
}

func pythonType(k rpc.Kind) string {
	switch k {
	case rpc.Null:
		return "NoneType"
	case rpc.Bool:
		return "bool"
	case rpc.Int:
		return "int"
	}
	return "float"
}

// indexError is params[n] beyond the end: JSON makes a list of the parameters, xmlrpc.client a tuple (auth.args.none).
func (c Call) indexError() *rpc.Error {
	sequence := "list"
	if c.Envelope.Protocol != rpc.JSONRPC {
		sequence = "tuple"
	}
	return exception("builtins.IndexError", sequence+" index out of range")
}
