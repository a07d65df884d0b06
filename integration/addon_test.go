//go:build unix

package integration

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestArchivedUser: the key of an archived user calls any model by every protocol, through Odoo's add-on, which is asked of the
// very key; and stops as soon as the company says so.
func TestArchivedUser(t *testing.T) {
	odoos := []struct {
		name   string
		series int // no auth_api_key in the recorded 15
		flags  []string
	}{
		{"18", 18, nil},
		{"19", 19, nil},
		{"19 with JSON-2 alone", 19, []string{"--legacy=false"}}, // the add-on's route is its own
	}
	for _, o := range odoos {
		t.Run(o.name, func(t *testing.T) {
			p := freshDemo(t, o.series, o.flags...)
			bridge, odoo := p.ready["bridge"], p.ready["sandbox"]
			calls := []struct{ protocol, path, contentType, body, works, refused string }{
				{"JSON-RPC", "/jsonrpc", "application/json", readContact("", nil, ""), "Conf Alpha", "AccessDenied"},
				{"XML-RPC", "/xmlrpc/2/object", "text/xml", xmlReadContact("", 0, ""), "Conf Alpha", "Access Denied"},
				{"XML-RPC v1", "/xmlrpc/object", "text/xml", xmlReadContact("", 0, ""), "Conf Alpha", "AccessDenied"},
				{"JSON-2", "/json/2/res.partner/read", "application/json", `{"ids": [91001], "fields": ["name"]}`, "Conf Alpha", "Invalid apikey"},
				{"call_kw", "/web/dataset/call_kw", "application/json",
					`{"params": {"model": "res.partner", "method": "read", "args": [[91001], ["name"]], "kwargs": {}}}`, "Conf Alpha", "AccessDenied"},
				{"an error", "/jsonrpc", "application/json", strings.Replace(readContact("", nil, ""), "res.partner", "no.such.model", 1),
					"Object no.such.model doesn't exist", "AccessDenied"},
			}
			for _, c := range calls {
				if a := post(t, bridge+c.path, c.contentType, c.body, "API-KEY", archivedKey); a.status != http.StatusOK && c.protocol != "JSON-2" || !strings.Contains(a.body, c.works) {
					t.Errorf("%s: %d %.300s", c.protocol, a.status, a.body)
				}
			}
			if a := post(t, odoo+"/odoobridge/call", "application/json", `{"params": {}}`, "API-KEY", archivedKey); a.status != http.StatusNotFound {
				t.Errorf("the add-on answered %d to a request that names no database", a.status)
			}

			db, err := sql.Open("postgres", p.ready["database"])
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var made int
			if err := db.QueryRow(`SELECT count(*) FROM res_users_apikeys WHERE name LIKE 'odoobridge %'`).Scan(&made); err != nil || made != 0 {
				t.Errorf("%d native keys were made, %v; the add-on needs none", made, err)
			}
			if _, err := db.Exec(`UPDATE res_company SET archived_user_disable_auth_api_key = true`); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(bound); ; time.Sleep(50 * time.Millisecond) {
				a := post(t, bridge+calls[0].path, calls[0].contentType, calls[0].body, "API-KEY", archivedKey)
				if strings.Contains(a.body, calls[0].refused) {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("still let in: %s", a.body)
				}
			}
			for _, c := range calls {
				if a := post(t, bridge+c.path, c.contentType, c.body, "API-KEY", archivedKey); !strings.Contains(a.body, c.refused) {
					t.Errorf("%s after the company's setting: %d %.300s", c.protocol, a.status, a.body)
				}
			}
		})
	}
}

// TestWithoutAddon: an archived user is told what is missing, an active one goes on with a native key that is made for them.
func TestWithoutAddon(t *testing.T) {
	p := freshDemo(t, 18, "--addon=false")
	for key, want := range map[string]string{archivedKey: "install the add-on odoobridge in Odoo", rpcKey: "Conf Alpha"} {
		if a := post(t, p.ready["bridge"]+"/jsonrpc", "application/json", readContact("", nil, ""), "API-KEY", key); !strings.Contains(a.body, want) {
			t.Errorf("%d %.300s, want %s", a.status, a.body, want)
		}
	}
}
