//go:build unix

package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"odoobridge/auth/limit/redistest"
	"odoobridge/odoo/sandbox"
	"odoobridge/odoo/sandbox/sandboxtest"
)

// writeRules makes path a file with the rules, at once, as an editor or a deployment does.
func writeRules(t *testing.T, path, text string) {
	t.Helper()
	provisional := path + ".new"
	if err := os.WriteFile(provisional, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(provisional, path); err != nil {
		t.Fatal(err)
	}
}

// countOf is a call that every user may make, of a model.
func countOf(db, model string) string {
	return jsonCall("object", "execute_kw", db, 0, "", model, "search_count", []any{[]any{}})
}

// ruled tells what came of a call: "ok", or the class of the error, and the rule that it names.
func ruled(t *testing.T, a answer) string {
	t.Helper()
	var reply struct {
		Result json.RawMessage
		Error  struct {
			Data struct{ Name, Message string }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	if reply.Result != nil {
		return "ok"
	}
	_, rule, _ := strings.Cut(reply.Error.Data.Message, "rule \"")
	rule, _, _ = strings.Cut(rule, "\"")
	return strings.TrimSpace(strings.TrimPrefix(reply.Error.Data.Name, "odoo.exceptions.") + " " + rule)
}

// TestPolicies has a rule for each matcher, each of a model of its own, and calls that one of them alone matches.
func TestPolicies(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	now := time.Now().UTC()
	clock := func(d time.Duration) string { return now.Add(d).Format("15:04") }
	file := filepath.Join(t.TempDir(), "policies.yaml")
	writeRules(t, file, fmt.Sprintf(`default: deny
rules:
  - {id: key, models: [res.partner], keys: ["conf rpc*"], effect: allow}
  - {id: key-group, models: [res.country], key_groups: [conf], effect: allow}
  - {id: user, models: [res.currency], users: [rpcuser], effect: allow}
  - {id: group, models: [res.lang], groups: [base.group_system], effect: allow}
  - {id: database, models: [res.company], databases: [%s], effect: allow}
  - {id: another-database, models: [res.groups], databases: [other], effect: allow}
  - {id: source, models: [res.users], sources: [127.0.0.0/8], effect: allow}
  - {id: another-source, models: [ir.model], sources: [192.0.2.0/24], effect: allow}
  - {id: protocol, models: [ir.model.fields], protocols: [json/2], effect: allow}
  - {id: now, models: [res.partner.category], time: {from: "%s", to: "%s"}, effect: allow}
  - {id: not-now, models: [ir.attachment], time: {from: "%s", to: "%s", timezone: UTC}, effect: allow}
  - {id: reads, models: [product.*], methods: [search_count, create], read_only: true, effect: allow}
  - {id: sessions, services: [session], effect: deny}
  - {id: customers, paths: [%s/customer], effect: allow}
  - {id: no-logins, services: [common], methods: [login], effect: deny}
`, odoo.Database, clock(-3*time.Hour), clock(3*time.Hour), clock(3*time.Hour), clock(-3*time.Hour), strings.TrimSuffix(sandbox.ControllerPrefix, "/")))
	b := serve(t, odoo.DSN, odoo.URL, "--policies", file, "--controllers", sandbox.ControllerPrefix)
	url := b.ready["bridge"]
	for _, tc := range []struct{ name, key, path, body, want string }{
		{"key", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.partner"), "ok"},
		{"another key", adminKey, "/jsonrpc", countOf(odoo.Database, "res.partner"), "AccessError"},
		{"key group", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.country"), "ok"},
		{"another key group", adminKey, "/jsonrpc", countOf(odoo.Database, "res.country"), "AccessError"},
		{"user", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.currency"), "ok"},
		{"another user", adminKey, "/jsonrpc", countOf(odoo.Database, "res.currency"), "AccessError"},
		{"group", adminKey, "/jsonrpc", countOf(odoo.Database, "res.lang"), "ok"},
		{"another group", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.lang"), "AccessError"},
		{"database", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.company"), "ok"},
		{"another database", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.groups"), "AccessError"},
		{"source", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.users"), "ok"},
		{"another source", adminKey, "/jsonrpc", countOf(odoo.Database, "ir.model"), "AccessError"},
		{"another protocol", adminKey, "/jsonrpc", countOf(odoo.Database, "ir.model.fields"), "AccessError"},
		{"call_kw is JSON-RPC", adminKey, "/web/dataset/call_kw", `{"id": 1, "params": {"model": "ir.model.fields", "method": "search_count", "args": [[]], "kwargs": {}}}`, "AccessError"},
		{"now", rpcKey, "/jsonrpc", countOf(odoo.Database, "res.partner.category"), "ok"},
		{"not now", adminKey, "/jsonrpc", countOf(odoo.Database, "ir.attachment"), "AccessError"},
		{"a method that may write", adminKey, "/jsonrpc", jsonCall("object", "execute_kw", odoo.Database, 0, "", "product.product", "create", []any{}), "AccessError reads"},
		{"another method", adminKey, "/jsonrpc", jsonCall("object", "execute_kw", odoo.Database, 0, "", "product.product", "read", []any{}), "AccessError"},
		{"a session", rpcKey, "/web/session/get_session_info", `{"id": 1, "params": {}}`, "AccessError sessions"},
		{"a login", rpcKey, "/jsonrpc", jsonCall("common", "login", odoo.Database, "", ""), "AccessError no-logins"},
		{"another login", rpcKey, "/jsonrpc", jsonCall("common", "authenticate", odoo.Database, "", "", map[string]any{}), "ok"},
		{"databases", rpcKey, "/jsonrpc", jsonCall("db", "list"), "ok"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := post(t, url+tc.path, "application/json", tc.body, "API-KEY", tc.key)
			if got := ruled(t, a); got != tc.want {
				t.Errorf("got %s, want %s: %s", got, tc.want, a.body)
			}
		})
	}
	t.Run("protocol", func(t *testing.T) {
		if a := post(t, url+"/json/2/ir.model.fields/search_count", "application/json", `{"domain": []}`, "API-KEY", adminKey); a.status != http.StatusOK {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := post(t, url+"/json/2/ir.model/search_count", "application/json", `{"domain": []}`, "API-KEY", adminKey); a.status != http.StatusForbidden {
			t.Errorf("another model: %d %s", a.status, a.body)
		}
	})
	t.Run("a controller", func(t *testing.T) {
		if a := get(t, url+sandbox.ControllerPrefix+"customer", "API-KEY", rpcKey); a.status != http.StatusOK {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a := get(t, url+sandbox.ControllerPrefix+"cart", "API-KEY", rpcKey); a.status != http.StatusForbidden {
			t.Errorf("another path: %d %s", a.status, a.body)
		}
	})
	for _, call := range odoo.Calls() {
		if call.Method == "create" {
			t.Error("Odoo got a call that a rule refuses")
		}
	}
}

// TestPoliciesReload changes the file while the bridge runs: what is good is in force soon, what is bad changes nothing and is
// told of with its line.
func TestPoliciesReload(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	file := filepath.Join(t.TempDir(), "policies.yaml")
	writeRules(t, file, "rules:\n  - {id: open, effect: allow}\n")
	b := serve(t, odoo.DSN, odoo.URL, "--policies", file)
	call := func() string {
		return ruled(t, post(t, b.ready["bridge"]+"/jsonrpc", "application/json", countOf(odoo.Database, "res.partner"), "API-KEY", rpcKey))
	}
	usable := func(want string) bool {
		return strings.Contains(get(t, b.ready["admin"]+"/metrics").body, "\nodoobridge_policies_usable "+want+"\n")
	}
	if got := call(); got != "ok" {
		t.Fatal(got)
	}
	writeRules(t, file, "rules:\n  - {id: shut, effect: deny, groups: [base.group_user]}\n")
	eventually(t, "a rule that asks for groups", func() bool { return call() == "AccessError shut" })
	writeRules(t, file, "rules:\n  - {id: open, effect: allow}\n  - {id: oops, effect: deny, modles: [x]}\n")
	eventually(t, "a word about the mistake", func() bool {
		return strings.Contains(b.stderr.String(), `policies.yaml:3: there is no field \"modles\"; did you mean models?`)
	})
	if got := call(); got != "AccessError shut" || !usable("0") {
		t.Errorf("a bad file: %s", got)
	}
	writeRules(t, file, "dry_run: true\nrules:\n  - {id: trial, effect: deny}\n")
	eventually(t, "rules on trial", func() bool { return call() == "ok" })
	eventually(t, "a word of what is on trial", func() bool {
		return strings.Contains(b.stderr.String(), `"policy_trial":"trial","policy_trial_effect":"would_refuse"`)
	})
	metrics := get(t, b.ready["admin"]+"/metrics").body
	if want := `odoobridge_policy_verdicts_total{effect="would_refuse",rule="trial"} `; !usable("1") || !strings.Contains(metrics, want) || strings.Contains(metrics, `rule="shut"`) {
		t.Errorf("the metrics have no %s", want)
	}
	out, errs, status := shell(t, nil, "serve", "--database-url", odoo.DSN, "--odoo-url", odoo.URL, "--policies", file+".none",
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	if status != 2 || !strings.Contains(errs, "the policies (--policies) can't be used") {
		t.Errorf("started without its policies: status %d, %s%s", status, out, errs)
	}
}

// TestRateLimits: 429 with Retry-After by every protocol, counted together.
func TestRateLimits(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	file := filepath.Join(t.TempDir(), "policies.yaml")
	writeRules(t, file, "rules:\n  - {id: few, effect: allow, rate: 0.01, burst: 2, per: user}\n")
	b := serve(t, odoo.DSN, odoo.URL, "--policies", file)
	url := b.ready["bridge"]
	calls := map[string]func() answer{
		"JSON-RPC": func() answer {
			return post(t, url+"/jsonrpc", "application/json", readContact(odoo.Database, rpcUser, rpcPassword))
		},
		"XML-RPC": func() answer {
			return post(t, url+"/xmlrpc/2/object", "text/xml", xmlReadContact(odoo.Database, rpcUser, rpcPassword))
		},
		"JSON-2": func() answer {
			return post(t, url+"/json/2/res.partner/read", "application/json", `{"ids": [91001], "fields": ["name"]}`, "API-KEY", rpcKey)
		},
	}
	for range 2 {
		wantContact(t, calls["JSON-RPC"]())
	}
	for name, call := range calls {
		a := call()
		if after := a.header.Get("Retry-After"); a.status != http.StatusTooManyRequests || after == "" || after == "0" || !strings.Contains(a.body, "429 Too Many Requests: the policy rule") {
			t.Errorf("%s: %d, Retry-After %q, %s", name, a.status, after, a.body)
		}
	}
	if a := post(t, url+"/jsonrpc", "application/json", countOf(odoo.Database, "res.partner"), "API-KEY", adminKey); ruled(t, a) != "ok" {
		t.Errorf("another user: %s", a.body)
	}
}

// TestTwoBridgesOneLimit has two bridges share a Redis, which goes away and comes back.
func TestTwoBridgesOneLimit(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	redis := redistest.Start(t)
	file := filepath.Join(t.TempDir(), "policies.yaml")
	writeRules(t, file, "rules:\n  - {id: few, models: [res.partner], effect: allow, rate: 0.01, burst: 6}\n"+
		"  - {id: narrow, models: [res.country], effect: allow, concurrency: 1}\n")
	flags := []string{"--policies", file, "--redis-url", redis.URL(), "--redis-timeout", "20s"}
	bridges := []*process{serve(t, odoo.DSN, odoo.URL, flags...), serve(t, odoo.DSN, odoo.URL, flags...)}
	count := func(model string, calls int) (allowed, refused int) {
		t.Helper()
		var mu sync.Mutex
		var running sync.WaitGroup
		for i := range calls {
			running.Go(func() {
				a, err := tryPost(t.Context(), bridges[i%2].ready["bridge"]+"/jsonrpc", "application/json", countOf(odoo.Database, model), "API-KEY", rpcKey)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && a.status == http.StatusOK && strings.Contains(a.body, "result"):
					allowed++
				case err == nil && a.status == http.StatusTooManyRequests:
					refused++
				default:
					t.Errorf("%v %d %s", err, a.status, a.body)
				}
			})
		}
		running.Wait()
		return allowed, refused
	}
	if allowed, refused := count("res.partner", 20); allowed != 6 || refused != 14 {
		t.Errorf("%d calls of 20 were allowed, want 6", allowed)
	}
	odoo.Fault("delay=3s", "res.country", "search_count", 1)
	if allowed, refused := count("res.country", 4); allowed < 1 || refused < 1 {
		t.Errorf("of 4 calls at once %d were allowed, %d refused; want one allowed while it is at work", allowed, refused)
	}
	redis.Stop()
	if allowed, _ := count("res.partner", 4); allowed != 4 {
		t.Errorf("while Redis is away %d of 4 calls were allowed", allowed)
	}
	for _, b := range bridges {
		eventually(t, "a word about Redis", func() bool { return strings.Contains(b.stderr.String(), "Redis is away") })
		if !strings.Contains(get(t, b.ready["admin"]+"/metrics").body, "\nodoobridge_limits_shared 0\n") {
			t.Error("the metrics do not tell that limits are counted by each bridge")
		}
	}
	redis.Resume()
	for _, b := range bridges {
		eventually(t, "Redis being back", func() bool { return strings.Contains(b.stderr.String(), "Redis is there") })
	}
	if allowed, _ := count("res.partner", 20); allowed != 6 {
		t.Errorf("with a new Redis %d calls of 20 were allowed, want 6", allowed)
	}
}

// TestPolicyTestLooksUp has the caller's groups looked up in the database.
func TestPolicyTestLooksUp(t *testing.T) {
	dsn := stateDB(t)
	file := filepath.Join(t.TempDir(), "policies.yaml")
	writeRules(t, file, "default: deny\nrules:\n  - {id: by-key, key_groups: [conf], models: [res.partner], effect: allow}\n"+
		"  - {id: by-group, groups: [base.group_system], effect: allow}\n  - {id: by-user, users: [rpcuser], models: [res.lang], effect: allow}\n")
	for _, tc := range []struct {
		args   string
		status int
		want   string
	}{
		{"--key|conf rpcuser|--model|res.partner", 0, `rule "by-key"`},
		{"--key|conf rpcuser|--model|res.lang", 0, `rule "by-user"`},
		{"--key|conf rpcuser|--model|res.users", 1, `the default`},
		{"--key|conf admin|--model|res.users", 0, `rule "by-group"`},
		{"--user|admin|--model|res.users", 0, `rule "by-group"`},
		{"--key|nobody's|--model|res.users", 1, `no auth_api_key of database`},
		{"--user|nobody|--model|res.users", 1, `no user of database`},
	} {
		args := append([]string{"policy", "test", "--policies", file, "--database-url", dsn, "--method", "read"}, strings.Split(tc.args, "|")...)
		out, errs, status := shell(t, nil, args...)
		if status != tc.status || !strings.Contains(out+errs, tc.want) {
			t.Errorf("%s: status %d, %s%s", tc.args, status, out, errs)
		}
	}
}

// TestTwoBridgesOneCooldown: failed logins at one bridge count at the other.
func TestTwoBridgesOneCooldown(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	db, err := openDB(odoo.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE ir_config_parameter SET value = '3' WHERE key = 'base.login_cooldown_after'"); err != nil {
		t.Fatal(err)
	}
	redis := redistest.Start(t)
	one := serve(t, odoo.DSN, odoo.URL, "--redis-url", redis.URL(), "--redis-timeout", "20s")
	other := serve(t, odoo.DSN, odoo.URL, "--redis-url", redis.URL(), "--redis-timeout", "20s")
	login := func(b *process, password string) string {
		return post(t, b.ready["bridge"]+"/jsonrpc", "application/json", readContact(odoo.Database, rpcUser, password)).body
	}
	if a := login(other, rpcPassword); !strings.Contains(a, "Conf Alpha") {
		t.Fatal(a)
	}
	const cooling = "Too many login failures"
	eventually(t, "the cooldown of one bridge at the other", func() bool {
		for range 3 { // a success at the other bridge would end what is less
			login(one, "wrong")
		}
		return strings.Contains(login(other, rpcPassword), cooling)
	})
}
