package bridge

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"odoobridge/odoo/queue"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// Turn is whom the places at Odoo go round among: a user of a database, or, where no one is known, an address.
type Turn struct {
	db     string
	uid    int64
	source netip.Addr
}

// Queue gives places at Odoo to calls.
type Queue = queue.Queue[Turn]

// NewQueue returns a queue of calls.
func NewQueue(limits queue.Limits) *Queue { return queue.New[Turn](limits) }

// await waits for a place at Odoo. Without an error the call has one, until its caller calls b.cfg.Queue.Leave.
//
// The place is kept until the answer is streamed, for as long a worker of Odoo's is held by it.
func (b *Bridge) await(ctx context.Context, rec *Record) (err error) {
	turn := Turn{db: rec.DB, uid: rec.UID}
	if rec.UID == 0 {
		turn = Turn{source: rec.Source}
	}
	rec.Queued, err = b.cfg.Queue.Enter(ctx, turn)
	return err
}

const (
	// soon is when one who found no room to wait may try again: calls end all the time.
	soon = time.Second
	// later is when one may who waited in vain: Odoo is behind by more than that wait, and coming back at once would only
	// add to it.
	later = 5 * time.Second
)

// queueError is a call that got no place at Odoo. One whose caller has too many waiting is told that it is theirs.
func queueError(e *queue.Refusal) (*rpc.Error, Outcome) {
	switch e.Reason {
	case queue.OwnLimit:
		return &rpc.Error{Class: "werkzeug.exceptions.TooManyRequests", Status: http.StatusTooManyRequests, RetryAfter: soon,
			Message: "429 Too Many Requests: too many of your calls wait for Odoo already. The call was not sent; send fewer at once"}, Overloaded
	case queue.Full:
		return &rpc.Error{Class: "werkzeug.exceptions.ServiceUnavailable", Status: http.StatusServiceUnavailable, RetryAfter: soon,
			Message: "503 Service Unavailable: too many calls wait for Odoo already. The call was not sent; try again"}, Overloaded
	}
	return &rpc.Error{Class: "werkzeug.exceptions.ServiceUnavailable", Status: http.StatusServiceUnavailable, RetryAfter: later,
		Message: "503 Service Unavailable: Odoo was busy with other calls for too long. The call was not sent; try again"}, Overloaded
}

// refusals are the words of refusal.
var refusals = []string{queue.OwnLimit.String(), queue.Full.String(), queue.TooLong.String(), breakerOpen, bodyMemory}

const (
	breakerOpen = "breaker_open"
	bodyMemory  = "body_memory"
)

// refusal is why a call was kept from Odoo, in a word, "" where it was not.
func refusal(err error) string {
	var busy *queue.Refusal
	var away *upstream.RefusedError
	var room *noRoomError
	switch {
	case err == nil:
	case errors.As(err, &busy):
		return busy.Reason.String()
	case errors.As(err, &away):
		return breakerOpen
	case errors.As(err, &room):
		return bodyMemory
	}
	return ""
}

// WatchLimits registers with reg what queue and breaker are like at the moment.
func WatchLimits(reg prometheus.Registerer, queue *Queue, breaker *upstream.Breaker) {
	gauge := func(o prometheus.GaugeOpts, value func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(o, value))
	}
	gauge(prometheus.GaugeOpts{Name: "odoobridge_queue_length", Help: "Calls that wait for a place at Odoo."},
		func() float64 { return float64(queue.Waiting()) })
	gauge(prometheus.GaugeOpts{Name: "odoobridge_upstream_calls", Help: "Places at Odoo that are taken; 0 where max_calls is 0."},
		func() float64 { return float64(queue.Working()) })
	for _, state := range []string{upstream.Closed, upstream.HalfOpen, upstream.Open} {
		gauge(prometheus.GaugeOpts{Name: "odoobridge_upstream_breaker", ConstLabels: prometheus.Labels{"state": state},
			Help: "1 for the state that the circuit breaker for connections to Odoo is in."},
			func() float64 {
				if breaker.State() == state {
					return 1
				}
				return 0
			})
	}
}
