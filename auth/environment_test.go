package auth_test

import (
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
)

func TestTechName(t *testing.T) {
	for name, want := range map[string]string{
		"shop": "shop", "My Shop: B2B": "my_shop_b2b", " - a  b - ": "a_b", "": "", "--": "", "Ünï": "n", "a_b": "a_b", "42": "42",
	} {
		if got := auth.TechName(name); got != want {
			t.Errorf("%q makes %q, want %q", name, got, want)
		}
	}
}

// TestEnvironment: a key of the environment stands in place of the stored one, and its changes hold for callers who are known.
func TestEnvironment(t *testing.T) {
	keys := map[string]auth.Secret{"conf_archived_user": "from-the-environment", "no_such_record": "nobodys", "conf_inactive_key": "inactive-one"}
	b := newBench(func(c *auth.Config) {
		c.Directory = auth.WithEnvironment(c.Directory, func() map[string]auth.Secret { return keys })
	})
	if id := b.passes(t, apiKey("from-the-environment")); id.UID != 9002 || id.Method != auth.ByAuthAPIKey {
		t.Errorf("got %+v", id)
	}
	b.fails(t, apiKey(directorytest.ArchivedKey), auth.Denied, "no such key") // the stored one, which may be a dummy
	b.passes(t, apiKey(directorytest.RPCUserKey))                             // which the environment has no key for
	b.fails(t, apiKey("nobodys"), auth.Denied, "no such key")
	b.fails(t, apiKey("inactive-one"), auth.Denied, "inactive")

	keys = map[string]auth.Secret{"conf_archived_user": "changed"}
	b.clock.advance(2 * time.Second) // what was read before is too old
	b.fails(t, apiKey("from-the-environment"), auth.Denied, "no such key")
	b.passes(t, apiKey("changed"))

	keys = nil
	b.clock.advance(2 * time.Second)
	b.fails(t, apiKey("changed"), auth.Denied, "no such key")
	b.passes(t, apiKey(directorytest.ArchivedKey))
	if _, ok := b.Addon(b.passes(t, apiKey(directorytest.ArchivedKey))); ok {
		t.Error("no add-on was installed")
	}
}

// TestEnvironmentAndOverlap: where the environment holds a key, what the stored one was before it was replaced does not count
// either, though it does without the environment.
func TestEnvironmentAndOverlap(t *testing.T) {
	keys := map[string]auth.Secret{"conf_rpcuser": "from-the-environment"}
	b := newBench(func(c *auth.Config) {
		c.Directory = auth.WithEnvironment(c.Directory, func() map[string]auth.Secret { return keys })
	})
	b.dir.Change(func(r *auth.Rows) {
		r.AuthAPIKeys = append(r.AuthAPIKeys, auth.AuthAPIKey{ID: 600, UserID: 9001, Name: "conf rpcuser", TechName: "conf_rpcuser", Key: "replaced",
			Active: true, Retires: b.clock.Now().Add(time.Hour)})
	})
	b.fails(t, apiKey("replaced"), auth.Denied, "no such key")
	b.passes(t, apiKey("from-the-environment"))

	keys = nil
	b.clock.advance(2 * time.Second)
	b.passes(t, apiKey("replaced"))
	b.clock.advance(time.Hour) // and the database's clock with it
	b.fails(t, apiKey("replaced"), auth.Denied, "overlap is over")
}
