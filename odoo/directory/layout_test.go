package directory_test

import (
	"context"
	"errors"
	"slices"
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

// TestLayouts takes away, one after the other, what some series or module brings, while the directory is in use.
func TestLayouts(t *testing.T) {
	b := newBase(t, 18)
	d := b.open(t)
	query := auth.Query{Users: []int64{9003}, AuthAPIKey: directorytest.InactiveKey, NativeKeyHead: string(directorytest.ExpiredKey[:8]), Settings: true}
	totp := func(r auth.Rows) bool { return slices.ContainsFunc(r.Users, func(u auth.User) bool { return u.TOTP }) }
	disabled := func(r auth.Rows) bool {
		return slices.ContainsFunc(r.Users, func(u auth.User) bool { return u.ArchivedKeysDisabled })
	}
	steps := []struct {
		name, change string
		check        func(auth.Rows) bool
	}{
		{"all there", "UPDATE res_company SET archived_user_disable_auth_api_key = true", func(r auth.Rows) bool {
			return len(r.Users) == 3 && len(r.AuthAPIKeys) == 1 && len(r.NativeKeys) == 1 && !r.AuthAPIKeys[0].Active &&
				!r.NativeKeys[0].Expires.IsZero() && totp(r) && disabled(r)
		}},
		{"cooldown set", "UPDATE ir_config_parameter SET value = ' 7 ' WHERE key = 'base.login_cooldown_after'", func(r auth.Rows) bool { return r.Settings.CooldownAfter == 7 }},
		{"cooldown no number", "UPDATE ir_config_parameter SET value = 'x' WHERE key = 'base.login_cooldown_after'", func(r auth.Rows) bool { return r.Settings.CooldownAfter == 10 }},
		{"cooldown unset", "DELETE FROM ir_config_parameter", func(r auth.Rows) bool {
			return r.Settings.CooldownAfter == auth.DefaultCooldownAfter && r.Settings.CooldownDuration == auth.DefaultCooldownDuration
		}},
		{"key active NULL", "UPDATE auth_api_key SET active = NULL", func(r auth.Rows) bool { return !r.AuthAPIKeys[0].Active }},
		{"no auth_api_key.active, before series 17", "ALTER TABLE auth_api_key DROP active", func(r auth.Rows) bool { return r.AuthAPIKeys[0].Active }},
		{"no setting", "ALTER TABLE res_company DROP archived_user_disable_auth_api_key", func(r auth.Rows) bool { return !disabled(r) }},
		{"expiry never", "UPDATE res_users_apikeys SET expiration_date = 'infinity'", func(r auth.Rows) bool { return r.NativeKeys[0].Expires.IsZero() }},
		{"no expiry, before series 18", "ALTER TABLE res_users_apikeys DROP expiration_date", func(r auth.Rows) bool { return r.NativeKeys[0].Expires.IsZero() }},
		{"two-factor emptied", "UPDATE res_users SET totp_secret = ''", func(r auth.Rows) bool { return !totp(r) }},
		{"no two-factor module", "ALTER TABLE res_users DROP totp_secret", func(r auth.Rows) bool { return len(r.Users) == 3 && !totp(r) }},
		{"user active NULL", "UPDATE res_users SET active = NULL", func(r auth.Rows) bool { return !r.Users[0].Active }},
		{"no auth_api_key", "DROP TABLE auth_api_key CASCADE", func(r auth.Rows) bool { return len(r.AuthAPIKeys) == 0 && len(r.NativeKeys) == 1 }},
		{"no native keys, before series 14", "DROP TABLE res_users_apikeys CASCADE", func(r auth.Rows) bool { return len(r.NativeKeys) == 0 && len(r.Users) == 1 }},
	}
	read(t, d, b, query)
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			b.exec(t, step.change)
			if rows := read(t, d, b, query); !step.check(rows) {
				t.Errorf("got %+v", rows)
			}
		})
	}

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
