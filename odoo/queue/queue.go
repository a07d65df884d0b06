// Package queue lets so many calls at once go to Odoo as it has workers for, and has the others wait for their turn.
//
// Whose turn it is goes round among the callers, not among the calls: the next place is the caller's who has waited for
// longest since they were served last. So a caller with one call waits for at most one call of each other caller who is
// waiting, however many calls those have. Where there is no more room to wait, a caller with no call waiting gets that of the
// newest call of whoever has most.
package queue

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// Limits bound what a Queue lets through and what waits in it.
type Limits struct {
	Calls int           // at work at once; 0 is any number, and nobody waits
	Own   int           // waiting of one caller, at least 1
	All   int           // waiting in all; 0 has nobody wait
	Wait  time.Duration // longest wait; 0 is any
}

// Queue gives places to callers, who are told apart by K. It is safe for concurrent use.
type Queue[K comparable] struct {
	limits Limits

	mu      sync.Mutex
	working int            // places taken, never more than limits.Calls
	waiting int            // calls in all lines
	lines   map[K]*line[K] // of the callers with calls that wait
	round   list.List      // of those lines, the one whose turn is next first
}

// line is the calls of one caller that wait, the first to come first.
type line[K comparable] struct {
	caller K
	calls  list.List     // of chan *Refusal, which is sent nil when the place is there
	place  *list.Element // in the round
}

// New returns a queue with limits.
func New[K comparable](limits Limits) *Queue[K] {
	return &Queue[K]{limits: limits, lines: map[K]*line[K]{}}
}

// Enter takes a place, and waits for one where all are taken. The caller leaves it by Leave. It returns how long the call
// waited, 0 if it did not have to. Without an error there is a place; the error is a *Refusal, or ctx's when that ended
// first.
func (q *Queue[K]) Enter(ctx context.Context, caller K) (waited time.Duration, err error) {
	if q.limits.Calls == 0 {
		return 0, nil
	}
	q.mu.Lock()
	// Nobody is overtaken: Leave gives a place on while calls wait, so one is free only where none does.
	if q.working < q.limits.Calls {
		q.working++
		q.mu.Unlock()
		return 0, nil
	}
	turn, l, err := q.join(caller)
	q.mu.Unlock()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	err = q.await(ctx, l, turn)
	return max(time.Since(begin), 1), err
}

// join puts a call at the end of its caller's line. It is called with mu held.
func (q *Queue[K]) join(caller K) (*list.Element, *line[K], error) {
	l := q.lines[caller]
	switch {
	case l != nil && l.calls.Len() >= q.limits.Own:
		return nil, nil, &Refusal{Reason: OwnLimit, Limit: q.limits.Own}
	case q.waiting >= q.limits.All && (l != nil || !q.makeRoom()):
		return nil, nil, q.full()
	case l == nil:
		l = &line[K]{caller: caller}
		l.place = q.round.PushBack(l)
		q.lines[caller] = l
	}
	q.waiting++
	return l.calls.PushBack(make(chan *Refusal, 1)), l, nil
}

func (q *Queue[K]) full() *Refusal { return &Refusal{Reason: Full, Limit: q.limits.All} }

// makeRoom refuses the newest call of the caller who has most waiting, and is false where nobody has two. It is called with mu
// held.
func (q *Queue[K]) makeRoom() bool {
	var longest *line[K]
	for _, l := range q.lines {
		if longest == nil || l.calls.Len() > longest.calls.Len() {
			longest = l
		}
	}
	if longest == nil || longest.calls.Len() < 2 {
		return false
	}
	newest := longest.calls.Back()
	q.remove(longest, newest)
	newest.Value.(chan *Refusal) <- q.full()
	return true
}

// await waits for the turn of a call, for as long as its caller and the limit let it.
func (q *Queue[K]) await(ctx context.Context, l *line[K], turn *list.Element) error {
	var late <-chan time.Time
	if q.limits.Wait > 0 {
		timer := time.NewTimer(q.limits.Wait)
		defer timer.Stop()
		late = timer.C
	}
	var refusal *Refusal
	select {
	case refusal = <-turn.Value.(chan *Refusal):
	case <-late:
		refusal = q.withdraw(l, turn, &Refusal{Reason: TooLong, Waited: q.limits.Wait})
	case <-ctx.Done():
		if q.withdraw(l, turn, &Refusal{}) == nil {
			q.Leave()
		}
		return ctx.Err()
	}
	if refusal == nil {
		return nil
	}
	return refusal
}

// withdraw takes a call out of its line and returns why. If it was decided on meanwhile it returns what was decided: nil if it
// has a place.
func (q *Queue[K]) withdraw(l *line[K], turn *list.Element, why *Refusal) *Refusal {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case decided := <-turn.Value.(chan *Refusal):
		return decided
	default:
	}
	q.remove(l, turn)
	return why
}

// remove takes a call out of its line, and a line without calls out of the round. It is called with mu held.
func (q *Queue[K]) remove(l *line[K], turn *list.Element) {
	l.calls.Remove(turn)
	q.waiting--
	if l.calls.Len() == 0 {
		q.round.Remove(l.place)
		delete(q.lines, l.caller)
	}
}

// Leave gives up a place that Enter gave: to the next call of the caller whose turn it is.
func (q *Queue[K]) Leave() {
	if q.limits.Calls == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.round.Front()
	if next == nil {
		q.working--
		return
	}
	l := next.Value.(*line[K])
	turn := l.calls.Front()
	q.round.MoveToBack(next)
	q.remove(l, turn)
	turn.Value.(chan *Refusal) <- nil
}

// Waiting is how many calls wait now.
func (q *Queue[K]) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// Working is how many calls have a place now. It is 0 where there is no limit.
func (q *Queue[K]) Working() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.working
}

// Reason is why a call got no place.
type Reason uint8

const (
	// OwnLimit: as many calls of this caller wait as may.
	OwnLimit Reason = iota
	// Full: as many calls wait in all as may.
	Full
	// TooLong: the call's turn did not come in time.
	TooLong
)

// String is the reason in a word, for metrics.
func (r Reason) String() string {
	switch r {
	case OwnLimit:
		return "own_limit"
	case Full:
		return "queue_full"
	}
	return "queue_timeout"
}

// Refusal is a call that got no place. Nothing of it was sent.
type Refusal struct {
	Reason Reason
	Limit  int           // that was reached; 0 for TooLong
	Waited time.Duration // 0 but for TooLong
}

func (e *Refusal) Error() string {
	switch e.Reason {
	case OwnLimit:
		return fmt.Sprintf("%d calls of this caller wait for Odoo already", e.Limit)
	case Full:
		return fmt.Sprintf("all places at Odoo are taken and %d calls wait already", e.Limit)
	}
	return fmt.Sprintf("no place at Odoo came free in %v", e.Waited)
}
