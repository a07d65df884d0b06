package traffic

import (
	"slices"
	"sync"
	"sync/atomic"

	"odoobridge/rpc/bridge"
)

// Last returns the last calls, newest first: at most n of those that match, of the databases given.
func (t *Traffic) Last(n int, match func(*bridge.Record) bool, databases ...string) []bridge.Record {
	var calls []bridge.Record
	for _, b := range t.of(databases) {
		b.mu.Lock()
		for i := b.calls; i > 0 && i > b.calls-min(b.calls, keptCalls); i-- {
			if r := &b.last[(i-1)%keptCalls]; match == nil || match(r) {
				calls = append(calls, *r)
			}
		}
		b.mu.Unlock()
	}
	slices.SortStableFunc(calls, func(a, b bridge.Record) int { return b.Start.Add(b.Total).Compare(a.Start.Add(a.Total)) })
	return calls[:min(n, len(calls))]
}

// feedRoom is how many calls a Feed holds that were not taken from it yet.
const feedRoom = 256

// Feed has the calls as they end. Where they are not taken as quickly, some are left out.
type Feed struct {
	calls chan bridge.Record
	match func(*bridge.Record) bool
	lost  atomic.Uint64
	leave func()
}

// Follow returns the calls that end from now on and that match, of the databases given. The caller closes the Feed. match is
// called in the way of every call, and must be quick.
func (t *Traffic) Follow(match func(*bridge.Record) bool, databases ...string) *Feed {
	f := &Feed{calls: make(chan bridge.Record, feedRoom), match: match}
	books := t.of(databases)
	for _, b := range books {
		b.mu.Lock()
		b.feeds[f] = struct{}{}
		b.mu.Unlock()
	}
	f.leave = sync.OnceFunc(func() {
		for _, b := range books {
			b.mu.Lock()
			delete(b.feeds, f)
			b.mu.Unlock()
		}
	})
	return f
}

// Calls is where they come.
func (f *Feed) Calls() <-chan bridge.Record { return f.calls }

// Lost is how many calls were left out so far.
func (f *Feed) Lost() uint64 { return f.lost.Load() }

// Close ends the Feed.
func (f *Feed) Close() { f.leave() }

func (f *Feed) offer(r *bridge.Record) {
	if f.match != nil && !f.match(r) {
		return
	}
	select {
	case f.calls <- *r:
	default:
		f.lost.Add(1)
	}
}
