package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"odoobridge/auth"
)

// TestKeyOf: a key is made once for a user who is named and not asked for a password, if they are active.
func TestKeyOf(t *testing.T) {
	b := newBench(func(c *auth.Config) { c.Databases = []string{db} })
	first, err := b.KeyOf(context.Background(), db, "rpcuser")
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.KeyOf(context.Background(), db, "rpcuser")
	if err != nil || again != first || b.madeFor(9001) != 1 {
		t.Errorf("asked again: %v, and %d keys were made", err, b.madeFor(9001))
	}
	if id := b.passes(t, object(9001, first)); id.Method != auth.ByNativeKey {
		t.Errorf("the key is that of %+v", id)
	}
	for _, test := range []struct{ db, login, want string }{
		{db, "archived", `no active user`},
		{db, "nobody", `has the login "nobody"`},
		{"elsewhere", "rpcuser", `database "elsewhere"`},
	} {
		var refusal *auth.Error
		if _, err := b.KeyOf(context.Background(), test.db, test.login); !errors.As(err, &refusal) || !strings.Contains(refusal.Reason, test.want) {
			t.Errorf("%s in %s: %v, want %s", test.login, test.db, err, test.want)
		}
	}
	if b.madeFor(9002) > 0 {
		t.Error("a key was made for an archived user")
	}
}
