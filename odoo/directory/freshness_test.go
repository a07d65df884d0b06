package directory_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
	"odoobridge/odoo/directory"
)

// patience is how long an event is waited for before the test fails. It is no measure.
const patience = 20 * time.Second

// eventually waits until holds does.
func eventually(t *testing.T, what string, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > patience {
			t.Fatalf("%s: not within %v", what, patience)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

// running is an Authenticator on d whose background runs until the test ends.
func running(t *testing.T, d *directory.Directory, c auth.Config) *auth.Authenticator {
	t.Helper()
	c.Directory, c.Minter = d, d
	a := auth.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { a.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		background.Wait()
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return a
}

func apiKey(k auth.Secret) auth.Presented { return auth.Presented{APIKey: k} }
func object(uid int64, pw auth.Secret) auth.Presented {
	return auth.Presented{Call: &auth.CallCredentials{UID: uid, Password: pw}}
}

// changes are by plain SQL, as no signalling of Odoo's tells. Each is undone by undo.
var changes = []struct {
	name, change, undo string
	p                  auth.Presented
}{
	{"archive, password", "UPDATE res_users SET active = false WHERE id = 9001", "UPDATE res_users SET active = true WHERE id = 9001", object(9001, "rpcuser-pw")},
	{"archive, native key", "UPDATE res_users SET active = false WHERE id = 9004", "UPDATE res_users SET active = true WHERE id = 9004", object(9004, directorytest.KeyUserKey)},
	{"delete the auth_api_key", "DELETE FROM auth_api_key WHERE id = 501",
		"INSERT INTO auth_api_key (id, name, user_id, key, active) VALUES (501, 'again', 9001, 'conf-auth-api-key-rpcuser', true)", apiKey(directorytest.RPCUserKey)},
	{"change the auth_api_key", "UPDATE auth_api_key SET key = 'other' WHERE id = 504", "UPDATE auth_api_key SET key = 'conf-auth-api-key-admin' WHERE id = 504", apiKey("conf-auth-api-key-admin")},
	{"deactivate the auth_api_key", "UPDATE auth_api_key SET active = false WHERE id = 501", "UPDATE auth_api_key SET active = true WHERE id = 501", apiKey(directorytest.RPCUserKey)},
	{"the company's setting", "UPDATE res_company SET archived_user_disable_auth_api_key = true", "UPDATE res_company SET archived_user_disable_auth_api_key = false", apiKey(directorytest.ArchivedKey)},
	{"change the password", "UPDATE res_users SET password = 'other' WHERE id = 9008", "UPDATE res_users SET password = 'plainhash-pw' WHERE id = 9008", object(9008, "plainhash-pw")},
	{"set totp_secret", "UPDATE res_users SET totp_secret = 'x' WHERE id = 9001", "UPDATE res_users SET totp_secret = NULL WHERE id = 9001", object(9001, "rpcuser-pw")},
	{"expire the native key", "UPDATE res_users_apikeys SET expiration_date = now() AT TIME ZONE 'utc' WHERE id = 80002", "UPDATE res_users_apikeys SET expiration_date = NULL WHERE id = 80002", object(9004, directorytest.KeyUserKey)},
	{"change the native key's scope", "UPDATE res_users_apikeys SET scope = 'other' WHERE id = 80003", "UPDATE res_users_apikeys SET scope = 'rpc' WHERE id = 80003", object(9004, "5e5000020123456789abcdef0123456789abcdef")},
}

// TestFreshness measures how long a change takes to be in force under the default freshness, while the caller calls all
// the time. Package auth's tests prove the bound, with a clock that is set; this one proves that the rows are the right
// ones, and logs what was measured.
func TestFreshness(t *testing.T) {
	b := newBase(t, 18)
	a := running(t, b.open(t), auth.Config{Freshness: time.Second, StaleLimit: 30 * time.Second})
	passes := func(p auth.Presented) bool {
		_, err := a.Identify(context.Background(), b.name, p)
		if err != nil && auth.KindOf(err) != auth.Denied {
			t.Fatal(err)
		}
		return err == nil
	}
	var longest time.Duration
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			if !passes(c.p) {
				t.Fatal("refused before the change")
			}
			b.exec(t, c.change)
			off := eventually(t, "the change in force", func() bool { return !passes(c.p) })
			b.exec(t, c.undo)
			on := eventually(t, "the change undone in force", func() bool { return passes(c.p) })
			longest = max(longest, off, on)
			t.Logf("in force after %v, undone after %v", off.Round(time.Millisecond), on.Round(time.Millisecond))
		})
	}
	t.Logf("longest: %v", longest.Round(time.Millisecond))
}

