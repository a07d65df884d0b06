//go:build unix

package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/rs/zerolog"

	"odoobridge/odoo/sandbox"
)

// TestNoLegacy: without the endpoints of old, the paths of RPC are as unknown as any other, and JSON-2 goes on.
func TestNoLegacy(t *testing.T) {
	h, err := sandbox.New(sandbox.Config{DSN: dsn(t, 19), Database: "odoo19", Series: 19, NoLegacy: true, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	unknown := ask2(h, http.MethodPost, "/no/such/path", "{}")
	for _, path := range []string{"/jsonrpc", "/xmlrpc/2/common", "/xmlrpc/2/object", "/xmlrpc/common"} {
		if w := ask2(h, http.MethodPost, path, "{}"); w.Code != http.StatusNotFound || w.Body.String() != unknown.Body.String() {
			t.Errorf("%s: %d %s, want what an unknown path answers, %d %s", path, w.Code, w.Body, unknown.Code, unknown.Body)
		}
	}
	if w := ask2(h, http.MethodPost, "/json/2/res.partner/search_count", `{"domain": []}`); w.Code != http.StatusOK {
		t.Errorf("/json/2: %d %s", w.Code, w.Body)
	}
}
