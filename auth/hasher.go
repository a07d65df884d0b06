package auth

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// gate lets a bounded number of calls through at once, and a bounded number wait.
type gate struct {
	what    string // they wait for
	slots   chan struct{}
	queue   int64
	waiting atomic.Int64
}

// overloadRetry is what a caller is told when a queue is full: about the time in which a full queue moves on.
const overloadRetry = 2 * time.Second

func newGate(what string, slots, queue int) *gate {
	return &gate{what: what, slots: make(chan struct{}, slots), queue: int64(queue)}
}

// enter takes a slot, after a wait if there is room in the queue. The error is an [*Error] of kind Overloaded, or ctx's.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return &Error{Kind: Overloaded, RetryAfter: overloadRetry, Reason: "too many unknown callers at once: the queue for " +
			g.what + " is full; known callers are still served"}
	}
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.slots }

// hasher computes hashes, so many at once as its gate lets through. Callers who show the same secret against the same
// stored values share one computation.
type hasher struct {
	gate    *gate
	flights singleflight.Group
}

func newHasher(workers, queue int) *hasher {
	return &hasher{gate: newGate("passwords to be checked", workers, queue)}
}

// verify is [verifyAny] in the pool. key is a digest of all that the outcome depends on. The error is an [*Error] of
// kind Overloaded, or ctx's; a computation that others wait for, too, goes on when ctx ends.
func (h *hasher) verify(ctx context.Context, key digest, secret Secret, stored []storedSecret, rounds int) (int, error) {
	done := h.flights.DoChan(string(key[:]), func() (any, error) {
		if err := h.gate.enter(context.WithoutCancel(ctx)); err != nil {
			return -1, err
		}
		defer h.gate.leave()
		match, _ := verifyAny(secret, stored, rounds)
		return match, nil
	})
	select {
	case r := <-done:
		return r.Val.(int), r.Err
	case <-ctx.Done():
		return -1, ctx.Err()
	}
}
