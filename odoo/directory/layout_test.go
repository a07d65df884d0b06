package directory_test

import (
	"context"
	"errors"
	"testing"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
)

func read(t *testing.T, d auth.Directory, b *base, q auth.Query) auth.Rows {
	t.Helper()
	rows, err := d.Read(context.Background(), b.name, q)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestSeries15 has no auth_api_key and no expiry of native keys.
func TestSeries15(t *testing.T) {
	b := newBase(t, 15)
	d := b.open(t)
	rows := read(t, d, b, auth.Query{AuthAPIKey: directorytest.RPCUserKey, AuthAPIKeys: []int64{501},
		NativeKeyHead: string(directorytest.KeyUserKey[:8]), Settings: true})
	if len(rows.AuthAPIKeys) != 0 || len(rows.NativeKeys) != 1 || len(rows.Users) != 1 || rows.Settings.PasswordRounds != 25000 {
		t.Errorf("got %+v", rows)
	}
	key, err := d.Mint(context.Background(), b.name, 9001)
	if err != nil || !key.Expires.IsZero() {
		t.Errorf("got %+v, %v", key, err)
	}
	if err := d.Ping(context.Background(), b.name); err != nil {
		t.Error(err)
	}
}

// TestLayouts takes away what some series or module brings, while the directory is in use, and reads on.
func TestLayouts(t *testing.T) {
	query := auth.Query{Users: []int64{9003}, AuthAPIKey: directorytest.InactiveKey, NativeKeyHead: string(directorytest.ExpiredKey[:8]), Settings: true}
	tests := []struct {
		name, change string
		check        func(auth.Rows) bool
	}{
		{"all there", "SELECT 1", func(r auth.Rows) bool {
			return len(r.Users) == 3 && len(r.AuthAPIKeys) == 1 && len(r.NativeKeys) == 1 && !r.AuthAPIKeys[0].Active && !r.NativeKeys[0].Expires.IsZero()
		}},
		{"no auth_api_key.active, before series 17", "ALTER TABLE auth_api_key DROP active", func(r auth.Rows) bool { return r.AuthAPIKeys[0].Active }},
		{"auth_api_key.active NULL", "UPDATE auth_api_key SET active = NULL", func(r auth.Rows) bool { return !r.AuthAPIKeys[0].Active }},
		{"no auth_api_key", "DROP TABLE auth_api_key CASCADE", func(r auth.Rows) bool { return len(r.AuthAPIKeys) == 0 && len(r.NativeKeys) == 1 }},
		{"no setting", "ALTER TABLE res_company DROP archived_user_disable_auth_api_key", func(r auth.Rows) bool { return !r.Users[0].ArchivedKeysDisabled }},
		{"no expiry, before series 18", "ALTER TABLE res_users_apikeys DROP expiration_date", func(r auth.Rows) bool { return r.NativeKeys[0].Expires.IsZero() }},
		{"expiry never", "UPDATE res_users_apikeys SET expiration_date = 'infinity'", func(r auth.Rows) bool { return r.NativeKeys[0].Expires.IsZero() }},
		{"no native keys, before series 14", "DROP TABLE res_users_apikeys CASCADE", func(r auth.Rows) bool { return len(r.NativeKeys) == 0 && len(r.AuthAPIKeys) == 1 }},
		{"no two-factor module", "ALTER TABLE res_users DROP totp_secret", func(r auth.Rows) bool { return !r.Users[0].TOTP && !r.Users[1].TOTP && !r.Users[2].TOTP }},
		{"two-factor emptied", "UPDATE res_users SET totp_secret = ''", func(r auth.Rows) bool { return !r.Users[0].TOTP && !r.Users[1].TOTP && !r.Users[2].TOTP }},
		{"cooldown set", "UPDATE ir_config_parameter SET value = ' 7 ' WHERE key = 'base.login_cooldown_after'", func(r auth.Rows) bool { return r.Settings.CooldownAfter == 7 }},
		{"cooldown no number", "UPDATE ir_config_parameter SET value = 'x' WHERE key = 'base.login_cooldown_after'", func(r auth.Rows) bool { return r.Settings.CooldownAfter == 10 }},
		{"cooldown unset", "DELETE FROM ir_config_parameter", func(r auth.Rows) bool {
			return r.Settings.CooldownAfter == auth.DefaultCooldownAfter && r.Settings.CooldownDuration == auth.DefaultCooldownDuration
		}},
		{"active NULL", "UPDATE res_users SET active = NULL", func(r auth.Rows) bool { return !r.Users[0].Active }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBase(t, 18)
			d := b.open(t)
			read(t, d, b, query)
			b.exec(t, tt.change)
			if rows := read(t, d, b, query); !tt.check(rows) {
				t.Errorf("got %+v", rows)
			}
		})
	}
}

func TestNoNativeKeys(t *testing.T) {
	b := newBase(t, 18)
	d := b.open(t)
	b.exec(t, "DROP TABLE res_users_apikeys CASCADE")
	ctx := context.Background()
	if _, err := d.Mint(ctx, b.name, 9001); !errors.Is(err, auth.ErrNoNativeKeys) {
		t.Errorf("Mint: %v", err)
	}
	if _, err := d.Collect(ctx, b.name); !errors.Is(err, auth.ErrNoNativeKeys) {
		t.Errorf("Collect: %v", err)
	}
	if err := d.Revoke(ctx, b.name, []int64{1}); err != nil {
		t.Errorf("Revoke: %v", err)
	}
}
