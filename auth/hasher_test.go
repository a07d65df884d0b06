package auth

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
)

func TestHasherOverload(t *testing.T) {
	h := newHasher(1, 1)
	d := newDigester()
	stored := []storedSecret{{"clear", true}}
	h.gate.slots <- struct{}{} // a hash is being computed

	ctx, cancel := context.WithCancel(context.Background())
	var waiters sync.WaitGroup
	for range 3 { // who show the same share one place in the queue
		waiters.Go(func() {
			if match, err := h.verify(context.Background(), d.of("same"), "clear", stored, 1); match != 0 || err != nil {
				t.Errorf("got %d, %v", match, err)
			}
		})
	}
	for h.gate.waiting.Load() != 1 {
		runtime.Gosched()
	}
	_, err := h.verify(context.Background(), d.of("other"), "other", stored, 1)
	var e *Error
	if !errors.As(err, &e) || e.Kind != Overloaded || e.RetryAfter <= 0 {
		t.Errorf("a full queue: got %v", err)
	}
	cancel()
	if _, err := h.verify(ctx, d.of("same"), "clear", stored, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who gave up: got %v", err)
	}
	h.gate.leave()
	waiters.Wait()
	if match, err := h.verify(context.Background(), d.of("other"), "other", stored, 1); match != -1 || err != nil {
		t.Errorf("after the rush: got %d, %v", match, err)
	}
}
