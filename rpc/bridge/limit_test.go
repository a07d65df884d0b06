package bridge

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"odoobridge/auth"
	"odoobridge/auth/limit"
	"odoobridge/auth/policy"
	"odoobridge/odoo/queue"
)

func counted(cfg *Config, w *world) {
	cfg.Limits = limit.NewLocal()
	w.metrics.ShowRules(cfg.Policies.Set())
}

// TestLimited looks at how each protocol is told of a rate: 429, and when to try again. One burst is for all of them together.
func TestLimited(t *testing.T) {
	w := ruled(t, "rules:\n  - {id: shop, effect: allow, keys: [shop-*], rate: 0.01, burst: 1}\n", counted)
	const xml = `<?xml version="1.0"?><methodCall><methodName>execute</methodName><params><param><value>odoo18</value></param>` +
		`<param><value><int>9001</int></value></param><param><value>pw</value></param><param><value>res.partner</value></param>` +
		`<param><value>read</value></param><param><value><array><data/></array></value></param></params></methodCall>`
	const told = `429 Too Many Requests: the policy rule %shop% allows each key 0.01 calls a second. The call was not sent; try again later`
	for _, tc := range []struct{ name, path, body, contentType, quote string }{
		{"the first", "/jsonrpc", call("object", "execute", `["odoo18", 9001, "pw", "res.partner", "read", []]`), "application/json", ""},
		{"JSON-RPC", "/jsonrpc", call("object", "execute", `["odoo18", 9001, "pw", "res.partner", "read", []]`), "application/json", `\"`},
		{"XML-RPC 2", "/xmlrpc/2/object", xml, "text/xml", `"`},
		{"XML-RPC 1", "/xmlrpc/object", xml, "text/xml", `"`},
		{"JSON-2", "/json/2/res.partner/read", "{}", "application/json", `\"`},
		{"a controller", "/shopinvader/customer", "", "text/plain", `&#34;`},
	} {
		res, answer := w.post(t, tc.path, tc.body, "Content-Type", tc.contentType, "Api-Key", "k")
		rec := <-w.records
		if tc.quote == "" {
			if res.StatusCode != 200 || rec.Policy != (Verdict{"shop", allowed}) {
				t.Errorf("%s: %d %s, %+v", tc.name, res.StatusCode, answer, rec)
			}
			continue
		}
		if after := res.Header.Get("Retry-After"); res.StatusCode != http.StatusTooManyRequests || after != "100" && after != "99" {
			t.Errorf("%s: status %d, Retry-After %q", tc.name, res.StatusCode, after)
		}
		if want := strings.ReplaceAll(told, "%", tc.quote); !strings.Contains(answer, want) {
			t.Errorf("%s: the answer has no %s: %s", tc.name, want, answer)
		}
		if rec.Outcome != Limited || rec.Policy != (Verdict{"shop", limited}) {
			t.Errorf("%s: the record is %+v", tc.name, rec)
		}
	}
	if len(w.sent()) != 1 {
		t.Errorf("Odoo got %d calls", len(w.sent()))
	}
	for effect, want := range map[string]float64{allowed: 1, limited: 5} {
		if got := testutil.ToFloat64(w.metrics.policies.verdicts.WithLabelValues("shop", effect)); got != want {
			t.Errorf("%s is counted %v times, want %v", effect, got, want)
		}
	}
}

// TestPlacesAreKept has a call in Odoo while another comes, and one more after it has ended.
func TestPlacesAreKept(t *testing.T) {
	for _, tc := range []struct {
		name, path, rule string
		status           int // of the second call
	}{
		{"a call", "/json/2/res.partner/read", "concurrency: 1", 429},
		{"a controller", "/shopinvader/customer", "concurrency: 1", 429},
		{"on trial", "/json/2/res.partner/read", "concurrency: 1, dry_run: true", 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			arrived, let := make(chan bool, 2), make(chan bool)
			set, _, err := policy.Parse("p.yaml", []byte("rules:\n  - {id: one, effect: allow, "+tc.rule+"}\n"))
			if err != nil {
				t.Fatal(err)
			}
			w := start(t, func(cfg *Config, w *world) {
				w.auth.id = auth.Identity{UID: 9001, KeyID: 1, Method: auth.ByAuthAPIKey}
				cfg.Policies, cfg.Limits = fixed{set}, limit.NewLocal()
			}, func(rw http.ResponseWriter, _ *http.Request) {
				arrived <- true
				<-let
			})
			first := make(chan bool)
			go func() {
				w.post(t, tc.path, "{}", "Api-Key", "k")
				close(first)
			}()
			<-arrived
			if tc.status == 200 {
				close(let)
			}
			res, _ := w.post(t, tc.path, "{}", "Api-Key", "k")
			if after := res.Header.Get("Retry-After"); res.StatusCode != tc.status || (after == "1") != (tc.status == 429) {
				t.Errorf("status %d, Retry-After %q", res.StatusCode, after)
			}
			if tc.status == 429 {
				close(let)
			}
			<-first
			if res, answer := w.post(t, tc.path, "{}", "Api-Key", "k"); res.StatusCode != 200 {
				t.Errorf("after it has ended: %d %s", res.StatusCode, answer)
			}
		})
	}
}

