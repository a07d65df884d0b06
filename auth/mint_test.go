package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
)

// madeFor is how many native keys there are that were made for the user.
func (b *bench) madeFor(uid int64) (n int) {
	for _, k := range b.dir.NativeKeys() {
		if k.UserID == uid && strings.HasPrefix(k.Name, "odoobridge ") {
			n++
		}
	}
	return n
}

func (b *bench) secret(t *testing.T, p auth.Presented) auth.Secret {
	t.Helper()
	s, err := b.Secret(context.Background(), b.passes(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMintedOncePerUser(t *testing.T) {
	b := newBench(nil)
	id := b.passes(t, apiKey(directorytest.RPCUserKey))
	secrets := make([]auth.Secret, 20)
	var callers sync.WaitGroup
	for i := range secrets {
		callers.Go(func() {
			var err error
			if secrets[i], err = b.Secret(context.Background(), id); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if slices.Sort(secrets); secrets[0] != secrets[19] || b.madeFor(9001) != 1 {
		t.Fatalf("%d keys were made", b.madeFor(9001))
	}
	b.costs(t, 0, func() { b.secret(t, apiKey(directorytest.RPCUserKey)) })
	if got := b.passes(t, object(9001, secrets[0])); got.Method != auth.ByNativeKey {
		t.Errorf("the key made is %+v", got)
	}
	if err := b.Close(context.Background()); err != nil || b.madeFor(9001) != 0 {
		t.Errorf("after Close %d keys are left, %v", b.madeFor(9001), err)
	}
}

func TestMintedAnew(t *testing.T) {
	tests := []struct {
		name   string
		change func(*auth.Rows)
		after  time.Duration
		anew   bool
		left   int // keys that were made
	}{
		{"nothing happened", nil, time.Second, false, 1},
		{"row deleted", func(r *auth.Rows) { r.NativeKeys = r.NativeKeys[:len(r.NativeKeys)-1] }, time.Second, true, 1},
		{"row deleted, still fresh", func(r *auth.Rows) { r.NativeKeys = r.NativeKeys[:len(r.NativeKeys)-1] }, time.Second - 1, false, 0},
		{"row changed", func(r *auth.Rows) { r.NativeKeys[len(r.NativeKeys)-1].Hash = "other" }, time.Second, true, 2},
		{"before it is due", nil, 24*time.Hour - 10*time.Minute, false, 1},
		{"overdue", nil, 24*time.Hour - 5*time.Minute + 1, true, 2}, // the old one stays for calls on their way
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(nil)
			first := b.secret(t, apiKey(directorytest.RPCUserKey))
			if tt.change != nil {
				b.dir.Change(tt.change)
			}
			b.clock.advance(tt.after)
			second := b.secret(t, apiKey(directorytest.RPCUserKey))
			if (second != first) != tt.anew || b.madeFor(9001) != tt.left {
				t.Errorf("made anew: %v, want %v; %d keys are left, want %d", second != first, tt.anew, b.madeFor(9001), tt.left)
			}
			if err := b.Close(context.Background()); err != nil || b.madeFor(9001) != 0 {
				t.Errorf("after Close %d keys are left, %v", b.madeFor(9001), err)
			}
		})
	}
}

// TestRenewal makes another key while the old one still serves, and tries again later where it could not be made.
func TestRenewal(t *testing.T) {
	warned := make(chan error, 10)
	b := newBench(func(c *auth.Config) { c.Warn = func(_ string, err error) { warned <- err } })
	id := b.passes(t, apiKey(directorytest.RPCUserKey))
	first := b.secret(t, apiKey(directorytest.RPCUserKey))
	old := func(when string) {
		t.Helper()
		if key, err := b.Secret(context.Background(), id); key != first || err != nil {
			t.Fatalf("%s: another key, or %v", when, err)
		}
	}
	b.clock.advance(24*time.Hour - 10*time.Minute + 1)
	b.passes(t, apiKey(directorytest.RPCUserKey))
	b.dir.FailMint(auth.ErrMayNotMint)
	old("when it is due")
	if err := <-warned; !errors.Is(err, auth.ErrMayNotMint) {
		t.Errorf("warned of %v", err)
	}
	old("when it could not be renewed")
	b.clock.advance(29 * time.Second)
	old("before it is tried again")
	if len(warned) != 0 {
		t.Errorf("tried again too soon: %v", <-warned)
	}
	b.clock.advance(time.Second)
	old("while it is tried again")
	<-warned
	b.clock.advance(5*time.Minute - 30*time.Second)
	if _, err := b.Secret(context.Background(), id); auth.KindOf(err) != auth.NeedsAddon || !strings.Contains(err.Error(), "odoobridge grants") {
		t.Errorf("when it is about to expire: %v", err)
	}

	b = newBench(nil)
	id = b.passes(t, apiKey(directorytest.RPCUserKey))
	first = b.secret(t, apiKey(directorytest.RPCUserKey))
	b.clock.advance(24*time.Hour - 10*time.Minute + 1)
	b.passes(t, apiKey(directorytest.RPCUserKey))
	old("while the other is made")
	for {
		key, err := b.Secret(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		if key != first {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := b.Close(context.Background()); err != nil || b.madeFor(9001) != 0 {
		t.Errorf("after Close %d keys are left, %v", b.madeFor(9001), err)
	}
}

// TestReplacedKeysAreRemoved lets Run remove a replaced key.
func TestReplacedKeysAreRemoved(t *testing.T) {
	b := newBench(nil)
	b.secret(t, apiKey(directorytest.RPCUserKey))
	b.clock.advance(24 * time.Hour)
	b.secret(t, apiKey(directorytest.RPCUserKey))
	b.clock.advance(5*time.Minute + 1)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for b.madeFor(9001) != 1 {
		time.Sleep(time.Millisecond)
	}
}

func TestNoSecret(t *testing.T) {
	ctx := context.Background()
	t.Run("archived", func(t *testing.T) {
		b := newBench(nil)
		_, err := b.Secret(ctx, b.passes(t, apiKey(directorytest.ArchivedKey)))
		if auth.KindOf(err) != auth.NeedsAddon || !strings.Contains(err.Error(), "add-on odoobridge") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("impersonation off", func(t *testing.T) {
		b := newBench(func(c *auth.Config) { c.Impersonation, c.Minter = auth.ImpersonationOff, nil })
		_, err := b.Secret(ctx, b.passes(t, apiKey(directorytest.RPCUserKey)))
		if auth.KindOf(err) != auth.Denied || !strings.Contains(err.Error(), "impersonation") {
			t.Errorf("got %v", err)
		}
		if b.secret(t, object(9001, "rpcuser-pw")) != "rpcuser-pw" {
			t.Error("the caller's own secret is not passed on")
		}
	})
	faults := map[string]struct {
		err  error
		kind auth.Kind
	}{
		"no native keys":    {fmt.Errorf("odoo13: %w", auth.ErrNoNativeKeys), auth.NeedsAddon},
		"not allowed":       {fmt.Errorf("%w: permission denied for table res_users_apikeys", auth.ErrMayNotMint), auth.NeedsAddon},
		"database is away":  {directorytest.ErrAway, auth.Unavailable},
		"database was lost": {fmt.Errorf("%w: odoo18", auth.ErrUnknownDatabase), auth.UnknownDatabase},
	}
	for name, tt := range faults {
		t.Run(name, func(t *testing.T) {
			b := newBench(nil)
			id := b.passes(t, apiKey(directorytest.RPCUserKey))
			b.dir.Fail(tt.err)
			if _, err := b.Secret(ctx, id); auth.KindOf(err) != tt.kind || !errors.Is(err, tt.err) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("away with a key made before", func(t *testing.T) {
		b := newBench(nil)
		id := b.passes(t, apiKey(directorytest.RPCUserKey))
		first := b.secret(t, apiKey(directorytest.RPCUserKey))
		b.dir.Fail(directorytest.ErrAway)
		b.clock.advance(29 * time.Second)
		if again, err := b.Secret(ctx, id); again != first || err != nil {
			t.Errorf("within the stale limit: %v", err)
		}
		b.clock.advance(time.Second)
		if _, err := b.Secret(ctx, id); auth.KindOf(err) != auth.Unavailable {
			t.Errorf("beyond the stale limit: %v", err)
		}
	})
}

// TestKey is what JSON-2 asks for: the caller's own native key, else one that is made, for a password too.
func TestKey(t *testing.T) {
	tests := []struct {
		name   string
		who    auth.Presented
		policy auth.Impersonation
		made   int
		want   string // in the reason of the refusal; "" if there is none
	}{
		{"native key", object(9004, directorytest.KeyUserKey), auth.ImpersonationAuto, 0, ""},
		{"password", object(9001, "rpcuser-pw"), auth.ImpersonationAuto, 1, ""},
		{"auth_api_key", apiKey(directorytest.RPCUserKey), auth.ImpersonationAuto, 1, ""},
		{"native key, impersonation off", object(9004, directorytest.KeyUserKey), auth.ImpersonationOff, 0, ""},
		{"password, impersonation off", object(9001, "rpcuser-pw"), auth.ImpersonationOff, 0, "a password is no use here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(func(c *auth.Config) { c.Impersonation = tt.policy })
			id := b.passes(t, tt.who)
			key, err := b.Key(context.Background(), id)
			if tt.want != "" {
				var refusal *auth.Error
				if !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, tt.want) {
					t.Errorf("Key: %v, want a refusal with %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if n := b.madeFor(id.UID); n != tt.made {
				t.Errorf("%d keys were made, want %d", n, tt.made)
			}
			if got := b.passes(t, object(id.UID, key)); got.Method != auth.ByNativeKey {
				t.Errorf("the key is a %v", got.Method)
			}
		})
	}
}

// TestAddon is who goes through Odoo's add-on, and what others are told where there is none.
func TestAddon(t *testing.T) {
	tests := []struct {
		name      string
		who       auth.Presented
		policy    auth.Impersonation
		installed bool
		key       auth.Secret // shown to the add-on; "" if it is not asked
		refused   string      // by Secret, in the reason; "" if it is not
	}{
		{"archived", apiKey(directorytest.ArchivedKey), auth.ImpersonationAuto, true, directorytest.ArchivedKey, "install the add-on"},
		{"archived, no add-on", apiKey(directorytest.ArchivedKey), auth.ImpersonationAuto, false, "", "install the add-on"},
		{"archived, mint", apiKey(directorytest.ArchivedKey), auth.ImpersonationMint, true, "", "install the add-on"},
		{"active", apiKey(directorytest.RPCUserKey), auth.ImpersonationAuto, true, directorytest.RPCUserKey, ""},
		{"active, no add-on", apiKey(directorytest.RPCUserKey), auth.ImpersonationAuto, false, "", ""},
		{"active, mint", apiKey(directorytest.RPCUserKey), auth.ImpersonationMint, true, "", ""},
		{"active, addon", apiKey(directorytest.RPCUserKey), auth.ImpersonationAddon, true, directorytest.RPCUserKey, "by the add-on odoobridge alone"},
		{"active, addon but none there", apiKey(directorytest.RPCUserKey), auth.ImpersonationAddon, false, "", "by the add-on odoobridge alone"},
		{"active, off", apiKey(directorytest.RPCUserKey), auth.ImpersonationOff, true, "", "impersonation is off"},
		{"password", object(9001, "rpcuser-pw"), auth.ImpersonationAddon, true, "", ""},
		{"native key", object(9004, directorytest.KeyUserKey), auth.ImpersonationAddon, true, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(func(c *auth.Config) {
				c.Impersonation = tt.policy
				c.Addon = func(name string) bool { return tt.installed && name == db }
			})
			id := b.passes(t, tt.who)
			if key, ok := b.Addon(id); ok != (tt.key != "") || key != tt.key {
				t.Errorf("the add-on: %v", ok)
			}
			_, err := b.Secret(context.Background(), id)
			if tt.refused == "" && err != nil || tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused)) {
				t.Errorf("Secret: %v, want a refusal with %q", err, tt.refused)
			}
			if text := fmt.Sprintf("%v %+v %#v", id, id, id); tt.key != "" && strings.Contains(text, string(tt.key)) {
				t.Errorf("printed: %s", text)
			}
		})
	}
}
