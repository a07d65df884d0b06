package bridge

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"odoobridge/auth"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// knownAddon is an add-on in every database.
type knownAddon struct{ gone atomic.Int32 }

func (a *knownAddon) Fields(db string) []upstream.Field {
	return []upstream.Field{{Name: "X-Odoo-Database", Value: db}}
}

func (a *knownAddon) Gone(string) { a.gone.Add(1) }

func withAddon(t *testing.T, series rpc.Series, odoo http.HandlerFunc) (*world, *knownAddon) {
	t.Helper()
	addon := new(knownAddon)
	w := start(t, func(c *Config, w *world) {
		c.Addon = addon
		c.Series = func() rpc.Series { return series }
		w.auth.addon = "shown-key"
		w.auth.id.Archived = true
	}, odoo)
	return w, addon
}

// TestAddon: what the add-on gets of a call is its arguments, and the caller's key in a header; no database, uid or password.
func TestAddon(t *testing.T) {
	const dates = "<dateTime.iso8601>20240229T12:00:00</dateTime.iso8601>"
	for _, tc := range []struct {
		name, path, contentType, body string
		series                        rpc.Series
		sent, answered                string
	}{
		{"JSON-RPC", "/jsonrpc", "application/json", call("object", "execute_kw", `["odoo18", 0, "secret-pw", "res.partner", "read", [[1], ["name"]], {"load": ""}]`), 18,
			`{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute_kw", "args": ["res.partner", "read", [[1], ["name"]], {"load": ""}]}, "id": 1}`,
			odooAnswer},
		{"execute", "/jsonrpc", "application/json", call("object", "execute", `["odoo18", 9001, "secret-pw", "res.partner", "read", [1]]`), 15,
			`{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute", "args": ["res.partner", "read", [1]]}, "id": 1}`, odooAnswer},
		{"XML-RPC", "/xmlrpc/2/object", "text/xml", objectXML("<boolean>1</boolean>"), 18,
			`{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute", "args": ["res.partner", "search", true]}, "id": 1}`,
			"<value><string>from Odoo</string></value>"},
		{"JSON-2 in front of 19", "/json/2/res.partner/read", "application/json", `{"ids": [1], "fields": ["name"]}`, 19,
			`{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute_kw", "args": ["res.partner", "read", [[1]], {"fields": ["name"]}]}, "id": null}`,
			`"from Odoo"`},
		{"dates", "/xmlrpc/2/object", "text/xml", objectXML(dates), 18, dates, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w, addon := withAddon(t, tc.series, nil)
			res, answer := w.post(t, tc.path, tc.body, "Content-Type", tc.contentType, "Api-Key", "shown-key", "Cookie", "session_id=theirs")
			if res.StatusCode != http.StatusOK || !strings.Contains(answer, tc.answered) {
				t.Errorf("answered %d %s, want %s", res.StatusCode, answer, tc.answered)
			}
			if sent := w.sent(); len(sent) != 1 || !strings.Contains(sent[0], tc.sent) {
				t.Fatalf("sent %q, want %q", sent, tc.sent)
			}
			r := w.received[0]
			if tc.name == "dates" { // can't be said in JSON: Odoo's own RPC, with what it takes
				if r.URL.Path != "/xmlrpc/2/object" || r.Header.Get("API-KEY") != "" || !strings.Contains(w.sent()[0], "minted") {
					t.Errorf("%s with %v: %s", r.URL.Path, r.Header, w.sent()[0])
				}
				return
			}
			if r.URL.Path != "/odoobridge/call" || r.Header.Get("API-KEY") != "shown-key" || r.Header.Get("X-Odoo-Database") != "odoo18" || r.Header.Get("Cookie") != "" {
				t.Errorf("%s with %v", r.URL.Path, r.Header)
			}
			if addon.gone.Load() != 0 {
				t.Error("the add-on was said to be gone")
			}
		})
	}
}

// TestAddonGone: where Odoo has no add-on any more nothing ran, and the caller is told so; it is not sent again.
func TestAddonGone(t *testing.T) {
	w, addon := withAddon(t, 18, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(rw, "<title>404 Not Found</title>")
	})
	res, answer := w.post(t, "/jsonrpc", call("object", "execute", `["odoo18", 0, "", "res.partner", "read", [1]]`), "Api-Key", "shown-key")
	if res.StatusCode != http.StatusOK || !strings.Contains(answer, "odoo.exceptions.AccessDenied") || !strings.Contains(answer, "the call was not run") {
		t.Errorf("answered %d %s", res.StatusCode, answer)
	}
	if n := len(w.sent()); n != 1 || addon.gone.Load() != 1 {
		t.Errorf("sent %d times, gone %d times", n, addon.gone.Load())
	}
	if rec := <-w.records; rec.Outcome != Denied {
		t.Errorf("outcome %s", rec.Outcome)
	}
}

// TestAddonCannotCarry: an archived user's dates have no other way.
func TestAddonCannotCarry(t *testing.T) {
	w, _ := withAddon(t, 18, nil)
	w.auth.noSecret = &auth.Error{Kind: auth.NeedsAddon}
	res, answer := w.post(t, "/xmlrpc/2/object", objectXML("<base64>AAEC</base64>"), "Content-Type", "text/xml", "Api-Key", "shown-key")
	if res.StatusCode != http.StatusOK || !strings.Contains(answer, "Send dates as text") {
		t.Errorf("answered %d %s", res.StatusCode, answer)
	}
	w.receivedOnly(t, nil)
}
