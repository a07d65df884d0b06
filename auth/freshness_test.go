package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
)

// userOf and so on find a row to change.
func userOf(r *auth.Rows, id int64) *auth.User {
	return &r.Users[slices.IndexFunc(r.Users, func(u auth.User) bool { return u.ID == id })]
}
func authKey(r *auth.Rows, id int64) *auth.AuthAPIKey {
	return &r.AuthAPIKeys[slices.IndexFunc(r.AuthAPIKeys, func(k auth.AuthAPIKey) bool { return k.ID == id })]
}
func nativeKey(r *auth.Rows, id int64) *auth.NativeKey {
	return &r.NativeKeys[slices.IndexFunc(r.NativeKeys, func(k auth.NativeKey) bool { return k.ID == id })]
}

// changes are what ends a caller's access, each with a caller it ends it for.
var changes = []struct {
	name   string
	p      auth.Presented
	change func(*auth.Rows)
}{
	{"user archived, password", object(9001, "rpcuser-pw"), func(r *auth.Rows) { userOf(r, 9001).Active = false }},
	{"user archived, native key", bearer(directorytest.KeyUserKey), func(r *auth.Rows) { userOf(r, 9004).Active = false }},
	{"user deleted", common("rpcuser", "rpcuser-pw"), func(r *auth.Rows) {
		r.Users = slices.DeleteFunc(r.Users, func(u auth.User) bool { return u.ID == 9001 })
	}},
	{"password changed", basic("rpcuser", "rpcuser-pw"), func(r *auth.Rows) { userOf(r, 9001).Password = "other" }},
	{"password removed", object(9001, "rpcuser-pw"), func(r *auth.Rows) { userOf(r, 9001).Password = "" }},
	{"login changed", common("rpcuser", "rpcuser-pw"), func(r *auth.Rows) { userOf(r, 9001).Login = "renamed" }},
	{"two-factor switched on", object(9001, "rpcuser-pw"), func(r *auth.Rows) { userOf(r, 9001).TOTP = true }},
	{"key deleted", apiKey(directorytest.RPCUserKey), func(r *auth.Rows) { r.AuthAPIKeys = r.AuthAPIKeys[1:] }},
	{"key changed", apiKey(directorytest.RPCUserKey), func(r *auth.Rows) { authKey(r, 501).Key = "other" }},
	{"key inactive", apiKey(directorytest.RPCUserKey), func(r *auth.Rows) { authKey(r, 501).Active = false }},
	{"user archived with the company's setting on", apiKey(directorytest.RPCUserKey), func(r *auth.Rows) {
		userOf(r, 9001).Active, userOf(r, 9001).ArchivedKeysDisabled = false, true
	}},
	{"company's setting on, user archived before", apiKey(directorytest.ArchivedKey), func(r *auth.Rows) { userOf(r, 9002).ArchivedKeysDisabled = true }},
	{"native key deleted", object(9004, directorytest.KeyUserKey), func(r *auth.Rows) { r.NativeKeys = r.NativeKeys[1:] }},
	{"native key changed", bearer(directorytest.KeyUserKey), func(r *auth.Rows) { nativeKey(r, 80002).Hash = "other" }},
	{"native key of another scope", bearer(rpcScopeKey), func(r *auth.Rows) { nativeKey(r, 80003).Scope = "odoo.plugin.outlook" }},
	{"native key expired", bearer(directorytest.KeyUserKey), func(r *auth.Rows) { nativeKey(r, 80002).Expires = time.Unix(0, 0) }},
	{"native key given to another", object(9004, directorytest.KeyUserKey), func(r *auth.Rows) { nativeKey(r, 80002).UserID = 9001 }},
}

func TestChangeIsInForceWithinFreshness(t *testing.T) {
	for _, tt := range changes {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(nil)
			b.passes(t, tt.p)
			b.dir.Change(tt.change)
			b.clock.advance(time.Second - time.Nanosecond)
			b.costs(t, 0, func() { b.passes(t, tt.p) }) // it is not asked for earlier
			b.clock.advance(time.Nanosecond)
			b.fails(t, tt.p, auth.Denied, "")
		})
	}
}

func TestStrictChangeIsInForceAtOnce(t *testing.T) {
	for _, tt := range changes {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(func(c *auth.Config) { c.Freshness = 0 })
			b.passes(t, tt.p)
			b.clock.advance(1)
			b.costs(t, 1, func() { b.passes(t, tt.p) })
			b.dir.Change(tt.change)
			b.clock.advance(1)
			b.fails(t, tt.p, auth.Denied, "")
		})
	}
}

