package bridge

import (
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"odoobridge/odoo/upstream"
)

// TraceContext is the place of a call in a distributed trace, as W3C's Trace Context writes it in headers. The zero value
// is a call in no trace.
type TraceContext struct {
	Parent string // traceparent, well-formed or ""
	State  string // tracestate, all its fields as one; "" where there is none
}

// TraceID is the id of the trace, 32 hexadecimal digits, "" in none.
func (c TraceContext) TraceID() string {
	if c.Parent == "" {
		return ""
	}
	return c.Parent[3:35]
}

// callersTrace is the trace context that a request came with. A traceparent that can't be read counts for nothing, and so
// does the tracestate beside it, as W3C wants it (Trace Context, section 4.3); two of them can't be read.
func callersTrace(h http.Header) TraceContext {
	parents := h["Traceparent"]
	if len(parents) != 1 || !validParent(parents[0]) {
		return TraceContext{}
	}
	c := TraceContext{Parent: parents[0]}
	switch states := h["Tracestate"]; len(states) {
	case 0:
	case 1:
		c.State = states[0]
	default:
		c.State = strings.Join(states, ",")
	}
	return c
}

// validParent tells whether s is version-traceid-parentid-flags, in lower case, with ids that are not all zero. A version
// that is not known may go on behind the flags.
func validParent(s string) bool {
	const traceID, parentID, flags, end = 3, 36, 53, 55
	if len(s) < end || s[traceID-1] != '-' || s[parentID-1] != '-' || s[flags-1] != '-' {
		return false
	}
	for _, part := range []string{s[:2], s[traceID : parentID-1], s[parentID : flags-1], s[flags:end]} {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return false
		}
	}
	switch version := s[:2]; {
	case version == "ff", version == "00" && len(s) > end, len(s) > end && s[end] != '-':
		return false
	}
	return strings.Trim(s[traceID:parentID-1], "0") != "" && strings.Trim(s[parentID:flags-1], "0") != ""
}

// appendTo appends the header fields of the trace context.
func (c TraceContext) appendTo(fields []upstream.Field) []upstream.Field {
	if c.Parent != "" {
		fields = append(fields, upstream.Field{Name: "Traceparent", Value: c.Parent})
	}
	if c.State != "" {
		fields = append(fields, upstream.Field{Name: "Tracestate", Value: c.State})
	}
	return fields
}

// Tracer follows calls in distributed traces.
type Tracer interface {
	// Start opens the span of a request that came at the given time with the trace context caller.
	Start(r *http.Request, at time.Time, caller TraceContext) Span
}

// Span is a call in a trace. Its methods are called one after the other.
type Span interface {
	TraceID() string // 32 hexadecimal digits
	// Send opens the span of the call's request to Odoo, which is to go out with the trace context returned. path is the one
	// that is asked for.
	Send(method, path string) TraceContext
	// End closes the spans, with what is known of the call.
	End(*Record)
}

// trace begins to follow the call of r.
func (rec *Record) trace(t Tracer, r *http.Request) {
	rec.caller = callersTrace(r.Header)
	rec.TraceID = rec.caller.TraceID()
	if t != nil {
		rec.span = t.Start(r, rec.Start, rec.caller)
		rec.TraceID = rec.span.TraceID()
	}
}

// sendTrace is the trace context with which Odoo is asked for path: as its caller gave it where no one follows the call here.
func (rec *Record) sendTrace(method, path string) TraceContext {
	if rec.span == nil {
		return rec.caller
	}
	return rec.span.Send(method, path)
}

// Route is the pattern of the path that r came to, such as "/json/2/{model}/{method}". It tells more of a request than its
// path does to whoever counts or groups.
func Route(r *http.Request) string {
	if route := mux.CurrentRoute(r); route != nil {
		template, _ := route.GetPathTemplate() // without one there is none to tell
		return template
	}
	return r.URL.Path // what went past the router
}
