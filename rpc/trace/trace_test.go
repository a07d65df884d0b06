package trace

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"

	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
	"odoobridge/rpc/bridge"
	"odoobridge/rpc/trace/collectortest"
)

// bound is how long a test waits for what takes a moment when all is well.
const bound = 20 * time.Second

// tracing is a Tracer and what it told.
type tracing struct {
	*Tracer
	metrics *prometheus.Registry

	mu             sync.Mutex
	warned         []string
	failing, cured int
	failure        string
}

func start(t testing.TB, collector string) *tracing {
	t.Helper()
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
	endpoint, err := url.Parse(collector)
	if err != nil {
		t.Fatal(err)
	}
	odoo := &url.URL{Scheme: "http", Host: "odoo.example:8069", Path: "/prefix/"}
	tr := &tracing{metrics: prometheus.NewRegistry()}
	tr.Tracer, err = New(context.Background(), Config{
		Endpoint: endpoint, Odoo: odoo, Version: "1.2.3", Metrics: tr.metrics,
		Sending: func(err error) {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			if err == nil {
				tr.cured++
				return
			}
			tr.failing, tr.failure = tr.failing+1, err.Error()
		},
		Warn: func(err error) {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			tr.warned = append(tr.warned, err.Error())
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = tr.Shutdown(ctx) // the collector may be away
	})
	return tr
}

func (tr *tracing) told() (warned string, failing, cured int, failure string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return strings.Join(tr.warned, "\n"), tr.failing, tr.cured, tr.failure
}

// spansOf is how many spans came to the result.
func (tr *tracing) spansOf(t testing.TB, result string) float64 {
	t.Helper()
	families, err := tr.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range families[0].Metric {
		if m.Label[0].GetValue() == result {
			return m.Counter.GetValue()
		}
	}
	t.Fatalf("no result %q", result)
	return 0
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(bound); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v: %s", bound, what)
		}
	}
}

// request is one as it came from a caller.
func request(method, path string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.Host, r.RemoteAddr = "bridge.example:8079", "10.0.0.9:4711"
	r.Header.Set("User-Agent", "client/1")
	return r
}

var began = time.Now()

// record is one of a call that went well, as change makes it.
func record(change func(*bridge.Record)) *bridge.Record {
	rec := &bridge.Record{
		RequestID: "abcdefgh", Start: began, Total: 30 * time.Millisecond, Upstream: 20 * time.Millisecond,
		Source: netip.MustParseAddr("192.0.2.7"), Protocol: rpc.JSONRPC, Service: "object", Call: "execute_kw",
		Model: "res.partner", Method: "search_read", DB: "odoo18", UID: 9001, Login: "rpcuser", Via: "api-key", Key: "shop",
		Status: 200, UpstreamStatus: 200, BytesIn: 100, BytesOut: 230, Outcome: bridge.Forwarded,
	}
	if change != nil {
		change(rec)
	}
	return rec
}

