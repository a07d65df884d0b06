package upstream

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"
)

// addonOdoo is an Odoo with the add-on in one database, which it tells from a header or from a session.
type addonOdoo struct {
	installed string // the database
	single    bool   // there is no other
	byHeader  bool   // as 19
	status    int    // of every answer, if it is not 0
	sessions  int    // begun
}

func (o *addonOdoo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	db := ""
	if o.single {
		db = o.installed
	}
	if c, err := r.Cookie("session_id"); err == nil {
		db = c.Value
	}
	if h := r.Header.Get("X-Odoo-Database"); o.byHeader && h != "" {
		db = h
	}
	switch {
	case o.status != 0:
		w.WriteHeader(o.status)
	case r.URL.Path == "/web/login" && r.Method == http.MethodGet:
		o.sessions++
		http.SetCookie(w, &http.Cookie{Name: "session_id", Value: r.URL.Query().Get("db"), Path: "/", HttpOnly: true})
		http.Redirect(w, r, "/web/login", http.StatusFound)
	case r.URL.Path == "/odoobridge/version" && db == o.installed:
		_, _ = fmt.Fprintf(w, `{"version": "1.0.0", "db": %q}`, db)
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<title>404 Not Found</title>")
	}
}

// TestAddonSettle: an Odoo that answers later than the bridge asks is asked again before the interval is over, and no more
// once it has answered.
func TestAddonSettle(t *testing.T) {
	odoo := &addonOdoo{installed: "one", byHeader: true, status: http.StatusBadGateway}
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		odoo.ServeHTTP(w, r)
	}))
	defer srv.Close()
	a := NewAddon(client(t, srv.URL, time.Second), []string{"one"}, time.Hour)
	a.Look(t.Context())
	a.Settle(t.Context())
	if a.Installed("one") || asked != 2 {
		t.Fatalf("installed: %v after %d requests, which were answered 502", a.Installed("one"), asked)
	}
	odoo.status = 0
	a.Settle(t.Context())
	a.Settle(t.Context())
	if !a.Installed("one") || asked != 3 {
		t.Errorf("installed: %v after %d requests, want true after 3", a.Installed("one"), asked)
	}
}

// TestAddonLook: where the add-on is found, and how its database is named.
func TestAddonLook(t *testing.T) {
	header := Field{"X-Odoo-Database", "one"}
	for _, tc := range []struct {
		name      string
		odoo      *addonOdoo
		installed bool
		fields    []Field
		sessions  int // begun by two looks
	}{
		{"19", &addonOdoo{installed: "one", byHeader: true}, true, []Field{header}, 0},
		{"before 19, one database", &addonOdoo{installed: "one", single: true}, true, []Field{header}, 0},
		{"before 19, several databases", &addonOdoo{installed: "one"}, true, []Field{header, {"Cookie", "session_id=one"}}, 1},
		{"another database alone", &addonOdoo{installed: "two", single: true}, false, []Field{header, {"Cookie", "session_id=one"}}, 1},
		{"nowhere", &addonOdoo{installed: "none of those"}, false, []Field{header, {"Cookie", "session_id=one"}}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(tc.odoo)
			defer srv.Close()
			a := NewAddon(client(t, srv.URL, time.Second), []string{"one"}, time.Hour)
			for range 2 {
				a.Look(t.Context())
				if a.Installed("one") != tc.installed || a.Installed("two") || a.Installed("no such database") {
					t.Errorf("installed: %v", a.Installed("one"))
				}
				if got := a.Fields("one"); !reflect.DeepEqual(got, tc.fields) {
					t.Errorf("named by %v, want %v", got, tc.fields)
				}
			}
			if tc.odoo.sessions != tc.sessions {
				t.Errorf("%d sessions were begun, want %d", tc.odoo.sessions, tc.sessions)
			}
		})
	}
}

// TestAddonChanges: what is known stays while Odoo is away, and goes when Odoo says so.
func TestAddonChanges(t *testing.T) {
	odoo := &addonOdoo{installed: "one", byHeader: true}
	srv := httptest.NewServer(odoo)
	a := NewAddon(client(t, srv.URL, time.Second), []string{"one"}, time.Hour)
	looks := func(what string, want bool) {
		t.Helper()
		a.Look(t.Context())
		if a.Installed("one") != want {
			t.Errorf("%s: installed %v", what, !want)
		}
	}
	looks("at first", true)
	odoo.status = http.StatusBadGateway
	looks("while Odoo is away", true)
	odoo.status = http.StatusNotFound
	looks("uninstalled", false)
	odoo.status = 0
	looks("installed again", true)
	a.Gone("one")
	if a.Installed("one") {
		t.Error("gone, and installed")
	}
	looks("after a call that met none", true)
	srv.Close()
	looks("when Odoo does not listen", true)
}

// TestAddonRun looks by itself.
func TestAddonRun(t *testing.T) {
	srv := httptest.NewServer(&addonOdoo{installed: "one", byHeader: true})
	defer srv.Close()
	a := NewAddon(client(t, srv.URL, time.Second), []string{"one"}, time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { a.Run(ctx); close(done) }()
	for end := time.Now().Add(10 * time.Second); !a.Installed("one"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never found")
		}
	}
	cancel()
	<-done
}
