package directory_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/directory"
)

// pooler is the base through a PgBouncer.
func (b *base) pooler(t *testing.T, mode, settings string) *base {
	t.Helper()
	through := *b
	through.dsn = postgrestest.Pooler(t, b.dsn, mode, settings)
	return &through
}

// poolers are the ways in which PgBouncer can be between.
var poolers = []struct {
	name, mode, settings string
	pooled               bool // sessions are handed around
}{
	{"session", "session", "", false},
	{"transaction", "transaction", "", true},
	{"transaction, round robin", "transaction", "server_round_robin = 1", true},
}

// TestPooler has two bridges behind a pooler, and many callers, who move its sessions around: neither takes the other's keys, until
// one is dead.
func TestPooler(t *testing.T) {
	for _, p := range poolers {
		t.Run(p.name, func(t *testing.T) {
			direct := newBase(t, 18)
			b := direct.pooler(t, p.mode, p.settings)
			hasty := func(o *directory.Options) { o.Grace = time.Nanosecond }
			one, err := directory.Open(directory.Options{DSN: auth.Secret(b.dsn), Grace: time.Nanosecond})
			if err != nil {
				t.Fatal(err)
			}
			other := b.open(t, hasty)
			if pooled, err := one.Pooled(context.Background(), b.name); pooled != p.pooled || err != nil {
				t.Errorf("pooled: %v, %v", pooled, err)
			}
			busy(t, one, other, b)
			first := mint(t, one, b, 9001)
			second := mint(t, other, b, 9001)
			for range 5 {
				busy(t, one, other, b)
				collect(t, one, b, 0)
				collect(t, other, b, 0)
				mint(t, one, b, 9004)
			}
			if names := b.minted(t); len(names) != 7 {
				t.Errorf("left %q", names)
			}
			if err := other.Revoke(context.Background(), b.name, []int64{second.ID}); err != nil {
				t.Fatal(err)
			}
			rows := read(t, other, b, auth.Query{NativeKeys: []int64{first.ID, second.ID}})
			if len(rows.NativeKeys) != 1 || rows.NativeKeys[0].ID != first.ID {
				t.Errorf("%d keys are left, want the first", len(rows.NativeKeys))
			}
			if err := one.Close(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the dead one's keys are collected", func() bool {
				_, err := other.Collect(context.Background(), b.name)
				return err == nil && len(b.minted(t)) == 0
			})
		})
	}
}

// TestSessionLocks is why a bridge says that it lives by a transaction's lock: behind a pooler that hands sessions around, a
// session's lock is nobody's.
func TestSessionLocks(t *testing.T) {
	for _, p := range poolers[:2] {
		b := newBase(t, 18).pooler(t, p.mode, p.settings)
		one, other := baseOf(t, b.dsn).super, baseOf(t, b.dsn).super
		if _, err := one.Exec(`SELECT pg_advisory_lock(42)`); err != nil {
			t.Fatal(err)
		}
		var again bool
		if err := other.QueryRow(`SELECT pg_try_advisory_lock(42)`).Scan(&again); err != nil || again != p.pooled {
			t.Errorf("%s: taken by another connection too: %v, %v", p.name, again, err)
		}
	}
}

// busy has both ask things at once, so that a pooler hands its sessions around.
func busy(t *testing.T, one, other *directory.Directory, b *base) {
	t.Helper()
	errs := make(chan error)
	const callers = 6
	for i := range callers {
		d := one
		if i%2 == 1 {
			d = other
		}
		go func() {
			var err error
			for range 10 {
				_, e := d.Read(context.Background(), b.name, auth.Query{AuthAPIKey: directorytest.RPCUserKey})
				err = errors.Join(err, e)
			}
			errs <- err
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// TestPoolerRefuses tells what a pooler says that does not go together with the bridge.
func TestPoolerRefuses(t *testing.T) {
	direct := newBase(t, 18)
	t.Run("statement", func(t *testing.T) {
		b := direct.pooler(t, "statement", "")
		_, err := b.open(t).Mint(context.Background(), b.name, 9001)
		if err == nil { // PgBouncer cuts the connection, and lib/pq does not tell its reason
			t.Error("a key was made without a lock")
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		b := direct.pooler(t, "session", "")
		b.dsn = strings.Replace(b.dsn, rolePassword, "canary-wrong", 1)
		if err := b.open(t).Ping(context.Background(), b.name); directory.FaultOf(err) != directory.FaultLogin {
			t.Errorf("%v", err)
		}
	})
	t.Run("no such database", func(t *testing.T) {
		b := direct.pooler(t, "session", "")
		b.dsn, b.name = strings.Replace(b.dsn, "/"+b.name, "/no_such_db", 1), "no_such_db"
		if err := b.open(t).Ping(context.Background(), b.name); directory.FaultOf(err) != directory.FaultNoDatabase {
			t.Errorf("%v", err)
		}
	})
}