// TestSpans: what the spans of a call say.
func TestSpans(t *testing.T) {
	server := map[string]string{
		"http.request.method": "POST", "url.scheme": "http", "url.path": "/jsonrpc", "http.route": "/jsonrpc", "network.protocol.version": "1.1",
		"http.request.body.size": "100", "http.response.body.size": "230", "http.response.status_code": "200",
		"client.address": "192.0.2.7", "network.peer.address": "10.0.0.9", "network.peer.port": "4711",
		"server.address": "bridge.example", "server.port": "8079", "user_agent.original": "client/1",
		"rpc.system.name": "jsonrpc", "rpc.method": "object/execute_kw", "odoo.model": "res.partner", "odoo.method": "search_read",
		"odoo.db": "odoo18", "odoo.uid": "9001", "enduser.id": "rpcuser", "odoobridge.via": "api-key", "odoobridge.key": "shop",
		"odoobridge.request_id": "abcdefgh", "odoobridge.outcome": "forwarded",
	}
	client := map[string]string{
		"http.request.method": "POST", "server.address": "odoo.example", "server.port": "8069",
		"url.full": "http://odoo.example:8069/prefix/jsonrpc", "url.template": "/jsonrpc", "http.response.status_code": "200",
	}
	refused := &upstream.Error{Kind: upstream.Timeout}
	said := map[string]bool{}
	for _, tc := range []struct {
		name           string
		method, path   string
		sent           string // path at Odoo, "" is not sent
		change         func(*bridge.Record)
		spanName       string
		server, client map[string]string // what differs; "" is not there
		failed         string            // status of the server's span: what it says, "-" for nothing; "" is none
		clientFailed   string
	}{
		{name: "a call", method: "POST", path: "/jsonrpc", sent: "/jsonrpc", spanName: "res.partner/search_read"},
		{name: "it waited", method: "POST", path: "/jsonrpc", sent: "/jsonrpc", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) { r.Queued = 250 * time.Millisecond }, server: map[string]string{"odoobridge.queue.duration": "0.25"}},
		{name: "JSON-2", method: "POST", path: "/json/2/res.partner/search_read", sent: "/json/2/res.partner/search_read", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) { r.Protocol = rpc.JSON2 },
			server: map[string]string{"rpc.system.name": "json2", "url.path": "/json/2/res.partner/search_read", "http.route": "/json/2/res.partner/search_read"},
			client: map[string]string{"url.template": "/json/2/{model}/{method}", "url.full": "http://odoo.example:8069/prefix/json/2/res.partner/search_read"}},
		{name: "no one is known", method: "POST", path: "/xmlrpc/2/common", spanName: "POST /xmlrpc/2/common",
			change: func(r *bridge.Record) {
				*r = *record(nil)
				r.Protocol, r.Service, r.Call, r.Model, r.Method = rpc.XMLRPC2, "common", "made_up", "made.up", "thing"
				r.DB, r.UID, r.Login, r.Via, r.Key, r.Upstream = "", 0, "", "", "", 0
				r.Outcome, r.Err = bridge.Denied, errors.New("no such user")
			},
			server: map[string]string{"rpc.system.name": "xmlrpc", "rpc.method": "common/made_up", "url.path": "/xmlrpc/2/common", "http.route": "/xmlrpc/2/common",
				"odoo.model": "made.up", "odoo.method": "thing", "odoo.db": "", "odoo.uid": "", "enduser.id": "", "odoobridge.via": "", "odoobridge.key": "",
				"odoobridge.outcome": "denied"}},
		{name: "its caller's fault", method: "POST", path: "/jsonrpc", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) {
				r.Outcome, r.Status, r.Err = bridge.Limited, 429, errors.New("too often")
				r.Policy = bridge.Verdict{Rule: "few", Effect: "limited"}
			},
			server: map[string]string{"odoobridge.policy.rule": "few", "odoobridge.policy.effect": "limited", "odoobridge.outcome": "limited", "http.response.status_code": "429"}},
		{name: "overloaded, told in status 200", method: "POST", path: "/xmlrpc/object", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) {
				r.Protocol, r.Outcome, r.Err = rpc.XMLRPC1, bridge.Overloaded, errors.New("no room")
			},
			server: map[string]string{"odoobridge.outcome": "overloaded", "error.type": "overloaded", "rpc.system.name": "xmlrpc",
				"url.path": "/xmlrpc/object", "http.route": "/xmlrpc/object"}, failed: "no room"},
		{name: "Odoo takes too long", method: "POST", path: "/jsonrpc", sent: "/jsonrpc", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) {
				r.Outcome, r.Status, r.UpstreamStatus, r.Err = bridge.Timeout, 504, 0, refused
			},
			server: map[string]string{"odoobridge.outcome": "timeout", "error.type": "timeout", "http.response.status_code": "504"}, failed: refused.Error(),
			client: map[string]string{"http.response.status_code": "", "error.type": "timeout"}, clientFailed: refused.Error()},
		{name: "Odoo fails", method: "POST", path: "/jsonrpc", sent: "/jsonrpc", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) { r.Status, r.UpstreamStatus = 500, 500 },
			server: map[string]string{"error.type": "500", "http.response.status_code": "500"}, failed: "-",
			client: map[string]string{"error.type": "500", "http.response.status_code": "500"}, clientFailed: "-"},
		{name: "Odoo refuses", method: "POST", path: "/jsonrpc", sent: "/jsonrpc", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) { r.Status, r.UpstreamStatus = 422, 422 },
			server: map[string]string{"http.response.status_code": "422"},
			client: map[string]string{"error.type": "422", "http.response.status_code": "422"}, clientFailed: "-"},
		{name: "the answer breaks off", method: "POST", path: "/jsonrpc", sent: "/jsonrpc", spanName: "res.partner/search_read",
			change: func(r *bridge.Record) { r.Outcome, r.Err = bridge.BadGateway, errors.New("unexpected EOF") },
			server: map[string]string{"odoobridge.outcome": "bad_gateway", "error.type": "bad_gateway"}, failed: "unexpected EOF",
			client: map[string]string{"error.type": "bad_gateway"}, clientFailed: "unexpected EOF"},
		{name: "a passage of an odd method", method: "BREW", path: "/shopinvader/customer?token=s3cret", sent: "/shopinvader/customer", spanName: "HTTP /shopinvader/customer",
			change: func(r *bridge.Record) {
				r.Protocol, r.Service, r.Call, r.Model, r.Method = rpc.HTTP, "", "/shopinvader/customer", "", ""
			},
			server: map[string]string{"http.request.method": "_OTHER", "http.request.method_original": "BREW", "rpc.system.name": "", "rpc.method": "",
				"odoo.model": "", "odoo.method": "", "url.path": "/shopinvader/customer", "http.route": "/shopinvader/customer"},
			client: map[string]string{"http.request.method": "_OTHER", "http.request.method_original": "BREW", "url.template": "",
				"url.full": "http://odoo.example:8069/prefix/shopinvader/customer"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			collector := collectortest.Start(t)
			tr := start(t, collector.URL)
			s := tr.Start(request(tc.method, tc.path), began, bridge.TraceContext{})
			want := 1
			if tc.sent != "" {
				want++
				s.Send(tc.method, tc.sent)
			}
			s.End(record(tc.change))
			eventually(t, "the spans arrive", func() bool { return len(collector.Spans()) == want })
			if strings.Contains(collector.Raw(), "s3cret") {
				t.Error("the query is in the spans")
			}
			got := byKind(collector.Spans())
			for _, s := range got {
				for _, a := range s.Attributes {
					said[a.Key] = true
				}
			}
			check(t, got[spans.Span_SPAN_KIND_SERVER], tc.spanName, changed(server, tc.server), tc.failed)
			if took := duration(got[spans.Span_SPAN_KIND_SERVER]); took != 30*time.Millisecond {
				t.Errorf("the call took %v", took)
			}
			if tc.sent == "" {
				return
			}
			name := tc.method
			attributes := changed(client, tc.client)
			if template := attributes["url.template"]; template != "" {
				name += " " + template
			}
			check(t, got[spans.Span_SPAN_KIND_CLIENT], name, attributes, tc.clientFailed)
			if took := duration(got[spans.Span_SPAN_KIND_CLIENT]); took != 20*time.Millisecond {
				t.Errorf("the request took %v", took)
			}
		})
	}
	checkPage(t, said)
}

