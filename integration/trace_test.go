//go:build unix

package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"

	"odoobridge/rpc/trace/collectortest"
)

// The trace of a caller.
const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// tracedOdoo is an Odoo that keeps the last headers that it got.
type tracedOdoo struct {
	*fakeOdoo

	mu     sync.Mutex
	header http.Header
}

func newTracedOdoo(t *testing.T) *tracedOdoo {
	o := &tracedOdoo{}
	o.fakeOdoo = newFakeOdoo(t, func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.header = r.Header
		io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": "done"}`)
	})
	return o
}

func (o *tracedOdoo) received() http.Header {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.header
}

// TestTraces: a call in a caller's trace, through the program as it is started.
func TestTraces(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	t.Setenv("OTEL_SERVICE_NAME", "door")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	for _, by := range []string{"otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		t.Run(by, func(t *testing.T) {
			collector, odoo := collectortest.Start(t), newTracedOdoo(t)
			var flags []string
			if by == "otlp_endpoint" {
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+closedPort(t)) // the setting comes before it
				flags = []string{"--otlp-endpoint", collector.URL}
			} else {
				t.Setenv(by, collector.URL+"/")
			}
			b := serve(t, stateDB(t), odoo.URL, flags...)
			url, db := b.ready["bridge"]+"/jsonrpc", database18(b)
			for _, tc := range []struct {
				name, key, password string
			}{{"by password", "", rpcPassword}, {"by API-KEY", rpcKey, ""}} {
				collector.Forget()
				headers := []string{"traceparent", "00-" + callersTrace + "-" + callersSpan + "-01", "tracestate", "vendor=1"}
				if tc.key != "" {
					headers = append(headers, "API-KEY", tc.key)
				}
				if a := post(t, url, "application/json", readContact(db, rpcUser, tc.password), headers...); a.status != 200 {
					t.Fatalf("%s: %d %s", tc.name, a.status, a.body)
				}
				eventually(t, "the spans arrive", func() bool { return len(collector.Spans()) == 2 })
				server, client := serverAndClient(collector.Spans())
				if id := fmt.Sprintf("%x", server.TraceId); id != callersTrace || fmt.Sprintf("%x", server.ParentSpanId) != callersSpan {
					t.Errorf("%s: the call's span is in trace %s below %x", tc.name, id, server.ParentSpanId)
				}
				want := fmt.Sprintf("00-%s-%x-01", callersTrace, client.SpanId)
				if got := odoo.received(); got.Get("Traceparent") != want || got.Get("Tracestate") != "vendor=1" {
					t.Errorf("%s: Odoo got %q, %q; want %s", tc.name, got.Get("Traceparent"), got.Get("Tracestate"), want)
				}
				said := collectortest.Attributes(server.Attributes)
				if server.Name != "res.partner/read" || said["enduser.id"] != "rpcuser" || said["odoo.db"] != db || said["http.response.status_code"] != "200" {
					t.Errorf("%s: %s %v", tc.name, server.Name, said)
				}
				if said := collectortest.Attributes(client.Attributes); said["url.full"] != odoo.URL+"/jsonrpc" {
					t.Errorf("%s: %v", tc.name, said)
				}
			}
			if r := collector.Resource(); r["service.name"] != "door" || r["deployment.environment.name"] != "test" {
				t.Errorf("resource %v", r)
			}
			eventually(t, "the log names the trace", func() bool { return strings.Contains(b.stderr.String(), `"trace_id":"`+callersTrace+`"`) })

			collector.Forget()
			post(t, url, "application/json", readContact(db, rpcUser, rpcPassword), "traceparent", "00-"+callersTrace+"-"+callersSpan+"-00")
			if got := odoo.received().Get("Traceparent"); !strings.HasPrefix(got, "00-"+callersTrace) || !strings.HasSuffix(got, "-00") {
				t.Errorf("not sampled: Odoo got %q", got)
			}
			post(t, url, "application/json", readContact(db, rpcUser, "wrong"))
			if status := b.stop(); status != 0 { // what waits is sent at the end
				t.Errorf("exit status %d", status)
			}
			if list := collector.Spans(); len(list) != 1 || list[0].Name != "POST /jsonrpc" {
				t.Errorf("a call that is not sampled and one that is refused: %v", list)
			}
			for _, secret := range []string{rpcPassword, rpcKey, "wrong"} {
				if strings.Contains(collector.Raw(), secret) {
					t.Errorf("%q is in the spans", secret)
				}
			}
		})
	}
}

func serverAndClient(list []*spans.Span) (server, client *spans.Span) {
	for _, s := range list {
		if s.Kind == spans.Span_SPAN_KIND_SERVER {
			server = s
		} else {
			client = s
		}
	}
	return server, client
}

// TestNoTraces: without a collector the trace context of a caller goes on to Odoo as it came.
func TestNoTraces(t *testing.T) {
	odoo := newTracedOdoo(t)
	b := serve(t, stateDB(t), odoo.URL)
	parent := "00-" + callersTrace + "-" + callersSpan + "-01"
	post(t, b.ready["bridge"]+"/jsonrpc", "application/json", readContact(database18(b), rpcUser, rpcPassword), "traceparent", parent, "tracestate", "vendor=1")
	if got := odoo.received(); got.Get("Traceparent") != parent || got.Get("Tracestate") != "vendor=1" {
		t.Errorf("Odoo got %q, %q", got.Get("Traceparent"), got.Get("Tracestate"))
	}
	eventually(t, "the log names the trace", func() bool { return strings.Contains(b.stderr.String(), `"trace_id":"`+callersTrace+`"`) })
}

// TestCollectorAway: calls go on, what can't be sent is counted and told once, and the end of the program does not wait for it.
func TestCollectorAway(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	odoo := newTracedOdoo(t)
	b := serve(t, stateDB(t), odoo.URL, "--otlp-endpoint", "http://"+closedPort(t))
	const calls = 20
	for range calls {
		a := post(t, b.ready["bridge"]+"/jsonrpc", "application/json", readContact(database18(b), rpcUser, rpcPassword))
		if a.status != 200 || !json.Valid([]byte(a.body)) {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	lost := fmt.Sprintf(`odoobridge_trace_spans_total{result="failed"} %d`, 2*calls)
	eventually(t, "all spans are lost", func() bool { return strings.Contains(get(t, b.ready["admin"]+"/metrics").body, lost) })
	if status := b.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if n := strings.Count(b.stderr.String(), "traces can't be sent"); n != 1 {
		t.Errorf("told %d times that traces can't be sent:\n%s", n, b.stderr)
	}
}
