package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Breaker keeps calls from an Odoo that can't be reached. After so many failures to connect in a row it is open: whoever
// needs a new connection is refused at once, rather than after a timeout each. When the pause is over one attempt is let
// through, half-open, and what comes of it closes or opens it again.
//
// It stands before dialling and nothing else, so that a slow call, a failing one or an answer that breaks off never counts,
// and calls over connections that are there go on. A nil Breaker is always closed.
type Breaker struct {
	pause time.Duration
	dials *gobreaker.CircuitBreaker[net.Conn]
}

// NewBreaker returns a breaker that opens for pause after so many failures to connect in a row, nil where failures is 0.
// changed is told of each state it comes into, in the words of [Breaker.State], and may be nil; it must not call the
// breaker.
func NewBreaker(failures int, pause time.Duration, changed func(state string)) *Breaker {
	if failures == 0 {
		return nil
	}
	settings := gobreaker.Settings{
		Timeout:     pause,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(failures) },
		// One who went away while we dialled says nothing of Odoo.
		IsExcluded: func(err error) bool { return errors.As(err, new(*leftError)) },
	}
	if changed != nil {
		settings.OnStateChange = func(_ string, _, to gobreaker.State) { changed(to.String()) }
	}
	return &Breaker{pause: pause, dials: gobreaker.NewCircuitBreaker[net.Conn](settings)}
}

// The states of a Breaker.
const (
	Closed   = "closed"
	HalfOpen = "half-open"
	Open     = "open"
)

// State is the state it is in now.
func (b *Breaker) State() string {
	if b == nil {
		return Closed
	}
	return b.dials.State().String()
}

// RefusedError is a connection that was not tried for, because the last ones could not be made.
type RefusedError struct {
	Pause time.Duration // after which one is tried for
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("not tried: connecting failed several times in a row, and is tried once every %v", e.Pause)
}

// leftError is a dial that was given up because its caller went away.
type leftError struct{ cause error }

func (e *leftError) Error() string { return e.cause.Error() }
func (e *leftError) Unwrap() error { return e.cause }

// connect makes a connection by dial, unless the breaker is open: then the error is a *RefusedError.
func (b *Breaker) connect(ctx context.Context, dial func(context.Context) (net.Conn, error)) (net.Conn, error) {
	if b == nil {
		return dial(ctx)
	}
	conn, err := b.dials.Execute(func() (net.Conn, error) {
		conn, err := dial(ctx)
		if err != nil && ctx.Err() != nil {
			err = &leftError{err}
		}
		return conn, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = &RefusedError{b.pause}
	}
	return conn, err
}
