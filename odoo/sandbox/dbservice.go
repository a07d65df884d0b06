package sandbox

import (
	"context"
	"slices"
)

// dbMethods are the methods of the service db that take no master password.
var dbMethods = map[string]signature{
	"list":           parseSignature("exp_list(document=False)"),
	"list_lang":      parseSignature("exp_list_lang()"),
	"db_exist":       parseSignature("exp_db_exist(db_name)"),
	"server_version": parseSignature("exp_server_version()"),
}

// masterMethods are those that do. The sandbox has no master password, so that none is right.
var masterMethods = []string{
	"create_database", "duplicate_database", "drop", "dump", "restore", "rename", "change_admin_password",
	"migrate_databases", "list_countries",
}

func (s *Sandbox) dbService(ctx context.Context, c call) (any, error) {
	if err := c.checkMethodType(); err != nil {
		return nil, err
	}
	if slices.Contains(masterMethods, c.method) {
		if len(c.args) == 0 {
			return nil, indexError(c.sequence() + " index out of range")
		}
		return nil, accessDenied()
	}
	sig, ok := dbMethods[c.method]
	if !ok {
		return nil, keyError("Method not found: " + c.method)
	}
	args, err := sig.bind(c.args, nil)
	if err != nil {
		return nil, err
	}
	switch c.method {
	case "list":
		return []any{s.database}, nil
	case "db_exist":
		return args["db_name"] == s.database, nil
	case "server_version":
		return s.version(), nil
	}
	return s.listLanguages(ctx)
}

// listLanguages are [code, name] of all languages Odoo knows, by name.
func (s *Sandbox) listLanguages(ctx context.Context) (any, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT code, name FROM res_lang ORDER BY name COLLATE "C"`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []any{}
	for rows.Next() {
		var code, name string
		if err := rows.Scan(&code, &name); err != nil {
			return nil, err
		}
		list = append(list, []any{code, name})
	}
	return list, rows.Err()
}
