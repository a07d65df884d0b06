//go:build unix

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEnvironmentKeys: the whole program with keys from a file, which changes while it runs.
func TestEnvironmentKeys(t *testing.T) {
	const first, second = "canary-env-key-first-2f1c", "canary-env-key-second-9d0a"
	dsn := stateDB(t)
	odoo := demo(t, 18).ready["sandbox"]
	file := filepath.Join(t.TempDir(), "keys.conf")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	section := func(key string) string { return "[api_key_conf_rpcuser]\nkey = " + key + "\n" }
	login := `{"jsonrpc": "2.0", "id": 1, "params": {"service": "common", "method": "authenticate", "args": ["", "", "", {}]}}`
	write(section(first))
	p := serve(t, dsn, odoo, "--environment-keys", file)
	answered := func(key, want string) {
		t.Helper()
		for end := time.Now().Add(bound); ; time.Sleep(50 * time.Millisecond) {
			a := post(t, p.ready["bridge"]+"/jsonrpc", "application/json", login, "API-KEY", key)
			if strings.Contains(a.body, want) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s, want %s", a.body, want)
			}
		}
	}
	const known, refused = `"result": 9001`, `"result": false`
	answered(first, known)
	answered(rpcKey, refused)
	write(section(second))
	answered(second, known)
	answered(first, refused)
	write("[api_key_conf_rpcuser\nkey = " + first)
	for end := time.Now().Add(bound); !strings.Contains(p.stderr.String(), "can't be used; those read before count on"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is said of a broken file")
		}
	}
	if !strings.Contains(p.stderr.String(), "keys.conf:1: a section is written") {
		t.Error("the log does not say what is wrong with the file")
	}
	answered(second, known)
	write("# none")
	answered(rpcKey, known)
	answered(second, refused)

	for _, key := range []string{first, second} {
		if strings.Contains(p.stderr.String(), key) {
			t.Error("a key is in the log")
		}
	}
	write("oops")
	out, errs, status := shell(t, nil, "serve", "--database-url", dsn, "--odoo-url", odoo, "--environment-keys", file,
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	if status != 2 || !strings.Contains(errs, "keys.conf:1: neither a [section] nor an option = value") {
		t.Errorf("started with a broken file: status %d, %s%s", status, out, errs)
	}
}
