//go:build unix

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// keysCLI runs `odoobridge keys` on a demo's database.
type keysCLI struct {
	*process
	t      *testing.T
	series int
	shown  []string // the keys that were shown
}

// env has the role of asManager, but for init, which is its owner's to do in a database.
func (k *keysCLI) env(command string) []string {
	if command == "init" {
		return []string{"ODOOBRIDGE_DATABASE_URL=" + k.ready["database"]}
	}
	return []string{"ODOOBRIDGE_DATABASE_URL=" + asManager(k.t, k.ready["database"])}
}

// key is a key as `--json` prints it.
type key struct {
	ID      int64
	Name    string
	User    string
	UID     int64
	Key     string
	Active  bool
	Works   bool
	Refused string
	Groups  []string
	Used    *time.Time `json:"last_used"`
	Retires *time.Time
}

// do runs a command that must succeed and print a key.
func (k *keysCLI) do(args ...string) (printed key) {
	k.t.Helper()
	out := k.run(0, args...)
	if err := json.Unmarshal([]byte(out), &printed); err != nil {
		k.t.Fatalf("keys %s: %v", args[0], err)
	}
	if printed.Key != "" {
		k.shown = append(k.shown, printed.Key)
	}
	return printed
}

// run runs a command and returns its output. It is not kept for the search for secrets, for it shows keys.
func (k *keysCLI) run(want int, args ...string) string {
	k.t.Helper()
	out, errs, status := shell(k.t, k.env(args[0]), append(append([]string{"keys"}, args...), "--json")...)
	if status != want {
		k.t.Fatalf("keys %q: status %d, want %d: %s", args, status, want, errs)
	}
	if want != 0 {
		return errs
	}
	for _, secret := range k.shown {
		if strings.Contains(errs, secret) {
			k.t.Errorf("keys %s: a key is in the audit log", args[0])
		}
	}
	return out
}

func (k *keysCLI) list() (keys []key) {
	k.t.Helper()
	if err := json.Unmarshal([]byte(k.run(0, "list")), &keys); err != nil {
		k.t.Fatal(err)
	}
	return keys
}

func (k *keysCLI) named(name string) key {
	k.t.Helper()
	keys := k.list()
	i := slices.IndexFunc(keys, func(listed key) bool { return listed.Name == name })
	if i < 0 {
		k.t.Fatalf("no key %q is listed", name)
	}
	return keys[i]
}

// who is the uid as which the bridge takes a key, 0 if it does not, and it goes all the way to Odoo for it.
func (k *keysCLI) who(key string) (uid int64) {
	k.t.Helper()
	url := k.ready["bridge"] + "/jsonrpc"
	a := post(k.t, url, "application/json", jsonCall("common", "authenticate", "", "", "", map[string]any{}), "API-KEY", key)
	var login struct{ Result any }
	if err := json.Unmarshal([]byte(a.body), &login); err != nil {
		k.t.Fatal(err)
	}
	n, _ := login.Result.(float64)
	read := post(k.t, url, "application/json", readContact(database(k.series), 0, ""), "API-KEY", key)
	if ok := strings.Contains(read.body, "Conf Alpha"); ok != (n != 0) {
		// Between the two calls the last second's knowledge of the key may have ended.
		k.t.Logf("login %v, then %s", login.Result, read.body)
		return -1
	}
	return int64(n)
}

// odoo is the user as whom Odoo's own controller takes a key; "" if it does not.
func (k *keysCLI) odoo(key string) string {
	k.t.Helper()
	a := get(k.t, k.ready["sandbox"]+"/shopinvader/customer", "API-KEY", key)
	if a.status != 200 {
		return ""
	}
	return a.body
}

// becomes waits until the bridge takes a key as a user: what it knows is up to a second old.
func (k *keysCLI) becomes(key string, uid int64) {
	k.t.Helper()
	eventually(k.t, fmt.Sprintf("the key is of uid %d", uid), func() bool { return k.who(key) == uid })
}

