//go:build unix

package integration

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"odoobridge/odoo/sandbox/sandboxtest"
)

// creation is a call through the bridge that makes a tag, in one of the protocols.
type creation struct {
	name   string
	series int
	post   func(ctx context.Context, bridge, db, name string) (answer, error)
}

var creations = []creation{
	{"JSON-RPC", 18, func(ctx context.Context, bridge, db, name string) (answer, error) {
		return tryPost(ctx, bridge+"/jsonrpc", "application/json",
			jsonCall("object", "execute_kw", db, 2, "admin", "res.partner.category", "create", []any{map[string]any{"name": name}}))
	}},
	{"XML-RPC", 18, func(ctx context.Context, bridge, db, name string) (answer, error) {
		return tryPost(ctx, bridge+"/xmlrpc/2/object", "text/xml", fmt.Sprintf(`<methodCall><methodName>execute_kw</methodName><params>
			<param><value>%s</value></param><param><value><int>2</int></value></param><param><value>admin</value></param>
			<param><value>res.partner.category</value></param><param><value>create</value></param>
			<param><value><array><data><value><struct><member><name>name</name><value>%s</value></member></struct></value></data></array></value></param>
			</params></methodCall>`, db, name))
	}},
	{"JSON-2", 19, createJSON2},
	{"JSON-2 in front of 18", 18, createJSON2},
}

func createJSON2(ctx context.Context, bridge, db, name string) (answer, error) {
	return tryPost(ctx, bridge+"/json/2/res.partner.category/create", "application/json", fmt.Sprintf(`{"vals_list": [{"name": %q}]}`, name),
		"X-Odoo-Database", db, "Authorization", basic("admin", "admin"))
}

// TestNoCallIsExecutedTwice sends calls through the bridge to an Odoo that fails in one way or another, several at once and
// over connections that are kept from before, and counts what was carried out: each call once where Odoo carried it out
// before it failed, and never where it did not.
func TestNoCallIsExecutedTwice(t *testing.T) {
	faults := []struct {
		fault string
		runs  int
	}{
		{"", 1}, {"delay=5ms", 1}, {"error=503", 0}, {"denied", 0}, {"closed", 0}, {"cut", 1}, {"garbage", 1},
	}
	for _, c := range creations {
		t.Run(c.name, func(t *testing.T) {
			odoo := sandboxtest.Start(t, c.series)
			bridge := serve(t, odoo.DSN, odoo.URL).ready["bridge"]
			for _, f := range faults {
				odoo.Forget()
				odoo.Fault(f.fault, "res.partner.category", "create", 0)
				const callers, each = 4, 5
				var running sync.WaitGroup
				for caller := range callers {
					running.Go(func() {
						for n := range each {
							// A cut answer is an error of the connection: what was carried out is counted there, not told here.
							_, _ = c.post(t.Context(), bridge, odoo.Database, fmt.Sprintf("%s %d %d", f.fault, caller, n))
						}
					})
				}
				running.Wait()
				received := 0
				for _, call := range odoo.Calls() {
					if call.Method == "create" {
						received++
					}
				}
				if n := odoo.Executions("res.partner.category", "create"); n != f.runs*callers*each || received != callers*each {
					t.Errorf("fault %q: %d calls sent, %d received, %d carried out, want %d", f.fault, callers*each, received, n, f.runs*callers*each)
				}
			}
		})
	}
}

// TestFaultsThroughTheBridge has the answers that a caller gets of an Odoo that fails.
func TestFaultsThroughTheBridge(t *testing.T) {
	tests := []struct {
		fault  string
		status int // 0 for an answer that is cut
		want   string
	}{
		{"error=503", 503, "as the test asked for"},
		{"denied", 200, "Access Denied"},
		{"closed", 502, "may have been carried out"},
		{"cut", 0, ""},
	}
	odoo := sandboxtest.Start(t, 18)
	bridge := serve(t, odoo.DSN, odoo.URL).ready["bridge"]
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			odoo.Fault(test.fault, "res.partner.category", "create", 1)
			a, err := creations[0].post(t.Context(), bridge, odoo.Database, "one")
			if test.status == 0 && err == nil || test.status != 0 && (err != nil || a.status != test.status || !strings.Contains(a.body, test.want)) {
				t.Errorf("%d %s %v, want %d with %q", a.status, a.body, err, test.status, test.want)
			}
		})
	}
}