func TestAccessGivenIsInForceAtOnce(t *testing.T) {
	b := newBench(nil)
	p := object(9002, "archived-pw")
	b.fails(t, p, auth.Denied, "archived")
	b.dir.Change(func(r *auth.Rows) { userOf(r, 9002).Active = true })
	b.passes(t, p)

	b.fails(t, apiKey("brand-new"), auth.Denied, "")
	b.dir.Change(func(r *auth.Rows) {
		r.AuthAPIKeys = append(r.AuthAPIKeys, auth.AuthAPIKey{ID: 700, UserID: 9001, Name: "new", Key: "brand-new", Active: true})
	})
	b.passes(t, apiKey("brand-new"))
}

func TestKnownCallerTakesNoQuery(t *testing.T) {
	for name, p := range map[string]auth.Presented{
		"auth_api_key": apiKey(directorytest.RPCUserKey), "native": apiKey(directorytest.KeyUserKey), "Bearer": bearer(directorytest.KeyUserKey),
		"Basic": basic("rpcuser", "rpcuser-pw"), "object": object(9001, "rpcuser-pw"), "common": common("rpcuser", "rpcuser-pw"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(nil)
			b.costs(t, 1, func() { b.passes(t, p) })
			b.costs(t, 0, func() {
				for range 100 {
					b.passes(t, p)
				}
			})
			b.clock.advance(time.Second) // without Run the call reads again itself
			b.costs(t, 1, func() { b.passes(t, p); b.passes(t, p) })
		})
	}
}

func TestAuthenticateProvesTheCallsAfterIt(t *testing.T) {
	b := newBench(nil)
	b.passes(t, common("rpcuser", "rpcuser-pw"))
	b.costs(t, 0, func() { b.passes(t, object(9001, "rpcuser-pw")); b.passes(t, basic("rpcuser", "rpcuser-pw")) })
	// A proof is no proof for another way of checking.
	b.passes(t, common("keyuser", directorytest.KeyUserKey))
	b.costs(t, 2, func() { b.passes(t, bearer(directorytest.KeyUserKey)); b.passes(t, apiKey(directorytest.KeyUserKey)) })
}

func TestExpiryNeedsNoRead(t *testing.T) {
	b := newBench(nil)
	expires := b.clock.Now().Add(300 * time.Millisecond)
	b.dir.Change(func(r *auth.Rows) { nativeKey(r, 80002).Expires = expires })
	b.passes(t, bearer(directorytest.KeyUserKey))
	b.dir.Fail(directorytest.ErrAway) // so that what decides is the proof
	b.clock.advance(300 * time.Millisecond)
	b.passes(t, bearer(directorytest.KeyUserKey)) // the last moment: Odoo compares with >=
	b.clock.advance(1)
	b.fails(t, bearer(directorytest.KeyUserKey), auth.Unavailable, "") // the proof is no more, and nobody to ask
}

func TestCallersShareARead(t *testing.T) {
	b := newBench(nil)
	b.passes(t, apiKey(directorytest.RPCUserKey))
	b.passes(t, object(9001, "rpcuser-pw"))
	b.clock.advance(time.Second)
	release := b.dir.Hold()
	var callers sync.WaitGroup
	b.costs(t, 1, func() {
		for i := range 50 {
			p := apiKey(directorytest.RPCUserKey)
			if i%2 == 0 {
				p = object(9001, "rpcuser-pw")
			}
			callers.Go(func() {
				if _, err := b.Identify(context.Background(), db, p); err != nil {
					t.Error(err)
				}
			})
		}
		release()
		callers.Wait()
	})
}

