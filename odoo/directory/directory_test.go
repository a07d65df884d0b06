package directory_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/directory"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

const (
	role         = `odd"role`
	rolePassword = "canary-role-password-55e1"
)

// base is a database in the state of the recordings, a superuser on it for the test, and a role with no more than the
// rights of Grants for the directory.
type base struct {
	name  string
	super *sql.DB
	dsn   string // of the role
}

func newBase(t *testing.T, series int) *base {
	t.Helper()
	template := postgrestest.Template(t, fmt.Sprintf("odoo%d", series), func(dsn string) error {
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		ctx := context.Background()
		if err := fixtures.Load(ctx, db, series); err != nil {
			return err
		}
		if err := fixtures.LoadCanary(ctx, db, series); err != nil {
			return err
		}
		_, err = db.Exec(`DO $$ BEGIN CREATE ROLE "odd""role" LOGIN PASSWORD '` + rolePassword + `';
			EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
		if err == nil {
			_, err = db.Exec(directory.Grants(role))
		}
		return err
	})
	return baseOf(t, postgrestest.DB(t, template))
}

func baseOf(t *testing.T, dsn string) *base {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	b := &base{name: strings.TrimPrefix(u.Path, "/")}
	if b.super, err = sql.Open("postgres", dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.super.Close() })
	u.User = url.UserPassword(role, rolePassword)
	b.dsn = u.String()
	return b
}

func (b *base) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.super.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (b *base) open(t *testing.T, change ...func(*directory.Options)) *directory.Directory {
	t.Helper()
	o := directory.Options{DSN: auth.Secret(b.dsn)}
	for _, f := range change {
		f(&o)
	}
	d, err := directory.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestContract(t *testing.T) {
	for _, series := range []int{18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			b := newBase(t, series)
			directorytest.Run(t, b.open(t), b.name)
		})
	}
}

// TestTwoDatabases serves two databases of one server, by a DSN that leaves sslmode to its default.
func TestTwoDatabases(t *testing.T) {
	one, other := newBase(t, 18), newBase(t, 15)
	u, err := url.Parse(one.dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = ""
	d, err := directory.Open(directory.Options{DSN: auth.Secret(u.String()), Databases: []string{one.name, other.name, "no_such_db"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	query := auth.Query{AuthAPIKey: directorytest.RPCUserKey, Users: []int64{9001}}
	if rows := read(t, d, one, query); len(rows.AuthAPIKeys) != 1 || len(rows.Users) != 1 {
		t.Errorf("18: %+v", rows)
	}
	if rows := read(t, d, other, query); len(rows.AuthAPIKeys) != 0 || len(rows.Users) != 1 {
		t.Errorf("15: %+v", rows)
	}
	if err := d.Ping(context.Background(), "no_such_db"); !errors.Is(err, auth.ErrUnknownDatabase) {
		t.Errorf("served but absent: %v", err)
	}
}
