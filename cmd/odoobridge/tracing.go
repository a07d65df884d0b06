package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"odoobridge/rpc/bridge"
	"odoobridge/rpc/trace"
)

// wantsTraces tells whether traces are to be sent: where otlp_endpoint or OpenTelemetry's own variables say where to. Those are
// read by its SDK, which goes on by defaults where it can't read one; of those without which nothing arrives anywhere it is
// looked here whether they can be meant.
func wantsTraces(endpoint *url.URL, lookupEnv func(string) (string, bool)) (bool, Problems) {
	env := func(name string) string {
		v, _ := lookupEnv(name)
		return strings.TrimSpace(v)
	}
	exporter := env("OTEL_TRACES_EXPORTER")
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || exporter == "none" {
		return false, nil
	}
	wanted := endpoint != nil || exporter == "otlp"
	var problems Problems
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		if v := env(name); v != "" {
			wanted = true
			if _, err := httpURL(v); err != nil {
				problems = append(problems, fmt.Sprintf("%s: %v", name, err))
			}
		}
	}
	if !wanted {
		return false, nil
	}
	if exporter != "" && exporter != "otlp" {
		problems = append(problems, fmt.Sprintf("OTEL_TRACES_EXPORTER: %q is neither otlp nor none", exporter))
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if v := env(name); !slices.Contains([]string{"", "http/protobuf", "http/json"}, v) {
			problems = append(problems, fmt.Sprintf("%s: %q is not spoken here; collectors take http/protobuf on port 4318", name, v))
		}
	}
	return problems == nil, problems
}

// startTracing begins to send traces where that is wanted; without, the tracer is nil.
func startTracing(ctx context.Context, cfg Config, metrics prometheus.Registerer, log zerolog.Logger) (*trace.Tracer, error) {
	if !cfg.Traces {
		return nil, nil
	}
	v, _ := versions()
	return trace.New(ctx, trace.Config{
		Endpoint: cfg.OTLPEndpoint, Odoo: cfg.OdooURL, Version: v, Metrics: metrics,
		Sending: func(err error) {
			if err != nil {
				log.Warn().Err(err).Msg("traces can't be sent to the collector and are lost; calls are not affected")
				return
			}
			log.Info().Msg("traces are being sent again")
		},
		Warn: func(err error) { log.Warn().Str("component", "opentelemetry").Err(err).Msg("traces") },
	})
}

// tracesTimeout is how long traces that still wait at the end may take to be sent.
const tracesTimeout = 3 * time.Second

// stopTracing sends what waits. That the collector can't be reached was told before, and is no failure of the program.
func stopTracing(t *trace.Tracer) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), tracesTimeout)
	defer cancel()
	_ = t.Shutdown(ctx)
}

// follower is who follows calls in traces, nil where there is no one.
func (s *service) follower() bridge.Tracer {
	if s.tracer == nil {
		return nil // and not a Tracer that is nil
	}
	return s.tracer
}