// throughProxy is a directory whose connections go through a proxy.
func throughProxy(t *testing.T, b *base, timeout time.Duration) (*directory.Directory, *proxy) {
	t.Helper()
	u, err := url.Parse(b.dsn)
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, u.Host)
	u.Host = p.listener.Addr().String()
	d, err := directory.Open(directory.Options{DSN: auth.Secret(u.String()), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, p
}

// TestKnownCallerTakesNoQuery counts the bytes that go to PostgreSQL.
func TestKnownCallerTakesNoQuery(t *testing.T) {
	b := newBase(t, 18)
	d, p := throughProxy(t, b, 0)
	a := auth.New(auth.Config{Directory: d, Minter: d, Freshness: time.Hour, StaleLimit: time.Hour})
	ctx := context.Background()
	callers := []auth.Presented{apiKey(directorytest.RPCUserKey), apiKey(directorytest.KeyUserKey), object(9001, "rpcuser-pw"), {Bearer: directorytest.KeyUserKey}}
	call := func() {
		t.Helper()
		for _, c := range callers {
			id, err := a.Identify(ctx, b.name, c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Secret(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	call()
	before := p.sent.Load()
	for range 1000 {
		call()
	}
	if sent := p.sent.Load() - before; sent != 0 {
		t.Errorf("%d bytes went to PostgreSQL for callers who are known", sent)
	}
	if err := a.Close(ctx); err != nil {
		t.Error(err)
	}
}

// TestPostgresAway cuts the network, and has it swallow everything: known callers are served until the stale limit,
// then refused, and served again once PostgreSQL is back.
func TestPostgresAway(t *testing.T) {
	for name, silent := range map[string]bool{"cut": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBase(t, 18)
			d, p := throughProxy(t, b, 500*time.Millisecond)
			a := running(t, d, auth.Config{Freshness: 100 * time.Millisecond, StaleLimit: 3 * time.Second})
			identify := func(p auth.Presented) auth.Kind {
				_, err := a.Identify(context.Background(), b.name, p)
				return auth.KindOf(err)
			}
			known := apiKey(directorytest.RPCUserKey)
			eventually(t, "served at the start", func() bool { return identify(known) == 0 })
			p.set(!silent, silent)
			eventually(t, "an unknown caller can't be looked up", func() bool { return identify(apiKey("unknown")) == auth.Unavailable })
			served := 0
			eventually(t, "the stale limit", func() bool {
				kind := identify(known)
				if kind == 0 {
					served++
				}
				return kind == auth.Unavailable
			})
			if served == 0 {
				t.Error("a known caller was not served while PostgreSQL was away")
			}
			b.exec(t, "UPDATE auth_api_key SET active = false WHERE id = 501")
			p.set(false, false)
			eventually(t, "what changed meanwhile is in force", func() bool { return identify(known) == auth.Denied })
			b.exec(t, "UPDATE auth_api_key SET active = true WHERE id = 501")
			eventually(t, "served again", func() bool { return identify(known) == 0 })
		})
	}
}

// TestMintedRowDeleted has the Authenticator notice that somebody deleted the key it made.
func TestMintedRowDeleted(t *testing.T) {
	b := newBase(t, 18)
	a := running(t, b.open(t), auth.Config{Freshness: 50 * time.Millisecond, StaleLimit: time.Minute})
	ctx := context.Background()
	secret := func() auth.Secret {
		id, err := a.Identify(ctx, b.name, apiKey(directorytest.RPCUserKey))
		s, err2 := a.Secret(ctx, id)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := secret()
	b.exec(t, "DELETE FROM res_users_apikeys WHERE name LIKE 'odoobridge %'")
	eventually(t, "another key", func() bool { return secret() != first })
	if names := b.minted(t); len(names) != 1 {
		t.Errorf("got %q", names)
	}
	if id, err := a.Identify(ctx, b.name, object(9001, secret())); err != nil || id.Method != auth.ByNativeKey {
		t.Errorf("the key made: %+v, %v", id, err)
	}
}

// TestLeftoversAreCollected has the Authenticator remove what a dead process left, in a database nobody called yet.
func TestLeftoversAreCollected(t *testing.T) {
	b := newBase(t, 18)
	dead, err := directory.Open(directory.Options{DSN: auth.Secret(b.dsn)})
	if err != nil {
		t.Fatal(err)
	}
	mint(t, dead, b, 9001)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	next := b.open(t, func(o *directory.Options) { o.Grace = time.Nanosecond })
	running(t, next, auth.Config{Databases: []string{b.name}, Freshness: time.Second, CollectEvery: 10 * time.Millisecond})
	eventually(t, "the leftover gone", func() bool { return len(b.minted(t)) == 0 })
}
