//go:build unix

package sandbox_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkSearchRead asks for 80 partners over HTTP on loopback, from as many clients as there are processors.
func BenchmarkSearchRead(b *testing.B) {
	bench := []struct{ name, fields string }{
		{"scalars", `["name", "email", "phone", "city", "color", "is_company"]`},
		{"relations", `["name", "display_name", "email", "country_id", "parent_id", "category_id", "child_ids", "company_type", "write_date"]`},
		{"all", `[]`},
	}
	db := dsn(b, 18)
	seedPartners(b, opened(b, db))
	server := httptest.NewServer(sandboxOn(b, db, 18))
	b.Cleanup(server.Close)
	for _, bench := range bench {
		b.Run(bench.name, func(b *testing.B) {
			body := fmt.Appendf(nil, `{"jsonrpc": "2.0", "id": 1, "params": {"service": "object", "method": "execute_kw", "args":
				["odoo18", 9001, "rpcuser-pw", "res.partner", "search_read", [[["ref", "=", "BENCH"]]], {"fields": %s, "limit": 80}]}}`, bench.fields)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					reply, err := http.Post(server.URL+"/jsonrpc", "application/json", bytes.NewReader(body))
					if err != nil {
						b.Error(err)
						return
					}
					text, err := io.ReadAll(reply.Body)
					reply.Body.Close()
					if err != nil || bytes.Count(text, []byte(`"id"`)) != 81 {
						b.Errorf("%v: %.300s", err, text)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// seedPartners makes the 80 partners, with countries, a company and tags.
func seedPartners(tb testing.TB, db *sql.DB) {
	tb.Helper()
	_, err := db.Exec(`INSERT INTO res_partner (id, name, complete_name, active, type, ref, email, phone, city, color, is_company, country_id, parent_id,
			commercial_partner_id, create_uid, write_uid, create_date, write_date)
		SELECT 700000 + i, 'Partner ' || i, 'Partner ' || i, TRUE, 'contact', 'BENCH', 'p' || i || '@example.com', '+32 ' || i, 'City', i % 11, FALSE,
			1 + i % 250, 91001, 91001, 2, 2, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc' FROM generate_series(1, 80) i;
		INSERT INTO res_partner_res_partner_category_rel (partner_id, category_id)
		SELECT 700000 + i, 92001 + i % 2 FROM generate_series(1, 80) i`)
	if err != nil {
		tb.Fatal(err)
	}
}
