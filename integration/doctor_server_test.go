//go:build unix

package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
)

// selfSigned is a certificate for an address that vouches for itself, and its key, as PEM.
func selfSigned(t *testing.T, address string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "odoobridge test"}, IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	signed, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}))
}

// writeFile has PostgreSQL write a file in its own folder, which is its user's.
func (c *clinic) writeFile(t *testing.T, name, text string) {
	t.Helper()
	c.sql(t, `COPY (SELECT regexp_split_to_table(`+pq.QuoteLiteral(strings.TrimSpace(text))+`, E'\n')) TO PROGRAM 'umask 077; cat > `+name+`'`)
}

// TestDoctorServer is what has to do with PostgreSQL's own files: TLS, and who is let in from where.
func TestDoctorServer(t *testing.T) {
	database := newStoppable(t)
	sandbox := start(t, "sandbox", "--database-url", database.DSN, "--db", "odoo18", "--series", "18", "--listen", "127.0.0.1:0")
	c := &clinic{super: database.DSN, database: "odoo18", settings: map[string]string{
		"ODOOBRIDGE_DATABASE_URL": asBridge(t, database.DSN), "ODOOBRIDGE_ODOO_URL": sandbox.ready["sandbox"],
		"ODOOBRIDGE_LISTEN": closedPort(t), "ODOOBRIDGE_ADMIN_LISTEN": closedPort(t),
	}}
	sound := func(t *testing.T) []finding {
		t.Helper()
		findings, status := c.examine(t)
		if bad := of(findings, "database.connect"); status != 0 || len(bad) != 0 {
			t.Errorf("status %d, %+v", status, bad)
		}
		wantContact(t, c.call(t))
		return findings
	}
	failure := func(t *testing.T, text, remedy string) {
		t.Helper()
		findings, status := c.examine(t)
		bad := of(findings, "database.connect")
		if status != 1 || len(bad) != 1 || bad[0].Level != "failure" || !strings.Contains(bad[0].Text, text) || !strings.Contains(strings.Join(bad[0].Remedy, "\n"), remedy) {
			t.Errorf("status %d, %+v; want %q, %q", status, bad, text, remedy)
		}
	}
	t.Run("TLS", func(t *testing.T) {
		certificate, key := selfSigned(t, "127.0.0.1")
		c.setURL(t, func(u *url.URL) { u.RawQuery = "sslmode=verify-full" })
		failure(t, "PostgreSQL has it switched off", "ssl_cert_file")
		c.writeFile(t, "server.crt", certificate)
		c.writeFile(t, "server.key", key)
		c.sql(t, `ALTER SYSTEM SET ssl = on`)
		c.sql(t, `SELECT pg_reload_conf()`)
		eventually(t, "PostgreSQL speaks TLS, and doctor does not like its certificate", func() bool {
			findings, _ := c.examine(t)
			bad := of(findings, "database.connect")
			return len(bad) == 1 && strings.Contains(bad[0].Text, "certificate is not accepted") && strings.Contains(strings.Join(bad[0].Remedy, "\n"), "sslrootcert=")
		})
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, []byte(certificate), 0o600); err != nil {
			t.Fatal(err)
		}
		c.setURL(t, func(u *url.URL) { u.RawQuery = "sslmode=verify-full&sslrootcert=" + ca })
		secure := false
		for _, f := range sound(t) {
			secure = secure || f.Check == "database.tls" && f.Level == "ok" && strings.Contains(f.Text, "is by TLSv1")
		}
		if !secure {
			t.Error("nothing is said of TLS")
		}
		c.setURL(t, func(u *url.URL) { u.Host = strings.Replace(u.Host, "127.0.0.1", "localhost", 1) })
		failure(t, "certificate is not accepted", "the host as the certificate has it")
		c.setURL(t, func(u *url.URL) {
			u.Host, u.RawQuery = strings.Replace(u.Host, "localhost", "127.0.0.1", 1), "sslmode=disable"
		})
		sound(t)
	})
	t.Run("pg_hba.conf", func(t *testing.T) {
		c.writeFile(t, "pg_hba.conf", "host all postgres 127.0.0.1/32 scram-sha-256")
		c.sql(t, `SELECT pg_reload_conf()`)
		eventually(t, "PostgreSQL lets the bridge in no more", func() bool {
			findings, _ := c.examine(t)
			return len(of(findings, "database.connect")) == 1
		})
		failure(t, "pg_hba.conf does not let the role \"odoobridge\" in from here", "# add to that file: host odoo18 odoobridge THIS_ADDRESS/32 scram-sha-256")
		c.writeFile(t, "pg_hba.conf", "host all postgres 127.0.0.1/32 scram-sha-256\nhost odoo18 odoobridge 127.0.0.1/32 scram-sha-256")
		findings, _ := c.examine(t)
		c.follow(t, of(findings, "database.connect")[0].Remedy)
		eventually(t, "PostgreSQL lets the bridge in", func() bool {
			findings, _ := c.examine(t)
			return len(of(findings, "database.connect")) == 0
		})
		sound(t)
	})
	t.Run("no connection left", func(t *testing.T) {
		c.sql(t, `ALTER ROLE odoobridge CONNECTION LIMIT 0`)
		failure(t, "no connection left", "pg_stat_activity")
		c.sql(t, `ALTER ROLE odoobridge CONNECTION LIMIT -1`)
		sound(t)
	})
}
