// Package directorytest is the contract of [auth.Directory] and [auth.Minter] as tests, and an implementation in
// memory that keeps it.
package directorytest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
)

// Store is what [Run] tests.
type Store interface {
	auth.Directory
	auth.Minter
}

// The keys of the state that [Run] expects.
const (
	RPCUserKey  = auth.Secret("conf-auth-api-key-rpcuser")
	ArchivedKey = auth.Secret("conf-auth-api-key-archived")
	InactiveKey = auth.Secret("conf-auth-api-key-inactive")
	KeyUserKey  = auth.Secret("5e5000010123456789abcdef0123456789abcdef")
	ExpiredKey  = auth.Secret("5e5000040123456789abcdef0123456789abcdef")
)

// Run holds a Store against the contract. Its database db has the state of the recordings for series 18 or 19: users
// 9001 rpcuser, 9002 archived, 9003 totpuser, 9004 keyuser, 9006 nopassword and 9007 ünïcode with their keys.
func Run(t *testing.T, store Store, db string) {
	ctx := context.Background()
	read := func(t *testing.T, q auth.Query) auth.Rows {
		t.Helper()
		rows, err := store.Read(ctx, db, q)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	login := func(s string) auth.Query { return auth.Query{Login: &s} }

	users := []struct {
		name  string
		query auth.Query
		want  int64 // 0 for none
		check func(auth.User) bool
	}{
		{"by id", auth.Query{Users: []int64{9001}}, 9001,
			func(u auth.User) bool { return u.Login == "rpcuser" && u.Active && !u.TOTP && u.Password != "" }},
		{"archived", auth.Query{Users: []int64{9002}}, 9002, func(u auth.User) bool { return !u.Active && !u.ArchivedKeysDisabled }},
		{"two-factor", login("totpuser"), 9003, func(u auth.User) bool { return u.TOTP }},
		{"without password", login("nopassword"), 9006, func(u auth.User) bool { return u.Password == "" }},
		{"unicode", login("ünïcode"), 9007, nil},
		{"other case", login("RPCUSER"), 0, nil},
		{"blank after", login("rpcuser "), 0, nil},
		{"empty login", login(""), 0, nil},
		{"unknown login", login("nobody"), 0, nil},
		{"NUL in the login", login("rpcuser\x00"), 0, nil},
		{"login that is no UTF-8", login("rpcuser\xff"), 0, nil},
		{"login of a pattern", login("rpc%"), 0, nil},
		{"unknown id", auth.Query{Users: []int64{999999}}, 0, nil},
		{"negative id", auth.Query{Users: []int64{-1}}, 0, nil},
		{"id beyond the column's type", auth.Query{Users: []int64{1 << 40}}, 0, nil},
		{"nothing asked", auth.Query{}, 0, nil},
	}
	for _, tt := range users {
		t.Run("user/"+tt.name, func(t *testing.T) {
			rows := read(t, tt.query)
			if tt.want == 0 {
				if len(rows.Users)+len(rows.AuthAPIKeys)+len(rows.NativeKeys) != 0 {
					t.Fatalf("got %+v, want nothing", rows)
				}
				return
			}
			if len(rows.Users) != 1 || rows.Users[0].ID != tt.want {
				t.Fatalf("got %+v, want the user %d", rows.Users, tt.want)
			}
			if tt.check != nil && !tt.check(rows.Users[0]) {
				t.Errorf("got %+v", rows.Users[0])
			}
		})
	}

	keys := []struct {
		name      string
		query     auth.Query
		auth, uid int64
		active    bool
	}{
		{"by value", auth.Query{AuthAPIKey: RPCUserKey}, 501, 9001, true},
		{"by id", auth.Query{AuthAPIKeys: []int64{501}}, 501, 9001, true},
		{"of an archived user", auth.Query{AuthAPIKey: ArchivedKey}, 502, 9002, true},
		{"inactive", auth.Query{AuthAPIKey: InactiveKey}, 503, 9001, false},
		{"other case", auth.Query{AuthAPIKey: auth.Secret(strings.ToUpper(string(RPCUserKey)))}, 0, 0, false},
		{"by technical name", auth.Query{TechNames: []string{"nobody", "conf_archived_user"}}, 502, 9002, true},
		{"by name", auth.Query{KeyNames: []string{"conf archived user", "nobody"}}, 502, 9002, true},
		{"by name, other case", auth.Query{KeyNames: []string{"Conf Archived User"}}, 0, 0, false},
		{"by technical name, not as it is", auth.Query{TechNames: []string{"conf archived user"}}, 0, 0, false},
		{"NUL", auth.Query{AuthAPIKey: RPCUserKey + "\x00"}, 0, 0, false},
	}
	for _, tt := range keys {
		t.Run("auth_api_key/"+tt.name, func(t *testing.T) {
			rows := read(t, tt.query)
			if tt.auth == 0 {
				if len(rows.AuthAPIKeys) != 0 {
					t.Fatalf("got %+v, want nothing", rows.AuthAPIKeys)
				}
				return
			}
			if len(rows.AuthAPIKeys) != 1 || len(rows.Users) != 1 {
				t.Fatalf("got %+v, want one key and its user", rows)
			}
			if k := rows.AuthAPIKeys[0]; k.ID != tt.auth || k.UserID != tt.uid || k.Active != tt.active || k.TechName != auth.TechName(k.Name) || k.Name == "" || k.Key == "" || rows.Users[0].ID != tt.uid {
				t.Errorf("got %+v of %+v", k, rows.Users[0])
			}
		})
	}

	t.Run("native key", func(t *testing.T) {
		rows := read(t, auth.Query{NativeKeyHead: string(KeyUserKey[:8])})
		if len(rows.NativeKeys) != 1 || len(rows.Users) != 1 {
			t.Fatalf("got %+v, want one key and its user", rows)
		}
		k := rows.NativeKeys[0]
		if k.UserID != 9004 || k.Scope != "" || !k.Expires.IsZero() || k.Hash == "" || rows.Users[0].ID != 9004 {
			t.Errorf("got %+v of %+v", k, rows.Users[0])
		}
		again := read(t, auth.Query{NativeKeys: []int64{k.ID}})
		if len(again.NativeKeys) != 1 || again.NativeKeys[0] != k {
			t.Errorf("by id: got %+v, want %+v", again.NativeKeys, k)
		}
	})
	t.Run("native key with expiry", func(t *testing.T) {
		rows := read(t, auth.Query{NativeKeyHead: string(ExpiredKey[:8])})
		want := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
		if len(rows.NativeKeys) != 1 || !rows.NativeKeys[0].Expires.Equal(want) {
			t.Errorf("got %+v, want one that expires %v", rows.NativeKeys, want)
		}
	})
	t.Run("all at once", func(t *testing.T) {
		rows := read(t, auth.Query{Users: []int64{9001, 9002, 999999}, AuthAPIKeys: []int64{501, 502, 999999}, NativeKeys: []int64{80002, 999999}})
		if len(rows.Users) != 3 || len(rows.AuthAPIKeys) != 2 || len(rows.NativeKeys) != 1 {
			t.Errorf("got %+v", rows)
		}
	})
	t.Run("memberships", func(t *testing.T) {
		q := auth.Query{Users: []int64{2}, AuthAPIKeys: []int64{501, 502}}
		for _, k := range read(t, q).AuthAPIKeys {
			if k.Groups != nil {
				t.Errorf("unasked, the key %d has the groups %v", k.ID, k.Groups)
			}
		}
		q.Memberships = auth.Memberships{KeyGroups: true, Groups: []string{"base.group_system", "base.group_user", "base.group_portal", "no_module.group", "odd"}}
		rows := read(t, q)
		for _, k := range rows.AuthAPIKeys {
			// In the recorded 19 the module has no groups.
			if want := map[int64][]string{501: {"conf"}}[k.ID]; len(k.Groups) > 0 && !slices.Equal(k.Groups, want) {
				t.Errorf("the key %d has the groups %v, want %v", k.ID, k.Groups, want)
			}
		}
		for _, u := range rows.Users {
			want := map[int64][]string{2: {"base.group_system", "base.group_user"}, 9001: {"base.group_user"}, 9002: {"base.group_user"}}[u.ID]
			slices.Sort(u.Groups)
			if !slices.Equal(u.Groups, want) {
				t.Errorf("the user %d has the groups %v, want %v", u.ID, u.Groups, want)
			}
		}
	})
	t.Run("settings", func(t *testing.T) {
		s := read(t, auth.Query{Settings: true}).Settings
		if s.CooldownAfter != 0 || s.CooldownDuration != time.Minute || s.PasswordRounds == 0 {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("clock", func(t *testing.T) {
		if read(t, auth.Query{}).Now.IsZero() {
			t.Error("Read doesn't tell the time")
		}
	})
	t.Run("unknown database", func(t *testing.T) {
		if _, err := store.Read(ctx, "no_such_db", auth.Query{}); !errors.Is(err, auth.ErrUnknownDatabase) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("minting", func(t *testing.T) { runMinting(t, store, db) })
}

func runMinting(t *testing.T, store Store, db string) {
	ctx := context.Background()
	key, err := store.Mint(ctx, db, 9001)
	if err != nil {
		t.Fatal(err)
	}
	if text := key.Key.Reveal(); len(text) != 40 || strings.Trim(text, "0123456789abcdef") != "" {
		t.Error("the key is no 40 hexadecimal digits")
	}
	if !strings.HasPrefix(key.Hash.Reveal(), "$pbkdf2-sha512$6000$") {
		t.Error("the hash is not pbkdf2-sha512 of 6000 rounds")
	}
	byHead := auth.Query{NativeKeyHead: string(key.Key[:8])}
	rows, err := store.Read(ctx, db, byHead)
	if err != nil || len(rows.NativeKeys) != 1 {
		t.Fatalf("the key's row: %+v, %v", rows.NativeKeys, err)
	}
	row := rows.NativeKeys[0]
	if row.ID != key.ID || row.UserID != 9001 || row.Scope != "rpc" || row.Hash != key.Hash || !strings.HasPrefix(row.Name, "odoobridge ") {
		t.Errorf("got the row %+v for %+v", row, key)
	}
	if !row.Expires.IsZero() && (row.Expires.Sub(key.Expires).Abs() > time.Millisecond || row.Expires.Before(key.Now)) {
		t.Errorf("the row expires %v, the key %v", row.Expires, key.Expires)
	}
	if n, err := store.Collect(ctx, db); n != 0 || err != nil {
		t.Errorf("Collect took %d keys of a living process, %v", n, err)
	}
	for range 2 { // the second time there is nothing to remove
		if err := store.Revoke(ctx, db, []int64{key.ID}); err != nil {
			t.Fatal(err)
		}
	}
	if rows, err = store.Read(ctx, db, byHead); err != nil || len(rows.NativeKeys) != 0 {
		t.Errorf("after Revoke: %+v, %v", rows.NativeKeys, err)
	}
	for name, uid := range map[string]int64{"archived": 9002, "unknown": 999999} {
		if _, err := store.Mint(ctx, db, uid); err == nil {
			t.Errorf("a key was made for an %s user", name)
		}
	}
}
