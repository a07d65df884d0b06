package bridge

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"odoobridge/rpc"
)

// TestLegacy counts the old protocols of callers who are known, and tells no more of them apart than it may.
func TestLegacy(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := NewLegacy(reg)
	known := Record{Protocol: rpc.JSONRPC, DB: "odoo18", UID: 9001, Login: "rpcuser", Key: "shop", Outcome: Forwarded}
	changed := func(change func(r *Record)) *Record {
		r := known
		change(&r)
		return &r
	}
	for _, r := range []*Record{
		&known, &known,
		changed(func(r *Record) { r.Protocol = rpc.XMLRPC1 }),
		changed(func(r *Record) { r.Protocol = rpc.XMLRPC2; r.Key = "" }),
		changed(func(r *Record) { r.Protocol = rpc.JSON2 }), // which stays
		changed(func(r *Record) { r.Protocol = rpc.HTTP }),
		changed(func(r *Record) { r.UID, r.Login = 0, "" }),
		changed(func(r *Record) { r.Outcome = Denied }),
	} {
		l.Observe(r)
	}
	if n := testutil.CollectAndCount(reg, "odoobridge_legacy_calls_total"); n != 3 {
		t.Errorf("%d series, want 3", n)
	}
	if n := testutil.ToFloat64(l.calls.WithLabelValues("odoo18", "rpcuser", "shop", "jsonrpc")); n != 2 {
		t.Errorf("counted %v calls of the key shop, want 2", n)
	}

	for i := range 3 * maxLegacyCallers {
		l.Observe(changed(func(r *Record) { r.Login = fmt.Sprint("user", i) }))
	}
	if n := testutil.CollectAndCount(reg, "odoobridge_legacy_calls_total"); n != maxLegacyCallers+2 { // one caller has two protocols; and "other"
		t.Errorf("%d series, want %d", n, maxLegacyCallers+2)
	}
	if n := testutil.ToFloat64(l.calls.WithLabelValues("odoo18", "other", "other", "jsonrpc")); n != 2*maxLegacyCallers+2 {
		t.Errorf("%v calls are of others", n)
	}
	l.Observe(&known)
	if n := testutil.ToFloat64(l.calls.WithLabelValues("odoo18", "rpcuser", "shop", "jsonrpc")); n != 3 {
		t.Errorf("counted %v calls of the key shop, want 3: it was told apart before", n)
	}
	if n := testing.AllocsPerRun(100, func() { l.Observe(&known) }); n != 0 {
		t.Errorf("%v allocations for each call", n)
	}
}
