package auth_test

import (
	"net/netip"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
)

var administratorsDesk = netip.MustParseAddr("192.0.2.7")

func TestSignIn(t *testing.T) {
	for _, tc := range []struct {
		name, login string
		secret      auth.Secret
		want        int64 // 0 for refused
	}{
		{"password", "rpcuser", "rpcuser-pw", 9001},
		{"native key", "keyuser", directorytest.KeyUserKey, 9004},
		{"wrong password", "rpcuser", "wrong", 0},
		{"no password", "rpcuser", "", 0},
		{"no such user", "nobody", "rpcuser-pw", 0},
		{"archived", "archived", "archived-pw", 0},
		{"two-factor, password", "totpuser", "totpuser-pw", 0},
		{"two-factor, native key", "totpuser", "707900010123456789abcdef0123456789abcdef", 9003},
		{"another's key", "rpcuser", directorytest.KeyUserKey, 0},
		{"an auth_api_key is no login", "rpcuser", directorytest.RPCUserKey, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(nil)
			standing, id, err := b.SignIn(t.Context(), "odoo18", administratorsDesk, auth.Login{Login: tc.login, Password: tc.secret})
			if tc.want == 0 {
				if auth.KindOf(err) != auth.Denied && auth.KindOf(err) != auth.NoPassword {
					t.Fatalf("got %+v, %v", id, err)
				}
				return
			}
			if err != nil || id.UID != tc.want || id.Login != tc.login {
				t.Fatalf("got %+v, %v", id, err)
			}
			if err := standing.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStandingEnds: what ends a caller's access ends the login that was made with it, also when nothing else asked for it in a
// while.
func TestStandingEnds(t *testing.T) {
	for _, tt := range changes {
		if tt.p.Basic == nil && tt.p.Call == nil {
			continue
		}
		login := map[int64]string{9001: "rpcuser", 9004: "keyuser"}
		l := auth.Login{Login: "rpcuser"}
		switch {
		case tt.p.Basic != nil:
			l = *tt.p.Basic
		case tt.p.Call.ByLogin:
			l.Password = tt.p.Call.Password
		default:
			l = auth.Login{Login: login[tt.p.Call.UID], Password: tt.p.Call.Password}
		}
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(nil)
			standing, _, err := b.SignIn(t.Context(), "odoo18", administratorsDesk, l)
			if err != nil {
				t.Fatal(err)
			}
			b.clock.advance(time.Hour)
			if err := standing.Check(t.Context()); err != nil {
				t.Errorf("after an hour: %v", err)
			}
			b.dir.Change(tt.change)
			b.clock.advance(time.Second)
			if err := standing.Check(t.Context()); auth.KindOf(err) != auth.Denied {
				t.Errorf("after the change: %v", err)
			}
		})
	}
}
