// Package collectortest gives tests an OpenTelemetry collector: it takes spans by OTLP over HTTP, in protobuf, and keeps them.
package collectortest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector is a collector on a socket of its own, gone when the test ends.
type Collector struct {
	URL string // its base, for otlp_endpoint

	mu       sync.Mutex
	spans    []*spans.Span
	resource map[string]string
	headers  []http.Header
	raw      strings.Builder
	status   int           // that it answers with; 0 is 200
	body     string        // likewise
	hold     chan struct{} // closed, or nil, where it does not wait
}

// Start starts a collector.
func Start(t testing.TB) *Collector {
	c := &Collector{}
	server := httptest.NewServer(http.HandlerFunc(c.serve))
	c.URL = server.URL
	t.Cleanup(func() {
		c.Release()
		server.Close()
	})
	return c
}

func (c *Collector) serve(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		zipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = zipped
	}
	data, err := io.ReadAll(body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(data, &request)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "no spans in protobuf", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	status, answer, hold := c.status, c.body, c.hold
	c.headers = append(c.headers, r.Header)
	if status == 0 && hold == nil {
		c.keep(data, &request)
	}
	c.mu.Unlock()
	switch {
	case hold != nil:
		<-hold
	case status != 0:
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	default:
		w.Header().Set("Content-Type", "application/x-protobuf")
	}
}

func (c *Collector) keep(data []byte, request *collector.ExportTraceServiceRequest) {
	c.raw.Write(data)
	for _, r := range request.ResourceSpans {
		c.resource = Attributes(r.Resource.Attributes)
		for _, s := range r.ScopeSpans {
			c.spans = append(c.spans, s.Spans...)
		}
	}
}

// Hold has the collector take requests and answer none, until Release.
func (c *Collector) Hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = make(chan struct{})
}

// Release ends Hold.
func (c *Collector) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hold != nil {
		close(c.hold)
		c.hold = nil
	}
}

// Answer has the collector refuse all it gets with a status and a body, and take it again where status is 0.
func (c *Collector) Answer(status int, body string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status, c.body = status, body
}

// Spans are those that it has taken.
func (c *Collector) Spans() []*spans.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*spans.Span(nil), c.spans...)
}

// Forget forgets the spans.
func (c *Collector) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = nil
}

// Resource is what the last spans say of the program that they are from.
func (c *Collector) Resource() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resource
}

// Headers are those of all requests.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]http.Header(nil), c.headers...)
}

// Raw is all that it has taken, in protobuf, where text is as it is.
func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// Attributes are attributes as text, by their names.
func Attributes(list []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			m[a.Key] = v.StringValue
		default:
			m[a.Key] = strings.TrimSpace(strings.SplitN(a.Value.String(), ":", 2)[1])
		}
	}
	return m
}