// checkPage holds docs/OBSERVABILITY.md to the attributes that spans were seen to have.
func checkPage(t *testing.T, said map[string]bool) {
	t.Helper()
	page, err := os.ReadFile("../../docs/OBSERVABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "\n| attribute | span | |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	written := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(table, -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			written[strings.Trim(name, "`")] = true
		}
	}
	for name := range said {
		if !written[name] {
			t.Errorf("%s is not in docs/OBSERVABILITY.md", name)
		}
	}
	for name := range written {
		if !said[name] {
			t.Errorf("%s is in docs/OBSERVABILITY.md and in no span", name)
		}
	}
}

func byKind(list []*spans.Span) map[spans.Span_SpanKind]*spans.Span {
	m := map[spans.Span_SpanKind]*spans.Span{}
	for _, s := range list {
		m[s.Kind] = s
	}
	return m
}

func duration(s *spans.Span) time.Duration {
	return time.Duration(s.EndTimeUnixNano - s.StartTimeUnixNano)
}

// changed is usual with what differs from it.
func changed(usual, differs map[string]string) map[string]string {
	m := maps.Clone(usual)
	for k, v := range differs {
		if m[k] = v; v == "" {
			delete(m, k)
		}
	}
	return m
}

func check(t *testing.T, s *spans.Span, name string, attributes map[string]string, failed string) {
	t.Helper()
	if s.Name != name {
		t.Errorf("name %q, want %q", s.Name, name)
	}
	got := collectortest.Attributes(s.Attributes)
	for k, v := range attributes {
		if got[k] != v {
			t.Errorf("%s: %s is %q, want %q", s.Name, k, got[k], v)
		}
	}
	for k, v := range got {
		if _, ok := attributes[k]; !ok {
			t.Errorf("%s: %s is %q, want none", s.Name, k, v)
		}
	}
	code, message := spans.Status_STATUS_CODE_UNSET, ""
	if failed != "" {
		code, message = spans.Status_STATUS_CODE_ERROR, strings.TrimPrefix(failed, "-")
	}
	if s.Status.GetCode() != code || s.Status.GetMessage() != message {
		t.Errorf("%s: status %v, want %v %q", s.Name, s.Status, code, message)
	}
}

