package auth

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// hasher bounds how many hashes are computed at once and how many may wait. Callers who show the same secret against
// the same stored values share one computation.
type hasher struct {
	slots   chan struct{}
	queue   int64
	waiting atomic.Int64
	flights singleflight.Group
}

// overloadRetry is what a caller is told when the queue is full: about the time in which a full queue moves on.
const overloadRetry = 2 * time.Second

func newHasher(workers, queue int) *hasher {
	return &hasher{slots: make(chan struct{}, workers), queue: int64(queue)}
}

// verify is [verifyAny] in the pool. key is a digest of all that the outcome depends on. The error is an [*Error] of
// kind Overloaded, or ctx's; a computation that others wait for, too, goes on when ctx ends.
func (h *hasher) verify(ctx context.Context, key digest, secret Secret, stored []storedSecret, rounds int) (int, error) {
	done := h.flights.DoChan(string(key[:]), func() (any, error) {
		if err := h.acquire(); err != nil {
			return -1, err
		}
		defer func() { <-h.slots }()
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

// acquire takes a slot, after a wait if there is room in the queue.
func (h *hasher) acquire() error {
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	if h.waiting.Add(1) > h.queue {
		h.waiting.Add(-1)
		return &Error{Kind: Overloaded, RetryAfter: overloadRetry,
			Reason: "too many passwords to check at once; known callers are still served"}
	}
	h.slots <- struct{}{}
	h.waiting.Add(-1)
	return nil
}
