//go:build unix

package integration

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestDoctorOdoo: what is wrong with Odoo, or with the way to it.
func TestDoctorOdoo(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>It works!") }))
	defer page.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	noHTTP, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer noHTTP.Close()
	go func() {
		for {
			conn, err := noHTTP.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
			conn.Close()
		}
	}()
	other := newClinic(t, 19)
	broken, cured := remember("odoo_url")
	odoo := func(change func(original string) http.HandlerFunc) func(*testing.T, *clinic) {
		return func(t *testing.T, c *clinic) {
			server := httptest.NewServer(change(c.settings["ODOOBRIDGE_ODOO_URL"]))
			t.Cleanup(server.Close)
			broken(server.URL)(t, c)
		}
	}
	examineAll(t, []fault{
		{name: "nobody listens", broken: func(t *testing.T, c *clinic) { broken("http://"+closedPort(t))(t, c) }, check: "odoo.reach", level: "failure",
			text: "nobody listens at 127.0.0.1:", remedy: "# start Odoo", skips: "odoo.endpoints", cured: cured, answer: "can't be reached"},
		{name: "wrong host", broken: broken("http://no-such-odoo.invalid:8069"), check: "odoo.reach", level: "failure",
			text: `the host "no-such-odoo.invalid" of odoo_url is not known`, remedy: "getent hosts no-such-odoo.invalid", skips: "odoo.addon", cured: cured},
		{name: "another program", broken: broken(page.URL), check: "odoo.reach", level: "failure", text: "is no Odoo", remedy: "curl -sS -i", skips: "odoo.database", cured: cured},
		{name: "no HTTP", broken: broken("http://" + noHTTP.Addr().String()), check: "odoo.reach", level: "failure", text: "does not speak HTTP", remedy: "curl -sS -i", cured: cured},
		{name: "a certificate of nobody's", broken: broken(secure.URL), check: "odoo.reach", level: "failure", text: "certificate", remedy: "update-ca-certificates", cured: cured},
		{name: "TLS to one that has none", broken: func(t *testing.T, c *clinic) {
			broken(strings.Replace(c.settings["ODOOBRIDGE_ODOO_URL"], "http:", "https:", 1))(t, c)
			c.settings["ODOOBRIDGE_ODOO_URL"] = strings.Replace(c.settings["ODOOBRIDGE_ODOO_URL"], "http:", "https:", 1)
		}, check: "odoo.reach", level: "failure", text: "TLS", remedy: "Odoo itself speaks no TLS", cured: func(t *testing.T, c *clinic) {
			c.set("odoo_url", strings.Replace(c.settings["ODOOBRIDGE_ODOO_URL"], "https:", "http:", 1))
		}},
		{name: "another series", broken: broken(other.settings["ODOOBRIDGE_ODOO_URL"]), check: "odoo.database", level: "failure",
			text: "Odoo is 19.0, but the database's module base is 18.0", remedy: "latest_version", cured: cured},
		{name: "another Odoo of the series", broken: func(t *testing.T, c *clinic) { broken(newClinic(t, 18).settings["ODOOBRIDGE_ODOO_URL"])(t, c) }, check: "odoo.database", level: "failure",
			text: "has no database", remedy: "export ODOOBRIDGE_DB=NAME", cured: cured},
		{name: "another Odoo, JSON-2 alone", series: 19, flags: []string{"--legacy=false"}, broken: func(t *testing.T, c *clinic) {
			broken(newClinic(t, 19, "--legacy=false").settings["ODOOBRIDGE_ODOO_URL"])(t, c)
		}, check: "odoo.database", level: "failure", text: "has no database", remedy: "export ODOOBRIDGE_DB=NAME", cured: cured},
		{name: "the database of another server", broken: func(t *testing.T, c *clinic) {
			odoo(func(string) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					switch {
					case strings.Contains(string(body), "db_exist"):
						io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": true}`)
					case strings.Contains(string(body), `"version"`):
						io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "18.0", "server_version_info": [18], "server_serie": "18.0"}}`)
					default:
						http.NotFound(w, r)
					}
				}
			})(t, c)
			// The sandbox does not open the database again until somebody calls.
			c.sql(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		}, check: "odoo.database", level: "warning", text: "nobody but the bridge is connected", remedy: "db_host", cured: func(t *testing.T, c *clinic) {
			cured(t, c)
			post(t, c.settings["ODOOBRIDGE_ODOO_URL"]+"/jsonrpc", "application/json", readContact(c.database, rpcUser, rpcPassword)) // unlike Odoo, it opens nothing for db_exist
		}},
		{name: "the legacy endpoints gone", series: 19, flags: []string{"--legacy=false"}, broken: func(_ *testing.T, c *clinic) { c.set("upstream_protocol", "rpc") },
			check: "odoo.reach", level: "failure", text: "/json/2 alone, and upstream_protocol is rpc", remedy: "export ODOOBRIDGE_UPSTREAM_PROTOCOL=auto"},
		{name: "the add-on wanted, none there", flags: []string{"--addon=false"}, broken: func(_ *testing.T, c *clinic) { c.set("impersonation", "addon") },
			check: "odoo.addon", level: "failure", text: "impersonation is addon", remedy: "-i odoobridge --stop-after-init", key: rpcKey, answer: "install it in Odoo",
			cured: func(_ *testing.T, c *clinic) { c.set("impersonation", "auto") }},
		{name: "a clock that is wrong", broken: odoo(func(original string) http.HandlerFunc {
			return changed(original, func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
				return true
			})
		}), check: "odoo.clock", level: "warning", text: "behind the bridge's", remedy: "timedatectl set-ntp true", cured: cured},
		{name: "no user for the documentation", broken: func(_ *testing.T, c *clinic) {
			c.set("doc_user", "nobody")
			c.fill = []string{"=LOGIN", "=admin", "# then: ", ""}
		},
			check: "keys.doc_user", level: "warning", text: `no active user has the login "nobody"`, remedy: "ODOOBRIDGE_DOC_USER=LOGIN"},
	})

	// Whether Odoo believes X-Forwarded-*: as 18 and 19 refuse a host that can be none, and as 15 does.
	for name, answer := range map[string]func(http.ResponseWriter){
		"18": func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) },
		"15": func(w http.ResponseWriter) {
			io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "error": {"data": {"name": "werkzeug.exceptions.BadHost"}}}`)
		},
	} {
		t.Run("proxy mode of "+name, func(t *testing.T) {
			c := newClinic(t, 18)
			odoo(func(original string) http.HandlerFunc {
				return changed(original, func(w http.ResponseWriter, r *http.Request) bool {
					if host := r.Header.Get("X-Forwarded-Host"); strings.Contains(host, "\xe9") {
						answer(w)
						return false
					}
					return true
				})
			})(t, c)
			findings, _ := c.examine(t)
			if bad := of(findings, "odoo.proxy_mode"); len(bad) != 0 {
				t.Errorf("%+v", bad)
			}
		})
	}
}

// changed is a proxy that lets change have its way with an answer before Odoo has, and ask Odoo where it returns true.
func changed(odoo string, change func(http.ResponseWriter, *http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !change(w, r) {
			return
		}
		request, err := http.NewRequestWithContext(r.Context(), r.Method, odoo+r.URL.RequestURI(), r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		request.Header, request.Close = r.Header, true
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		for name, values := range response.Header {
			if name != "Date" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(response.StatusCode)
		io.Copy(w, response.Body)
	}
}
