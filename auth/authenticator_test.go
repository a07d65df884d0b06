package auth_test

import (
	"context"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
)

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is an Authenticator over the Fixture, with a clock that stands still.
type bench struct {
	*auth.Authenticator
	dir   *directorytest.Memory
	clock *clock
}

const db = "odoo18"

func newBench(change func(*auth.Config)) *bench {
	b := &bench{clock: newClock()}
	b.dir = directorytest.Fixture(b.clock.Now)
	c := auth.Config{Directory: b.dir, Minter: b.dir, Freshness: time.Second, StaleLimit: 30 * time.Second, Now: b.clock.Now}
	if change != nil {
		change(&c)
	}
	b.Authenticator = auth.New(c)
	return b
}

// passes fails the test unless p is let in, and returns the identity.
func (b *bench) passes(t *testing.T, p auth.Presented) auth.Identity {
	t.Helper()
	id, err := b.Identify(context.Background(), db, p)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return id
}

// fails fails the test unless p is refused with an error of the kind, whose reason has the text.
func (b *bench) fails(t *testing.T, p auth.Presented, want auth.Kind, reason string) {
	t.Helper()
	id, err := b.Identify(context.Background(), db, p)
	if err == nil {
		t.Fatalf("let in as %+v", id)
	}
	if !reflect.DeepEqual(id, auth.Identity{}) {
		t.Errorf("refused, and yet %+v", id)
	}
	if auth.KindOf(err) != want || !strings.Contains(err.Error(), reason) {
		t.Fatalf("got %v (kind %v), want kind %v for %q", err, auth.KindOf(err), want, reason)
	}
}

// costs fails the test unless f reads the directory n times.
func (b *bench) costs(t *testing.T, n int, f func()) {
	t.Helper()
	before := b.dir.Reads()
	f()
	if got := b.dir.Reads() - before; got != n {
		t.Fatalf("took %d reads of the directory, want %d", got, n)
	}
}

func apiKey(k auth.Secret) auth.Presented { return auth.Presented{APIKey: k} }
func bearer(k auth.Secret) auth.Presented { return auth.Presented{Bearer: k} }
func basic(login string, pw auth.Secret) auth.Presented {
	return auth.Presented{Basic: &auth.Login{Login: login, Password: pw}}
}
func object(uid int64, pw auth.Secret) auth.Presented {
	return auth.Presented{Call: &auth.CallCredentials{UID: uid, Password: pw}}
}
func common(login string, pw auth.Secret) auth.Presented {
	return auth.Presented{Call: &auth.CallCredentials{ByLogin: true, Login: login, Password: pw}}
}
func both(a, b auth.Presented) auth.Presented {
	if b.Basic != nil {
		a.Basic = b.Basic
	}
	if b.Bearer != "" {
		a.Bearer = b.Bearer
	}
	if b.Call != nil {
		a.Call = b.Call
	}
	return a
}

const (
	rpcScopeKey   = auth.Secret("5e5000020123456789abcdef0123456789abcdef")
	otherScopeKey = auth.Secret("5e5000030123456789abcdef0123456789abcdef")
	futureKey     = auth.Secret("5e5000050123456789abcdef0123456789abcdef")
	archivedNKey  = auth.Secret("a1c000010123456789abcdef0123456789abcdef")
	totpKey       = auth.Secret("707900010123456789abcdef0123456789abcdef")
)

