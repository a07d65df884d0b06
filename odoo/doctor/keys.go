package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"odoobridge/auth"
)

const checkKeys = "keys.read"

// keyChecks are what there is to see in auth_api_key.
func (x *examination) keyChecks(db string) []check {
	group, read := groupDatabase+db, databaseCheck(db, checkKeys)
	at := func(name string, look func(*report, string)) check {
		return check{group: group, name: name, needs: []string{read}, look: func(_ context.Context, r *report) { look(r, db) }}
	}
	checks := []check{
		{group: group, name: checkKeys, needs: []string{databaseCheck(db, checkConnect), databaseCheck(db, checkTables), databaseCheck(db, "database.rights")},
			look: func(ctx context.Context, r *report) { x.readKeys(ctx, r, db) }},
		at("keys.duplicates", x.lookAtDuplicates),
		at("keys.weak", x.lookAtWeakKeys),
		at("keys.archived", x.lookAtArchived),
		at("keys.stored", x.lookAtStored),
	}
	if x.EnvironmentKeys != "" {
		for _, c := range []check{at("keys.environment", x.lookAtSections), at("keys.environment_addon", x.lookAtSectionsInOdoo)} {
			c.needs = append(c.needs, groupConfiguration+"/configuration.environment_keys")
			checks = append(checks, c)
		}
	}
	if x.DocUser != "" {
		checks = append(checks, check{group: group, name: "keys.doc_user", needs: []string{databaseCheck(db, "database.rights")},
			look: func(ctx context.Context, r *report) { x.lookAtDocUser(ctx, r, db) }})
	}
	return checks
}

// keysAtOnce is how many keys are read by one query.
const keysAtOnce = 1000

func (x *examination) readKeys(ctx context.Context, r *report, db string) {
	var rows auth.Directory = x.directory
	if x.environment != nil {
		rows = auth.WithEnvironment(x.directory, func() map[string]auth.Secret { return x.environment })
	}
	ids, err := x.directory.AuthAPIKeyIDs(ctx, db)
	all := &x.facts[db].rows
	users := map[int64]auth.User{}
	for some := range slices.Chunk(ids, keysAtOnce) {
		var read auth.Rows
		if read, err = rows.Read(ctx, db, auth.Query{AuthAPIKeys: some}); err != nil {
			break
		}
		all.Now = read.Now
		all.AuthAPIKeys = append(all.AuthAPIKeys, read.AuthAPIKeys...)
		for _, u := range read.Users {
			users[u.ID] = u
		}
	}
	if err != nil {
		r.fail(fmt.Sprintf("the keys can't be read: %v", err), "callers with an API-KEY are refused with 503")
		r.without("the keys can't be read")
		return
	}
	for _, id := range slices.Sorted(maps.Keys(users)) {
		all.Users = append(all.Users, users[id])
	}
	r.ok("%d keys of %d users", len(all.AuthAPIKeys), len(all.Users))
}

func nameKey(k auth.AuthAPIKey) string { return fmt.Sprintf("%q (id %d)", k.Name, k.ID) }

// most is how many of a kind are named; the rest are counted.
const most = 20

func nameSome(names []string) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// rotate are the commands that give keys another value.
func rotate(keys []auth.AuthAPIKey) (commands []string) {
	for _, k := range keys[:min(len(keys), most)] {
		commands = append(commands, "odoobridge keys rotate "+quote(k.Name))
	}
	return commands
}

// lookAtDuplicates looks for keys that stand on two rows.
func (x *examination) lookAtDuplicates(r *report, db string) {
	byKey := map[auth.Secret][]auth.AuthAPIKey{}
	var order []auth.Secret
	for _, k := range x.facts[db].rows.AuthAPIKeys {
		if k.Key == "" || !k.Active {
			continue
		}
		if byKey[k.Key] == nil {
			order = append(order, k.Key)
		}
		byKey[k.Key] = append(byKey[k.Key], k)
	}
	found := false
	for _, key := range order {
		same := byKey[key]
		if len(same) < 2 {
			continue
		}
		found = true
		var names []string
		for _, k := range same {
			names = append(names, nameKey(k))
		}
		r.warn("one and the same key is in "+nameSome(names), "who calls with it is the user of whichever row is found first", rotate(same[1:])...)
	}
	if !found {
		r.ok("no key is there twice")
	}
}

