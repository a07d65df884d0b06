package bridge

import (
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/rpc"
)

// Record is all that is known of one call when it has ended. The log line, the metrics and the trace are all written from
// it, so that they can't tell different stories. It holds no secret.
type Record struct {
	RequestID string
	TraceID   string // 32 hexadecimal digits, "" where the call is in no trace
	Start     time.Time
	Total     time.Duration // from the request's header read to the last byte handed to the connection
	Queued    time.Duration // of which waiting for a place at Odoo, 0 where there was one at once
	Upstream  time.Duration // of which waiting for and streaming from Odoo
	Source    netip.Addr    // the client, behind trusted proxies the one they name

	Protocol rpc.Protocol
	Endpoint rpc.Endpoint // of JSONRPC
	Service  string       // as sent, cut short
	Call     string       // the service's method, as sent, cut short
	Model    string
	Method   string // the model's method

	DB    string
	UID   int64
	Login string
	Via   string      // how the caller was known: api-key, basic, bearer, call; "" where no one was
	Key   string      // the name of their key
	KeyID int64       // its row in auth_api_key or res_users_apikeys; 0 for a password
	Kind  auth.Method // what was shown; 0 where no one was known
	Basic string      // the login of a second identity shown by Basic beside an API-KEY

	Policy Verdict // of the policy rule that decided; zero where none is in force for the call
	Trial  Verdict // of the policy rule on trial that would have kept the call from Odoo, were it in force; else zero

	Status            int
	UpstreamStatus    int // of Odoo's answer, 0 where none came
	BytesIn, BytesOut int64
	Outcome           Outcome
	Err               error // the private cause, nil where all went well

	caller TraceContext // as the request came with it
	span   Span         // nil where no one follows the call
}

// Used tells whether a caller who was known used their key or password: one who was refused did not.
func (r *Record) Used() bool { return r.UID != 0 && r.Outcome != Denied }

// Outcome is how a call ended, in a bounded set of words, for metrics.
type Outcome string

const (
	Forwarded   Outcome = "forwarded"   // Odoo answered; whether with a result or an error is Odoo's business
	Answered    Outcome = "answered"    // answered here: a login, a list of databases
	Denied      Outcome = "denied"      // the credentials do not hold, or may not do this
	Invalid     Outcome = "invalid"     // no call could be read from the request
	Limited     Outcome = "limited"     // a policy rule allows it, but not so often
	Overloaded  Outcome = "overloaded"  // too much to do; try again
	Unavailable Outcome = "unavailable" // PostgreSQL is away
	BadGateway  Outcome = "bad_gateway" // Odoo is away or broke off
	Timeout     Outcome = "timeout"     // Odoo took too long
	Canceled    Outcome = "canceled"    // the caller went away
)

// Observer is told of every call when it has ended.
type Observer interface{ Observe(*Record) }

// Observers tells each in turn.
type Observers []Observer

func (o Observers) Observe(r *Record) {
	for _, each := range o {
		each.Observe(r)
	}
}

// Log writes one line per call.
type Log struct{ Logger zerolog.Logger }

func (l Log) Observe(r *Record) {
	e := l.Logger.Info()
	switch r.Outcome {
	case Overloaded, Unavailable, BadGateway, Timeout:
		e = l.Logger.Error()
	case Denied, Invalid, Limited:
		e = l.Logger.Warn()
	}
	e = e.Str("request_id", r.RequestID).
		Stringer("source", r.Source).
		Stringer("protocol", r.Protocol).
		Str("service", r.Service).
		Str("call", r.Call)
	for _, f := range [...]struct{ name, value string }{
		{"trace_id", r.TraceID}, {"model", r.Model}, {"method", r.Method}, {"db", r.DB}, {"login", r.Login}, {"via", r.Via}, {"key", r.Key}, {"basic", r.Basic},
		{"policy", r.Policy.Rule}, {"policy_effect", r.Policy.Effect}, {"policy_trial", r.Trial.Rule},
		{"policy_trial_effect", r.Trial.Effect},
	} {
		if f.value != "" {
			e = e.Str(f.name, f.value)
		}
	}
	if r.UID != 0 {
		e = e.Int64("uid", r.UID)
	}
	e = e.Int("status", r.Status).
		Str("outcome", string(r.Outcome)).
		Int64("bytes_in", r.BytesIn).
		Int64("bytes_out", r.BytesOut).
		Dur("total_ms", r.Total).
		Dur("upstream_ms", r.Upstream)
	if r.Queued > 0 {
		e = e.Dur("queued_ms", r.Queued)
	}
	if r.Err != nil {
		e = e.AnErr("reason", r.Err)
	}
	e.Msg("call")
}

// Metrics counts calls, by label sets that no caller can grow.
type Metrics struct {
	calls     *prometheus.CounterVec
	total     *prometheus.HistogramVec
	upstream  prometheus.Histogram
	queued    prometheus.Histogram
	refused   *prometheus.CounterVec
	received  prometheus.Counter
	sent      prometheus.Counter
	untrusted prometheus.Counter
	policies  policyMetrics
	inFlight  prometheus.Gauge
}

// NewMetrics registers the metrics of calls with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	buckets := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "odoobridge_calls_total", Help: "Calls by protocol, service, how the caller was known, and how the call ended.",
		}, []string{"protocol", "service", "via", "outcome"}),
		total: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "odoobridge_call_duration_seconds", Help: "From the request's header to the last byte of the answer.", Buckets: buckets,
		}, []string{"protocol"}),
		upstream: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "odoobridge_upstream_duration_seconds", Help: "Of which waiting for Odoo and streaming its answer.", Buckets: buckets,
		}),
		queued: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "odoobridge_queue_duration_seconds", Help: "Waiting for a place at Odoo, of the calls that had to.", Buckets: buckets,
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "odoobridge_refused_total", Help: "Calls kept from Odoo to protect it, by reason.",
		}, []string{"reason"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "odoobridge_received_bytes_total", Help: "Bytes of request bodies.",
		}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "odoobridge_sent_bytes_total", Help: "Bytes of answer bodies.",
		}),
		untrusted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "odoobridge_untrusted_api_key_headers_total", Help: "API-KEY headers dropped because their source is not trusted.",
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "odoobridge_calls_in_flight", Help: "Calls being worked on.",
		}),
	}
	m.policies = newPolicyMetrics(reg)
	for _, reason := range refusals {
		m.refused.WithLabelValues(reason) // a counter that is not there can't be seen to grow
	}
	reg.MustRegister(m.calls, m.total, m.upstream, m.queued, m.refused, m.received, m.sent, m.untrusted, m.inFlight)
	return m
}

func (m *Metrics) Observe(r *Record) {
	service, via := r.Service, r.Via
	switch service {
	case "common", "object", "db":
	default:
		service = "other"
	}
	if via == "" {
		via = "none"
	}
	m.calls.WithLabelValues(r.Protocol.String(), service, via, string(r.Outcome)).Inc()
	m.total.WithLabelValues(r.Protocol.String()).Observe(r.Total.Seconds())
	if r.Upstream > 0 {
		m.upstream.Observe(r.Upstream.Seconds())
	}
	if r.Queued > 0 {
		m.queued.Observe(r.Queued.Seconds())
	}
	if reason := refusal(r.Err); reason != "" {
		m.refused.WithLabelValues(reason).Inc()
	}
	m.policies.observe(r)
	m.received.Add(float64(r.BytesIn))
	m.sent.Add(float64(r.BytesOut))
}