// TestRecorded is what the recordings of kinds auth and common say of credentials; the names are the cases'.
func TestRecorded(t *testing.T) {
	b := newBench(nil)
	tests := []struct {
		name   string
		p      auth.Presented
		uid    int64 // 0 for refused
		kind   auth.Kind
		reason string
	}{
		{"auth.good", object(9001, "rpcuser-pw"), 9001, 0, ""},
		{"auth.wrong", object(9001, "wrong"), 0, auth.Denied, "wrong password"},
		{"auth.wronguid", object(999999, "admin"), 0, auth.UnknownUser, "999999"},
		{"auth.uid.neg", object(-1, "x"), 0, auth.UnknownUser, "-1"},
		{"auth.uid.zero", object(0, "x"), 0, auth.Denied, "uid is 0"},
		{"auth.uid.one", object(1, "admin"), 0, auth.Denied, ""},
		{"auth.otheruid", object(2, "rpcuser-pw"), 0, auth.Denied, "wrong password"},
		{"auth.pw.empty", object(9001, ""), 0, auth.Denied, "empty password"},
		{"auth.pw.empty, no such uid", object(999999, ""), 0, auth.Denied, "empty password"},
		{"auth.pw.int", auth.Presented{Call: &auth.CallCredentials{UID: 9001, PasswordNotText: true}}, 0, auth.NoPassword, ""},
		{"auth.pw.int, no such uid", auth.Presented{Call: &auth.CallCredentials{UID: 999999, PasswordNotText: true}}, 0, auth.UnknownUser, ""},
		{"auth.pw.int, archived", auth.Presented{Call: &auth.CallCredentials{UID: 9002, PasswordNotText: true}}, 0, auth.Denied, "archived"},
		{"auth.pw.unicode", object(9007, "pâsswörd-€-日本"), 9007, 0, ""},
		{"auth.nopassword", object(9006, ""), 0, auth.Denied, ""},
		{"auth.nopassword.x", object(9006, "x"), 0, auth.Denied, "wrong password"},
		{"auth.plainhash", object(9008, "plainhash-pw"), 9008, 0, ""},
		{"auth.lowrounds", object(9009, "lowrounds-pw"), 9009, 0, ""},
		{"auth.archived", object(9002, "archived-pw"), 0, auth.Denied, "archived"},
		{"auth.archived.key", object(9002, archivedNKey), 0, auth.Denied, "archived"},
		{"auth.key", object(9004, directorytest.KeyUserKey), 9004, 0, ""},
		{"auth.key.rpc", object(9004, rpcScopeKey), 9004, 0, ""},
		{"auth.key.otherscope", object(9004, otherScopeKey), 0, auth.Denied, "scope"},
		{"auth.key.otheruser", object(9001, directorytest.KeyUserKey), 0, auth.Denied, "wrong password"},
		{"auth.key.otheruser, a later one", object(9007, directorytest.KeyUserKey), 0, auth.Denied, "wrong password"},
		{"auth.key.otheruser, no such uid", object(999999, directorytest.KeyUserKey), 0, auth.UnknownUser, ""},
		{"auth.key.totp", object(9003, totpKey), 9003, 0, ""},
		{"auth.totp", object(9003, "totpuser-pw"), 0, auth.Denied, "two-factor"},
		{"auth.key.expired", object(9004, directorytest.ExpiredKey), 0, auth.Denied, "expired"},
		{"auth.key.future", object(9004, futureKey), 9004, 0, ""},
		{"auth.authkey", object(9001, directorytest.RPCUserKey), 0, auth.Denied, "wrong password"},
		{"common.auth.good", common("rpcuser", "rpcuser-pw"), 9001, 0, ""},
		{"common.auth.bad", common("rpcuser", "wrong"), 0, auth.Denied, "wrong password"},
		{"common.auth.unknown", common("nobody", "x"), 0, auth.Denied, "no user"},
		{"common.auth.login.case", common("RPCUSER", "rpcuser-pw"), 0, auth.Denied, "no user"},
		{"common.auth.login.space", common("rpcuser ", "rpcuser-pw"), 0, auth.Denied, "no user"},
		{"common.auth.login.empty", common("", "rpcuser-pw"), 0, auth.Denied, "no user"},
		{"common.auth.pw.empty", common("rpcuser", ""), 0, auth.NoPassword, ""},
		{"common.auth.pw.empty, unknown", common("nobody", ""), 0, auth.Denied, "no user"},
		{"common.auth.pw.empty, archived", common("archived", ""), 0, auth.Denied, "archived"},
		{"common.auth.nopassword", common("nopassword", ""), 0, auth.NoPassword, ""},
		{"common.auth.key", common("keyuser", directorytest.KeyUserKey), 9004, 0, ""},
		{"common.auth.key.upper", common("keyuser", "5E5000010123456789ABCDEF0123456789ABCDEF"), 0, auth.Denied, ""},
		{"common.auth.key.prefix", common("keyuser", "5e500001"), 0, auth.Denied, ""},
		{"common.auth.key.otheruser", common("rpcuser", directorytest.KeyUserKey), 0, auth.Denied, ""},
		{"common.auth.key.otheruser, a later one", common("ünïcode", directorytest.KeyUserKey), 0, auth.Denied, "wrong password"},
		{"common.auth.key.otheruser, unknown", common("nobody", directorytest.KeyUserKey), 0, auth.Denied, "no user"},
		{"common.auth.key.archived", common("archived", archivedNKey), 0, auth.Denied, "archived"},
		{"common.auth.totp", common("totpuser", "totpuser-pw"), 0, auth.Denied, "two-factor"},
		{"common.auth.key.totp", common("totpuser", totpKey), 9003, 0, ""},
		{"common.auth.system", common("__system__", "x"), 0, auth.Denied, ""},
		{"common.auth.unicode", common("ünïcode", "pâsswörd-€-日本"), 9007, 0, ""},
	}
	for _, again := range []string{"", " again"} { // by the rows, then by the proof
		for _, tt := range tests {
			t.Run(tt.name+again, func(t *testing.T) {
				if tt.uid == 0 {
					b.fails(t, tt.p, tt.kind, tt.reason)
					return
				}
				id := b.passes(t, tt.p)
				if id.UID != tt.uid || id.DB != db || id.Via != auth.ViaCall {
					t.Errorf("got %+v", id)
				}
				if secret, err := b.Secret(context.Background(), id); err != nil || secret != tt.p.Call.Password {
					t.Errorf("the secret is not the caller's own: %v", err)
				}
			})
		}
	}
}