// A key is weak where it can be guessed: shorter than 16 characters, or of fewer than 6 different ones.
const (
	shortKey     = 16
	fewDifferent = 6
)

func weak(key string) bool {
	different := map[rune]bool{}
	for _, c := range key {
		different[c] = true
	}
	return len(key) < shortKey || len(different) < fewDifferent
}

func (x *examination) lookAtWeakKeys(r *report, db string) {
	var keys []auth.AuthAPIKey
	var names []string
	for _, k := range x.facts[db].rows.AuthAPIKeys {
		if k.Active && k.Key != "" && weak(k.Key.Reveal()) {
			keys, names = append(keys, k), append(names, nameKey(k))
		}
	}
	if len(keys) == 0 {
		r.ok("no key is short (%d characters) or of a few characters over and over", shortKey)
		return
	}
	r.warn("keys that can be guessed: "+nameSome(names), "an API-KEY is all that its user's rights hang on; there is no second factor, and no cooldown that stops somebody with many addresses", rotate(keys)...)
}

func (f *databaseFacts) user(id int64) auth.User {
	for _, u := range f.rows.Users {
		if u.ID == id {
			return u
		}
	}
	return auth.User{}
}

// lookAtArchived tells what is done with each key of an archived user, and why.
func (x *examination) lookAtArchived(r *report, db string) {
	facts := x.facts[db]
	var works, refused, needs []string
	for _, k := range facts.rows.AuthAPIKeys {
		u := facts.user(k.UserID)
		if u.Active || u.ID == 0 {
			continue
		}
		name := nameKey(k) + " of " + fmt.Sprintf("%q", u.Login)
		why := auth.RefusalOf(u, k, x.ArchivedUsers, facts.rows.Now)
		switch {
		case why != "":
			refused = append(refused, name+": "+why)
		case !x.byAddon() || x.reached && !facts.addon:
			needs = append(needs, name)
		default:
			works = append(works, name)
		}
	}
	if len(needs) > 0 {
		why := "Odoo refuses archived users on RPC, whatever they show; its add-on odoobridge does not, and it is not there"
		remedy := []string{"odoo-bin -d " + quote(db) + " -i odoobridge --stop-after-init  # the add-on: docs/ADDON.md"}
		if x.Impersonation == auth.ImpersonationMint || x.Impersonation == auth.ImpersonationOff {
			why = fmt.Sprintf("Odoo refuses archived users on RPC, whatever they show; its add-on odoobridge does not, but impersonation is %s", x.Impersonation)
			remedy = []string{"export ODOOBRIDGE_IMPERSONATION=auto"}
		}
		r.warn("keys of archived users that are let in here and then can't be used: "+nameSome(needs), why, remedy...)
	}
	if len(works) > 0 {
		through := "through the add-on"
		if !x.reached {
			through = "where Odoo has the add-on, which could not be asked"
		}
		r.ok("keys of archived users that work (archived_users: %s), %s: %s", x.ArchivedUsers, through, nameSome(works))
	}
	if len(refused) > 0 {
		r.ok("keys of archived users that are refused (archived_users: %s): %s", x.ArchivedUsers, nameSome(refused))
	}
	if len(works)+len(refused)+len(needs) == 0 {
		r.ok("no key is an archived user's")
	}
}

// lookAtStored looks for keys on which the company's setting and the stored active do not agree, since Odoo goes by the latter.
func (x *examination) lookAtStored(r *report, db string) {
	facts := x.facts[db]
	now := facts.rows.Now
	var names, commands []string
	for _, k := range facts.rows.AuthAPIKeys {
		u := facts.user(k.UserID)
		if u.ID == 0 || (auth.RefusalOf(u, k, auth.ArchivedBySetting, now) == "") == (auth.RefusalOf(u, k, auth.ArchivedByStored, now) == "") {
			continue
		}
		names = append(names, nameKey(k)+" of "+fmt.Sprintf("%q", u.Login))
		if len(commands) < most && facts.has("auth_api_key", "active") {
			commands = append(commands, "odoobridge keys archive "+quote(k.Name))
		}
	}
	if len(names) == 0 {
		r.ok("the companies' setting and what is stored with the keys agree on every key")
		return
	}
	here := "the bridge refuses them"
	if x.ArchivedUsers == auth.ArchivedByStored || x.ArchivedUsers == auth.ArchivedAllow {
		here = "so does the bridge (archived_users: " + string(x.ArchivedUsers) + ")"
	}
	r.warn("Odoo itself lets in, though the company disables API keys of archived users: "+nameSome(names),
		"Odoo goes by the key's stored active, which was not changed when the setting was switched on after the users were archived; "+here,
		append(commands, "# or have the bridge go by what is stored: export ODOOBRIDGE_ARCHIVED_USERS=stored")...)
}

