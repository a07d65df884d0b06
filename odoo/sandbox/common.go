package sandbox

import (
	"context"
	"errors"
	"fmt"

	"odoobridge/rpc"
)

// commonMethods are the methods of the service common, the same in all series.
var commonMethods = map[string]signature{
	"version":      parseSignature("exp_version()"),
	"about":        parseSignature("exp_about(extended=False)"),
	"login":        parseSignature("exp_login(db, login, password)"),
	"authenticate": parseSignature("exp_authenticate(db, login, password, user_agent_env)"),
	"set_loglevel": parseSignature("exp_set_loglevel(loglevel, logger=None)"),
}

func (s *Sandbox) common(ctx context.Context, c call) (any, error) {
	sig, ok := commonMethods[c.method]
	if !ok {
		if err := c.checkMethodType(); err != nil {
			return nil, err
		}
		return nil, newError("builtins.Exception", "Method not found: "+c.method)
	}
	args, err := sig.bind(c.args, nil)
	if err != nil {
		return nil, err
	}
	switch c.method {
	case "version":
		return newDict(
			"server_version", s.version(),
			"server_version_info", s.versionInfo(),
			"server_serie", s.version(),
			"protocol_version", int64(1),
		), nil
	case "about":
		const info = "See http://openerp.com"
		if truthy(args["extended"]) {
			return []any{info, s.version()}, nil
		}
		return info, nil
	case "set_loglevel":
		return true, nil // as Odoo since 14: it does nothing
	}
	return s.authenticate(ctx, args["db"], args["login"], args["password"], args["user_agent_env"])
}

func (s *Sandbox) version() string { return fmt.Sprintf("%d.0", s.series) }

func (s *Sandbox) versionInfo() []any {
	return []any{int64(s.series), int64(0), int64(0), "final", int64(0), ""}
}

// authenticate answers the uid, or False where the credentials do not hold.
func (s *Sandbox) authenticate(ctx context.Context, db, login, password, env any) (any, error) {
	if err := s.checkDatabase(db); err != nil {
		return nil, err
	}
	if _, mapping := env.(*dict); truthy(env) && !mapping {
		return nil, typeError("'" + typeName(env) + "' object is not a mapping")
	}
	uid, err := s.login(ctx, login, password)
	var denied *rpc.Error
	if errors.As(err, &denied) && denied.Class == "odoo.exceptions.AccessDenied" {
		return false, nil
	}
	if err != nil {
		return nil, err
	}
	return uid, nil
}

// checkDatabase is opening the registry of a database: the sandbox has one.
func (s *Sandbox) checkDatabase(db any) error {
	if s.series >= 16 && !truthy(db) {
		return assertionError("Missing database name")
	}
	switch db.(type) {
	case []any, *dict:
		return typeError("unhashable type: '" + typeName(db) + "'")
	}
	name, ok := db.(string)
	if !ok {
		return attributeError("'" + typeName(db) + "' object has no attribute 'startswith'")
	}
	if name == s.database {
		return nil
	}
	if name == "" {
		name = "odoo" // libpq takes the system user's name then: common.auth.db.empty
	}
	return newError("psycopg2.OperationalError",
		`connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "`+name+"\" does not exist\n")
}
