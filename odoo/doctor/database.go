package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"odoobridge/auth"
	"odoobridge/odoo/directory"
)

// databaseChecks are what there is to see in a database, behind the connection.
func (x *examination) databaseChecks(db string) []check {
	group := groupDatabase + db
	connected, tables := databaseCheck(db, checkConnect), databaseCheck(db, checkTables)
	at := func(name string, look func(context.Context, *report, string), needs ...string) check {
		return check{group: group, name: name, needs: needs, look: func(ctx context.Context, r *report) { look(ctx, r, db) }}
	}
	return []check{
		at("database.role", x.lookAtRole, connected),
		at("database.pooler", x.lookAtPooler, connected),
		at(checkTables, x.lookAtTables, connected),
		at("database.rights", x.lookAtRights, connected, tables),
		at("database.minting", x.lookAtMinting, connected, tables),
		at("database.modules", x.lookAtModules, connected, tables),
		at("database.auth_api_key", x.lookAtAuthAPIKey, connected, tables),
		at("database.leftovers", x.lookAtLeftovers, connected, tables),
		at("odoo.database", x.lookAtSameDatabase, connected, tables, groupOdoo+"/"+checkReach),
	}
}

// identifier quotes a name of SQL where it needs that.
func identifier(name string) string {
	plain := name != "" && !strings.ContainsFunc(name, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	if plain && (name[0] < '0' || name[0] > '9') {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// grants is the command that gives the role what it lacks.
func (x *examination) grants(db string) string {
	s := x.facts[db].session
	return "odoobridge grants --role " + quote(s.Role) + " | " + x.psql(db, s.Owner)
}

func (x *examination) lookAtRole(_ context.Context, r *report, db string) {
	s := x.facts[db].session
	what := ""
	switch {
	case s.Superuser:
		what = "is a superuser"
	case s.IsOwner:
		what = "owns Odoo's tables"
	default:
		r.ok("the role %q is neither a superuser nor the owner of Odoo's tables", s.Role)
		return
	}
	owner := s.Owner
	if owner == s.Role {
		owner = "" // somebody has to make the role
	}
	r.warn(fmt.Sprintf("the role %q %s", s.Role, what), "the bridge needs to read a few columns and to make native keys; whoever got hold of this login could do anything",
		x.sql(db, owner, "CREATE ROLE odoobridge LOGIN"), x.sql(db, owner, `\password odoobridge`),
		"odoobridge grants --role odoobridge | "+x.psql(db, s.Owner), "# then name odoobridge and the password in database_url")
}

func (x *examination) lookAtPooler(ctx context.Context, r *report, db string) {
	pooled, err := x.directory.Pooled(ctx, db)
	const limits = "# PgBouncer, in pgbouncer.ini: default_pool_size, at least 6 for each bridge with pool_mode = session"
	switch fault := directory.FaultOf(err); {
	case err != nil && (fault == directory.FaultTimeout || fault == directory.FaultFull):
		r.warn(fmt.Sprintf("a second and a third connection at once were not had in %v: %v", x.Timeout, err), "a bridge uses up to 6 for each database, and calls wait for them", limits)
	case err != nil:
		r.fail(fmt.Sprintf("no transaction can be held: %v", err), "no native keys can be made for callers known by an auth_api_key",
			"# PgBouncer does not do with pool_mode = statement; in pgbouncer.ini, for this role: "+x.facts[db].session.Role+" = pool_mode=session  (in [users])")
	case pooled:
		r.warn("a pooler in front of PostgreSQL hands sessions around after each transaction (PgBouncer: pool_mode = transaction)",
			"each bridge that makes native keys keeps one of the pooler's connections for itself, in an open transaction, which tells others that it lives",
			"# PgBouncer, in pgbouncer.ini, for this role: "+x.facts[db].session.Role+" = pool_mode=session  (in [users])",
			"# or name PostgreSQL itself in database_url")
	default:
		r.ok("each connection has a session of its own: no pooler hands them around")
	}
}

// lookAtTables finds out what kind of database this is.
func (x *examination) lookAtTables(ctx context.Context, r *report, db string) {
	access, err := x.directory.Access(ctx, db)
	facts := x.facts[db]
	facts.access = access
	switch {
	case err != nil:
		r.fail(fmt.Sprintf("the tables can't be looked at: %v", err), "nobody can be identified")
		r.without("its tables can't be looked at")
		return
	case !facts.has("res_users", "id"):
		r.fail("there is no table res_users that the role can see: this is no database of Odoo, or its schema is closed to the role", "nobody can be identified",
			x.sql(db, "", `\dt *.res_users`), "# in another schema than public: "+x.sql("postgres", "", "ALTER ROLE "+identifier(facts.session.Role)+" SET search_path = SCHEMA"),
			"# another database: export ODOOBRIDGE_DB=NAME")
		r.without("there are no tables of Odoo")
		return
	}
	r.ok("the tables are those of Odoo %s", facts.seriesOfTables())
}

// has tells whether the database has a column among those of directory.Rights.
func (f *databaseFacts) has(table, column string) bool {
	return slices.ContainsFunc(f.access, func(a directory.Access) bool { return a.There && a.Table == table && a.Column == column })
}

// seriesOfTables is what the columns tell (schema-15, -18, -19): native keys came with 14, their expiry with 18.
func (f *databaseFacts) seriesOfTables() string {
	switch {
	case f.has("res_users_apikeys", "expiration_date"):
		return "18 or later"
	case f.has("res_users_apikeys", "id"):
		return "14 to 17"
	}
	return "13 or earlier"
}

// missing are the rights for a use that the role lacks and the database has something for.
func (f *databaseFacts) missing(uses ...directory.Use) (names []string) {
	for _, a := range f.access {
		if !a.There || a.Allowed || !slices.Contains(uses, a.For) {
			continue
		}
		name := a.Table
		if a.Column != "" {
			name += "." + a.Column
		}
		if a.Privilege == "USAGE" {
			name = "the sequence of " + name
		}
		names = append(names, a.Privilege+" on "+name)
	}
	return names
}

func (x *examination) lookAtRights(_ context.Context, r *report, db string) {
	facts := x.facts[db]
	missing := facts.missing(directory.ForCalls)
	if pages := facts.missing(directory.ForAdmin); len(missing) == 0 && x.AdminPage && len(pages) > 0 {
		r.warn(fmt.Sprintf("the role %q lacks %s", facts.session.Role, strings.Join(pages, ", ")),
			"calls are served, but no administrator can sign in to the pages at admin_listen", x.grants(db))
		return
	}
	if len(missing) == 0 {
		r.ok("the role %q may read the %d columns that tell who calls", facts.session.Role, facts.count(directory.ForCalls))
		return
	}
	r.fail(fmt.Sprintf("the role %q lacks %s", facts.session.Role, strings.Join(missing, ", ")),
		"nobody can be identified: calls are refused with 503", x.grants(db))
	r.without("the role lacks rights")
}

func (f *databaseFacts) count(use directory.Use) (n int) {
	for _, a := range f.access {
		if a.There && a.For == use {
			n++
		}
	}
	return n
}

// lookAtMinting looks whether native keys can be made for callers known by an auth_api_key.
func (x *examination) lookAtMinting(_ context.Context, r *report, db string) {
	facts := x.facts[db]
	missing := facts.missing(directory.ForMint)
	wanted := x.Impersonation == auth.ImpersonationAuto || x.Impersonation == auth.ImpersonationMint
	install := "odoo-bin -d " + quote(db) + " -i odoobridge --stop-after-init  # the add-on: docs/ADDON.md"
	switch {
	case !wanted:
		r.skip("not looked at, because impersonation is %s: no native keys are made", x.Impersonation)
	case !facts.has("res_users_apikeys", "id") && facts.addon:
		r.ok("this series has no native keys, and the add-on makes up for it")
	case !facts.has("res_users_apikeys", "id"):
		r.fail("this series has no native keys, and the add-on odoobridge is not there", "callers known by an auth_api_key are refused", install)
	case facts.session.ReadOnly:
		r.fail("the database can't be written to: it is a standby, or default_transaction_read_only is set", "no native keys can be made for callers known by an auth_api_key",
			"# name the primary server in database_url")
	case len(missing) == 0:
		r.ok("the role %q may make native keys and remove them", facts.session.Role)
	case facts.addon && x.Impersonation == auth.ImpersonationAuto:
		r.warn(fmt.Sprintf("the role %q lacks %s", facts.session.Role, strings.Join(missing, ", ")),
			"no native keys can be made: callers known by an auth_api_key go through the add-on, but JSON-2 with a password, and XML-RPC calls with dates or bytes, can't", x.grants(db))
	default:
		r.fail(fmt.Sprintf("the role %q lacks %s", facts.session.Role, strings.Join(missing, ", ")),
			"no native keys can be made: callers known by an auth_api_key are refused; those with a password or a native key of their own are not", x.grants(db))
	}
}

// modules are those that matter here.
var modules = []string{"base", "auth_api_key", "auth_api_key_group", "auth_api_key_server_env", "auth_totp", "rpc", "api_doc", "odoobridge"}

func (x *examination) lookAtModules(ctx context.Context, r *report, db string) {
	facts := x.facts[db]
	if missing := facts.missing(directory.ForDoctor); len(missing) > 0 {
		r.warn(fmt.Sprintf("the role %q lacks %s", facts.session.Role, strings.Join(missing, ", ")),
			"doctor alone needs it, to see which modules are installed and whether Odoo is of the database's series", x.grants(db))
		return
	}
	list, err := x.directory.Modules(ctx, db, modules...)
	if err != nil {
		r.skip("not looked at, because ir_module_module can't be read: %v", err)
		return
	}
	facts.modules = map[string]directory.Module{}
	var installed []string
	for _, m := range list {
		facts.modules[m.Name] = m
		switch {
		case m.State == "installed":
			installed = append(installed, m.Name+" "+m.Version)
		case strings.HasPrefix(m.State, "to "):
			r.warn(fmt.Sprintf("the module %s is marked %q", m.Name, m.State), "an upgrade was begun and not ended; Odoo may refuse to load the database",
				"odoo-bin -d "+quote(db)+" -u "+quote(m.Name)+" --stop-after-init")
		}
	}
	r.ok("installed: %s", strings.Join(installed, ", "))
}

// series is that of the module base; 0 where it can't be read.
func (f *databaseFacts) series() int {
	major, _, _ := strings.Cut(strings.TrimPrefix(f.modules["base"].Version, "saas~"), ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}
	return n
}

func (x *examination) lookAtAuthAPIKey(_ context.Context, r *report, db string) {
	facts := x.facts[db]
	install := "odoo-bin -d " + quote(db) + " -i auth_api_key --stop-after-init"
	if !facts.has("auth_api_key", "id") {
		if x.EnvironmentKeys != "" {
			r.warn("the module auth_api_key is not installed", "the keys of environment_keys stand in place of its rows, and there are none", install)
			return
		}
		r.ok("the module auth_api_key is not installed: API-KEY headers find native keys alone")
		return
	}
	var absent []string
	for _, column := range []string{"user_id", "name", "key"} {
		if !facts.has("auth_api_key", column) {
			absent = append(absent, "auth_api_key."+column)
		}
	}
	if len(absent) > 0 {
		r.fail("there is a table auth_api_key, but not the columns "+strings.Join(absent, ", "), "it is not that of OCA's module, whose keys the bridge knows",
			"# install OCA's auth_api_key of Odoo's series", install)
		return
	}
	var notes []string
	if !facts.has("auth_api_key", "active") {
		notes = append(notes, "keys have no active of their own (before 17)")
	}
	if !facts.has("res_company", "archived_user_disable_auth_api_key") {
		notes = append(notes, "companies have no setting for archived users, whose keys go on working")
	}
	if facts.has("auth_api_key", "tech_name") {
		notes = append(notes, "keys have technical names (auth_api_key_server_env)")
	}
	r.ok("the columns of OCA's auth_api_key are there%s", prefixed("; ", strings.Join(notes, "; ")))
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func (x *examination) lookAtLeftovers(ctx context.Context, r *report, db string) {
	made, err := x.directory.Made(ctx, db)
	switch {
	case err != nil:
		r.skip("not looked at, because res_users_apikeys can't be read: %v", err)
	case made.Left == 0:
		r.ok("%d native keys are in use by running bridges, none is left of a dead one", made.Living)
	default:
		var names []string
		for _, name := range made.LeftNames {
			names = append(names, "name LIKE "+"'"+name+"%'")
		}
		r.warn(fmt.Sprintf("%d native keys are left of bridges that are dead", made.Left),
			"nobody knows the keys, and a bridge that runs removes them within two minutes; none seems to run on this database",
			"# where none is to run again:", x.sql(db, x.facts[db].session.Owner, "DELETE FROM res_users_apikeys WHERE "+strings.Join(names, " OR ")))
	}
}
