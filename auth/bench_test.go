package auth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
)

// BenchmarkIdentify is a known caller with a secret to send, the way of nearly every call.
func BenchmarkIdentify(b *testing.B) {
	for name, p := range map[string]auth.Presented{"auth_api_key": apiKey(directorytest.RPCUserKey), "password": object(9001, "rpcuser-pw")} {
		b.Run(name, func(b *testing.B) {
			m := directorytest.Fixture(time.Now)
			a := auth.New(auth.Config{Directory: m, Minter: m, Freshness: time.Hour})
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				id, err := a.Identify(ctx, db, p)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := a.Secret(ctx, id); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParallel is the same by all processors at once, for 1,000 callers.
func BenchmarkParallel(b *testing.B) {
	m := directorytest.Fixture(time.Now)
	keys := make([]auth.Presented, 1000)
	m.Change(func(r *auth.Rows) {
		for i := range keys {
			key := auth.Secret(fmt.Sprintf("key-%d", i))
			keys[i] = apiKey(key)
			r.AuthAPIKeys = append(r.AuthAPIKeys, auth.AuthAPIKey{ID: int64(1000 + i), UserID: 9001, Name: fmt.Sprint(i), Key: key, Active: true})
		}
	})
	a := auth.New(auth.Config{Directory: m, Minter: m, Freshness: time.Hour})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := a.Identify(context.Background(), db, keys[i%len(keys)]); err != nil {
				b.Error(err)
			}
		}
	})
}
