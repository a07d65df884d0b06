package trace

import (
	"context"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// gate stands before and behind the SDK's batches: it lets no more spans wait than may, and counts what becomes of each. The
// SDK drops what its queue has no room for as well, and tells no one.
type gate struct {
	sdk.SpanProcessor // that batches
	exporter          sdk.SpanExporter
	sending           func(error)

	room    int64
	waiting atomic.Int64 // spans that were let in and are not sent yet, those of a batch on its way included
	failing bool         // the last batch could not be sent; batches are sent one after the other

	exported, failed, dropped prometheus.Counter
}

func newGate(exporter sdk.SpanExporter, metrics prometheus.Registerer, sending func(error)) *gate {
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "odoobridge_trace_spans_total",
		Help: "Sampled spans, by what became of them: exported, dropped because too many were waiting, or failed to be sent."}, []string{"result"})
	metrics.MustRegister(spans)
	g := &gate{
		exporter: exporter, sending: sending, room: int64(queueSize()),
		exported: spans.WithLabelValues("exported"), failed: spans.WithLabelValues("failed"), dropped: spans.WithLabelValues("dropped"),
	}
	g.SpanProcessor = sdk.NewBatchSpanProcessor(batches{g})
	return g
}

// queueSize is how many spans may wait, as the SDK reads it.
func queueSize() int {
	n, err := strconv.Atoi(os.Getenv("OTEL_BSP_MAX_QUEUE_SIZE"))
	if err != nil || n <= 0 {
		return sdk.DefaultMaxQueueSize
	}
	return n
}

// OnEnd lets a span wait for the next batch, if there is room.
func (g *gate) OnEnd(s sdk.ReadOnlySpan) {
	switch {
	case !s.SpanContext().IsSampled():
	case g.waiting.Add(1) > g.room:
		g.waiting.Add(-1)
		g.dropped.Inc()
	default:
		g.SpanProcessor.OnEnd(s)
	}
}

// batches is the gate as the SDK's batches leave through it.
type batches struct{ *gate }

// ExportSpans sends a batch. What came of it is told here, so that the SDK has nothing more to say of it.
func (b batches) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := b.exporter.ExportSpans(ctx, spans)
	b.waiting.Add(-int64(len(spans)))
	if err != nil {
		b.failed.Add(float64(len(spans)))
	} else {
		b.exported.Add(float64(len(spans)))
	}
	if failing := err != nil; failing != b.failing {
		b.failing = failing
		b.sending(err)
	}
	return nil
}

func (b batches) Shutdown(ctx context.Context) error { return b.exporter.Shutdown(ctx) }
