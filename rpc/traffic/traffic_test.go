package traffic

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/queue"
	"odoobridge/rpc"
	"odoobridge/rpc/bridge"
)

// noon is a whole minute.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// call is a record of one that rpcuser made, changed by f.
func call(end time.Time, took time.Duration, f func(*bridge.Record)) *bridge.Record {
	r := &bridge.Record{Start: end.Add(-took), Total: took, Upstream: took / 2, Source: netip.MustParseAddr("10.1.2.3"),
		Protocol: rpc.JSONRPC, Service: "object", Call: "execute_kw", Model: "res.partner", Method: "read",
		DB: "one", UID: 7, Login: "rpcuser", Via: "api-key", Key: "shop", Status: 200, Outcome: bridge.Forwarded}
	if f != nil {
		f(r)
	}
	return r
}

func TestBuckets(t *testing.T) {
	last := -1
	for us := 0; us < 5_000_000; us += 1 + us/50 {
		d := time.Duration(us) * time.Microsecond
		i := bucket(d)
		if i < last {
			t.Fatalf("%v is in bucket %d, after one in %d", d, i, last)
		}
		last = i
		if wrong := (middle(i) - d).Abs(); wrong > d/16 {
			t.Errorf("%v is read as %v", d, middle(i))
		}
	}
	for _, d := range []time.Duration{-time.Second, 0, time.Hour, 1000 * time.Hour} {
		if i := bucket(d); i < 0 || i >= buckets {
			t.Errorf("%v is in bucket %d of %d", d, i, buckets)
		}
	}
}

func TestPercentiles(t *testing.T) {
	var h histogram
	if h.percentiles() != (Percentiles{}) {
		t.Error("of no calls there are percentiles")
	}
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Millisecond)
	}
	p := h.percentiles()
	for name, v := range map[string][2]time.Duration{
		"p50": {p.P50, 500 * time.Millisecond}, "p95": {p.P95, 950 * time.Millisecond}, "p99": {p.P99, 990 * time.Millisecond},
		"mean": {p.Mean, 500500 * time.Microsecond},
	} {
		if (v[0] - v[1]).Abs() > v[1]/16 {
			t.Errorf("%s is %v, want %v", name, v[0], v[1])
		}
	}
}

func TestLook(t *testing.T) {
	tr := New([]string{"one", "two"})
	denied := &auth.Error{Kind: auth.Denied, Reason: "no such key"}
	for range 3 {
		tr.Observe(call(noon.Add(-61*time.Minute), time.Millisecond, nil)) // before the hour
	}
	for range 2 {
		tr.Observe(call(noon.Add(-2*time.Minute), 10*time.Millisecond, nil))
	}
	tr.Observe(call(noon, 20*time.Millisecond, func(r *bridge.Record) { r.Method = "write"; r.Queued = 5 * time.Millisecond }))
	tr.Observe(call(noon, time.Millisecond, func(r *bridge.Record) {
		r.UID, r.Login, r.Key, r.Via, r.Model, r.Outcome, r.Err, r.Upstream = 0, "", "", "", "secret.guess", bridge.Denied, denied, 0
	}))
	tr.Observe(call(noon, time.Second, func(r *bridge.Record) {
		r.Outcome, r.Err = bridge.Overloaded, &queue.Refusal{Reason: queue.Full}
	}))
	tr.Observe(call(noon, time.Second, func(r *bridge.Record) { r.DB, r.Model = "two", "other.database" }))
	tr.Observe(call(noon, time.Second, func(r *bridge.Record) { r.DB, r.UID, r.Model, r.Service, r.Call = "", 0, "", "db", "list" }))

	v := tr.Look(noon, "one")
	if v.Hour.Calls != 5 || v.Hour.Refused != 1 || v.Hour.Failed != 1 || v.Hour.Waited != 1 || v.Hour.LongestWait != 5*time.Millisecond {
		t.Errorf("the hour is %+v", v.Hour)
	}
	if m := v.Minutes[Minutes-3]; m.Calls != 2 || !m.Start.Equal(noon.Add(-2*time.Minute)) || m.Took.P50 < 9*time.Millisecond || m.Took.P50 > 11*time.Millisecond {
		t.Errorf("two minutes ago: %+v", m)
	}
	if m := v.Minutes[Minutes-1]; m.Calls != 3 || m.Refused != 1 || m.Failed != 1 {
		t.Errorf("this minute: %+v", m)
	}
	if len(v.Callers) != 1 || v.Callers[0].Login != "rpcuser" || v.Callers[0].Hour != 4 || v.Callers[0].Ever != 7 || v.Callers[0].Failed != 1 ||
		v.Callers[0].Trend[Minutes-3] != 2 || v.Callers[0].Trend[Minutes-1] != 2 {
		t.Errorf("callers: %+v", v.Callers)
	}
	if len(v.Models) != 1 || v.Models[0].Name != "res.partner" || v.Models[0].Hour != 4 || len(v.Models[0].Methods) != 2 || v.Models[0].Methods[0] != (Method{"read", 3, 6}) {
		t.Errorf("models, of known callers alone: %+v", v.Models)
	}
	if len(v.Sources) != 1 || v.Sources[0].Refused != 1 {
		t.Errorf("sources: %+v", v.Sources)
	}
	if len(v.Errors) != 2 || v.Errors[0].Kind != (Kind{bridge.Denied, "denied"}) || v.Errors[1].Kind != (Kind{bridge.Overloaded, "queue_full"}) {
		t.Errorf("errors: %+v", v.Errors)
	}
	both := tr.Look(noon, "one", "")
	if both.Hour.Calls != 6 || len(both.Sources) != 2 {
		t.Errorf("with what is of no database: %+v", both.Hour)
	}
	if later := tr.Look(noon.Add(2*time.Hour), "one"); later.Hour != (Summary{}) || later.Callers[0].Hour != 0 || later.Callers[0].Ever != 7 {
		t.Errorf("two hours later: %+v", later.Hour)
	}
}

