// Package traffic keeps what went through the bridge for administrators to look at: how many calls there were in each minute
// of the last hour and how long they took, what failed, who calls what, who still uses endpoints that Odoo gives up, and the
// last calls themselves, which can be followed as they end.
//
// All of it is in memory, of a size that no caller can grow, and gone with the process; for what is to be kept there are the
// log and the metrics. [Traffic.Observe] is in the way of every call, so it counts and no more: a few hundred nanoseconds,
// and no allocation once a caller and a model are known. What is shown of it is computed when it is asked for.
package traffic

import (
	"time"

	"odoobridge/rpc/bridge"
)

// Traffic is an observer of calls. It is safe for concurrent use.
type Traffic struct {
	since time.Time
	books map[string]*book // by database; "" has the calls that are of none that is served. Never changed.
}

var _ bridge.Observer = (*Traffic)(nil)

// New makes a Traffic for the databases that are served. The calls of each are kept apart, since an administrator of one is
// none of another.
func New(databases []string) *Traffic {
	t := &Traffic{since: time.Now(), books: map[string]*book{"": newBook()}}
	for _, db := range databases {
		t.books[db] = newBook()
	}
	return t
}

// Observe implements [bridge.Observer].
func (t *Traffic) Observe(r *bridge.Record) {
	b := t.books[r.DB]
	if b == nil {
		b = t.books[""]
	}
	b.add(r)
}

// Since is when counting began.
func (t *Traffic) Since() time.Time { return t.since }

// of are the books of databases, which "" stands among for the calls that are of none.
func (t *Traffic) of(databases []string) []*book {
	var books []*book
	for _, db := range databases {
		if b := t.books[db]; b != nil {
			books = append(books, b)
		}
	}
	return books
}