// TestHeaders is the table of who is who by header, and of headers beside each other and the call's own credentials.
func TestHeaders(t *testing.T) {
	b := newBench(nil)
	rpcuser := apiKey(directorytest.RPCUserKey)
	tests := []struct {
		name   string
		p      auth.Presented
		uid    int64 // 0 for Denied
		method auth.Method
		via    auth.Via
		reason string
	}{
		{"auth_api_key", rpcuser, 9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"auth_api_key of an archived user", apiKey(directorytest.ArchivedKey), 9002, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"inactive auth_api_key", apiKey(directorytest.InactiveKey), 0, 0, 0, "inactive"},
		{"unknown key", apiKey("nonsense"), 0, 0, 0, "no such key"},
		{"unknown short key", apiKey("x"), 0, 0, 0, "no such key"},
		{"native key as API-KEY", apiKey(directorytest.KeyUserKey), 9004, auth.ByNativeKey, auth.ViaAPIKey, ""},
		{"native key of an archived user as API-KEY", apiKey(archivedNKey), 0, 0, 0, "archived"},
		{"native key's first characters", apiKey("5e500001"), 0, 0, 0, "no such key"},
		{"another key with the same first characters", apiKey("5e500001ffffffffffffffffffffffffffffffff"), 0, 0, 0, "no such key"},
		{"password as API-KEY", apiKey("rpcuser-pw"), 0, 0, 0, "no such key"},
		{"Bearer", bearer(directorytest.KeyUserKey), 9004, auth.ByNativeKey, auth.ViaBearer, ""},
		{"Bearer of another scope", bearer(otherScopeKey), 0, 0, 0, "scope"},
		{"Bearer of an archived user", bearer(archivedNKey), 0, 0, 0, "archived"},
		{"Bearer with an auth_api_key", bearer(directorytest.RPCUserKey), 0, 0, 0, "no such key"},
		{"Basic", basic("rpcuser", "rpcuser-pw"), 9001, auth.ByPassword, auth.ViaBasic, ""},
		{"Basic with a native key", basic("keyuser", rpcScopeKey), 9004, auth.ByNativeKey, auth.ViaBasic, ""},
		{"Basic with another's native key", basic("rpcuser", rpcScopeKey), 0, 0, 0, "wrong password"},
		{"Basic with an auth_api_key", basic("rpcuser", directorytest.RPCUserKey), 0, 0, 0, "wrong password"},
		{"Basic, archived", basic("archived", "archived-pw"), 0, 0, 0, "archived"},
		{"Basic, two-factor", basic("totpuser", "totpuser-pw"), 0, 0, 0, "two-factor"},
		{"Basic, empty password", basic("rpcuser", ""), 0, 0, 0, "empty password"},
		{"Basic, unknown", basic("nobody", "x"), 0, 0, 0, "no user"},
		{"nothing", auth.Presented{}, 0, 0, 0, "no credentials"},

		{"API-KEY and Basic of another", both(rpcuser, basic("keyuser", "keyuser-pw")), 9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"API-KEY and wrong Basic", both(rpcuser, basic("keyuser", "wrong")), 0, 0, 0, "wrong password"},
		{"wrong API-KEY and Basic", both(apiKey("nonsense"), basic("rpcuser", "rpcuser-pw")), 0, 0, 0, "no such key"},
		{"API-KEY and Bearer", both(rpcuser, bearer(directorytest.KeyUserKey)), 9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"API-KEY and wrong Bearer", both(rpcuser, bearer("nonsense")), 0, 0, 0, "no such key"},

		{"API-KEY, uid absent", both(rpcuser, object(0, "")), 9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"API-KEY, own uid, any password", both(rpcuser, object(9001, "ignored")), 9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"API-KEY, own uid, password no text", both(rpcuser, auth.Presented{Call: &auth.CallCredentials{UID: 9001, PasswordNotText: true}}),
			9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"API-KEY, other uid with its password", both(rpcuser, object(9004, "keyuser-pw")), 0, 0, 0, "uid 9004"},
		{"API-KEY, login absent", both(rpcuser, common("", "")), 9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"API-KEY, own login", both(rpcuser, common("rpcuser", "ignored")), 9001, auth.ByAuthAPIKey, auth.ViaAPIKey, ""},
		{"API-KEY, other login", both(rpcuser, common("keyuser", "keyuser-pw")), 0, 0, 0, "keyuser"},
		{"wrong API-KEY, good credentials in the call", both(apiKey("nonsense"), object(9001, "rpcuser-pw")), 0, 0, 0, "no such key"},
		{"Basic, other uid", both(basic("rpcuser", "rpcuser-pw"), object(2, "admin")), 0, 0, 0, "uid 2"},
	}
	for _, again := range []string{"", " again"} {
		for _, tt := range tests {
			t.Run(tt.name+again, func(t *testing.T) {
				if tt.uid == 0 {
					b.fails(t, tt.p, auth.Denied, tt.reason)
					return
				}
				id := b.passes(t, tt.p)
				if id.UID != tt.uid || id.Method != tt.method || id.Via != tt.via || (id.KeyID != 0) != (id.Method != auth.ByPassword) {
					t.Errorf("got %+v", id)
				}
				if want := tt.p.Basic != nil && tt.p.APIKey != ""; (id.Also != "") != want {
					t.Errorf("Also is %q", id.Also)
				}
			})
		}
	}
}