// TestKeys is the life of a key, from the shell and through the bridge.
func TestKeys(t *testing.T) {
	for _, series := range []int{18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			k := &keysCLI{process: demo(t, series), t: t, series: series}
			db, err := openDB(k.ready["database"])
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			const keyUser, archived = 9004, 9002

			made := k.do("create", "--user", "rpcuser", "--name", "life of a key")
			if !regexp.MustCompile(`^obk_[0-9A-Za-z]{49}$`).MatchString(made.Key) || made.UID != rpcUser || made.User != "rpcuser" || !made.Works {
				t.Fatalf("made for %s, uid %d, works %v", made.User, made.UID, made.Works)
			}
			if got := k.who(made.Key); got != rpcUser {
				t.Fatalf("right after it was made the key is of uid %d", got)
			}
			if k.odoo(made.Key) == "" {
				t.Error("Odoo's own controller does not take the key")
			}
			if errs := k.run(1, "create", "--user", "admin", "--name", "life of a key"); !strings.Contains(errs, "already") {
				t.Errorf("the same name again: %s", errs)
			}
			k.do("assign", "life of a key", "--user", "keyuser")
			k.becomes(made.Key, keyUser)
			k.do("archive", "life of a key")
			k.becomes(made.Key, 0)
			k.do("restore", "life of a key")
			k.becomes(made.Key, keyUser)
			k.do("assign", "life of a key", "--user", "archived") // through the add-on
			k.becomes(made.Key, archived)

			k.run(0, "init", "--role", "odoobridge")
			for _, role := range []string{bridgeRole, managerRole} {
				grants, _, _ := shell(t, nil, "grants", "--keys", "--role", role)
				if _, err := db.Exec(grants); err != nil {
					t.Fatal(err)
				}
			}
			rotated := k.do("rotate", "life of a key", "--overlap", "1h")
			for _, both := range []string{made.Key, rotated.Key} {
				if got := k.who(both); got != archived {
					t.Errorf("in the overlap a key is of uid %d", got)
				}
			}
			eventually(t, "last use appears", func() bool { return k.named("life of a key").Used != nil })
			if _, err := db.Exec(`UPDATE odoobridge.key_retirement SET retires_at = now()`); err != nil {
				t.Fatal(err)
			}
			k.becomes(made.Key, 0)
			if got := k.who(rotated.Key); got != archived {
				t.Errorf("after the overlap the new key is of uid %d", got)
			}
			k.run(0, "sweep")
			if k.odoo(made.Key) != "" {
				t.Error("after the sweep Odoo's own controller takes the old key")
			}

			latest := k.do("rotate", "life of a key")
			if got := k.who(latest.Key); got != archived {
				t.Errorf("the latest key is of uid %d", got)
			}
			k.becomes(rotated.Key, 0)
			k.run(0, "revoke", "life of a key")
			k.becomes(latest.Key, 0)
			if k.odoo(latest.Key) != "" {
				t.Error("Odoo's own controller takes a revoked key")
			}

			k.checkAudit("life of a key", "rotate", "rotate", "revoke")
			k.checkReport(archived)
			for _, secret := range k.shown {
				if strings.Contains(k.stderr.String(), secret) || strings.Contains(get(t, k.ready["admin"]+"/metrics").body, secret) {
					t.Error("a key is in the log or the metrics")
				}
			}
		})
	}
}

// checkAudit looks for the last changes of a key in the audit log.
func (k *keysCLI) checkAudit(name string, want ...string) {
	k.t.Helper()
	var entries []struct{ Actor, Source, Action, Object string }
	if err := json.Unmarshal([]byte(k.run(0, "audit")), &entries); err != nil {
		k.t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(entries) {
		if e.Object == name {
			got = append(got, e.Action)
		}
		if e.Actor == "" || e.Source == "" {
			k.t.Errorf("who did it is not told: %+v", e)
		}
	}
	if len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) {
		k.t.Errorf("audit: %q, want that it ends in %q", got, want)
	}
}

// checkReport: the calls of the test are told, by who made them.
func (k *keysCLI) checkReport(uid int64) {
	k.t.Helper()
	eventually(k.t, "the report tells of the calls", func() bool {
		out, errs, status := shell(k.t, k.env("report"), "report", "--json")
		if status != 0 {
			k.t.Fatal(errs)
		}
		var lines []struct {
			UID           int64
			Kind          string
			Key, Protocol string
			Calls         int64
			Legacy        bool
		}
		if err := json.Unmarshal([]byte(out), &lines); err != nil {
			k.t.Fatal(err)
		}
		for _, l := range lines {
			if l.UID == uid && l.Kind == "auth_api_key" && l.Key == "life of a key" && l.Protocol == "jsonrpc" && l.Calls > 0 && l.Legacy {
				return true
			}
		}
		return false
	})
	metrics := get(k.t, k.ready["admin"]+"/metrics").body
	if !strings.Contains(metrics, `odoobridge_legacy_calls_total{db="`+database(k.series)+`",key="life of a key",login="archived",protocol="jsonrpc"}`) {
		k.t.Error("the metric of legacy calls does not tell of the caller")
	}
}