// TestSubjects is what limits count together.
func TestSubjects(t *testing.T) {
	key := auth.Identity{UID: 9001, KeyID: 501, Method: auth.ByAuthAPIKey}
	password := auth.Identity{UID: 9001, Method: auth.ByPassword}
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1:2:3:4")
	for _, tc := range []struct {
		name   string
		per    policy.Per
		who    auth.Identity
		source netip.Addr
		want   limit.Subject
	}{
		{"a key", policy.PerKey, key, v4, limit.Subject{Kind: "auth_api_key", DB: "prod", ID: 501}},
		{"a key that is none", policy.PerKey, password, v4, limit.Subject{Kind: "user", DB: "prod", ID: 9001}},
		{"nobody's key", policy.PerKey, auth.Identity{}, v4, limit.Subject{Kind: "source", Addr: v4}},
		{"a user", policy.PerUser, key, v4, limit.Subject{Kind: "user", DB: "prod", ID: 9001}},
		{"a source", policy.PerSource, key, v4, limit.Subject{Kind: "source", Addr: v4}},
		{"a network", policy.PerSource, key, v6, limit.Subject{Kind: "source", Addr: netip.MustParseAddr("2001:db8:0:0::")}},
		{"all", policy.PerRule, key, v4, limit.Subject{}},
	} {
		tc.want.Name = "r"
		if got := subject(&Record{DB: "prod", Source: tc.source}, &policy.Rule{ID: "r", Per: tc.per}, tc.who); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

// TestRulesThatAreGone take their counts with them, and can't come back by calls that end later.
func TestRulesThatAreGone(t *testing.T) {
	w := ruled(t, "rules:\n  - {id: old, effect: allow}\n", counted)
	w.post(t, "/json/2/res.partner/read", "{}", "Api-Key", "k")
	<-w.records
	set, _, err := policy.Parse("p.yaml", []byte("rules:\n  - {id: new, effect: allow}\n"))
	if err != nil {
		t.Fatal(err)
	}
	verdicts := w.metrics.policies.verdicts
	if n := testutil.CollectAndCount(verdicts); n != 1 {
		t.Errorf("%d counts", n)
	}
	w.metrics.ShowRules(set)
	if n := testutil.CollectAndCount(verdicts); n != 0 {
		t.Errorf("%d counts of a rule that is gone", n)
	}
	w.metrics.Observe(&Record{Policy: Verdict{"old", allowed}})
	if n := testutil.ToFloat64(verdicts.WithLabelValues(goneRule, allowed)); n != 1 {
		t.Errorf("what ends later is counted %v times", n)
	}
}

// TestJudgedAfterWaiting: who waited for Odoo is judged by what is known of them then, and not counted twice.
func TestJudgedAfterWaiting(t *testing.T) {
	for _, path := range []string{"/json/2/res.partner/read", "/shopinvader/customer"} {
		for key, sent := range map[string]int{"shop-fr": 1, "revoked": 0} {
			t.Run(path+" as "+key, func(t *testing.T) {
				q := NewQueue(queue.Limits{Calls: 1, Own: 10, All: 10})
				w := ruled(t, "default: deny\nrules:\n  - {id: trial, effect: allow, dry_run: true, rate: 0.01, burst: 1}\n"+
					"  - {id: shop, keys: [shop-*], effect: allow, rate: 0.01, burst: 2, concurrency: 1}\n",
					counted, func(cfg *Config, _ *world) { cfg.Queue = q })
				w.post(t, path, "{}", "Api-Key", "k")
				<-w.records
				if _, err := q.Enter(t.Context(), Turn{}); err != nil {
					t.Fatal(err)
				}
				var waiting sync.WaitGroup
				waiting.Go(func() { w.post(t, path, "{}", "Api-Key", "k") })
				eventually(t, "the call waits", func() bool { return q.Waiting() == 1 })
				w.auth.mu.Lock()
				w.auth.id.KeyName = key
				w.auth.mu.Unlock()
				q.Leave()
				waiting.Wait()
				rec := <-w.records
				if len(w.sent()) != 1+sent || (rec.Outcome == Forwarded) != (sent == 1) {
					t.Errorf("Odoo got %d calls, outcome %s", len(w.sent()), rec.Outcome)
				}
				if want := (Verdict{"trial", wouldLimit}); sent == 1 && rec.Trial != want {
					t.Errorf("on trial: %+v", rec.Trial)
				}
				w.auth.mu.Lock()
				w.auth.id.KeyName = "shop-fr"
				w.auth.mu.Unlock()
				res, _ := w.post(t, path, "{}", "Api-Key", "k")
				if res.StatusCode != http.StatusTooManyRequests || (<-w.records).Err.(*limitError).over.Reason != limit.TooOften {
					t.Errorf("the third call: %d", res.StatusCode)
				}
			})
		}
	}
}