// TestLegacy: what counts as an endpoint that Odoo gives up, and whose use of it.
func TestLegacy(t *testing.T) {
	for _, tc := range []struct {
		name string
		f    func(*bridge.Record)
		want string // "" for none
	}{
		{"JSON-RPC", nil, "/jsonrpc"},
		{"XML-RPC", func(r *bridge.Record) { r.Protocol = rpc.XMLRPC2 }, "/xmlrpc/2"},
		{"XML-RPC with string codes", func(r *bridge.Record) { r.Protocol = rpc.XMLRPC1 }, "/xmlrpc"},
		{"db", func(r *bridge.Record) { r.Service = "db" }, "service db"},
		{"JSON-2", func(r *bridge.Record) { r.Protocol = rpc.JSON2 }, ""},
		{"a page", func(r *bridge.Record) { r.Protocol = rpc.HTTP }, ""},
		{"call_kw", func(r *bridge.Record) { r.Endpoint = rpc.EndpointCallKW }, ""},
		{"refused", func(r *bridge.Record) { r.Outcome = bridge.Denied }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tr := New([]string{"one"})
			tr.Observe(call(noon, time.Millisecond, tc.f))
			got := ""
			for _, l := range tr.Look(noon, "one").Legacy {
				got += l.Endpoint.String()
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestBounded: whatever callers send, what is kept has a bound, and those that matter stay.
func TestBounded(t *testing.T) {
	tr := New([]string{"one"})
	for i := range 20_000 {
		if i%100 == 0 {
			tr.Observe(call(noon, time.Millisecond, nil))
			continue
		}
		tr.Observe(call(noon, time.Millisecond, func(r *bridge.Record) {
			r.Key, r.Model, r.Login = fmt.Sprint("key", i), fmt.Sprint("model", i), fmt.Sprint("login", i)
		}))
		tr.Observe(call(noon, time.Millisecond, func(r *bridge.Record) {
			r.UID, r.Source = 0, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		}))
	}
	v := tr.Look(noon, "one")
	if len(v.Callers) != keptCallers || len(v.Models) != keptMethods || len(v.Sources) != keptSources {
		t.Errorf("%d callers, %d models, %d sources", len(v.Callers), len(v.Models), len(v.Sources))
	}
	if c := v.Callers[0]; c.Login != "rpcuser" || c.Ever != 200 {
		t.Errorf("the busiest caller is %+v", c)
	}
	if m := v.Models[0]; m.Name != "res.partner" || m.Ever != 200 {
		t.Errorf("the model most called is %+v", m)
	}
	if n := len(tr.Last(10_000, nil, "one")); n != keptCalls {
		t.Errorf("%d last calls", n)
	}
}

func TestLast(t *testing.T) {
	tr := New([]string{"one", "two"})
	for i := range 10 {
		tr.Observe(call(noon.Add(time.Duration(i)*time.Second), time.Millisecond, func(r *bridge.Record) {
			r.RequestID = fmt.Sprint(i)
			r.DB = []string{"one", "", "two"}[i%3]
		}))
	}
	ids := func(rs []bridge.Record) (all string) {
		for _, r := range rs {
			all += r.RequestID
		}
		return all
	}
	if got := ids(tr.Last(100, nil, "one", "")); got != "9764310" {
		t.Errorf("of one and none: %s", got)
	}
	if got := ids(tr.Last(2, nil, "two")); got != "85" {
		t.Errorf("two of two: %s", got)
	}
	if got := ids(tr.Last(100, func(r *bridge.Record) bool { return r.RequestID < "5" }, "one")); got != "30" {
		t.Errorf("those that match: %s", got)
	}
}

func TestFollow(t *testing.T) {
	tr := New([]string{"one", "two"})
	f := tr.Follow(func(r *bridge.Record) bool { return r.Status == 200 }, "one")
	tr.Observe(call(noon, time.Millisecond, func(r *bridge.Record) { r.DB = "two" }))
	tr.Observe(call(noon, time.Millisecond, func(r *bridge.Record) { r.Status = 500 }))
	for range feedRoom + 5 {
		tr.Observe(call(noon, time.Millisecond, nil)) // never waits for the follower
	}
	if n := f.Lost(); n != 5 {
		t.Errorf("%d were left out, want 5", n)
	}
	if r := <-f.Calls(); r.DB != "one" || r.Status != 200 {
		t.Errorf("got %+v", r)
	}
	f.Close()
	f.Close()
	tr.Observe(call(noon, time.Millisecond, nil))
	if n := len(f.Calls()); n != feedRoom-1 {
		t.Errorf("%d calls after Close, want %d", n, feedRoom-1)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	tr := New([]string{"one"})
	records := []*bridge.Record{
		call(noon, time.Millisecond, nil),
		call(noon, time.Millisecond, func(r *bridge.Record) { r.Outcome, r.Err = bridge.BadGateway, errors.New("away") }),
	}
	for _, r := range records {
		tr.Observe(r)
		if n := testing.AllocsPerRun(1000, func() { tr.Observe(r) }); n >= 1 {
			t.Errorf("%s: %v allocations for each call", r.Outcome, n)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	tr := New([]string{"one"})
	var records []*bridge.Record
	for i := range 64 {
		records = append(records, call(noon, time.Duration(i)*time.Millisecond, func(r *bridge.Record) {
			r.Key, r.Method = fmt.Sprint("key", i%16), fmt.Sprint("method", i)
		}))
	}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			tr.Observe(records[i%len(records)])
		}
	})
	b.Run("at once", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				tr.Observe(records[i%len(records)])
			}
		})
	})
}

// TestPolicyKinds: what a policy rule keeps from Odoo is refused, and told apart from credentials that do not hold.
func TestPolicyKinds(t *testing.T) {
	for effect, outcome := range map[string]bridge.Outcome{"refused": bridge.Denied, "limited": bridge.Limited} {
		r := call(noon, time.Millisecond, func(r *bridge.Record) {
			r.Outcome, r.Policy, r.Err = outcome, bridge.Verdict{Rule: "shop", Effect: effect}, errors.New("refused")
		})
		if c, kind := classify(r); c != refused || kind != (Kind{outcome, "policy"}) {
			t.Errorf("%s is %v %v", effect, c, kind)
		}
	}
	if c, _ := classify(call(noon, time.Millisecond, func(r *bridge.Record) { r.Policy = bridge.Verdict{Rule: "shop", Effect: "allowed"} })); c != fine {
		t.Errorf("what is allowed is %v", c)
	}
}
