package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestAdmin(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "odoobridge_test"}, func() float64 { return 1 }))
	fine := Check{"odoo", func(context.Context) error { return nil }}
	away := Check{"database odoo18", func(context.Context) error { return errors.New("it is away") }}

	for _, tc := range []struct {
		name, path string
		checks     []Check
		status     int
		body       string
	}{
		{"live whatever the checks say", "/livez", []Check{away}, 200, `{"live":true}`},
		{"ready", "/readyz", []Check{fine}, 200, `{"ready":true,"checks":{"odoo":"ok"}}`},
		{"not ready", "/readyz", []Check{fine, away}, 503, `{"ready":false,"checks":{"database odoo18":"it is away","odoo":"ok"}}`},
		{"one that passes", "/readyz/odoo", []Check{away, fine}, 200, `{"ready":true,"checks":{"odoo":"ok"}}`},
		{"one that fails", "/readyz/database%20odoo18", []Check{fine, away}, 503, `{"ready":false,"checks":{"database odoo18":"it is away"}}`},
		{"one that there is not", "/readyz/moon", []Check{fine, away}, 404, "404 page not found"},
		{"metrics", "/metrics", nil, 200, "odoobridge_test 1"},
		{"nothing else", "/", nil, 404, "404 page not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(New(reg, nil, tc.checks...))
			defer srv.Close()
			res, err := http.Get(srv.URL + tc.path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != tc.status || !strings.Contains(string(body), tc.body) {
				t.Errorf("GET %s: %d %s, want %d with %s", tc.path, res.StatusCode, body, tc.status, tc.body)
			}
		})
	}
}
