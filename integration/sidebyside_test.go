//go:build unix

package integration

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/sandbox/sandboxtest"
)

// madeKeys are the instances of the native keys that bridges have made in a database, one for each key.
func madeKeys(t *testing.T, db *sql.DB) (instances []string) {
	t.Helper()
	rows, err := db.Query(`SELECT split_part(name, ' ', 2) FROM res_users_apikeys WHERE name LIKE 'odoobridge %' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var instance string
		if err := rows.Scan(&instance); err != nil {
			t.Fatal(err)
		}
		instances = append(instances, instance)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return instances
}

// TestBridgesSideBySide has several bridges on one database, one of which looks for what the dead have left a hundred times a second
// and believes its eyes at once: none takes what a living one has made, each removes its own at its end, and what a killed one has
// left is collected by one that lives, or by the next to start.
func TestBridgesSideBySide(t *testing.T) {
	t.Run("PostgreSQL itself", func(t *testing.T) {
		odoo := sandboxtest.Start(t, 18)
		sideBySide(t, odoo, asBridge(t, odoo.DSN))
	})
	for _, mode := range []string{"session", "transaction"} {
		t.Run("PgBouncer, "+mode, func(t *testing.T) {
			odoo := sandboxtest.Start(t, 18)
			sideBySide(t, odoo, postgrestest.Pooler(t, asBridge(t, odoo.DSN), mode, ""))
		})
	}
}

// sideBySide has the bridges find the database of the sandbox at dsn.
func sideBySide(t *testing.T, odoo *sandboxtest.Sandbox, dsn string) {
	db, err := openDB(odoo.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	call := func(url string) {
		t.Helper()
		wantContact(t, post(t, url+"/jsonrpc", "application/json", readContact("", nil, ""), "API-KEY", rpcKey))
	}
	count := func(want int, when string) []string {
		t.Helper()
		made := madeKeys(t, db)
		if len(made) != want {
			t.Fatalf("%s: the keys of %q, want %d", when, made, want)
		}
		return made
	}
	hasty := func(o *directory.Options) { o.DSN, o.Grace = auth.Secret(dsn), time.Nanosecond }

	one, other := serve(t, dsn, odoo.URL), launchKilled(t, dsn, odoo.URL)
	call(one.ready["bridge"])
	ofOne := count(1, "after one's call")[0]
	call(other.ready["bridge"])
	third := newShortLived(t, odoo, 18, hasty)
	call(third.url)
	for range 20 {
		time.Sleep(50 * time.Millisecond) // the third looks around
		call(one.ready["bridge"])
		call(other.ready["bridge"])
	}
	if made := count(3, "with three at work"); slices.Contains(made[1:], ofOne) {
		t.Errorf("two bridges are one instance: %q", made)
	}

	if status := one.stop(); status != 0 {
		t.Errorf("one ended with status %d", status)
	}
	if made := count(2, "after one's end"); slices.Contains(made, ofOne) {
		t.Errorf("one has left its own: %q", made)
	}
	call(other.ready["bridge"])

	kill(t, other)
	eventually(t, "the killed one's key is collected by the third", func() bool { return len(madeKeys(t, db)) == 1 })
	call(third.url)
	third.stop()
	count(0, "after all have ended")

	last := launchKilled(t, dsn, odoo.URL)
	call(last.ready["bridge"])
	kill(t, last)
	count(1, "with none alive")
	newShortLived(t, odoo, 18, hasty)
	eventually(t, "the killed one's key is collected by the next to start", func() bool { return len(madeKeys(t, db)) == 0 })
}

// launchKilled is serve for a bridge that will not end well.
func launchKilled(t *testing.T, dsn, odooURL string) *process {
	t.Helper()
	p, err := launch("serve", "--database-url", dsn, "--odoo-url", odooURL, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop() })
	return p
}

// kill ends a process as a power cut would.
func kill(t *testing.T, p *process) {
	t.Helper()
	if err := p.cmd.Process.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	<-p.exited
}

// TestNoRightToMakeKeys: a role that may make no native keys is told to those who would need one, and the others go on as they were.
func TestNoRightToMakeKeys(t *testing.T) {
	for _, tc := range []struct {
		name, impersonation string
		flags               []string // of the sandbox
		key                 string   // what a caller known by an auth_api_key is answered
	}{
		{"auto, no add-on", "auto", []string{"--addon=false"}, "run the SQL that `odoobridge grants` prints there (INSERT on res_users_apikeys), or install the add-on odoobridge"},
		{"auto, the add-on is there", "auto", nil, "Conf Alpha"},
		{"mint, the add-on is there", "mint", nil, "run the SQL that `odoobridge grants` prints there"},
		{"addon", "addon", nil, "Conf Alpha"},
		{"off", "off", nil, "Access Denied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClinic(t, 18, tc.flags...)
			c.sql(t, `REVOKE INSERT ON res_users_apikeys FROM odoobridge`)
			c.set("impersonation", tc.impersonation)
			p, err := spawnReady(c.env(), "serve")
			if err != nil {
				t.Fatal(err)
			}
			defer p.stop()
			url := p.ready["bridge"]
			native := "5e500002" + strings.Repeat("0123456789abcdef", 2) // keyuser's, of scope rpc
			for _, call := range []struct{ name, path, contentType, body, header, value, want string }{
				{"API-KEY", "/jsonrpc", "application/json", readContact("", nil, ""), "API-KEY", rpcKey, tc.key},
				{"API-KEY, XML", "/xmlrpc/2/object", "text/xml", xmlReadContact("", 0, ""), "API-KEY", rpcKey, tc.key},
				{"password", "/jsonrpc", "application/json", readContact(c.database, rpcUser, rpcPassword), "X-No", "1", "Conf Alpha"},
				{"password, XML", "/xmlrpc/2/object", "text/xml", xmlReadContact(c.database, rpcUser, rpcPassword), "X-No", "1", "Conf Alpha"},
				{"Basic", "/jsonrpc", "application/json", readContact("", nil, ""), "Authorization", basic("rpcuser", rpcPassword), "Conf Alpha"},
				{"native key", "/jsonrpc", "application/json", readContact("", nil, ""), "API-KEY", native, "Conf Alpha"},
				{"Bearer", "/json/2/res.partner/read", "application/json", `{"ids": [91001], "fields": ["name"]}`, "Authorization", "Bearer " + native, "Conf Alpha"},
			} {
				a := post(t, url+call.path, call.contentType, call.body, call.header, call.value)
				if !strings.Contains(a.body, call.want) {
					t.Errorf("%s: %d %.400s, want %q", call.name, a.status, a.body, call.want)
				}
			}
		})
	}
}
