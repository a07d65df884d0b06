package auth

import (
	"fmt"
	"testing"
	"time"
)

// TestDecideAuthAPIKey is the whole table of the inactive-user setting.
func TestDecideAuthAPIKey(t *testing.T) {
	rules := []ArchivedUsers{ArchivedBySetting, ArchivedByStored, ArchivedDeny, ArchivedAllow}
	for _, tt := range []struct {
		userActive, setting, keyActive bool
		works                          [4]bool // by rule
	}{
		{true, false, true, [4]bool{true, true, true, true}},
		{true, true, true, [4]bool{true, true, true, true}},
		{false, false, true, [4]bool{true, true, false, true}},
		{false, true, true, [4]bool{false, true, false, true}},
		{true, false, false, [4]bool{}},
		{true, true, false, [4]bool{}},
		{false, false, false, [4]bool{}},
		{false, true, false, [4]bool{}},
	} {
		for i, rule := range rules {
			name := fmt.Sprintf("user %v setting %v key %v %s", tt.userActive, tt.setting, tt.keyActive, rule)
			t.Run(name, func(t *testing.T) {
				e := &evidence{method: ByAuthAPIKey, present: true,
					user: User{ID: 7, Active: tt.userActive, ArchivedKeysDisabled: tt.setting},
					auth: AuthAPIKey{UserID: 7, Active: tt.keyActive}}
				if why := decide(e, rule, time.Time{}); (why == "") != tt.works[i] {
					t.Errorf("got %q, works should be %v", why, tt.works[i])
				}
			})
		}
	}
}

func TestDecide(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	active := User{ID: 7, Active: true}
	native := func(k NativeKey) *evidence {
		return &evidence{method: ByNativeKey, present: true, user: active, native: k}
	}
	tests := []struct {
		name  string
		e     *evidence
		works bool
	}{
		{"gone", &evidence{method: ByPassword}, false},
		{"password", &evidence{method: ByPassword, present: true, user: active}, true},
		{"password, archived", &evidence{method: ByPassword, present: true, user: User{ID: 7}}, false},
		{"password, two-factor", &evidence{method: ByPassword, present: true, user: User{ID: 7, Active: true, TOTP: true}}, false},
		{"auth_api_key of another", &evidence{method: ByAuthAPIKey, present: true, user: active, auth: AuthAPIKey{UserID: 8, Active: true}}, false},
		{"auth_api_key in its overlap", &evidence{method: ByAuthAPIKey, present: true, user: active, auth: AuthAPIKey{UserID: 7, Active: true, Retires: now.Add(1)}}, true},
		{"auth_api_key at the end of it", &evidence{method: ByAuthAPIKey, present: true, user: active, auth: AuthAPIKey{UserID: 7, Active: true, Retires: now}}, false},
		{"native key", native(NativeKey{UserID: 7}), true},
		{"native key of another", native(NativeKey{UserID: 8}), false},
		{"native key, scope rpc", native(NativeKey{UserID: 7, Scope: "rpc"}), true},
		{"native key, other scope", native(NativeKey{UserID: 7, Scope: "rpc2"}), false},
		{"native key, expires now", native(NativeKey{UserID: 7, Expires: now}), true}, // expiration_date >= now
		{"native key, expired", native(NativeKey{UserID: 7, Expires: now.Add(-1)}), false},
		{"native key, two-factor", &evidence{method: ByNativeKey, present: true, user: User{ID: 7, Active: true, TOTP: true}, native: NativeKey{UserID: 7}}, true},
		{"native key, archived", &evidence{method: ByNativeKey, present: true, user: User{ID: 7}, native: NativeKey{UserID: 7}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, rule := range []ArchivedUsers{ArchivedBySetting, ArchivedByStored, ArchivedDeny, ArchivedAllow} {
				if why := decide(tt.e, rule, now); (why == "") != tt.works {
					t.Errorf("%s: got %q, works should be %v", rule, why, tt.works)
				}
			}
		})
	}
}

func TestNewerEvidenceWins(t *testing.T) {
	at := func(s int64) *evidence { return &evidence{began: time.Unix(s, 0)} }
	var p proof
	for _, s := range []int64{1, 3, 2} {
		p.see(at(s))
	}
	if got := p.seen.Load().began.Unix(); got != 3 {
		t.Errorf("the read that began at %d counts, want 3", got)
	}
}

func TestDigestsDiffer(t *testing.T) {
	d := newDigester()
	seen := map[digest]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"ab"}, {"a", "b"}, {"b", "a"}} {
		key := d.of(parts...)
		if other, twice := seen[key]; twice {
			t.Errorf("%q has the digest of %s", parts, other)
		}
		seen[key] = fmt.Sprintf("%q", parts)
	}
	other := newDigester()
	if d.of("a") == other.of("a") {
		t.Error("two processes make the same digest")
	}
	a := &Authenticator{digests: d}
	for _, c := range []claim{{via: ViaAPIKey, secret: "k"}, {via: ViaBearer, secret: "k"}, {via: ViaCall, uid: 1, secret: "k"},
		{via: ViaCall, byLogin: true, login: "1", secret: "k"}} {
		for _, db := range []string{"one", "other"} {
			key := a.claimDigest(db, c)
			if first, twice := seen[key]; twice {
				t.Errorf("%v in %s shares a digest with %s", c.via, db, first)
			}
			seen[key] = fmt.Sprint(c.via, db)
		}
	}
}

func TestCooldownMemoryIsBounded(t *testing.T) {
	c := newCooldown(8)
	d := newDigester()
	start := time.Unix(0, 0)
	for i := range 100 {
		c.fail(d.of(fmt.Sprint(i)), start.Add(time.Duration(i)))
	}
	if len(c.failures) != 8 || c.size.Load() != 8 {
		t.Errorf("keeps %d subjects", len(c.failures))
	}
	if c.failures[d.of("99")].count != 1 {
		t.Error("the latest is forgotten")
	}
}
