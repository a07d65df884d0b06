package trace

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
	"odoobridge/rpc/bridge"
)

// The attributes that OpenTelemetry's semantic conventions have no name for.
const (
	odooModel    = attribute.Key("odoo.model")
	odooMethod   = attribute.Key("odoo.method")
	odooDB       = attribute.Key("odoo.db")
	odooUID      = attribute.Key("odoo.uid")
	via          = attribute.Key("odoobridge.via")
	keyName      = attribute.Key("odoobridge.key")
	outcome      = attribute.Key("odoobridge.outcome")
	requestID    = attribute.Key("odoobridge.request_id")
	policyRule   = attribute.Key("odoobridge.policy.rule")
	policyEffect = attribute.Key("odoobridge.policy.effect")
	queuedFor    = attribute.Key("odoobridge.queue.duration") // seconds
	longestAgent = 256                                        // bytes of a User-Agent that are kept
)

// span is a call, and below it the request to Odoo.
type span struct {
	tracer  *Tracer
	request *http.Request
	ctx     context.Context // with server in it
	server  trace.Span

	client       trace.Span // nil while nothing was sent
	sent         time.Time
	method, path string // of what was sent
}

// TraceID implements [bridge.Span].
func (s *span) TraceID() string { return s.server.SpanContext().TraceID().String() }

// Send implements [bridge.Span].
func (s *span) Send(method, path string) bridge.TraceContext {
	s.sent, s.method, s.path = time.Now(), method, path
	_, s.client = s.tracer.tracer.Start(s.ctx, method, trace.WithTimestamp(s.sent), trace.WithSpanKind(trace.SpanKindClient))
	return contextOf(s.client.SpanContext())
}

// End implements [bridge.Span].
func (s *span) End(rec *bridge.Record) {
	if s.client != nil {
		if s.client.IsRecording() {
			s.describeRequest(rec)
		}
		s.client.End(trace.WithTimestamp(s.sent.Add(rec.Upstream)))
	}
	if s.server.IsRecording() {
		s.describeCall(rec)
	}
	s.server.End(trace.WithTimestamp(rec.Start.Add(rec.Total)))
}

// describeCall says what was called, by whom, and how it ended.
func (s *span) describeCall(rec *bridge.Record) {
	r := s.request
	route := bridge.Route(r)
	attributes := make([]attribute.KeyValue, 0, 32)
	add := func(a ...attribute.KeyValue) { attributes = append(attributes, a...) }
	addText := func(key attribute.Key, value string) {
		if value != "" {
			add(key.String(value))
		}
	}

	add(requestMethod(r.Method)...)
	add(semconv.URLScheme(schemeOf(r)), semconv.URLPath(r.URL.Path), semconv.HTTPRoute(route),
		semconv.NetworkProtocolVersion(strconv.Itoa(r.ProtoMajor)+"."+strconv.Itoa(r.ProtoMinor)),
		semconv.HTTPRequestBodySize(int(rec.BytesIn)), semconv.HTTPResponseBodySize(int(rec.BytesOut)))
	if rec.Status != 0 {
		add(semconv.HTTPResponseStatusCode(rec.Status))
	}
	if rec.Source.IsValid() {
		add(semconv.ClientAddress(rec.Source.String()))
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		add(semconv.NetworkPeerAddress(peer.Addr().Unmap().String()), semconv.NetworkPeerPort(int(peer.Port())))
	}
	add(hostAttributes(r.Host, schemeOf(r))...)
	agent := r.UserAgent()
	addText(semconv.UserAgentOriginalKey, strings.ToValidUTF8(agent[:min(len(agent), longestAgent)], ""))

	if system := systems[rec.Protocol]; system != "" {
		add(semconv.RPCSystemNameKey.String(system))
		if rec.Service != "" && rec.Call != "" {
			add(semconv.RPCMethod(rec.Service + "/" + rec.Call))
		}
	}
	addText(odooModel, rec.Model)
	addText(odooMethod, rec.Method)
	addText(odooDB, rec.DB)
	addText(semconv.EnduserIDKey, rec.Login)
	if rec.UID != 0 {
		add(odooUID.Int64(rec.UID))
	}
	addText(via, rec.Via)
	addText(keyName, rec.Key)
	addText(policyRule, rec.Policy.Rule)
	addText(policyEffect, rec.Policy.Effect)
	add(requestID.String(rec.RequestID), outcome.String(string(rec.Outcome)))
	if rec.Queued > 0 {
		add(queuedFor.Float64(rec.Queued.Seconds()))
	}
	if kind := failure(rec); kind != "" {
		add(semconv.ErrorTypeKey.String(kind))
		reason := ""
		if rec.Err != nil {
			reason = rec.Err.Error()
		}
		s.server.SetStatus(codes.Error, reason)
	}
	s.server.SetAttributes(attributes...)
	s.server.SetName(spanName(rec, r, route))
}

