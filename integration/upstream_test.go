//go:build unix

package integration

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// fakeOdoo stands in for Odoo where the fault is Odoo's: it answers version as series 18 does, has no add-on, and treats
// every other call as the test says.
type fakeOdoo struct {
	URL   string
	calls atomic.Int64 // other than what the bridge asks for itself
}

func newFakeOdoo(t *testing.T, call http.HandlerFunc) *fakeOdoo {
	t.Helper()
	f := &fakeOdoo{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if r.URL.Path == "/odoobridge/version" || r.URL.Path == "/web/login" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/json/version" {
			io.WriteString(w, `{"version": "19.0", "version_info": [19, 0, 0, "final", 0, ""]}`)
			return
		}
		if strings.Contains(string(body), `"version"`) {
			io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "18.0", `+
				`"server_version_info": [18, 0, 0, "final", 0, ""], "server_serie": "18.0", "protocol_version": 1}}`)
			return
		}
		f.calls.Add(1)
		call(w, r)
	}))
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

// closedPort is an address on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
