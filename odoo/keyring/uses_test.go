package keyring_test

import (
	"context"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

// counter counts for a base; what goes wrong is told once.
func counter(b *base, k *keyring.Keyring) (uses *keyring.Uses, warned *[]string) {
	warned = new([]string)
	return keyring.NewUses(k, func(db string, err error) { *warned = append(*warned, db+": "+err.Error()) }), warned
}

func TestUses(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, 18)
	if err := b.Init(ctx, b.name, by, "postgres"); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	use := keyring.Use{DB: b.name, UID: 9001, Login: "rpcuser", Kind: auth.ByAuthAPIKey, KeyID: 501, KeyName: "conf rpcuser", Protocol: "jsonrpc",
		At: now, Source: netip.MustParseAddr("::ffff:192.0.2.9")}
	one, warned := counter(b, b.Keyring)
	other, _ := counter(b, b.Keyring) // another bridge
	for i, u := range []*keyring.Uses{one, one, other} {
		use.At = now.Add(time.Duration(-i) * time.Second) // the last flushed is the first made
		u.Count(&use)
	}
	use.Protocol, use.At = "json/2", now.Add(-48*time.Hour)
	one.Count(&use)
	one.Count(&keyring.Use{DB: b.name, UID: 2, Login: "admin", Kind: auth.ByPassword, Protocol: "xmlrpc/2", At: now})
	one.Flush(ctx)
	other.Flush(ctx)
	one.Flush(ctx) // nothing is written twice

	got, err := b.Report(ctx, b.name, 2)
	want := []keyring.Usage{
		{UID: 9001, Login: "rpcuser", Kind: "auth_api_key", KeyID: 501, KeyName: "conf rpcuser", Protocol: "jsonrpc", Calls: 3, Days: 1, LastAt: now, Source: "192.0.2.9"},
		{UID: 2, Login: "admin", Kind: "password", Protocol: "xmlrpc/2", Calls: 1, Days: 1, LastAt: now},
	}
	if now.Hour() == 0 && now.Minute() == 0 && now.Second() < 5 {
		t.Skip("midnight: the calls are of two days")
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	if all, err := b.Report(ctx, b.name, 3); err != nil || len(all) != 3 {
		t.Errorf("of three days: %+v, %v", all, err)
	}
	keys, err := b.List(ctx, b.name)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if used := !key.LastUsed.IsZero(); used != (key.ID == 501) || used && !key.LastUsed.Equal(now) {
			t.Errorf("%s was last used %v", key.Name, key.LastUsed)
		}
	}
	if len(*warned) != 0 {
		t.Errorf("warned %q", *warned)
	}
}

// TestUsesKept: without the right to write, what was counted waits; without the schema there is nothing to wait for.
func TestUsesKept(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, 18)
	b.exec(t, `DO $$ BEGIN CREATE ROLE counts LOGIN PASSWORD 'counts'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
	uses, warned := counter(b, b.open(t, b.dsnOf("counts", "counts")))
	use := keyring.Use{DB: b.name, UID: 2, Login: "admin", Kind: auth.ByPassword, Protocol: "jsonrpc", At: time.Now()}
	uses.Count(&use)
	uses.Flush(ctx)
	if err := b.Init(ctx, b.name, by, "postgres"); err != nil {
		t.Fatal(err)
	}
	if len(*warned) != 0 {
		t.Errorf("without the schema: %q", *warned)
	}
	for range 2 {
		uses.Count(&use)
		uses.Flush(ctx)
	}
	if len(*warned) != 1 || !strings.Contains((*warned)[0], "odoobridge grants --keys") {
		t.Errorf("warned %q, want once of the right that is missing", *warned)
	}
	b.exec(t, `GRANT SELECT, INSERT, UPDATE, DELETE ON odoobridge.key_use TO counts`)
	uses.Flush(ctx)
	if got, err := b.Report(ctx, b.name, 2); err != nil || len(got) != 1 || got[0].Calls != 2 {
		t.Errorf("%+v, %v; want the two calls since there is a schema", got, err)
	}
}

// TestRunSweeps: what a bridge finds when it starts is removed at once.
func TestRunSweeps(t *testing.T) {
	b := newBase(t, 18)
	if err := b.Init(t.Context(), b.name, by, "postgres"); err != nil {
		t.Fatal(err)
	}
	b.create(t, "rpcuser", "shop")
	b.rotate(t, "shop", time.Hour)
	b.exec(t, `UPDATE odoobridge.key_retirement SET retires_at = now()`)
	uses, _ := counter(b, b.Keyring)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		uses.Run(ctx)
	}()
	for len(b.replaced(t)) > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	<-ended
	if entries, err := b.Audit(t.Context(), b.name, 1); err != nil || entries[0].Action != "retired" || entries[0].By.Name != "odoobridge" {
		t.Errorf("audit %+v, %v", entries, err)
	}
}

// TestCountAllocates nothing for a caller who was counted already: it is on the way of every call.
func TestCountAllocates(t *testing.T) {
	uses := keyring.NewUses(nil, nil)
	use := keyring.Use{DB: "odoo18", UID: 9001, Login: "rpcuser", Kind: auth.ByAuthAPIKey, KeyID: 501, KeyName: "shop", Protocol: "jsonrpc",
		At: time.Now(), Source: netip.MustParseAddr("192.0.2.9")}
	uses.Count(&use)
	if n := testing.AllocsPerRun(100, func() { uses.Count(&use) }); n != 0 {
		t.Errorf("%v allocations for each call", n)
	}
}

func BenchmarkCount(b *testing.B) {
	uses := keyring.NewUses(nil, nil)
	at := time.Now()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		use := keyring.Use{DB: "odoo18", UID: 9001, Login: "rpcuser", Kind: auth.ByAuthAPIKey, KeyID: 501, KeyName: "shop", Protocol: "jsonrpc", At: at}
		for pb.Next() {
			uses.Count(&use)
		}
	})
}
