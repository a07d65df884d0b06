package bridge

import (
	"net/http"
	"strings"
	"testing"

	"odoobridge/auth"
	"odoobridge/auth/policy"
	"odoobridge/rpc"
)

// ruled is a bridge with the rules, and the key "shop-fr" of the user rpcuser.
func ruled(t testing.TB, rules string, more ...func(*Config, *world)) *world {
	t.Helper()
	set, _, err := policy.Parse("shop.yaml", []byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	return start(t, func(cfg *Config, w *world) {
		w.auth.id = auth.Identity{UID: 9001, Login: "rpcuser", Via: auth.ViaAPIKey, KeyName: "shop-fr", KeyID: 501, Method: auth.ByAuthAPIKey}
		cfg.Policies = fixed{set}
		for _, change := range more {
			change(cfg, w)
		}
	}, nil)
}

type fixed struct{ set *policy.Set }

func (f fixed) Set() *policy.Set { return f.set }

const readersOnly = `
default: deny
rules:
  - id: shop-reads
    keys: [shop-*]
    models: [res.*]
    read_only: true
    effect: allow
`

// TestForbidden looks at how each protocol is told of a refusal, and that Odoo is not asked.
func TestForbidden(t *testing.T) {
	const xml = `<?xml version="1.0"?><methodCall><methodName>execute</methodName><params><param><value>odoo18</value></param>` +
		`<param><value><int>9001</int></value></param><param><value>pw</value></param><param><value>res.partner</value></param>` +
		`<param><value>unlink</value></param><param><value><array><data/></array></value></param></params></methodCall>`
	const told = `The policy rule \"shop-reads\" allows reading only, and the method \"unlink\" of \"res.partner\" is not known to only read.`
	toldXML := strings.ReplaceAll(told, `\"`, `"`)
	for _, tc := range []struct {
		name, path, body, contentType string
		status                        int
		want                          []string
	}{
		{"JSON-RPC", "/jsonrpc", call("object", "execute", `["odoo18", 9001, "pw", "res.partner", "unlink", []]`), "application/json",
			200, []string{`"code": 200, "message": "Odoo Server Error"`, `"name": "odoo.exceptions.AccessError"`, told}},
		{"XML-RPC 2", "/xmlrpc/2/object", xml, "text/xml", 200, []string{"<int>4</int>", "<string>" + toldXML + "</string>"}},
		{"XML-RPC 1", "/xmlrpc/object", xml, "text/xml", 200, []string{"<string>warning -- AccessError\n\n" + toldXML}},
		{"JSON-2", "/json/2/res.partner/unlink", "{}", "application/json", 403, []string{`"name": "odoo.exceptions.AccessError"`, told}},
		{"call_kw", "/web/dataset/call_kw", `{"jsonrpc": "2.0", "id": 1, "params": {"model": "res.partner", "method": "unlink", "args": [], "kwargs": {}}}`,
			"application/json", 200, []string{`"name": "odoo.exceptions.AccessError"`, told}},
		{"another model", "/json/2/sale.order/read", "{}", "application/json", 403,
			[]string{`No policy rule allows the method \"read\" of \"sale.order\"; the default refuses it.`}},
		{"a controller", "/shopinvader/customer", "{}", "text/plain", 403, []string{"<p>No policy rule allows /shopinvader/customer; the default refuses it.</p>"}},
		{"a controller, JSON", "/shopinvader/customer", "{}", "application/json", 403, []string{`"name": "odoo.exceptions.AccessError"`}},
		{"a session", "/web/session/authenticate", "{}", "application/json", 200, []string{`"name": "odoo.exceptions.AccessError"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ruled(t, readersOnly)
			res, answer := w.post(t, tc.path, tc.body, "Content-Type", tc.contentType, "Api-Key", "k")
			if res.StatusCode != tc.status {
				t.Errorf("status %d, want %d", res.StatusCode, tc.status)
			}
			for _, want := range tc.want {
				if !strings.Contains(answer, want) {
					t.Errorf("the answer has no %s: %s", want, answer)
				}
			}
			if n := len(w.sent()); n != 0 {
				t.Errorf("Odoo got %d requests", n)
			}
			rec := <-w.records
			if want := map[bool]string{true: "shop-reads", false: "default"}[strings.Contains(answer, "shop-reads")]; rec.Policy.Rule != want || rec.Outcome != Denied {
				t.Errorf("the record has rule %q and outcome %q", rec.Policy.Rule, rec.Outcome)
			}
			if log := w.log.String(); !strings.Contains(log, `(shop.yaml:`) || !strings.Contains(log, `"policy":`) {
				t.Errorf("the log does not tell where the rule is: %s", log)
			}
		})
	}
}

// TestAllowed has calls go on as if there were no rules: those that a rule allows, and those that the default is not for.
func TestAllowed(t *testing.T) {
	for _, tc := range []struct {
		name, path, body, rule string
		sent                   int
	}{
		{"a read", "/jsonrpc", call("object", "execute", `["odoo18", 9001, "pw", "res.partner", "read", []]`), "shop-reads", 1},
		{"a login", "/jsonrpc", call("common", "login", `["odoo18", "rpcuser", "pw"]`), "", 0},
		{"a list of databases", "/jsonrpc", call("db", "list", `[]`), "", 0},
		{"a version", "/web/version", "", "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ruled(t, readersOnly)
			res, answer := w.post(t, tc.path, tc.body, "Api-Key", "k")
			if res.StatusCode != http.StatusOK || strings.Contains(answer, `"error"`) || len(w.sent()) != tc.sent {
				t.Errorf("%d %s, and %d requests to Odoo", res.StatusCode, answer, len(w.sent()))
			}
			if rec := <-w.records; rec.Policy.Rule != tc.rule || rec.Trial != (Verdict{}) {
				t.Errorf("the record has rule %q, on trial %q", rec.Policy.Rule, rec.Trial)
			}
		})
	}
}

// TestTrial has a rule on trial refuse nothing, and the record say that it would have.
func TestTrial(t *testing.T) {
	w := ruled(t, "dry_run: true\n"+readersOnly)
	w.post(t, "/json/2/res.partner/unlink", "{}", "Api-Key", "k")
	if len(w.sent()) != 1 {
		t.Error("the call was refused")
	}
	if rec := <-w.records; rec.Policy.Rule != "" || rec.Trial != (Verdict{"shop-reads", wouldRefuse}) || rec.Outcome != Forwarded {
		t.Errorf("the record has rule %q, on trial %q, outcome %q", rec.Policy.Rule, rec.Trial, rec.Outcome)
	}
}

// TestNoRules: without policies nothing is decided.
func TestNoRules(t *testing.T) {
	w := start(t, func(cfg *Config, _ *world) { cfg.Series = func() rpc.Series { return 18 } }, nil)
	w.post(t, "/json/2/res.partner/unlink", "{}", "Api-Key", "k")
	if rec := <-w.records; rec.Policy.Rule != "" || rec.Trial != (Verdict{}) || len(w.sent()) != 1 {
		t.Errorf("without policies: %+v", rec)
	}
}
