package directory

// Right is something the bridge's role must be allowed in an Odoo database.
type Right struct {
	Table     string
	Column    string // "" is the whole table
	Privilege string // SELECT, INSERT or DELETE of PostgreSQL; USAGE is of the sequence that the column's ids come from
	For       Use
}

// Use is what a right is for.
type Use string

const (
	ForCalls  Use = "calls"         // finding out who calls
	ForMint   Use = "impersonation" // native keys for callers known by an auth_api_key
	ForAdmin  Use = "admin page"    // signing in to the pages for administrators
	ForPolicy Use = "policies"      // rules that name groups of keys; those of users need what ForAdmin does
	ForDoctor Use = "doctor"        // nothing but `odoobridge doctor`
)

// Rights are all that the bridge needs: the list behind [Grants], and what `doctor` holds a role to. What a database lacks
// of it, because of its series or its modules, is not needed there.
func Rights() []Right {
	var rights []Right
	columns := func(use Use, table string, names ...string) {
		for _, name := range names {
			rights = append(rights, Right{table, name, "SELECT", use})
		}
	}
	columns(ForCalls, "res_users", "id", "login", "active", "password", "company_id", "totp_secret")
	columns(ForCalls, "res_company", "id", "archived_user_disable_auth_api_key")
	columns(ForCalls, "auth_api_key", "id", "user_id", "name", "key", "active", "tech_name")
	columns(ForCalls, "res_users_apikeys", "id", "user_id", "name", "scope", "index", "key", "expiration_date")
	columns(ForCalls, "ir_config_parameter", "key", "value")
	// Who is an administrator.
	columns(ForAdmin, "res_groups_users_rel", "uid", "gid")
	columns(ForAdmin, "res_groups_implied_rel", "gid", "hid")
	columns(ForAdmin, "ir_model_data", "module", "name", "model", "res_id")
	columns(ForPolicy, "auth_api_key_group", "id", "code")
	columns(ForPolicy, "auth_api_key_group_rel", "key_id", "group_id")
	columns(ForDoctor, "ir_module_module", "name", "state", "latest_version")
	return append(rights,
		Right{"res_users_apikeys", "", "INSERT", ForMint},
		Right{"res_users_apikeys", "", "DELETE", ForMint},
		Right{"res_users_apikeys", "id", "USAGE", ForMint})
}
