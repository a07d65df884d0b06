//go:build unix

package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"odoobridge/odoo/sandbox"
)

// TestPasswordRounds: a written password is stored as Odoo's passlib context of the series stores it.
func TestPasswordRounds(t *testing.T) {
	for series, prefix := range map[int]string{15: "$pbkdf2-sha512$25000$", 18: "$pbkdf2-sha512$600000$", 19: "$pbkdf2-sha512$600000$"} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			dsn := dsn(t, series)
			h, err := sandbox.New(sandbox.Config{DSN: dsn, Database: fmt.Sprintf("odoo%d", series), Series: series})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { h.Close() })
			if got := ask(t, h, series, `2, "admin", "res.users", "write", [[9010], {"password": "new"}]`); got.Error != nil {
				t.Fatal(got.Error)
			}
			var stored string
			if err := opened(t, dsn).QueryRow(`SELECT password FROM res_users WHERE id = 9010`).Scan(&stored); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(stored, prefix) {
				t.Errorf("stored %.30s..., want %s...", stored, prefix)
			}
		})
	}
}
