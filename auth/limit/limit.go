// Package limit bounds how often something is done and how much of it at once: in memory ([Local]), or through a Redis or
// Valkey that several bridges share ([Shared]), with the memory of each standing in while that is away.
//
// It knows numbers and whom they are counted for, not why: a [Subject] is whatever its caller counts together.
package limit

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Limit is what is allowed; 0 is any.
type Limit struct {
	Rate        float64 // a second, in the long run
	Burst       int     // at once, after a pause; at least 1 where there is a Rate
	Concurrency int     // at the same time
}

// Subject is what is counted together: equal subjects share one count.
type Subject struct {
	Name string // of the limit
	Kind string // what is counted apart within it, in a word; "" is nothing
	DB   string // where ID is one of a database
	ID   int64
	Addr netip.Addr
}

// Limiter counts. *Local and *Shared are some.
type Limiter interface {
	// Take counts one for the subject and gives it a place, which is to be left when it ends. The error is a *Refusal, and
	// then nothing was counted.
	Take(ctx context.Context, s Subject, l Limit) (Place, error)
}

// Place is one of those that Limit.Concurrency has. The zero Place is none, and may be left.
type Place struct {
	counter *counter // in memory, nil for none
	lease   *lease   // in Redis, nil for none
}

// Leave gives the place to the next one. A place is left once.
func (p Place) Leave() {
	if p.counter != nil {
		p.counter.leave()
	}
	if p.lease != nil {
		p.lease.leave()
	}
}

// Reason is which limit was reached.
type Reason uint8

const (
	TooOften  Reason = iota + 1 // Rate
	TooManyAt                   // Concurrency
)

// String is the reason in a word, for logs and metrics.
func (r Reason) String() string {
	switch r {
	case TooOften:
		return "rate"
	case TooManyAt:
		return "concurrency"
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// Refusal is a limit that is reached.
type Refusal struct {
	Reason Reason
	After  time.Duration // when there will be room again; for TooManyAt a guess
	Limit  Limit
}

func (e *Refusal) Error() string {
	if e.Reason == TooManyAt {
		return fmt.Sprintf("limit: more than %d at once", e.Limit.Concurrency)
	}
	return fmt.Sprintf("limit: more than %g a second, or %d at once", e.Limit.Rate, e.Limit.Burst)
}

// afterPlace is when one may try again who found no place: calls end all the time.
const afterPlace = time.Second
