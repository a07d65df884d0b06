package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// write puts a certificate of that serial number, and its key, into files.
func write(t *testing.T, chain, key string, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"bridge.example.test"}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: secret}, chain: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(file+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCertificate: the one in the files is shown, another one once it is there, and a broken one never.
func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	chain, key := filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	if _, err := Open(chain, key); err == nil {
		t.Error("a certificate that is not there was read")
	}
	write(t, chain, key, 1)
	c, err := Open(chain, key)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = c.Config()
	srv.StartTLS()
	defer srv.Close()
	shown := func() int64 {
		conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, ServerName: "bridge.example.test"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := shown(); n != 1 {
		t.Fatalf("the certificate shown is %d", n)
	}
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan error, 100)
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx, func(err error) { told <- err }) }()
	defer func() { stop(); <-ended }()

	if err := os.WriteFile(chain, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err == nil {
		t.Error("nobody was told of a file that is no certificate")
	}
	if n := shown(); n != 1 {
		t.Errorf("the certificate shown after a broken one is %d", n)
	}
	write(t, chain, key, 2)
	for err := range told {
		if err == nil {
			break // told more than once where the files were seen to change one after the other
		}
	}
	if n := shown(); n != 2 {
		t.Errorf("the certificate shown is %d, want the new one", n)
	}
}
