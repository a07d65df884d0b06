//go:build unix

package browser

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/directory"
	"odoobridge/rpc"
	"odoobridge/rpc/admin"
	"odoobridge/rpc/admin/page"
	"odoobridge/rpc/bridge"
	"odoobridge/rpc/traffic"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// shop is the pages of a bridge that has had calls for an hour: what the screenshots show.
type shop struct {
	url string
	db  *sql.DB
}

func newShop(t *testing.T) *shop {
	t.Helper()
	const name = "production"
	cluster := postgrestest.Shared(t)
	if err := cluster.CreateDatabase(t.Context(), name, ""); err != nil {
		t.Fatal(err)
	}
	dsn := cluster.DSN(name)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	super, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = super.Close() })
	if err := fixtures.Load(t.Context(), super, 18); err != nil {
		t.Fatal(err)
	}
	dir, err := directory.Open(directory.Options{DSN: auth.Secret(u.String())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	seen := traffic.New([]string{name})
	anHour(seen, name, time.Now())
	pages := page.New(page.Config{
		Auth:      auth.New(auth.Config{Directory: dir, Minter: dir, Freshness: time.Second, StaleLimit: 30 * time.Second}),
		Groups:    dir,
		Traffic:   seen,
		Databases: []string{name},
		State: func() page.State {
			return page.State{Working: 5, Places: 64, Waiting: 0, Room: 5000, Breaker: "closed", Series: 18}
		},
		Checks: []admin.Check{
			{Name: "odoo", Ask: func(context.Context) error { return nil }},
			{Name: "database " + name, Ask: func(context.Context) error { return nil }},
		},
		Version:  "v0.9.0",
		Settings: "admin_listen: \"127.0.0.1:8078\" # default\narchived_users: \"setting\" # default\ndb: \"" + name + "\" # /etc/odoobridge.yaml:3: db\n",
		Log:      zerolog.Nop(),
	})
	t.Cleanup(pages.Close)
	srv := httptest.NewServer(pages)
	t.Cleanup(srv.Close)
	return &shop{url: srv.URL, db: super}
}

// party is a caller of the shop.
type party struct {
	uid        int64
	login, key string
	via        string
	protocol   rpc.Protocol
	source     string
	perMinute  float64
	calls      [][2]string // model and method
	took       time.Duration
}

var parties = []party{
	{9001, "webshop", "webshop", "api-key", rpc.JSONRPC, "10.20.0.11", 42, [][2]string{{"product.product", "search_read"}, {"product.product", "search_read"}, {"sale.order", "create"}, {"sale.order", "read"}, {"res.partner", "search_read"}}, 9 * time.Millisecond},
	{9004, "warehouse", "scanner gun", "api-key", rpc.JSON2, "10.20.0.31", 18, [][2]string{{"stock.picking", "search_read"}, {"stock.move.line", "write"}, {"stock.picking", "button_validate"}}, 24 * time.Millisecond},
	{9007, "bi", "", "basic", rpc.XMLRPC2, "10.20.4.7", 6, [][2]string{{"account.move.line", "read_group"}, {"sale.order", "read_group"}}, 180 * time.Millisecond},
	{9008, "edi", "edi partner", "api-key", rpc.XMLRPC2, "10.20.0.40", 3, [][2]string{{"purchase.order", "create"}, {"res.partner", "search"}}, 40 * time.Millisecond},
	{9009, "old-pos", "", "call", rpc.XMLRPC1, "10.20.9.2", 1.5, [][2]string{{"res.partner", "search"}, {"product.product", "read"}}, 15 * time.Millisecond},
	{2, "admin", "conf admin", "bearer", rpc.JSON2, "10.20.0.5", 0.4, [][2]string{{"ir.module.module", "search_read"}}, 12 * time.Millisecond},
}

// anHour is calls as they may come in one, the same each time.
func anHour(seen *traffic.Traffic, db string, now time.Time) {
	dice := rand.New(rand.NewPCG(7, 42))
	for minute := 59; minute >= 0; minute-- {
		start := now.Truncate(time.Minute).Add(-time.Duration(minute) * time.Minute)
		busy := 1 + 0.5*float64((59-minute)%20)/20
		if minute >= 21 && minute <= 24 {
			busy = 2.6
		}
		for i, p := range parties {
			n := int(p.perMinute*busy*(0.75+dice.Float64()/2) + dice.Float64())
			for range n {
				ended := start.Add(time.Duration(dice.Int64N(int64(time.Minute))))
				if ended.After(now) {
					continue
				}
				took := time.Duration(float64(p.took) * (0.5 + dice.ExpFloat64()*0.8) * busy)
				if dice.Float64() < 0.015 {
					took *= 12
				}
				what := p.calls[dice.IntN(len(p.calls))]
				r := &bridge.Record{RequestID: fmt.Sprintf("%08x", dice.Uint32()), Total: took, Upstream: took * 9 / 10, Source: netip.MustParseAddr(p.source),
					Protocol: p.protocol, Service: "object", Call: "execute_kw", Model: what[0], Method: what[1], DB: db, UID: p.uid, Login: p.login,
					Via: p.via, Key: p.key, Status: 200, BytesIn: 300, BytesOut: 500 + dice.Int64N(40000), Outcome: bridge.Forwarded}
				r.Start = ended.Add(-took)
				if busy > 2 && i == 0 && dice.Float64() < 0.06 {
					r.Outcome, r.Status, r.Err = bridge.Timeout, 504, fmt.Errorf("Odoo did not begin its answer in 10s")
				}
				seen.Observe(r)
			}
		}
		if dice.Float64() < 0.5 {
			for range 1 + dice.IntN(4) {
				seen.Observe(&bridge.Record{RequestID: fmt.Sprintf("%08x", dice.Uint32()), Start: start, Total: 2 * time.Millisecond,
					Source: netip.MustParseAddr("10.20.7.99"), Protocol: rpc.JSONRPC, Service: "object", Call: "execute_kw", Model: "res.partner", Method: "search_read",
					DB: db, Status: 200, Outcome: bridge.Denied, BytesOut: 380, Err: &auth.Error{Kind: auth.Denied, Reason: "no such key"}})
			}
		}
	}
}
