package upstream

import (
	"context"
	"errors"
	"net"
	"time"
)

// patience is how long an answer is waited for before anyone asks whether its caller is still there.
const patience = 20 * time.Millisecond

// wait is the waiting for an answer. It ends when the caller goes away, in both directions and also while the answer is
// streamed. To be told of that takes a context ten allocations, a twelfth of the processor time of a small call, which
// most likely is over before a caller can change their mind; so that is asked for only when the answer keeps us waiting.
type wait struct {
	ctx     context.Context
	due     time.Time // when the answer must have begun; zero is whenever
	asked   bool      // the first piece of the answer was waited for
	watched bool
	unhook  func() bool
}

// more reads a piece of the answer.
func (a *Answer) more(p []byte) (int, error) {
	conn := a.conn.net
	if first := !a.asked && !a.watched; first {
		a.asked = true
		if soon := time.Now().Add(patience); a.due.IsZero() || soon.Before(a.due) {
			_ = conn.SetReadDeadline(soon) // a failure shows in the read
			n, err := conn.Read(p)
			if n > 0 || !isTimeout(err) {
				return n, err
			}
		}
	}
	a.watch()
	return conn.Read(p)
}

// watch has what is under way end when the caller goes away, and at the time the answer is due.
func (a *Answer) watch() {
	if a.watched {
		return
	}
	a.watched = true
	conn := a.conn.net
	_ = conn.SetReadDeadline(a.due)
	if a.ctx.Done() != nil {
		a.unhook = context.AfterFunc(a.ctx, func() { _ = conn.SetDeadline(longAgo) })
	}
}

// expect says when the answer must have begun; the zero time is whenever.
func (a *Answer) expect(due time.Time) {
	a.due = due
	if a.watched {
		_ = a.conn.net.SetReadDeadline(due)
		if a.ctx.Err() != nil {
			_ = a.conn.net.SetDeadline(longAgo) // which the line before may have undone
		}
	}
}

// mustTake says until when Odoo must take what is written; the zero time is whenever.
func (a *Answer) mustTake(due time.Time) {
	_ = a.conn.net.SetWriteDeadline(due)
	if a.ctx.Err() != nil {
		_ = a.conn.net.SetDeadline(longAgo) // which the line before may have undone
	}
}

// unwatch ends the watching. It is false if the caller went away, and the connection's deadlines with them.
func (a *Answer) unwatch() bool { return a.unhook == nil || a.unhook() }

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
