package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestHealth: where the bridge is looked for, and what is said of what it answers.
func TestHealth(t *testing.T) {
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/livez":
		case "/readyz":
			w.WriteHeader(http.StatusServiceUnavailable)
			w.Write([]byte(`{"ready": false, "checks": {"odoo": "connection refused", "database prod": "ok"}}`))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(admin.Close)
	address := strings.TrimPrefix(admin.URL, "http://")
	_, port, _ := strings.Cut(address, ":")
	file := filepath.Join(t.TempDir(), "odoobridge.yaml")
	if err := os.WriteFile(file, []byte("admin_listen: "+address+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name           string
		args           []string
		env            map[string]string
		status         int
		stdout, stderr string
	}{
		{"alive, by flag", []string{"--live", "--admin-listen", address}, nil, exitDone, "ok " + admin.URL + "/livez", ""},
		{"alive, by environment, on any address", []string{"--live"}, map[string]string{"ODOOBRIDGE_ADMIN_LISTEN": ":" + port}, exitDone, "ok ", ""},
		{"alive, by file", []string{"--live"}, map[string]string{"ODOOBRIDGE_CONFIG": file}, exitDone, "ok ", ""},
		{"not ready", []string{"--config", file}, nil, exitFailed, "", "not ready: odoo: connection refused\n"},
		{"another URL", []string{"--url", admin.URL + "/livez"}, nil, exitDone, "ok " + admin.URL + "/livez", ""},
		{"another URL that is not there", []string{"--url", admin.URL + "/nope"}, nil, exitFailed, "", "/nope answers 404 Not Found"},
		{"nobody listens", []string{"--admin-listen", "127.0.0.1:1"}, nil, exitFailed, "", "connection refused"},
		{"no address", []string{"--admin-listen", "8078"}, nil, exitUsage, "", `--admin-listen: "8078" is no address`},
		{"no URL", []string{"--url", "localhost"}, nil, exitUsage, "", "--url: not a URL"},
		{"no file", []string{"--config", "/no/such/file"}, nil, exitUsage, "", "--config: open /no/such/file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(context.Background(), append([]string{"health"}, tc.args...), func(k string) (string, bool) { v, ok := tc.env[k]; return v, ok }, &stdout, &stderr)
			if status != tc.status || !strings.Contains(stdout.String(), tc.stdout) || !strings.Contains(stderr.String(), tc.stderr) {
				t.Errorf("status %d, %q and %q; want %d with %q and %q", status, &stdout, &stderr, tc.status, tc.stdout, tc.stderr)
			}
		})
	}
}

// TestHealthWaits: what is not well yet is asked again.
func TestHealthWaits(t *testing.T) {
	var asked atomic.Int32
	late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(late.Close)
	var stdout, stderr bytes.Buffer
	if status := run(context.Background(), []string{"health", "--url", late.URL, "--wait", "1m"}, noEnv, &stdout, &stderr); status != exitDone || asked.Load() != 3 {
		t.Errorf("status %d after %d requests: %s", status, asked.Load(), &stderr)
	}
}

// TestSecretFromFile: the environment may name a file that holds the value.
func TestSecretFromFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "database-url")
	if err := os.WriteFile(file, []byte("postgres://odoo:hunter2@db:5432/prod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name           string
		env            map[string]string
		status         int
		stdout, stderr string
	}{
		{"file", map[string]string{"ODOOBRIDGE_DATABASE_URL_FILE": file}, exitDone,
			`database_url: "postgres://odoo:xxxxx@db:5432/prod" # ODOOBRIDGE_DATABASE_URL_FILE`, ""},
		{"both", map[string]string{"ODOOBRIDGE_DATABASE_URL_FILE": file, "ODOOBRIDGE_DATABASE_URL": "postgres://odoo:hunter2@db/prod"}, exitUsage,
			"", "ODOOBRIDGE_DATABASE_URL_FILE: ODOOBRIDGE_DATABASE_URL is set too"},
		{"no such file", map[string]string{"ODOOBRIDGE_DATABASE_URL_FILE": "/no/such/file"}, exitUsage,
			"", "ODOOBRIDGE_DATABASE_URL_FILE: open /no/such/file: no such file or directory"},
		{"nonsense in it", map[string]string{"ODOOBRIDGE_DATABASE_URL_FILE": "health_test.go"}, exitUsage,
			"", "ODOOBRIDGE_DATABASE_URL_FILE: not a URL of the form"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(context.Background(), []string{"serve", "--check", "--odoo-url", "http://odoo:8069"},
				func(k string) (string, bool) { v, ok := tc.env[k]; return v, ok }, &stdout, &stderr)
			if status != tc.status || !strings.Contains(stdout.String(), tc.stdout) || !strings.Contains(stderr.String(), tc.stderr) {
				t.Errorf("status %d, %q and %q; want %d with %q and %q", status, &stdout, &stderr, tc.status, tc.stdout, tc.stderr)
			}
			if strings.Contains(stdout.String()+stderr.String(), "hunter2") {
				t.Error("the password is told")
			}
		})
	}
}