func TestUnknownDatabase(t *testing.T) {
	b := newBench(nil)
	_, err := b.Identify(context.Background(), "no_such_db", apiKey(directorytest.RPCUserKey))
	if auth.KindOf(err) != auth.UnknownDatabase {
		t.Errorf("got %v", err)
	}
}

// TestDatabasesApart shows a proof of one database to another one that has no such key.
func TestDatabasesApart(t *testing.T) {
	c := newClock()
	one := directorytest.Fixture(c.Now)
	other := directorytest.NewMemory("other", auth.Rows{}, c.Now)
	a := auth.New(auth.Config{Directory: pair{one, other}, Minter: one, Freshness: time.Second, Now: c.Now})
	ctx := context.Background()
	if _, err := a.Identify(ctx, db, apiKey(directorytest.RPCUserKey)); err != nil {
		t.Fatal(err)
	}
	if id, err := a.Identify(ctx, "other", apiKey(directorytest.RPCUserKey)); auth.KindOf(err) != auth.Denied {
		t.Errorf("let in as %+v, %v", id, err)
	}
}

// pair is two databases.
type pair struct{ one, other *directorytest.Memory }

func (p pair) Read(ctx context.Context, db string, q auth.Query) (auth.Rows, error) {
	if db == p.other.DB {
		return p.other.Read(ctx, db, q)
	}
	return p.one.Read(ctx, db, q)
}

func TestSeveralRowsWithOneKey(t *testing.T) {
	b := newBench(nil)
	b.dir.Change(func(r *auth.Rows) {
		r.AuthAPIKeys = append(r.AuthAPIKeys, auth.AuthAPIKey{ID: 600, UserID: 9004, Name: "same", Key: directorytest.InactiveKey, Active: true})
	})
	if id := b.passes(t, apiKey(directorytest.InactiveKey)); id.UID != 9004 || id.KeyName != "same" {
		t.Errorf("got %+v", id)
	}
	b.dir.Change(func(r *auth.Rows) { // now the other one
		r.AuthAPIKeys[2].Active = true
		r.AuthAPIKeys[len(r.AuthAPIKeys)-1].Active = false
	})
	b.clock.advance(time.Second)
	if id := b.passes(t, apiKey(directorytest.InactiveKey)); id.UID != 9001 {
		t.Errorf("got %+v", id)
	}
}

