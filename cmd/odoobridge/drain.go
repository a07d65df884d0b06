package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// draining is whether the program is about to stop: it goes on answering for a while, and says to whoever sends it calls that
// others should be sent them.
type draining struct{ begun atomic.Bool }

// accepting is the check of /readyz that fails while the program is about to stop, whatever else may be well.
func (d *draining) accepting(context.Context) error {
	if d.begun.Load() {
		return errors.New("stopping")
	}
	return nil
}

// handler is h, which ends the connection of every answer that it gives while the program is about to stop: one that is kept
// would be closed later by us, perhaps at the moment that its client sends the next call by it.
func (d *draining) handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.begun.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// pause begins to drain and returns after delay, by when a balancer must have noticed, or when failed receives.
func (d *draining) pause(delay time.Duration, failed <-chan error) error {
	d.begun.Store(true)
	select {
	case <-time.After(delay):
		return nil
	case err := <-failed:
		return err
	}
}