// systems are the protocols by their names in rpc.system.name.
var systems = map[rpc.Protocol]string{rpc.JSONRPC: "jsonrpc", rpc.XMLRPC1: "xmlrpc", rpc.XMLRPC2: "xmlrpc", rpc.JSON2: "json2"}

// spanName is the model and its method where a user of Odoo's has called it, and else the route: one who is no one must not be
// able to make up names, of which there are to be few.
func spanName(rec *bridge.Record, r *http.Request, route string) string {
	if rec.UID != 0 && rec.Model != "" && rec.Method != "" {
		return rec.Model + "/" + rec.Method
	}
	return methodOf(r) + " " + route
}

// failure is the error.type of a call that failed for a fault that is not its caller's, "" of any other: a server's span is no
// error because of what its client did.
func failure(rec *bridge.Record) string {
	switch rec.Outcome {
	case bridge.Overloaded, bridge.Unavailable, bridge.BadGateway, bridge.Timeout:
		return string(rec.Outcome)
	}
	if rec.Status >= 500 {
		return strconv.Itoa(rec.Status)
	}
	return ""
}

// describeRequest says what Odoo was asked and what it answered. A client's span is an error from status 400 on.
func (s *span) describeRequest(rec *bridge.Record) {
	s.client.SetAttributes(requestMethod(s.method)...)
	s.client.SetAttributes(s.tracer.odoo.attributes...)
	s.client.SetAttributes(semconv.URLFull(s.tracer.odoo.base + s.path))
	if template := pathTemplate(s.path); template != "" {
		s.client.SetAttributes(semconv.URLTemplate(template))
		s.client.SetName(s.method + " " + template)
	}
	if rec.UpstreamStatus != 0 {
		s.client.SetAttributes(semconv.HTTPResponseStatusCode(rec.UpstreamStatus))
	}
	var away *upstream.Error
	switch {
	case errors.As(rec.Err, &away):
		s.client.SetAttributes(semconv.ErrorTypeKey.String(away.Kind.String()))
		s.client.SetStatus(codes.Error, away.Error())
	case rec.UpstreamStatus >= 400:
		s.client.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(rec.UpstreamStatus)))
		s.client.SetStatus(codes.Error, "")
	case rec.Err != nil && rec.Outcome == bridge.BadGateway:
		s.client.SetAttributes(semconv.ErrorTypeKey.String(string(rec.Outcome)))
		s.client.SetStatus(codes.Error, rec.Err.Error())
	}
}

// pathTemplate is the pattern of a path that calls are sent to, "" of any other.
func pathTemplate(path string) string {
	switch {
	case strings.HasPrefix(path, rpc.JSON2Path+"/"):
		return rpc.JSON2Path + "/{model}/{method}"
	case path == "/jsonrpc", path == upstream.AddonPath, strings.HasPrefix(path, "/xmlrpc/"):
		return path
	}
	return ""
}
