package bridge

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// pace is the longest pause between two pieces of a request's body; 0 is any. A client that has stopped sending would
// hold a goroutine and a buffer for ever otherwise. It slides, for a large body over a slow line may take what it takes.
//
// The deadline is set when the request comes in, also for a body that arrived whole with the header: net/http doesn't
// tell, and a first read without one could be the one that never ends. Setting and clearing it takes 0.3 µs, which
// does not show beside the 40 µs of the smallest call (BenchmarkBodyTimeout). It holds for what net/http reads by itself of a body that nobody asked for, too.
type pace time.Duration

// next gives the next piece of the body time to come. A writer that knows no deadlines is no connection of net/http's,
// and needs none.
func (p pace) next(w http.ResponseWriter) {
	if p > 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Duration(p)))
	}
}

// done ends the waiting for the body. What net/http reads from then on is the next request, or the end of the
// connection while the call is at work, and has its own time. (Go 1.26.8 clears the deadline there too, but does not
// promise it.)
func (p pace) done(w http.ResponseWriter) {
	if p > 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
}

// judge tells what it means that a body could not be read: a *http.MaxBytesError, a *slowError or a *readError. The
// deadline stays where it is: past it net/http reads nothing more of this connection, and closes it behind the answer.
func (p pace) judge(err error) error {
	var size *http.MaxBytesError
	switch {
	case errors.As(err, &size):
		return size
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &slowError{time.Duration(p)}
	}
	return &readError{err}
}

// slowError is a body of which no more came for pause.
type slowError struct{ pause time.Duration }

func (e *slowError) Error() string {
	return fmt.Sprintf("nothing more of the request's body came for %v", e.pause)
}

// readError is a body that is not whole: the client's connection, not its call, is at fault.
type readError struct{ cause error }

func (e *readError) Error() string { return "the request's body broke off: " + e.cause.Error() }
func (e *readError) Unwrap() error { return e.cause }

// wentAway tells whether the connection ended. Otherwise the chunks make no sense, and their sender still listens.
func (e *readError) wentAway() bool {
	var broken *net.OpError
	return errors.Is(e.cause, io.ErrUnexpectedEOF) || errors.As(e.cause, &broken)
}

// pacedBody is a body that is read in another goroutine than its handler's, and maybe for longer.
type pacedBody struct {
	io.ReadCloser
	pace pace
	w    http.ResponseWriter

	mu     sync.Mutex
	closed bool  // the connection's deadlines are no more ours
	failed error // as pace.judge has it
}

func (b *pacedBody) Read(p []byte) (int, error) {
	// What took long before may have been Odoo, not the client.
	if !b.ifOpen(b.pace.next) {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.ifOpen(b.pace.done)
	} else if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.failed = b.pace.judge(err)
	}
	return n, err
}

func (b *pacedBody) ifOpen(do func(http.ResponseWriter)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		do(b.w)
	}
	return !b.closed
}

func (b *pacedBody) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	return b.ReadCloser.Close()
}

// failure is why the body could not be read to its end, or nil. Whoever read it may tell of what came of that instead.
func (b *pacedBody) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}