const caller = "4bf92f3577b34da6a3ce929d0e0e4736"

// TestParents: spans hang together, the caller's first, and who samples is the caller.
func TestParents(t *testing.T) {
	for _, tc := range []struct {
		name          string
		sampler, arg  string
		parent, state string
		spans         int
		flags         string
		stateSent     string
	}{
		{"no caller", "", "", "", "", 2, "01", ""},
		{"sampled by the caller", "", "", "00-" + caller + "-00f067aa0ba902b7-01", "a=1,b=2", 2, "01", "a=1,b=2"},
		{"not sampled by the caller", "", "", "00-" + caller + "-00f067aa0ba902b7-00", "a=1", 0, "00", "a=1"},
		{"random, flags without a meaning", "", "", "00-" + caller + "-00f067aa0ba902b7-ff", "", 2, "03", ""},
		{"a later version", "", "", "cc-" + caller + "-00f067aa0ba902b7-01-more", "", 2, "01", ""},
		{"a state that can't be read", "", "", "00-" + caller + "-00f067aa0ba902b7-01", "a=1,,=", 2, "01", ""},
		{"by parent, never without", "parentbased_always_off", "", "", "", 0, "00", ""},
		{"by parent, for one", "parentbased_traceidratio", "0", "00-" + caller + "-00f067aa0ba902b7-01", "", 2, "01", ""},
		{"never", "always_off", "", "00-" + caller + "-00f067aa0ba902b7-01", "", 0, "00", ""},
		{"always", "always_on", "", "00-" + caller + "-00f067aa0ba902b7-00", "", 2, "01", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("OTEL_TRACES_SAMPLER", tc.sampler)
			t.Setenv("OTEL_TRACES_SAMPLER_ARG", tc.arg)
			collector := collectortest.Start(t)
			tr := start(t, collector.URL)
			s := tr.Start(request("POST", "/jsonrpc"), began, bridge.TraceContext{Parent: tc.parent, State: tc.state})
			sent := s.Send("POST", "/jsonrpc")
			s.End(record(nil))
			if id := s.TraceID(); len(id) != 32 || tc.parent != "" && id != caller {
				t.Errorf("trace id %s", id)
			}
			if parts := strings.Split(sent.Parent, "-"); len(parts) != 4 || parts[0] != "00" || parts[1] != s.TraceID() ||
				parts[2] == "00f067aa0ba902b7" || len(parts[2]) != 16 || parts[3] != tc.flags || sent.State != tc.stateSent {
				t.Errorf("Odoo is told %+v; want trace %s, flags %s, state %q", sent, s.TraceID(), tc.flags, tc.stateSent)
			}
			if err := tr.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			got := byKind(collector.Spans())
			if len(collector.Spans()) != tc.spans {
				t.Fatalf("%d spans, want %d", len(collector.Spans()), tc.spans)
			}
			if tc.spans == 0 {
				return
			}
			server, client := got[spans.Span_SPAN_KIND_SERVER], got[spans.Span_SPAN_KIND_CLIENT]
			if id := hexOf(client.SpanId); !strings.Contains(sent.Parent, id) || hexOf(client.ParentSpanId) != hexOf(server.SpanId) {
				t.Errorf("client %s below %s; Odoo was told %s; server %s", id, hexOf(client.ParentSpanId), sent.Parent, hexOf(server.SpanId))
			}
			if above := hexOf(server.ParentSpanId); tc.sampler != "always_on" && tc.parent != "" && above != "00f067aa0ba902b7" {
				t.Errorf("server below %q", above)
			}
			if r := collector.Resource(); r["service.name"] != "odoobridge" || r["service.version"] != "1.2.3" || r["host.name"] == "" {
				t.Errorf("resource %v", r)
			}
		})
	}
}

