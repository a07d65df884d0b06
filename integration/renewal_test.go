//go:build unix

package integration

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/queue"
	"odoobridge/odoo/sandbox/sandboxtest"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
	"odoobridge/rpc/bridge"
)

// shortLived is a bridge whose native keys live for seconds, which no setting can say.
type shortLived struct {
	url       string
	auth      *auth.Authenticator
	directory *directory.Directory
	stop      func() // as SIGTERM does
}

const (
	keyLife  = 12 * time.Second
	keyRenew = 10 * time.Second // before its end: a call has half of that to reach Odoo, on a machine however slow
	keyStay  = 8 * time.Second  // once replaced
)

func newShortLived(t *testing.T, odoo *sandboxtest.Sandbox, series int, change ...func(*directory.Options)) *shortLived {
	t.Helper()
	o := directory.Options{DSN: auth.Secret(asBridge(t, odoo.DSN)), KeyLifetime: keyLife}
	for _, f := range change {
		f(&o)
	}
	dir, err := directory.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(odoo.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := upstream.New(upstream.Config{URL: u})
	s := &shortLived{directory: dir, auth: auth.New(auth.Config{
		Directory: dir, Minter: dir, Databases: []string{odoo.Database}, Freshness: time.Second, StaleLimit: time.Minute,
		RenewBefore: keyRenew, RetireAfter: keyStay, CollectEvery: 100 * time.Millisecond,
		Warn: func(_ string, err error) { t.Error(err) },
	})}
	metrics := bridge.NewMetrics(prometheus.NewRegistry())
	server := httptest.NewServer(bridge.New(bridge.Config{
		Auth: s.auth, Upstream: client, Queue: bridge.NewQueue(queue.Limits{Calls: 64, Own: 1000, All: 5000}),
		Addon: upstream.NewAddon(client, []string{odoo.Database}, time.Hour), Series: func() rpc.Series { return rpc.Series(series) },
		Version: func() upstream.Version { return upstream.Version{Series: rpc.Series(series)} }, Observer: metrics, Metrics: metrics, Log: zerolog.Nop(),
		Databases: []string{odoo.Database}, TrustedSources: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Basic: true, MaxBody: 1 << 20,
	}))
	s.url = server.URL
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.auth.Run(ctx) })
	s.stop = sync.OnceFunc(func() {
		server.Close()
		cancel()
		running.Wait()
		if err := errors.Join(s.auth.Close(context.Background()), dir.Close()); err != nil {
			t.Error(err)
		}
		client.Close()
	})
	t.Cleanup(s.stop)
	return s
}

// TestRenewalUnderLoad has callers known by auth_api_keys, and one with a password on JSON-2, call without a pause while their native
// keys are renewed several times and the first ones expire: no call fails.
func TestRenewalUnderLoad(t *testing.T) {
	for _, series := range []int{18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			t.Parallel()
			odoo := sandboxtest.Start(t, series)
			b := newShortLived(t, odoo, series)
			db, err := openDB(odoo.DSN)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var calling sync.WaitGroup
			var mu sync.Mutex
			calls, failed := 0, ""
			for _, caller := range []struct {
				path, body, want string
				header           []string
			}{
				{"/jsonrpc", readContact("", nil, ""), "Conf Alpha", []string{"API-KEY", rpcKey}},
				{"/jsonrpc", readContact("", nil, ""), "Conf Alpha", []string{"API-KEY", rpcKey}},
				{"/jsonrpc", readContact("", nil, ""), "Conf Alpha", []string{"API-KEY", adminKey}},
				{"/json/2/res.partner/read", `{"ids": [91001], "fields": ["name"]}`, "Conf Alpha", []string{"Authorization", basic("keyuser", "keyuser-pw")}},
			} {
				calling.Go(func() {
					for ctx.Err() == nil {
						a, err := tryPost(ctx, b.url+caller.path, "application/json", caller.body, caller.header...)
						mu.Lock()
						if ctx.Err() == nil {
							calls++
							if err != nil || !strings.Contains(a.body, caller.want) {
								failed = fmt.Sprintf("%s: %d %.300s, %v", caller.path, a.status, a.body, err)
								cancel()
							}
						}
						mu.Unlock()
					}
				})
			}

			// The ids of rows grow: how many keys there ever were is told by the last one's.
			var first, last, now int64
			var expired bool
			began := time.Now()
			for ctx.Err() == nil && (last-first < 3*5 || !expired) {
				time.Sleep(100 * time.Millisecond)
				if err := db.QueryRow(`SELECT coalesce(max(id), 0), count(*) FROM res_users_apikeys WHERE name LIKE 'odoobridge %'`).Scan(&last, &now); err != nil {
					t.Fatal(err)
				}
				if first == 0 {
					first = last
				}
				if now > 3*8 {
					t.Fatalf("%d keys are there at once: replaced ones are not removed", now)
				}
				expired = time.Since(began) > keyLife+2*time.Second
				if time.Since(began) > 4*bound {
					t.Fatalf("%d keys were made in %v", last-first, time.Since(began))
				}
			}
			cancel()
			calling.Wait()
			if failed != "" {
				t.Errorf("after %d calls: %s", calls, failed)
			}
			t.Logf("%d calls, %d keys", calls, last-first+1)
		})
	}
}
