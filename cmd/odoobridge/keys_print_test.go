package main

import (
	"bytes"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

func TestState(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	for _, tt := range []struct {
		name string
		key  keyring.Key
		rule auth.ArchivedUsers
		want string
	}{
		{"works", keyring.Key{UID: 7, Active: true}, auth.ArchivedBySetting, "works"},
		{"archived key", keyring.Key{UID: 7}, auth.ArchivedAllow, "refused, because the key is inactive (auth_api_key.active)"},
		{"archived user", keyring.Key{UID: 7, Active: true, UserArchived: true}, auth.ArchivedBySetting, "works, for an archived user, through Odoo's add-on"},
		{"archived user, disabled by the company", keyring.Key{UID: 7, Active: true, UserArchived: true, CompanyDisablesArchived: true}, auth.ArchivedBySetting,
			"refused, because the user is archived, and their company disables API keys of archived users"},
		{"the same as Odoo stores it", keyring.Key{UID: 7, Active: true, UserArchived: true, CompanyDisablesArchived: true}, auth.ArchivedByStored,
			"works, for an archived user, through Odoo's add-on"},
		{"replaced", keyring.Key{UID: 7, Active: true, Retires: now.Add(time.Hour), RetiresFor: 3}, auth.ArchivedBySetting, "works until 2026-03-04 06:06:07"},
		{"replaced, over", keyring.Key{UID: 7, Active: true, Retires: now, RetiresFor: 3}, auth.ArchivedBySetting,
			"refused, because the key was replaced, and the overlap is over"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := state(tt.key, tt.rule, now); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	for want, past := range map[string]time.Duration{
		"just now": 59 * time.Second, "59 min ago": 59 * time.Minute, "47 h ago": 47 * time.Hour, "59 days ago": 59 * 24 * time.Hour, "2025-03-04": 365 * 24 * time.Hour,
	} {
		if got := ago(now.Add(-past), now); got != want {
			t.Errorf("%v: %q, want %q", past, got, want)
		}
	}
	if got := ago(time.Time{}, now); got != "-" {
		t.Errorf("never: %q", got)
	}
}

// TestTable: columns stand under each other, whatever is in a name.
func TestTable(t *testing.T) {
	table := newTable("NAME", "USER")
	table.add("a\tb\x1b[31m", "rpcuser")
	table.add("ünï", "admin")
	var out bytes.Buffer
	if err := table.print(&out); err != nil {
		t.Fatal(err)
	}
	if want := "NAME      USER\na b [31m  rpcuser\nünï       admin\n"; out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}
