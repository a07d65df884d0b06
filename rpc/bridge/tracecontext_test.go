package bridge

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"odoobridge/odoo/upstream"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	parent  = "00-" + traceID + "-00f067aa0ba902b7-01"
)

func TestCallersTrace(t *testing.T) {
	for _, tc := range []struct {
		name          string
		parent, state []string
		want          TraceContext
	}{
		{"none", nil, nil, TraceContext{}},
		{"good", []string{parent}, nil, TraceContext{Parent: parent}},
		{"with state", []string{parent}, []string{"a=1,b=2"}, TraceContext{parent, "a=1,b=2"}},
		{"state in two fields", []string{parent}, []string{"a=1", "b=2"}, TraceContext{parent, "a=1,b=2"}},
		{"state alone", nil, []string{"a=1"}, TraceContext{}},
		{"two parents", []string{parent, parent}, []string{"a=1"}, TraceContext{}},
		{"not sampled", []string{"00-" + traceID + "-00f067aa0ba902b7-00"}, nil, TraceContext{Parent: "00-" + traceID + "-00f067aa0ba902b7-00"}},
		{"upper case", []string{strings.ToUpper(parent)}, []string{"a=1"}, TraceContext{}},
		{"trace of zeros", []string{"00-00000000000000000000000000000000-00f067aa0ba902b7-01"}, nil, TraceContext{}},
		{"parent of zeros", []string{"00-" + traceID + "-0000000000000000-01"}, nil, TraceContext{}},
		{"not hexadecimal", []string{"00-" + traceID + "-00f067aa0ba902bx-01"}, nil, TraceContext{}},
		{"short", []string{parent[:54]}, nil, TraceContext{}},
		{"empty", []string{""}, nil, TraceContext{}},
		{"long", []string{parent + "-00"}, nil, TraceContext{}},
		{"version ff", []string{"ff" + parent[2:]}, nil, TraceContext{}},
		{"later version", []string{"cc" + parent[2:]}, nil, TraceContext{Parent: "cc" + parent[2:]}},
		{"later version with more", []string{"cc" + parent[2:] + "-what.the-future"}, nil, TraceContext{Parent: "cc" + parent[2:] + "-what.the-future"}},
		{"later version run on", []string{"cc" + parent[2:] + ".what"}, nil, TraceContext{}},
		{"dashes elsewhere", []string{strings.Replace(parent, "-0", "0-", 1)}, nil, TraceContext{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := callersTrace(http.Header{"Traceparent": tc.parent, "Tracestate": tc.state})
			if got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
			if id := got.TraceID(); tc.want.Parent != "" && id != traceID || tc.want.Parent == "" && id != "" {
				t.Errorf("trace id %q", id)
			}
		})
	}
}

// TestNoTraceCostsNothing: of a call without a trace, which most are, nothing is allocated.
func TestNoTraceCostsNothing(t *testing.T) {
	r := &http.Request{Header: http.Header{"Content-Type": {"application/json"}}}
	rec, fields := &Record{}, make([]upstream.Field, 0, 4)
	if n := testing.AllocsPerRun(100, func() {
		rec.trace(nil, r)
		fields = rec.sendTrace(http.MethodPost, "/jsonrpc").appendTo(fields[:0])
	}); n != 0 || len(fields) != 0 {
		t.Errorf("%v allocations, fields %v", n, fields)
	}
}

// follower is a Tracer that gives every request to Odoo the same trace context, and remembers what it was told.
type follower struct {
	caller TraceContext
	route  string
	sent   []string
	ended  *Record
}

const followed = "00-11111111111111111111111111111111-2222222222222222-01"

func (f *follower) Start(r *http.Request, _ time.Time, caller TraceContext) Span {
	f.caller, f.route = caller, Route(r)
	return f
}

func (f *follower) TraceID() string { return strings.Repeat("1", 32) }

func (f *follower) Send(method, path string) TraceContext {
	f.sent = append(f.sent, method+" "+path)
	return TraceContext{Parent: followed}
}

func (f *follower) End(rec *Record) { f.ended = rec }

// TestTraceContextOfRequests: Odoo gets the trace context of the caller where no one follows calls here, and that of the span
// of its request where someone does.
func TestTraceContextOfRequests(t *testing.T) {
	good := []string{"traceparent", parent, "tracestate", "a=1", "tracestate", "b=2"}
	bad := []string{"traceparent", parent[:54], "tracestate", "a=1"}
	read := call("object", "execute_kw", `["odoo18", 9001, "rpcuser", "res.partner", "search", [[]]]`)
	for _, tc := range []struct {
		name, path, body string
		route, asked     string
	}{
		{"call", "/jsonrpc", read, "/jsonrpc", "POST /jsonrpc"},
		{"spelt otherwise", "//jsonrpc/", read, "/jsonrpc", "POST /jsonrpc"},
		{"public call", "/jsonrpc", call("common", "version", `[]`), "/jsonrpc", "POST /jsonrpc"},
		{"JSON-2", "/json/2/res.partner/search", `{"domain": []}`, "/json/2/{model}/{method}", "POST /jsonrpc"},
		{"passage", "/web/session/get_session_info", `{}`, "/web/session/{method:authenticate|get_session_info|destroy}", "POST /web/session/get_session_info"},
		{"controller", "/shopinvader/some/thing?token=x", `{}`, "/shopinvader/", "POST /shopinvader/some/thing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &follower{}
			for _, follows := range []bool{false, true} {
				w := start(t, func(c *Config, _ *world) {
					if follows {
						c.Tracer = f
					}
				}, nil)
				for _, header := range [][]string{good, bad, nil} {
					headers := map[string][]string{}
					for i := 0; i < len(header); i += 2 {
						name := http.CanonicalHeaderKey(header[i])
						headers[name] = append(headers[name], header[i+1])
					}
					fields := []string{"Api-Key", "anything"}
					for name, values := range headers {
						for _, v := range values {
							fields = append(fields, name, v)
						}
					}
					w.post(t, tc.path, tc.body, fields...)
					rec := <-w.records
					want := callersTrace(headers)
					id := want.TraceID()
					if follows {
						if f.caller != want || f.ended != rec || f.route != tc.route || f.sent[len(f.sent)-1] != tc.asked {
							t.Errorf("told of %+v, %s, %v, %v; want %+v, %s, %s", f.caller, f.route, f.sent, f.ended, want, tc.route, tc.asked)
						}
						want, id = TraceContext{Parent: followed}, strings.Repeat("1", 32)
					}
					w.mu.Lock()
					got := w.received[len(w.received)-1].Header
					w.mu.Unlock()
					if got.Get("Traceparent") != want.Parent || got.Get("Tracestate") != want.State || len(got["Tracestate"]) > 1 {
						t.Errorf("follows: %t: Odoo got %q %q, want %+v", follows, got["Traceparent"], got["Tracestate"], want)
					}
					if rec.TraceID != id || rec.UpstreamStatus != http.StatusOK {
						t.Errorf("record has trace %q, status %d; want %q", rec.TraceID, rec.UpstreamStatus, id)
					}
					if id != "" && !strings.Contains(w.log.String(), `"trace_id":"`+id+`"`) {
						t.Errorf("no trace id %s in the log %s", id, w.log)
					}
					if id == "" && strings.Count(w.log.String(), "trace_id") != 1 {
						t.Errorf("a trace id of no trace in the log %s", w.log)
					}
				}
			}
		})
	}
}
