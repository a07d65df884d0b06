//go:build unix

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clinic is a set-up for `odoobridge doctor`: a database of the test's own, a sandbox on it, and what the bridge is configured
// with. A test breaks something in it.
type clinic struct {
	super    string // the database's DSN for the superuser
	database string
	settings map[string]string // by the name of the environment, ODOOBRIDGE_...
	fill     []string          // replaces what a person has to fill in in a remedy: old, new, ...
}

// newClinic is a sound one. The flags are the sandbox's.
func newClinic(t *testing.T, series int, flags ...string) *clinic {
	t.Helper()
	dsn := stateOf(t, series)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c := &clinic{super: dsn, database: strings.TrimPrefix(u.Path, "/")}
	sandbox := start(t, append([]string{"sandbox", "--database-url", dsn, "--db", c.database, "--series", fmt.Sprint(series),
		"--listen", "127.0.0.1:0"}, flags...)...)
	c.settings = map[string]string{
		"ODOOBRIDGE_DATABASE_URL": asBridge(t, dsn),
		"ODOOBRIDGE_ODOO_URL":     sandbox.ready["sandbox"],
		"ODOOBRIDGE_LISTEN":       closedPort(t),
		"ODOOBRIDGE_ADMIN_LISTEN": closedPort(t),
	}
	return c
}

// sql changes the database behind the bridge's back.
func (c *clinic) sql(t *testing.T, statement string, args ...any) {
	t.Helper()
	db, err := openDB(c.super)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// set gives a setting another value, by its name in the file; "" takes it away.
func (c *clinic) set(name, value string) {
	env := "ODOOBRIDGE_" + strings.ToUpper(name)
	if value == "" {
		delete(c.settings, env)
		return
	}
	c.settings[env] = value
}

// setURL changes database_url.
func (c *clinic) setURL(t *testing.T, change func(*url.URL)) {
	t.Helper()
	u, err := url.Parse(c.settings["ODOOBRIDGE_DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	c.set("database_url", u.String())
}

func (c *clinic) env() []string {
	var env []string
	for name, value := range c.settings {
		env = append(env, name+"="+value)
	}
	return env
}

// finding is one of doctor's, as --json has it.
type finding struct {
	Group, Check, Level, Text, Why string
	Remedy                         []string
}

// examine runs doctor.
func (c *clinic) examine(t *testing.T, args ...string) (findings []finding, status int) {
	t.Helper()
	out, errs, status := shell(t, c.env(), append([]string{"doctor", "--json"}, args...)...)
	var answer struct {
		OK       bool
		Findings []finding
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("status %d, %v: %s%s", status, err, out, errs)
	}
	if (status == 0) != answer.OK || status == 0 && errs != "" {
		t.Errorf("status %d, ok %v, standard error %q", status, answer.OK, errs)
	}
	for _, f := range answer.Findings {
		serious := f.Level == "warning" || f.Level == "failure"
		if serious != (f.Why != "") || serious && len(f.Remedy) == 0 {
			t.Errorf("%s %s: without a reason or a remedy: %+v", f.Group, f.Check, f)
		}
		for _, line := range append([]string{f.Text, f.Why}, f.Remedy...) {
			if strings.Contains(line, bridgePassword) || strings.Contains(line, "canary-") {
				t.Errorf("%s tells a secret", f.Check)
			}
		}
	}
	return answer.Findings, status
}

// of returns what a check found that is worse than ok, and whether it is that bad.
func of(findings []finding, check string) (bad []finding) {
	for _, f := range findings {
		if f.Check == check && f.Level != "ok" {
			bad = append(bad, f)
		}
	}
	return bad
}

// tools are the folders of the programs that remedies call: psql and our own.
func tools(t *testing.T) string {
	t.Helper()
	path := filepath.Dir(binary) + ":" + os.Getenv("PATH")
	if _, err := exec.LookPath("psql"); err == nil {
		return path
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	if len(installed) == 0 {
		t.Skip("there is no psql, which the remedies call")
	}
	return filepath.Dir(installed[0]) + ":" + path
}

// follow does what a remedy says, as somebody would who pastes it into a shell and knows PostgreSQL's password. What it exports
// becomes the clinic's settings.
func (c *clinic) follow(t *testing.T, remedy []string) {
	t.Helper()
	u, err := url.Parse(c.super)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	script := strings.NewReplacer(c.fill...).Replace(strings.Join(remedy, "\n"))
	shell := exec.CommandContext(t.Context(), "sh", "-e", "-c", script+"\necho; echo --- env; env")
	shell.Env = append([]string{"PATH=" + tools(t), "PGPASSWORD=" + password}, c.env()...)
	var out, errs bytes.Buffer
	shell.Stdout, shell.Stderr = &out, &errs
	if err := shell.Run(); err != nil {
		t.Fatalf("the remedy fails: %v\n%s\n%s%s", err, script, out.String(), errs.String())
	}
	_, env, _ := strings.Cut(out.String(), "--- env\n")
	clear(c.settings)
	for line := range strings.Lines(env) {
		if name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "="); strings.HasPrefix(name, "ODOOBRIDGE_") {
			c.settings[name] = value
		}
	}
}

// call starts the bridge as it is configured, makes one call and stops it. It returns the answer.
func (c *clinic) call(t *testing.T, headers ...string) answer {
	t.Helper()
	p, err := spawnReady(append([]string{"PATH=" + os.Getenv("PATH")}, c.env()...), "serve")
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	body := readContact(c.database, rpcUser, rpcPassword)
	if slices.Contains(headers, "API-KEY") {
		body = readContact("", nil, "")
	}
	return post(t, p.ready["bridge"]+"/jsonrpc", "application/json", body, headers...)
}
