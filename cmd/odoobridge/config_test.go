package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func noEnv(string) (string, bool) { return "", false }

// TestBrokenConfiguration runs every file of testdata/config against what it must be told. A file NAME.args holds one
// argument a line, with ${DIR} for the folder; NAME.env the environment; NAME.yaml is the file of --config; NAME.want
// what standard error must hold, line by line. The password in them is never told.
func TestBrokenConfiguration(t *testing.T) {
	wants, err := filepath.Glob("testdata/config/*.want")
	if err != nil || len(wants) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, want := range wants {
		name := strings.TrimSuffix(want, ".want")
		t.Run(filepath.Base(name), func(t *testing.T) {
			env := map[string]string{}
			for _, line := range lines(t, name+".env") {
				k, v, _ := strings.Cut(line, "=")
				env[k] = v
			}
			args := append([]string{"serve"}, lines(t, name+".args")...)
			if _, err := os.Stat(name + ".yaml"); err == nil {
				args = append(args, "--config", name+".yaml")
			}
			var stdout, stderr bytes.Buffer
			status := run(context.Background(), args, func(k string) (string, bool) { v, ok := env[k]; return v, ok }, &stdout, &stderr)
			if status != exitUsage {
				t.Errorf("exit status %d, want %d", status, exitUsage)
			}
			if stdout.Len() != 0 {
				t.Errorf("standard output has %q; nothing may have started", &stdout)
			}
			got := strings.TrimRight(stderr.String(), "\n")
			if want := strings.Join(lines(t, want), "\n"); got != want {
				t.Errorf("standard error:\n%s\nwant:\n%s", got, want)
			}
			if strings.Contains(stderr.String(), "hunter2") {
				t.Error("standard error tells a password")
			}
		})
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimRight(string(data), "\n"), "\n")
}

func TestPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "odoobridge.yaml")
	if err := os.WriteFile(file, []byte("listen: :1\nadmin:\n  listen: 127.0.0.1:2\nmax_body: 1MiB\ntrusted_sources: [10.0.0.0/8, 192.0.2.7]\nbasic: off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"ODOOBRIDGE_CONFIG":       file,
		"ODOOBRIDGE_DATABASE_URL": "postgres://odoo:hunter2@db:5432/prod?sslpassword=hunter2",
		"ODOOBRIDGE_LISTEN":       ":3",
		"ODOOBRIDGE_MAX_BODY":     "2MiB",
		"ODOOBRIDGE_PORT":         "tcp://10.0.0.1:8079", // of Kubernetes, not ours
	}
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), []string{"serve", "--check", "--odoo-url", "http://odoo:8069", "--max-body", "3MiB"},
		func(k string) (string, bool) { v, ok := env[k]; return v, ok }, &stdout, &stderr)
	if status != exitDone {
		t.Fatalf("exit status %d: %s", status, &stderr)
	}
	for _, want := range []string{
		`listen: ":3" # ODOOBRIDGE_LISTEN`,
		`max_body: "3MiB" # --max-body`,
		`admin_listen: "127.0.0.1:2" # ` + file + `:3: admin_listen`,
		`trusted_sources: "10.0.0.0/8,192.0.2.7" # ` + file,
		`basic: "off" # `,
		`db: "prod" # default`,
		`database_url: "postgres://odoo:xxxxx@db:5432/prod?sslpassword=xxxxx" # ODOOBRIDGE_DATABASE_URL`,
		`freshness: "1s" # default`,
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("--check does not print %s", want)
		}
	}
	if strings.Contains(stdout.String(), "hunter2") {
		t.Error("--check prints a password")
	}

	// What --check prints is a configuration again.
	again := filepath.Join(t.TempDir(), "again.yaml")
	text := strings.ReplaceAll(stdout.String(), "xxxxx", "other")
	if err := os.WriteFile(again, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr.Reset()
	if status := run(context.Background(), []string{"serve", "--check", "--config", again}, noEnv, &stdout, &stderr); status != exitDone {
		t.Errorf("what --check prints can't be used as a file: %s", &stderr)
	}
}

func TestUsage(t *testing.T) {
	for _, tc := range []struct {
		name   string
		args   []string
		status int
		stderr string
	}{
		{"unknown command", []string{"server"}, exitUsage, `"server" is no command`},
		{"unknown flag", []string{"serve", "--odoo", "http://x"}, exitUsage, "unknown flag: --odoo"},
		{"argument too many", []string{"serve", "now"}, exitUsage, `"now" is no command or flag of "odoobridge serve"`},
		{"demo of an unknown series", []string{"demo", "--series", "14"}, exitUsage, "--series: 14 is none of [15 18 19]"},
		{"demo with two bad addresses", []string{"demo", "--listen", "8079", "--admin-listen", ":x"}, exitUsage,
			"--admin-listen: \":x\": port \"x\" is not a number from 0 to 65535\n--listen: \"8079\" is no address of the form host:port or :port"},
		{"sandbox with nothing", []string{"sandbox"}, exitUsage, "--db: a name for the database is required"},
		{"version", []string{"version"}, exitDone, ""},
		{"help", []string{"--help"}, exitDone, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(context.Background(), tc.args, noEnv, &stdout, &stderr)
			if status != tc.status || !strings.Contains(stderr.String(), tc.stderr) {
				t.Errorf("exit status %d, standard error %q; want %d with %q", status, &stderr, tc.status, tc.stderr)
			}
			if status == exitDone && stdout.Len() == 0 {
				t.Error("nothing on standard output")
			}
		})
	}
}
