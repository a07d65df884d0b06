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
	"odoobridge/auth/policy"
	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/keyring"
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
	prepare(t, super)
	keys, err := keyring.Open(keyring.Options{DSN: auth.Secret(u.String())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	seen := traffic.New([]string{name})
	anHour(seen, name, time.Now())
	pages := page.New(page.Config{
		Auth:          auth.New(auth.Config{Directory: dir, Minter: dir, Freshness: time.Second, StaleLimit: 30 * time.Second}),
		Groups:        dir,
		Keys:          keys,
		ArchivedUsers: auth.ArchivedBySetting,
		Policies:      func() *policy.Set { return rules(t) },
		Traffic:       seen,
		Databases:     []string{name},
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

// prepare gives the database the users and keys of the shop.
func prepare(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := db.Exec(keyring.Schema("postgres") + `
		UPDATE res_users u SET login = v.login FROM (VALUES (9001, 'webshop'), (9002, 'shopinvader-2023'), (9004, 'warehouse'), (9005, 'customer@example.com'),
			(9007, 'bi'), (9008, 'edi'), (9009, 'old-pos'), (9003, 'helena'), (9006, 'marketing'), (9010, 'scratch')) v(id, login) WHERE u.id = v.id;
		UPDATE res_partner p SET name = v.name FROM res_users u JOIN (VALUES (9001, 'Web shop'), (9002, 'Shopinvader, old'), (9004, 'Warehouse scanners'), (9005, 'A Customer'),
			(9007, 'Business intelligence'), (9008, 'EDI partner'), (9009, 'Point of sale, old'), (9003, 'Helena'), (9006, 'Marketing'), (9010, 'Scratch')) v(id, name) ON u.id = v.id WHERE p.id = u.partner_id;
		UPDATE auth_api_key SET name = v.name FROM (VALUES (501, 'webshop'), (502, 'shopinvader 2023'), (503, 'webshop staging'), (504, 'deployment')) v(id, name) WHERE auth_api_key.id = v.id`)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range [][2]string{{"warehouse", "scanner gun"}, {"edi", "edi partner"}} {
		if _, err := db.Exec(`INSERT INTO auth_api_key (name, key, user_id, active, create_date, write_date)
			SELECT $2, gen_random_uuid()::text, id, true, '2026-02-03 10:00', '2026-02-03 10:00' FROM res_users WHERE login = $1`, k[0], k[1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`INSERT INTO odoobridge.key_use (day, uid, login, kind, key_id, key_name, protocol, calls, last_at, last_source)
		SELECT d::date, k.user_id, u.login, 'auth_api_key', k.id, k.name, CASE k.name WHEN 'webshop' THEN 'jsonrpc' WHEN 'edi partner' THEN 'xmlrpc/2' ELSE 'json/2' END,
			(1000 * (1 + k.id % 5))::bigint, d + interval '17 hours', '10.20.0.11'
		FROM auth_api_key k JOIN res_users u ON u.id = k.user_id, generate_series(now()::date - 9, now()::date - 1, interval '1 day') d
		WHERE k.name IN ('webshop', 'scanner gun', 'edi partner')`); err != nil {
		t.Fatal(err)
	}
}

// rules are the policies of the shop.
func rules(t *testing.T) *policy.Set {
	t.Helper()
	set, _, err := policy.Parse("/etc/odoobridge/policies.yaml", []byte(`default: deny
rules:
  - id: webshop
    keys: [webshop]
    models: [product.*, sale.order, res.partner]
    rate: 50
    effect: allow
  - id: bi-reads
    users: [bi]
    read_only: true
    concurrency: 4
    effect: allow
  - id: warehouse
    keys: [scanner *]
    effect: allow
`))
	if err != nil {
		t.Fatal(err)
	}
	return set
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
