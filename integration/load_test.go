//go:build unix

package integration

import (
	"fmt"
	"strings"
	"testing"

	"odoobridge/fixtures/postgres/postgrestest"
)

// TestLoadOnly: what one process loads another serves, and says that it is well.
func TestLoadOnly(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			dsn, db := postgrestest.DB(t, ""), fmt.Sprintf("loaded%d", series)
			args := []string{"--database-url", dsn, "--db", db, "--series", fmt.Sprint(series)}
			for range 2 { // the second finds it as it should be
				out, errs, status := shell(t, nil, append([]string{"sandbox", "--load-only"}, args...)...)
				if want := fmt.Sprintf("loaded database=%s series=%d\n", db, series); status != 0 || out != want {
					t.Fatalf("status %d, %q%s; want %q", status, out, errs, want)
				}
			}
			odoo := start(t, append([]string{"sandbox", "--listen", "127.0.0.1:0"}, args...)...).ready["sandbox"]
			if a := get(t, odoo+"/web/health"); a.body != `{"status": "pass"}` {
				t.Errorf("/web/health: %d %s", a.status, a.body)
			}
			if out, errs, status := shell(t, nil, "health", "--url", odoo+"/web/health"); status != 0 || !strings.HasPrefix(out, "ok ") {
				t.Errorf("health: status %d, %s%s", status, out, errs)
			}
			if a := post(t, odoo+"/jsonrpc", "application/json", readContact(db, rpcUser, rpcPassword)); !strings.Contains(a.body, "Conf Alpha") {
				t.Errorf("the loaded contact: %s", a.body)
			}
		})
	}
}
