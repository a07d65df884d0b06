//go:build unix

package integration

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"odoobridge/fixtures/postgres"
)

// stoppable is a PostgreSQL that tests stop and start, with the database odoo18 in the state of series 18. Its port, and
// so its DSN, stays.
type stoppable struct {
	options postgres.Options
	cluster *postgres.Cluster
	DSN     string
}

func newStoppable(t *testing.T) *stoppable {
	t.Helper()
	dir, err := clusterDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &stoppable{options: postgres.Options{Dir: filepath.Join(dir, "cluster"), Fast: true}}
	s.start(t)
	t.Cleanup(func() { s.stop(t) })
	s.options.Port = s.cluster.Port()
	s.DSN = s.cluster.DSN("odoo18")
	if err := s.cluster.CreateDatabase(t.Context(), "odoo18", ""); err != nil {
		t.Fatal(err)
	}
	if err := loadState(s.DSN, 18); err != nil {
		t.Fatal(err)
	}
	asBridge(t, s.DSN) // which serve asks for while the database is away
	return s
}

func (s *stoppable) start(t *testing.T) {
	t.Helper()
	var err error
	if s.cluster, err = postgres.Start(t.Context(), s.options); err != nil {
		t.Fatal(err)
	}
}

func (s *stoppable) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	if err := s.cluster.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// TestDatabaseAway stops PostgreSQL under the program, and starts it again.
func TestDatabaseAway(t *testing.T) {
	database := newStoppable(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *stoppable)
	}{
		{"from the bridge's start", awayAtStart},
		{"while the bridge serves", awayLater},
		{"while the sandbox serves", awayFromSandbox},
	} {
		// Each begins and ends with the database there.
		t.Run(test.name, func(t *testing.T) { test.run(t, database) })
		if t.Failed() {
			return
		}
	}
}

// wantUnavailable expects that who calls cannot be told.
func wantUnavailable(t *testing.T, a answer) {
	t.Helper()
	wantJSONError(t, a, 503, "werkzeug.exceptions.ServiceUnavailable", "could not ask its database")
}

// contactOdoo is an Odoo that answers every call with the contact's name.
func contactOdoo(t *testing.T) *fakeOdoo {
	return newFakeOdoo(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": "Conf Alpha"}`)
	})
}

func awayAtStart(t *testing.T, database *stoppable) {
	database.stop(t)
	odoo := contactOdoo(t)
	b := serve(t, database.DSN, odoo.URL)
	if a := get(t, b.ready["admin"]+"/readyz"); a.status != 503 || !strings.Contains(a.body, "database odoo18") {
		t.Errorf("/readyz: %d %s; want 503 that names the database", a.status, a.body)
	}
	url := b.ready["bridge"] + "/jsonrpc"
	wantUnavailable(t, post(t, url, "application/json", readContact("odoo18", rpcUser, rpcPassword)))
	if n := odoo.calls.Load(); n != 0 {
		t.Errorf("%d calls of nobody known reached Odoo", n)
	}

	database.start(t)
	eventually(t, "the bridge is ready", func() bool { return get(t, b.ready["admin"]+"/readyz").status == 200 })
	wantContact(t, post(t, url, "application/json", readContact("odoo18", rpcUser, rpcPassword)))
}

// awayLater: who is known is served until the stale limit, who is not is refused at once, and when the database is back
// so is everyone.
func awayLater(t *testing.T, database *stoppable) {
	odoo := contactOdoo(t)
	b := serve(t, database.DSN, odoo.URL, "--stale-limit", "5s", "--freshness", "200ms")
	url := b.ready["bridge"] + "/jsonrpc"
	known := func() answer { return post(t, url, "application/json", readContact("odoo18", rpcUser, rpcPassword)) }
	wantContact(t, known())

	database.stop(t)
	wantContact(t, known())
	wantUnavailable(t, post(t, url, "application/json", readContact("odoo18", 9004, "keyuser-pw")))
	eventually(t, "the known caller is refused too", func() bool { return known().status == 503 })
	sent := odoo.calls.Load()
	wantUnavailable(t, known())
	if n := odoo.calls.Load(); n != sent {
		t.Error("a call reached Odoo after the stale limit")
	}

	database.start(t)
	eventually(t, "the known caller is served again", func() bool { return known().status == 200 })
}

func awayFromSandbox(t *testing.T, database *stoppable) {
	s := start(t, "sandbox", "--database-url", database.DSN, "--db", "odoo18", "--series", "18", "--listen", "127.0.0.1:0")
	call := func() answer {
		return post(t, s.ready["sandbox"]+"/jsonrpc", "application/json", readContact("odoo18", rpcUser, rpcPassword))
	}
	wantContact(t, call())
	database.stop(t)
	if a := call(); strings.Contains(a.body, `"result"`) {
		t.Errorf("without a database: %d %s", a.status, a.body)
	}
	database.start(t)
	eventually(t, "the sandbox works again", func() bool { return strings.Contains(call().body, "Conf Alpha") })
}