func TestCooldown(t *testing.T) {
	b := newBench(nil)
	b.dir.Change(func(r *auth.Rows) { r.Settings.CooldownAfter = 3 })
	from := func(source string, p auth.Presented) auth.Presented {
		p.Source = netip.MustParseAddr(source)
		return p
	}
	good, bad := object(9001, "rpcuser-pw"), common("rpcuser", "wrong")
	b.passes(t, from("10.0.0.1", good))
	for range 3 {
		b.fails(t, from("10.0.0.1", bad), auth.Denied, "")
	}
	b.fails(t, from("10.0.0.1", bad), auth.Cooldown, "base.login_cooldown_after 3")
	b.fails(t, from("10.0.0.1", good), auth.Cooldown, "")                           // though there is a proof
	b.fails(t, from("10.0.0.1", basic("rpcuser", "rpcuser-pw")), auth.Cooldown, "") // whatever the way
	b.fails(t, from("::ffff:10.0.0.1", good), auth.Cooldown, "")                    // the same address
	b.passes(t, from("10.0.0.1", object(9007, "pâsswörd-€-日本")))                    // another login
	b.passes(t, from("10.0.0.2", good))                                             // another source
	b.passes(t, from("10.0.0.1", apiKey(directorytest.RPCUserKey)))                 // no login at all
	b.clock.advance(time.Minute)
	b.fails(t, from("10.0.0.1", bad), auth.Denied, "")
	b.fails(t, from("10.0.0.1", good), auth.Cooldown, "") // the failures before still count
	b.clock.advance(time.Minute)
	b.passes(t, from("10.0.0.1", good))
	for range 2 { // and now they don't
		b.fails(t, from("10.0.0.1", bad), auth.Denied, "")
	}
	b.passes(t, from("10.0.0.1", good))

	for range 3 {
		b.fails(t, from("2001:db8::1", common("nobody", "x")), auth.Denied, "")
	}
	b.fails(t, from("2001:db8::2", common("nobody", "x")), auth.Cooldown, "") // the same network
	b.fails(t, from("2001:db8:0:1::1", common("nobody", "x")), auth.Denied, "")

	b.dir.Change(func(r *auth.Rows) { r.Settings.CooldownAfter = 0 })
	b.fails(t, from("2001:db8::2", common("nobody", "x")), auth.Denied, "")
}

// TestCollation has a database that finds keys whatever their case.
func TestCollation(t *testing.T) {
	b := newBench(nil)
	a := auth.New(auth.Config{Directory: loose{b.dir}, Minter: b.dir, Freshness: time.Second, Now: b.clock.Now})
	if id, err := a.Identify(context.Background(), db, apiKey(auth.Secret(strings.ToUpper(string(directorytest.RPCUserKey))))); auth.KindOf(err) != auth.Denied {
		t.Errorf("let in as %+v, %v", id, err)
	}
}

type loose struct{ *directorytest.Memory }

func (l loose) Read(ctx context.Context, db string, q auth.Query) (auth.Rows, error) {
	q.AuthAPIKey = auth.Secret(strings.ToLower(string(q.AuthAPIKey)))
	return l.Memory.Read(ctx, db, q)
}

// TestAttemptsAreShared: failures at one bridge count at another, and a success at either ends them at both.
func TestAttemptsAreShared(t *testing.T) {
	var told []auth.Attempt
	cooldown := func(r *auth.Rows) { r.Settings.CooldownAfter = 3 }
	one := newBench(func(c *auth.Config) { c.Tell = func(at auth.Attempt) { told = append(told, at) } })
	other := newBench(nil)
	one.dir.Change(cooldown)
	other.dir.Change(cooldown)
	for range 3 {
		one.fails(t, object(9001, "wrong"), auth.Denied, "wrong password")
	}
	one.fails(t, common("nobody's password", "x"), auth.Denied, "no user")
	want := auth.Attempt{DB: db, UID: 9001, Source: told[0].Source, Failed: true}
	if len(told) != 3 || told[2] != want {
		t.Fatalf("told %+v; of logins that nobody has nothing is", told)
	}
	other.passes(t, object(9001, "rpcuser-pw"))
	for _, at := range told {
		other.Learn(at)
	}
	other.fails(t, object(9001, "rpcuser-pw"), auth.Cooldown, "too many login failures")
	one.clock.advance(time.Hour)
	other.clock.advance(time.Hour)
	one.passes(t, object(9001, "rpcuser-pw"))
	if want.Failed = false; len(told) != 4 || told[3] != want {
		t.Fatalf("told %+v", told)
	}
	other.Learn(told[3])
	other.fails(t, object(9001, "wrong"), auth.Denied, "wrong password")
	other.passes(t, object(9001, "rpcuser-pw"))
	one.passes(t, object(9001, "rpcuser-pw"))
	if len(told) != 4 {
		t.Errorf("a success after none is told of: %+v", told[4:])
	}
}
