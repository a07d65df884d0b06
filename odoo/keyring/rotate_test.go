package keyring_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/keyring"
)

// who asks the directory, as the bridge does, whose a key is; "" where it is no one's or refused.
func (b *base) who(t *testing.T, d *directory.Directory, key auth.Secret) string {
	t.Helper()
	rows, err := d.Read(context.Background(), b.name, auth.Query{AuthAPIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range rows.AuthAPIKeys {
		for _, u := range rows.Users {
			if u.ID == k.UserID && auth.RefusalOf(u, k, auth.ArchivedBySetting, rows.Now) == "" {
				return u.Login + " by " + k.Name
			}
		}
	}
	return ""
}

func (b *base) directory(t *testing.T) *directory.Directory {
	t.Helper()
	d, err := directory.Open(directory.Options{DSN: auth.Secret(b.dsn)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func (b *base) rotate(t *testing.T, name string, overlap time.Duration) (keyring.Key, auth.Secret) {
	t.Helper()
	key, secret, err := b.Rotate(context.Background(), b.name, by, keyring.Named(name), overlap)
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

// replaced is the keys that were replaced.
func (b *base) replaced(t *testing.T) (keys []keyring.Key) {
	t.Helper()
	all, err := b.List(context.Background(), b.name)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range all {
		if key.RetiresFor != 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// TestOverlap: old and new work side by side, by one name; what is done to the new one is done to the old; and the old one ends
// by itself.
func TestOverlap(t *testing.T) {
	for _, series := range []int{18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			ctx := context.Background()
			b := newBase(t, series)
			d := b.directory(t)
			key, old := b.create(t, "rpcuser", "shop")
			shop := keyring.Named("shop")
			if got := b.who(t, d, old); got != "rpcuser by shop" {
				t.Fatalf("the key is of %q", got)
			}
			if err := b.Init(ctx, b.name, by, "postgres"); err != nil { // while the directory is open
				t.Fatal(err)
			}
			before := b.signalled(t, series)
			rotated, fresh := b.rotate(t, "shop", time.Hour)
			if rotated.ID != key.ID || b.signalled(t, series)-before != perChange(series) {
				t.Errorf("id %d became %d; Odoo told %d times", key.ID, rotated.ID, b.signalled(t, series)-before)
			}
			side := b.replaced(t)
			if len(side) != 1 || side[0].RetiresFor != key.ID || !strings.HasPrefix(side[0].Name, "shop (until ") || side[0].Login != "rpcuser" {
				t.Fatalf("replaced %+v", side)
			}
			both := func(want string) {
				t.Helper()
				if o, f := b.who(t, d, old), b.who(t, d, fresh); o != want || f != want {
					t.Errorf("old %q, new %q, want both %q", o, f, want)
				}
			}
			both("rpcuser by shop")
			steps := []struct {
				do   func() error
				want string
			}{
				{func() error { _, err := b.Assign(ctx, b.name, by, shop, "admin"); return err }, "admin by shop"},
				{func() error { _, err := b.Archive(ctx, b.name, by, shop); return err }, ""},
				{func() error { _, err := b.Restore(ctx, b.name, by, shop); return err }, "admin by shop"},
				// What Odoo itself does to the new key holds for the old one.
				{func() error { b.exec(t, `UPDATE auth_api_key SET user_id = 9001 WHERE name = 'shop'`); return nil }, "rpcuser by shop"},
				{func() error { b.exec(t, `UPDATE auth_api_key SET active = false WHERE name = 'shop'`); return nil }, ""},
				{func() error { b.exec(t, `UPDATE auth_api_key SET active = true WHERE name = 'shop'`); return nil }, "rpcuser by shop"},
			}
			for _, s := range steps {
				if err := s.do(); err != nil {
					t.Fatal(err)
				}
				both(s.want)
			}
			for name, do := range map[string]func() error{
				"rotate": func() error {
					_, _, err := b.Rotate(ctx, b.name, by, keyring.Named(side[0].Name), time.Hour)
					return err
				},
				"assign": func() error { _, err := b.Assign(ctx, b.name, by, keyring.Named(side[0].Name), "admin"); return err },
			} {
				if err := do(); !errors.Is(err, keyring.ErrInvalid) {
					t.Errorf("%s of the replaced one: %v", name, err)
				}
			}

			b.exec(t, `UPDATE odoobridge.key_retirement SET retires_at = now()`)
			if o, f := b.who(t, d, old), b.who(t, d, fresh); o != "" || f != "rpcuser by shop" {
				t.Errorf("when the overlap is over: old %q, new %q", o, f)
			}
			if refused := b.replaced(t)[0].Refused(auth.ArchivedBySetting, time.Now()); !strings.Contains(refused, "overlap is over") {
				t.Errorf("listed as refused because %q", refused)
			}
			before, told := b.signalled(t, series), len(b.entries)
			if n, err := b.Sweep(ctx, b.name, by); n != 1 || err != nil || len(b.replaced(t)) != 0 {
				t.Errorf("swept %d, %v", n, err)
			}
			if len(b.entries) != told+1 || b.entries[told].Action != "retired" || b.signalled(t, series)-before != perChange(series) {
				t.Errorf("audit %+v", b.entries[told:])
			}
			if n, err := b.Sweep(ctx, b.name, by); n != 0 || err != nil || len(b.entries) != told+1 {
				t.Errorf("swept again %d, %v", n, err)
			}
		})
	}
}

// TestEndOfOverlap ends it in other ways.
func TestEndOfOverlap(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name        string
		do          func(b *base) error
		old, latest string // whose they are then
	}{
		{"revoked", func(b *base) error { _, err := b.Revoke(ctx, b.name, by, keyring.Named("shop")); return err }, "", ""},
		{"the old one revoked", func(b *base) error {
			_, err := b.Revoke(ctx, b.name, by, keyring.Numbered(b.replaced(t)[0].ID))
			return err
		}, "", "rpcuser by shop"},
		{"rotated at once", func(b *base) error { _, _, err := b.Rotate(ctx, b.name, by, keyring.Named("shop"), 0); return err }, "", ""},
		{"removed by Odoo", func(b *base) error { b.exec(t, `DELETE FROM auth_api_key WHERE name = 'shop'`); return nil }, "", ""},
		{"rotated with overlap again", func(b *base) error {
			_, _, err := b.Rotate(ctx, b.name, by, keyring.Named("shop"), time.Hour)
			return err
		}, "rpcuser by shop", "rpcuser by shop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBase(t, 18)
			if err := b.Init(ctx, b.name, by, "postgres"); err != nil {
				t.Fatal(err)
			}
			d := b.directory(t)
			_, old := b.create(t, "rpcuser", "shop")
			_, latest := b.rotate(t, "shop", time.Hour)
			if err := tt.do(b); err != nil {
				t.Fatal(err)
			}
			if o, l := b.who(t, d, old), b.who(t, d, latest); o != tt.old || l != tt.latest {
				t.Errorf("the old key is of %q, the later one of %q; want %q, %q", o, l, tt.old, tt.latest)
			}
			if _, err := b.Sweep(ctx, b.name, by); err != nil {
				t.Error(err)
			}
			if o := b.who(t, d, old); o != tt.old {
				t.Errorf("after the sweep the old key is of %q", o)
			}
		})
	}
}

// TestOverlapKeepsGroups: rules for a group hold for the old key too.
func TestOverlapKeepsGroups(t *testing.T) {
	b := newBase(t, 18)
	ctx := context.Background()
	if err := b.Init(ctx, b.name, by, "postgres"); err != nil {
		t.Fatal(err)
	}
	b.rotate(t, "conf rpcuser", time.Hour)
	if side := b.replaced(t); len(side) != 1 || !slices.Equal(side[0].Groups, []string{"conf"}) {
		t.Errorf("replaced %+v", side)
	}
	if _, err := b.SetGroups(ctx, b.name, by, keyring.Named("conf rpcuser"), []string{"conf_empty"}); err != nil {
		t.Fatal(err)
	}
	if side := b.replaced(t); !slices.Equal(side[0].Groups, []string{"conf_empty"}) {
		t.Errorf("replaced %+v", side)
	}
}

// TestTwiceInASecond: two overlaps of one key that end in the same second have two names.
func TestTwiceInASecond(t *testing.T) {
	b := newBase(t, 18)
	if err := b.Init(context.Background(), b.name, by, "postgres"); err != nil {
		t.Fatal(err)
	}
	b.create(t, "rpcuser", "shop")
	for range 5 {
		b.rotate(t, "shop", time.Hour)
	}
	if side := b.replaced(t); len(side) != 5 {
		t.Errorf("%d replaced keys, want 5", len(side))
	}
}

// TestInit: it may run again, gives another role its rights too, and lets everyone know which keys retire.
func TestInit(t *testing.T) {
	b := newBase(t, 15) // without any keys: the use of native keys and passwords is worth keeping
	ctx := context.Background()
	b.exec(t, `DO $$ BEGIN CREATE ROLE "odd;""role"; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
	for _, role := range []string{"postgres", `odd;"role`, `odd;"role`} {
		if err := b.Init(ctx, b.name, by, role); err != nil {
			t.Fatal(err)
		}
	}
	var may bool
	b.one(t, `SELECT has_table_privilege('odd;"role', 'odoobridge.audit', 'INSERT') AND NOT has_table_privilege('odd;"role', 'odoobridge.audit', 'DELETE, UPDATE, TRUNCATE')
		AND has_table_privilege('pg_monitor', 'odoobridge.key_retirement', 'SELECT') AND NOT has_table_privilege('pg_monitor', 'odoobridge.key_use', 'SELECT')`, &may)
	if !may {
		t.Error("the rights are other ones")
	}
	entries, err := b.Audit(ctx, b.name, 2)
	if err != nil || len(entries) != 2 || entries[0].Action != "init" || entries[0].By.Name != by.Name || entries[0].By.Source != by.Source {
		t.Errorf("audit %+v, %v", entries, err)
	}
}
