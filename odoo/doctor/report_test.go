package doctor

import (
	"net/netip"
	"net/url"
	"testing"
	"time"
)

func TestWide(t *testing.T) {
	for network, want := range map[string]bool{
		"0.0.0.0/0": true, "10.0.0.0/8": false, "10.0.0.0/7": true, "172.16.0.0/12": false, "192.168.0.0/16": false, "127.0.0.0/8": false,
		"8.0.0.0/8": true, "203.0.113.0/24": false, "169.254.0.0/16": false, "::/0": true, "fc00::/7": false, "fe80::/10": false, "2001:db8::/32": false, "2000::/3": true, "::1/128": false,
	} {
		if got := wide(netip.MustParsePrefix(network)); got != want {
			t.Errorf("%s: %v", network, got)
		}
	}
}

func TestPrivate(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "10.1.2.3": true, "odoo": true, "odoo.prod.svc": true, "db.internal": true, "/run/postgresql": true,
		"/var/run/pg.sock": true, "203.0.113.7": false, "odoo.example.com": false, "2001:db8::1": false,
	} {
		if got := private(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"odoobridge": "odoobridge", "postgres://odoo@db:5432/prod": "postgres://odoo@db:5432/prod", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "a?b": "'a?b'",
	} {
		if got := quote(word); got != want {
			t.Errorf("%s: %s", word, got)
		}
	}
	for name, want := range map[string]string{"odoobridge": "odoobridge", "Odoo": `"Odoo"`, `odd"role`: `"odd""role"`, "1x": `"1x"`, "": `""`} {
		if got := identifier(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWeak(t *testing.T) {
	for key, want := range map[string]bool{
		"": true, "secret": true, "0123456789abcde": true, "0123456789abcdef": false, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": true, "abcdeabcdeabcdeabcde": true, "abcdefabcdefabcdef": false,
	} {
		if got := weak(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
}

func TestAheadOf(t *testing.T) {
	at := func(seconds float64) time.Time {
		return time.Unix(1000, 0).Add(time.Duration(seconds * float64(time.Second)))
	}
	for _, tt := range []struct {
		name            string
		at              float64
		precision, want time.Duration
	}{
		{"the same", 0.5, 0, 0}, {"when it began", 0, 0, 0}, {"ahead", 11, 0, 10 * time.Second}, {"behind", -10, 0, -10 * time.Second},
		{"a second that was cut", -0.9, time.Second, 0}, {"behind by more than was cut", -11, time.Second, -10 * time.Second},
	} {
		if got := aheadOf(at(tt.at), at(0), at(1), tt.precision); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestPsql: the commands reach the server of database_url, and tell no password.
func TestPsql(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://bridge:canary@db:5433/prod":                                            "psql postgres://odoo@db:5433/other",
		"postgres://bridge:canary@db/prod?sslmode=require&sslrootcert=/ca&password=canary": "psql 'postgres://odoo@db/other?sslmode=require&sslrootcert=%2Fca'",
		"postgres://bridge:canary@/prod?host=/run/postgresql":                              "psql 'postgres://odoo@/other?host=%2Frun%2Fpostgresql'",
	} {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		x := examination{Config: Config{DatabaseURL: u}}
		if got := x.psql("other", "odoo"); got != want {
			t.Errorf("%s: %s, want %s", dsn, got, want)
		}
	}
}