func hexOf(id []byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range id {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// TestCollectorSlow: while the collector takes its time no more spans wait than may, and the others are dropped and counted.
func TestCollectorSlow(t *testing.T) {
	const room, calls = 16, 200
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", strconv.Itoa(room))
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
	collector := collectortest.Start(t)
	collector.Hold()
	tr := start(t, collector.URL)
	for range calls {
		s := tr.Start(request("POST", "/jsonrpc"), began, bridge.TraceContext{})
		s.Send("POST", "/jsonrpc")
		s.End(record(nil))
	}
	if n := tr.spansOf(t, "dropped"); n != 2*calls-room {
		t.Errorf("%v spans dropped, want %d", n, 2*calls-room)
	}
	collector.Release()
	eventually(t, "those that waited are sent", func() bool { return tr.spansOf(t, "exported") == room })
	if n := len(collector.Spans()); n > room {
		t.Errorf("%d spans arrived, %d waited", n, room)
	}
	s := tr.Start(request("POST", "/jsonrpc"), began, bridge.TraceContext{})
	s.End(record(nil))
	eventually(t, "there is room again", func() bool { return tr.spansOf(t, "exported") == room+1 })
}

// TestCollectorAway: that spans can't be sent is told once, and once that they can be again, and what the collector answers
// does not bring its credentials into the log.
func TestCollectorAway(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20s3cret,X-Other=t0ken")
	collector := collectortest.Start(t)
	collector.Answer(http.StatusUnauthorized, "not with Bearer s3cret and t0ken "+strings.Repeat("x", 2*longestTold))
	tr := start(t, collector.URL)
	call := func() { tr.Start(request("POST", "/jsonrpc"), began, bridge.TraceContext{}).End(record(nil)) }
	for n := range 3 {
		call()
		eventually(t, "it fails", func() bool { return tr.spansOf(t, "failed") == float64(n+1) })
	}
	warned, failing, cured, failure := tr.told()
	if failing != 1 || cured != 0 || warned != "" {
		t.Errorf("told %d times that it fails, %d times that it does not, %q; want once", failing, cured, warned)
	}
	if !strings.Contains(failure, "401") || strings.Contains(failure, "s3cret") || strings.Contains(failure, "t0ken") || len(failure) > longestTold {
		t.Errorf("told %d bytes: %s", len(failure), failure)
	}
	if got := collector.Headers()[0]; got.Get("Authorization") != "Bearer s3cret" || got.Get("X-Other") != "t0ken" {
		t.Errorf("the collector got %v", got)
	}
	collector.Answer(0, "")
	call()
	eventually(t, "it is told that spans are sent again", func() bool { _, _, cured, _ := tr.told(); return cured == 1 })
	if n := testutil.CollectAndCount(tr.metrics, "odoobridge_trace_spans_total"); n != 3 {
		t.Errorf("%d series", n)
	}
}

// TestWarnings: what the SDK does not understand is told, without the values of headers.
func TestWarnings(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "sometimes")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization: Bearer s3cret")
	tr := start(t, collectortest.Start(t).URL)
	warned, _, _, _ := tr.told()
	if !strings.Contains(warned, "unsupported sampler: sometimes") || !strings.Contains(warned, "header") || strings.Contains(warned, "s3cret") {
		t.Errorf("told %s", warned)
	}
}
