package bridge

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// FuzzTraceparent holds the reading of a traceparent against OpenTelemetry's: the same ones are good, of the same trace. In version
// 00 OpenTelemetry differs from W3C twice: it refuses flags that have no meaning yet, and takes a dash at the end.
func FuzzTraceparent(f *testing.F) {
	for _, seed := range []string{
		parent, parent + "-", "cc" + parent[2:], "cc" + parent[2:] + "-more", "cc" + parent[2:] + "more", "ff" + parent[2:], "", "00-0-0-0",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-" + traceID + "-0000000000000000-01", "00-" + traceID + "-00f067aa0ba902b7-ff",
		"0x-" + traceID + "-00f067aa0ba902b7-01", "00-" + traceID + "-00F067AA0BA902B7-01",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ours := callersTrace(http.Header{"Traceparent": {text}})
		theirs := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": text}))
		if len(text) >= 55 && text[:2] == "00" && (text[53] != '0' || text[54] > '3' || text[55:] == "-") {
			return
		}
		if (ours.Parent != "") != theirs.IsValid() {
			t.Fatalf("%q: %q here, valid for OpenTelemetry: %t", text, ours.Parent, theirs.IsValid())
		}
		if theirs.IsValid() && ours.TraceID() != theirs.TraceID().String() {
			t.Errorf("%q: trace %s here, %s for OpenTelemetry", text, ours.TraceID(), theirs.TraceID())
		}
	})
}
