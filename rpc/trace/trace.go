// Package trace sends calls to an OpenTelemetry collector as spans, by OTLP over HTTP: one for the call, one below it for
// the request to Odoo. What a span says is taken from the record of the call, as the log line is, and holds no secret.
//
// Where the spans go, which calls are sampled and how much may wait is told by the standard environment variables
// (OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES), which OpenTelemetry's
// SDK reads itself. Sending never delays a call: spans wait in a bounded queue, and are dropped and counted where it is full.
package trace

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"odoobridge/rpc/bridge"
)

// Config is what a Tracer is made of, besides the environment.
type Config struct {
	Endpoint *url.URL // of the collector, /v1/traces is below it; nil leaves it to the environment
	Odoo     *url.URL // whom the requests below a call go to
	Version  string   // of the program
	Metrics  prometheus.Registerer
	// Sending is told when spans can't be delivered, once, and with nil when they can again.
	Sending func(error)
	// Warn is told what else OpenTelemetry's SDK has to say, of a sampler that it does not know for instance.
	Warn func(error)
}

// Tracer is a [bridge.Tracer].
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	odoo     endpoint
}

// New returns a Tracer that sends spans until Shutdown. It makes Warn the SDK's handler of errors, of which a process has one.
func New(ctx context.Context, cfg Config) (*Tracer, error) {
	warn := withoutSecrets(cfg.Warn)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(warn))
	otel.SetLogger(logr.New(sdkLog{warn}))

	var options []otlptracehttp.Option
	if cfg.Endpoint != nil {
		options = append(options, otlptracehttp.WithEndpointURL(cfg.Endpoint.JoinPath("v1", "traces").String()))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("odoobridge"), semconv.ServiceVersion(cfg.Version)),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv())
	if err != nil {
		warn(err) // what could be found out is in it
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(about), sdk.WithSpanProcessor(newGate(exporter, cfg.Metrics, withoutSecrets(cfg.Sending))))
	return &Tracer{
		provider: provider,
		tracer:   provider.Tracer("odoobridge/rpc/trace", trace.WithInstrumentationVersion(cfg.Version), trace.WithSchemaURL(semconv.SchemaURL)),
		odoo:     endpointOf(cfg.Odoo),
	}, nil
}

// Shutdown sends what waits, as far as that is possible before ctx ends.
func (t *Tracer) Shutdown(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Start implements [bridge.Tracer].
func (t *Tracer) Start(r *http.Request, at time.Time, caller bridge.TraceContext) bridge.Span {
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), remote(caller))
	s := &span{tracer: t, request: r}
	s.ctx, s.server = t.tracer.Start(ctx, methodOf(r), trace.WithTimestamp(at), trace.WithSpanKind(trace.SpanKindServer))
	return s
}

// remote is the span of the caller's, of which no more is known than its trace context. A tracestate that can't be read is
// left out (W3C Trace Context, section 4.3).
func remote(c bridge.TraceContext) trace.SpanContext {
	if c.Parent == "" {
		return trace.SpanContext{}
	}
	// The bridge has checked it: version-traceid-parentid-flags.
	traceID, _ := trace.TraceIDFromHex(c.Parent[3:35])
	spanID, _ := trace.SpanIDFromHex(c.Parent[36:52])
	flags, _ := strconv.ParseUint(c.Parent[53:55], 16, 8)
	state, _ := trace.ParseTraceState(c.State)
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceState: state, Remote: true,
		TraceFlags: trace.TraceFlags(flags) & (trace.FlagsSampled | trace.FlagsRandom), // the others have no meaning yet
	})
}

// contextOf is the trace context of s, as it goes to Odoo.
func contextOf(s trace.SpanContext) bridge.TraceContext {
	return bridge.TraceContext{
		Parent: "00-" + s.TraceID().String() + "-" + s.SpanID().String() + "-" + s.TraceFlags().String(),
		State:  s.TraceState().String(),
	}
}