// TestKeysCommandLine: what is wrong with a command line, and where the settings come from.
func TestKeysCommandLine(t *testing.T) {
	d := demo(t, 18)
	file := filepath.Join(t.TempDir(), "bridge.yaml")
	if err := os.WriteFile(file, []byte("database_url: "+d.ready["database"]+"\nlisten: :8079\nodoo_url: http://odoo:8069\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"ODOOBRIDGE_DATABASE_URL=" + asManager(t, d.ready["database"])}
	demo15 := "--database-url=" + demo(t, 15).ready["database"]
	for _, tt := range []struct {
		name   string
		env    []string
		args   []string
		status int
		says   string
	}{
		{"settings of a file", nil, []string{"list", "--config", file}, 0, "conf rpcuser"},
		{"settings of the environment", env, []string{"list"}, 0, "conf rpcuser"},
		{"another database", env, []string{"list", "--db", "nope"}, 1, "nope"},
		{"no database", nil, []string{"list"}, 2, "--database-url is required"},
		{"no name", env, []string{"create", "--user", "admin"}, 2, "--name NAME"},
		{"a name of blanks", env, []string{"create", "--user", "admin", "--name", " "}, 2, "needs a name"},
		{"no user", env, []string{"assign", "conf rpcuser"}, 2, "--user LOGIN"},
		{"no key", env, []string{"revoke"}, 2, "which key?"},
		{"name and id", env, []string{"revoke", "x", "--id", "3"}, 2, "not by both"},
		{"two keys", env, []string{"revoke", "conf", "rpcuser"}, 2, "in quotes"},
		{"an overlap that is none", env, []string{"rotate", "conf rpcuser", "--overlap", "soon"}, 2, "soon"},
		{"unknown key", env, []string{"archive", "nope"}, 1, `there is no key "nope"`},
		{"unknown user", env, []string{"create", "--user", "nope", "--name", "x"}, 1, `the login "nope"`},
		{"no such command", env, []string{"destroy"}, 2, "destroy"},
		{"without the module", nil, []string{"list", demo15}, 1, "install OCA's module auth_api_key"},
		{"an archived user's state", env, []string{"list"}, 0, "works, for an archived user, through Odoo's add-on"},
		{"by another rule", env, []string{"list", "--archived-users", "deny"}, 0, "refused, because the user is archived, and archived_users is deny"},
		{"groups", env, []string{"groups"}, 0, "conf_empty"},
		{"unknown group", env, []string{"groups", "conf rpcuser", "--add", "nope"}, 1, `"nope"`},
		{"the setting", env, []string{"setting"}, 0, "DISABLE API KEY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, errs, status := shell(t, tt.env, append([]string{"keys"}, tt.args...)...)
			if status != tt.status || !strings.Contains(out+errs, tt.says) {
				t.Errorf("status %d, want %d, and %q in:\n%s%s", status, tt.status, tt.says, out, errs)
			}
		})
	}
}

// TestPoliciesAudited: other policies are a line of the audit log, as changes of keys are.
func TestPoliciesAudited(t *testing.T) {
	dsn := stateDB(t)
	asBridge(t, dsn) // makes the role
	env := []string{"ODOOBRIDGE_DATABASE_URL=" + dsn}
	if out, errs, status := shell(t, env, "keys", "init", "--role", bridgeRole); status != 0 {
		t.Fatal(out, errs)
	}
	file := filepath.Join(t.TempDir(), "policies.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rules:\n  - id: all\n    effect: allow\n")
	p := serve(t, dsn, demo(t, 18).ready["sandbox"], "--policies", file)
	write("rules:\n  - id: none\n    models: [res.users]\n    effect: deny\n  - id: all\n    effect: allow\n")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.stderr)
		}
	})
	eventually(t, "the change is in the table of the audit log", func() bool {
		out, errs, status := shell(t, env, "keys", "audit")
		if status != 0 {
			t.Fatal(errs)
		}
		return strings.Contains(out, "2 rules are in force")
	})
	eventually(t, "the change is in the log", func() bool { return strings.Contains(p.stderr.String(), `"action":"policies"`) })
}

// TestUseKeptAtTheEnd: what was counted last is written when the bridge stops.
func TestUseKeptAtTheEnd(t *testing.T) {
	dsn := stateDB(t)
	asBridge(t, dsn)
	env := []string{"ODOOBRIDGE_DATABASE_URL=" + dsn}
	if out, errs, status := shell(t, env, "keys", "init"); status != 0 {
		t.Fatal(out, errs)
	}
	p := serve(t, dsn, demo(t, 18).ready["sandbox"])
	for range 3 {
		post(t, p.ready["bridge"]+"/jsonrpc", "application/json", jsonCall("common", "authenticate", "", "", "", map[string]any{}), "API-KEY", rpcKey)
	}
	if status := p.stop(); status != 0 {
		t.Fatalf("status %d", status)
	}
	out, errs, status := shell(t, env, "report")
	if status != 0 || !strings.Contains(out, "in the last 30 days: 1, by endpoints that Odoo gives up: 1.") || !regexp.MustCompile(`rpcuser +key conf rpcuser +jsonrpc +3 `).MatchString(out) {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}