func TestCallerWhoGivesUp(t *testing.T) {
	b := newBench(nil)
	b.passes(t, apiKey(directorytest.RPCUserKey))
	b.clock.advance(time.Second)
	release := b.dir.Hold()
	defer release()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Identify(ctx, db, apiKey(directorytest.RPCUserKey)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDatabaseAway(t *testing.T) {
	for name, p := range map[string]auth.Presented{"key": apiKey(directorytest.RPCUserKey), "password": object(9001, "rpcuser-pw")} {
		t.Run(name, func(t *testing.T) {
			b := newBench(nil)
			b.passes(t, p)
			b.dir.Fail(directorytest.ErrAway)
			b.fails(t, apiKey("unknown"), auth.Unavailable, "could not be asked")
			for range 29 {
				b.clock.advance(time.Second)
				b.passes(t, p)
			}
			b.clock.advance(time.Second - 1)
			b.passes(t, p)
			b.clock.advance(1)
			b.fails(t, p, auth.Unavailable, "could not be asked")
			b.fails(t, p, auth.Unavailable, "connection refused")
			b.dir.Fail(nil)
			b.passes(t, p)
		})
	}
	t.Run("strict", func(t *testing.T) {
		b := newBench(func(c *auth.Config) { c.Freshness = 0 })
		b.passes(t, apiKey(directorytest.RPCUserKey))
		b.dir.Fail(directorytest.ErrAway)
		b.clock.advance(1)
		b.fails(t, apiKey(directorytest.RPCUserKey), auth.Unavailable, "")
	})
	t.Run("gone for good", func(t *testing.T) {
		b := newBench(nil)
		b.passes(t, apiKey(directorytest.RPCUserKey))
		b.dir.Fail(fmt.Errorf("%w: dropped", auth.ErrUnknownDatabase))
		b.clock.advance(time.Second)
		b.fails(t, apiKey(directorytest.RPCUserKey), auth.UnknownDatabase, "")
		b.fails(t, apiKey(directorytest.RPCUserKey), auth.UnknownDatabase, "")
	})
}

func TestFewProofs(t *testing.T) {
	b := newBench(func(c *auth.Config) { c.MaxProofs = 4 })
	b.dir.Change(func(r *auth.Rows) {
		for i := range 40 {
			r.AuthAPIKeys = append(r.AuthAPIKeys, auth.AuthAPIKey{ID: int64(1000 + i), UserID: 9001, Name: fmt.Sprint(i),
				Key: auth.Secret(fmt.Sprintf("many-%d", i)), Active: true})
		}
	})
	hot := apiKey(directorytest.RPCUserKey)
	b.passes(t, hot)
	for i := range 40 {
		b.clock.advance(time.Millisecond)
		b.passes(t, apiKey(auth.Secret(fmt.Sprintf("many-%d", i))))
		b.clock.advance(time.Millisecond)
		b.costs(t, 0, func() { b.passes(t, hot) }) // what is used is kept
	}
	b.costs(t, 1, func() { b.passes(t, apiKey("many-0")) }) // what isn't, is not
}

// TestRun lets the background keep proofs fresh, by the wall clock: calls never read themselves.
func TestRun(t *testing.T) {
	m := directorytest.Fixture(time.Now)
	a := auth.New(auth.Config{Directory: m, Minter: m, Freshness: 20 * time.Millisecond, StaleLimit: time.Minute})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	defer running.Wait()
	defer cancel()
	p := apiKey(directorytest.RPCUserKey)
	if _, err := a.Identify(ctx, db, p); err != nil {
		t.Fatal(err)
	}
	for before := m.Reads(); m.Reads() < before+5; { // without a call
		time.Sleep(time.Millisecond)
	}
	m.Change(func(r *auth.Rows) { authKey(r, 501).Active = false })
	for {
		if _, err := a.Identify(ctx, db, p); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestUnknownCallersLeaveRoom has more callers who are not known than may look themselves up at once: the others wait,
// and too many are Overloaded.
func TestUnknownCallersLeaveRoom(t *testing.T) {
	b := newBench(nil)
	b.passes(t, apiKey(directorytest.RPCUserKey)) // makes the database known
	release := b.dir.Hold()
	const callers = 3 + 256 + 5
	kinds := make(chan auth.Kind, callers)
	before := b.dir.Reads()
	for i := range callers {
		go func() {
			_, err := b.Identify(context.Background(), db, bearer(auth.Secret(fmt.Sprint("unknown", i))))
			kinds <- auth.KindOf(err)
		}()
	}
	for range 5 {
		if kind := <-kinds; kind != auth.Overloaded {
			t.Errorf("got %v", kind)
		}
	}
	if reads := b.dir.Reads() - before; reads > 3 {
		t.Errorf("%d looked up at once", reads)
	}
	b.costs(t, 0, func() { b.passes(t, apiKey(directorytest.RPCUserKey)) })
	release()
	for range callers - 5 {
		if kind := <-kinds; kind != auth.Denied && kind != auth.Overloaded { // by the hashes' queue
			t.Errorf("got %v", kind)
		}
	}
}

// TestMembershipsWantedLater: a caller who is known is read again when groups are wanted that were not before, and is not served
// without them while the database is away.
func TestMembershipsWantedLater(t *testing.T) {
	var wanted auth.Memberships
	b := newBench(func(c *auth.Config) { c.Memberships = func() auth.Memberships { return wanted } })
	caller := apiKey(directorytest.RPCUserKey)
	if id := b.passes(t, caller); id.Groups != nil || id.KeyGroups != nil {
		t.Errorf("nobody asked, and got %+v", id)
	}
	wanted = auth.Memberships{KeyGroups: true, Groups: []string{"base.group_user"}}
	b.costs(t, 1, func() {
		if id := b.passes(t, caller); len(id.Groups) != 1 || len(id.KeyGroups) != 1 {
			t.Errorf("got %+v", id)
		}
	})
	b.costs(t, 0, func() { b.passes(t, caller) })
	wanted = auth.Memberships{KeyGroups: true, Groups: []string{"base.group_system"}}
	b.dir.Fail(directorytest.ErrAway)
	b.fails(t, caller, auth.Unavailable, "could not be asked")
	b.dir.Fail(nil)
	if id := b.passes(t, caller); len(id.Groups) != 0 {
		t.Errorf("got %+v", id)
	}
}
