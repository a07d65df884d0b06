package keyring_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"odoobridge/auth"
	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/keyring"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// base is a database in the state of the recordings, a superuser on it for the test, and a keyring.
type base struct {
	*keyring.Keyring
	name    string
	dsn     string
	super   *sql.DB
	entries []keyring.Entry // of the audit log
}

var by = keyring.Actor{Name: "tester", Source: "192.0.2.1"}

func newBase(t *testing.T, series int) *base {
	t.Helper()
	template := postgrestest.Template(t, fmt.Sprintf("odoo%d", series), func(dsn string) error {
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		return fixtures.Load(context.Background(), db, series)
	})
	b := &base{dsn: postgrestest.DB(t, template)}
	u, err := url.Parse(b.dsn)
	if err != nil {
		t.Fatal(err)
	}
	b.name = strings.TrimPrefix(u.Path, "/")
	if b.super, err = sql.Open("postgres", b.dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.super.Close() })
	b.Keyring = b.open(t, b.dsn)
	return b
}

func (b *base) open(t *testing.T, dsn string) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Open(keyring.Options{DSN: auth.Secret(dsn), Audit: func(e keyring.Entry) { b.entries = append(b.entries, e) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func (b *base) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.super.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// one scans the one row of a query.
func (b *base) one(t *testing.T, query string, into ...any) {
	t.Helper()
	if err := b.super.QueryRow(query).Scan(into...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func (b *base) create(t *testing.T, login, name string) (keyring.Key, auth.Secret) {
	t.Helper()
	key, secret, err := b.Create(context.Background(), b.name, by, login, name)
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

func TestListAndCreate(t *testing.T) {
	for _, series := range []int{18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			b := newBase(t, series)
			before, err := b.List(context.Background(), b.name)
			if err != nil || len(before) != 5 {
				t.Fatalf("%d keys, want the 5 of the recordings: %v", len(before), err)
			}
			key, secret := b.create(t, "rpcuser", "My Shop: B2B")
			if keyring.Mistyped(secret) || !strings.HasPrefix(secret.Reveal(), "obk_") {
				t.Error("the key has not the documented form")
			}
			if key.UID != 9001 || key.Login != "rpcuser" || key.UserName == "" || !key.Active || key.TechName != "my_shop_b2b" ||
				key.Created.IsZero() || key.Refused(auth.ArchivedBySetting, key.Created) != "" {
				t.Errorf("created %+v", key)
			}
			var stored string
			var uid, createUID, writeUID int64
			b.one(t, `SELECT key, user_id, create_uid, write_uid FROM auth_api_key WHERE name = 'My Shop: B2B'`, &stored, &uid, &createUID, &writeUID)
			if stored != secret.Reveal() || uid != 9001 || createUID != 1 || writeUID != 1 {
				t.Errorf("stored for uid %d by %d and %d, the key itself: %v", uid, createUID, writeUID, stored == secret.Reveal())
			}
			after, err := b.List(context.Background(), b.name)
			if err != nil || len(after) != 6 {
				t.Errorf("%d keys, want 6: %v", len(after), err)
			}
			users, err := b.Users(context.Background(), b.name, "ARCHIVED", 10)
			if err != nil || len(users) != 1 || users[0].UID != 9002 || !users[0].Archived || users[0].Keys != 1 {
				t.Errorf("users %+v, %v", users, err)
			}
		})
	}
}

// dsnOf is the database's address for a role.
func (b *base) dsnOf(role, password string) string {
	u, err := url.Parse(b.dsn)
	if err != nil {
		panic(err) // it is postgrestest's
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}
