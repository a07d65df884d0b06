package keyring_test

import (
	"regexp"
	"testing"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

// documented is the expression that docs/KEYS.md gives to the writers of scanners.
var documented = regexp.MustCompile(`^obk_[0-9A-Za-z]{49}$`)

func TestNewKeys(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		key := keyring.NewKey()
		if !documented.MatchString(key.Reveal()) || keyring.Mistyped(key) || seen[key.Reveal()] {
			t.Fatal("a key has not the documented form, or came twice")
		}
		seen[key.Reveal()] = true
	}
}

func TestMistyped(t *testing.T) {
	for _, tt := range []struct {
		name, key string
		mistyped  bool
	}{
		{"of zeros", "obk_" + "0000000000000000000000000000000000000000000" + "0VIpHp", false},
		{"a digit changed", "obk_" + "0000000000000000000000000000000000000000001" + "0VIpHp", true},
		{"the checksum changed", "obk_" + "0000000000000000000000000000000000000000000" + "0VIpH0", true},
		{"cut off", "obk_" + "0000000000000000000000000000000000000000000", true},
		{"with a blank", "obk_" + "0000000000000000000000000000000000000000000" + "0VIpHp ", true},
		{"the prefix alone", "obk_", true},
		{"another form", "conf-auth-api-key-rpcuser", false},
		{"none", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := keyring.Mistyped(auth.Secret(tt.key)); got != tt.mistyped {
				t.Errorf("mistyped: %v, want %v", got, tt.mistyped)
			}
		})
	}
}
