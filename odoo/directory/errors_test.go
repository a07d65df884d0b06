package directory_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/directory"
)

func TestOpenRefuses(t *testing.T) {
	for name, o := range map[string]directory.Options{
		"no database":          {DSN: "postgres://u:canary-pw@localhost/"},
		"an empty name":        {DSN: "postgres://u:canary-pw@localhost/x", Databases: []string{"x", ""}},
		"a broken URL":         {DSN: "postgres://u:canary-pw%zz@localhost/x"},
		"no port number":       {DSN: "postgres://u:canary-pw@localhost:port/x"},
		"a slash in passwords": {DSN: "postgres://u:canary-pw/2@localhost/x"},
		"no DSN at all":        {DSN: "canary-pw"},
		"an unknown sslmode":   {DSN: "postgres://u:canary-pw@localhost/x?sslmode=canary-pw"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PGDATABASE", "")
			d, err := directory.Open(o)
			if err == nil {
				t.Fatalf("opened %v", d.Databases())
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestDatabases(t *testing.T) {
	d, err := directory.Open(directory.Options{DSN: "postgres://u@localhost/one"})
	if err != nil || len(d.Databases()) != 1 || d.Databases()[0] != "one" {
		t.Errorf("got %v, %v", d.Databases(), err)
	}
	d, err = directory.Open(directory.Options{DSN: "host=localhost dbname=one", Databases: []string{"b", "a", "b"}})
	if err != nil || strings.Join(d.Databases(), " ") != "a b" {
		t.Errorf("got %v, %v", d.Databases(), err)
	}
	if _, err := d.Read(context.Background(), "one", auth.Query{}); !errors.Is(err, auth.ErrUnknownDatabase) {
		t.Errorf("a database that isn't listed: %v", err)
	}
}

// TestErrors tells what is wrong and what to do, and no password.
func TestErrors(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = refusing.Close()

	b := newBase(t, 18)
	tests := []struct {
		name    string
		prepare string // SQL, undone by Grants
		dsn     func(*url.URL)
		want    string
		unknown bool
	}{
		{"no such database", "", func(u *url.URL) { u.Path = "/no_such_db" }, "no_such_db", true},
		{"wrong password", "", func(u *url.URL) { u.User = url.UserPassword(role, "canary-wrong-pw") }, "password authentication failed", false},
		{"no rights on users", `REVOKE ALL (password) ON res_users FROM "odd""role"`, nil, "odoobridge grants", false},
		{"no rights on the setting", `REVOKE ALL (archived_user_disable_auth_api_key) ON res_company FROM "odd""role"`, nil, "odoobridge grants", false},
		{"nobody listens", "", func(u *url.URL) { u.Host = refusing.Addr().String() }, "refused", false},
		{"no answer", "", func(u *url.URL) { u.Host = silent.Addr().String() }, "timeout", false},
		{"not Odoo's", "DROP TABLE res_users CASCADE", nil, "no table res_users", false}, // the last
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.prepare != "" {
				b.exec(t, tt.prepare)
				defer b.exec(t, directory.Grants(role))
			}
			u, err := url.Parse(b.dsn)
			if err != nil {
				t.Fatal(err)
			}
			if tt.dsn != nil {
				tt.dsn(u)
			}
			o := directory.Options{DSN: auth.Secret(u.String())}
			if u.Host == silent.Addr().String() {
				o.Timeout = 200 * time.Millisecond
			}
			d, err := directory.Open(o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			err = d.Ping(context.Background(), strings.TrimPrefix(u.Path, "/"))
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, auth.ErrUnknownDatabase) != tt.unknown {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

func TestClosed(t *testing.T) {
	b := newBase(t, 18)
	d, err := directory.Open(directory.Options{DSN: auth.Secret(b.dsn)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Ping(context.Background(), b.name), d.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	if err := d.Ping(context.Background(), b.name); err == nil {
		t.Error("a closed directory reads")
	}
}

// TestGrants holds the role to what Grants names.
func TestGrants(t *testing.T) {
	b := newBase(t, 18)
	b.exec(t, directory.Grants(role)) // once more changes nothing
	asRole := baseOf(t, b.dsn).super
	for name, statement := range map[string]string{
		"other tables":          "SELECT name FROM res_partner",
		"other columns":         "SELECT signature FROM res_users",
		"all columns":           "SELECT * FROM res_users",
		"changing passwords":    "UPDATE res_users SET password = 'x'",
		"unarchiving":           "UPDATE res_users SET active = true",
		"making users":          "INSERT INTO res_users (login) VALUES ('x')",
		"changing native keys":  "UPDATE res_users_apikeys SET user_id = 2",
		"making auth_api_keys":  "INSERT INTO auth_api_key (name) VALUES ('x')",
		"removing auth_api_key": "DELETE FROM auth_api_key",
		"changing parameters":   "UPDATE ir_config_parameter SET value = 'x'",
	} {
		if _, err := asRole.Exec(statement); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty := baseOf(t, postgrestest.DB(t, ""))
	empty.exec(t, directory.Grants(role))
	if strings.Contains(directory.Grants(`o'dd"role`), ":role") || !strings.Contains(directory.Grants(`o'dd"role`), `'"o''dd""role"'`) {
		t.Error("the role's name is not quoted")
	}
}