// lookAtSections holds the keys of the environment and the rows against each other.
func (x *examination) lookAtSections(r *report, db string) {
	used := map[string][]string{}
	var stored []string
	for _, k := range x.facts[db].rows.AuthAPIKeys {
		if _, ok := x.environment[k.TechName]; ok {
			used[k.TechName] = append(used[k.TechName], nameKey(k))
		} else if k.Active {
			stored = append(stored, nameKey(k)+" [api_key_"+k.TechName+"]")
		}
	}
	var unused []string
	for _, name := range slices.Sorted(maps.Keys(x.environment)) {
		if len(used[name]) == 0 {
			unused = append(unused, "[api_key_"+name+"]")
		}
	}
	if len(unused) > 0 {
		r.warn("sections of environment_keys without a row in auth_api_key: "+nameSome(unused), "those keys find nobody, and calls with them are refused",
			"# correct the section's name, or make the row in Odoo with that technical name",
			x.sql(db, x.facts[db].session.Owner, "SELECT id, name FROM auth_api_key ORDER BY name"))
	}
	if len(stored) > 0 {
		r.warn("keys without a section in environment_keys: "+nameSome(stored), "they stand as they are stored in the database, clear text that every backup has",
			"# add a section of the name in brackets to "+quote(x.EnvironmentKeys)+", with key = ...")
	}
	if len(unused)+len(stored) == 0 {
		r.ok("each key has its section in environment_keys, and each section its key")
	}
}

// lookAtSectionsInOdoo: the add-on is shown the caller's own key, which Odoo must know.
func (x *examination) lookAtSectionsInOdoo(r *report, db string) {
	facts := x.facts[db]
	const module = "auth_api_key_server_env"
	switch {
	case !x.byAddon() || !x.reached || !facts.addon:
		r.ok("calls with keys of environment_keys don't go through the add-on, and Odoo need not know them")
	case facts.modules == nil:
		r.skip("not looked at, because the role can't read which modules are installed")
	case facts.modules[module].State != "installed":
		r.warn("calls with keys of environment_keys go through the add-on, and Odoo has not the module "+module,
			"Odoo checks the keys itself, and knows none but the stored ones: it refuses those calls",
			"export ODOOBRIDGE_IMPERSONATION=mint  # unless archived users call", "# or give Odoo the same sections: odoo-bin -d "+quote(db)+" -i "+module+" --stop-after-init")
	default:
		r.ok("Odoo has the module %s, by which it can know the keys of environment_keys", module)
	}
}

// byAddon tells whether calls are to go through the add-on where it is.
func (x *examination) byAddon() bool {
	return x.Impersonation == auth.ImpersonationAuto || x.Impersonation == auth.ImpersonationAddon
}

// lookAtDocUser looks whether the user is there as whom Odoo's documentation is read.
func (x *examination) lookAtDocUser(ctx context.Context, r *report, db string) {
	rows, err := x.directory.Read(ctx, db, auth.Query{Login: &x.DocUser})
	if err != nil {
		r.skip("not looked at, because the users can't be read: %v", err)
		return
	}
	if !slices.ContainsFunc(rows.Users, func(u auth.User) bool { return u.Login == x.DocUser && u.Active }) {
		r.warn(fmt.Sprintf("doc_user: no active user has the login %q", x.DocUser), "methods of a model's own are refused where Odoo has /json/2 alone",
			x.sql(db, x.facts[db].session.Owner, "SELECT login FROM res_users WHERE active ORDER BY login"), "# then: export ODOOBRIDGE_DOC_USER=LOGIN")
		return
	}
	r.ok("the user %q, as whom Odoo's documentation is read, is there", x.DocUser)
}
