//go:build unix

package integration

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"odoobridge/odoo/sandbox/sandboxtest"
)

// writeCertificate puts a certificate for a name, and its key, into two files of dir.
func writeCertificate(t *testing.T, dir, name string) (chain, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	chain, key = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{chain: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return chain, key
}

// TestTLS: both listeners speak TLS by files, and a new certificate is shown without a restart.
func TestTLS(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	dir := t.TempDir()
	chain, key := writeCertificate(t, dir, "first.example.test")
	p := start(t, "serve", "--database-url", odoo.DSN, "--odoo-url", odoo.URL, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
		"--tls-cert", chain, "--tls-key", key, "--admin-tls-cert", chain, "--admin-tls-key", key)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, Timeout: bound}
	ask := func(r *http.Request) (name, body string) {
		t.Helper()
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.TLS.PeerCertificates[0].DNSNames[0], string(text)
	}
	get := func(path string) (name, body string) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, p.ready["admin"]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return ask(r)
	}
	call := func() (name, body string) {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, p.ready["bridge"]+"/jsonrpc", bytes.NewBufferString(
			`{"jsonrpc": "2.0", "id": 1, "params": {"service": "object", "method": "execute_kw", "args": ["", 0, "", "res.users", "search_count", [[]]]}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("API-KEY", "conf-auth-api-key-rpcuser")
		return ask(r)
	}
	for _, one := range []func() (string, string){call, func() (string, string) { return get("/readyz") }} {
		if name, body := one(); name != "first.example.test" || strings.Contains(body, "error") || !strings.HasPrefix(p.ready["admin"], "https://") {
			t.Errorf("of %s: %s", name, body)
		}
	}
	if _, body := get("/signin"); !strings.Contains(body, "Sign in") {
		t.Errorf("the pages: %s", body)
	}

	writeCertificate(t, dir, "second.example.test")
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		bridge, _ := call()
		admin, _ := get("/livez")
		if bridge == "second.example.test" && admin == "second.example.test" {
			break
		}
		if time.Since(began) > bound {
			t.Fatalf("the certificates are still those of %s and %s", bridge, admin)
		}
	}
}
