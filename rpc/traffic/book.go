package traffic

import (
	"net/netip"
	"sync"
	"time"

	"odoobridge/rpc/bridge"
)

// What is kept of one database.
const (
	keptCalls   = 500
	keptCallers = 512 // users by the key they come with
	keptSources = 256 // addresses that no user is known of
	keptMethods = 512
	keptKinds   = 64
)

// book is the traffic of one database.
type book struct {
	mu      sync.Mutex
	minutes [Minutes]minute
	kinds   table[Kind, happened]
	callers table[callerKey, caller]
	sources table[netip.Addr, caller]
	methods table[methodKey, method]
	last    [keptCalls]bridge.Record // a ring
	calls   uint64                   // ever, and so where in the ring the next one goes
	feeds   map[*Feed]struct{}
}

// minute is what happened in one.
type minute struct {
	at              int64 // minutes since 1970
	refused, failed uint32
	received, sent  int64 // bytes of bodies
	total, odoo     histogram
	waited          uint32 // for a place at Odoo
	longestWait     time.Duration
}

// callerKey tells callers apart: users, and the keys each of them comes with.
type callerKey struct {
	uid        int64
	login      string
	via        string
	key, basic string
}

// caller is what one of them did.
type caller struct {
	calls           rolling
	refused, failed uint64
	time            time.Duration // of all their calls
	last            time.Time
	source          netip.Addr // of the last call
	legacy          [legacyCount]use
}

// use is how often something was used, and when last.
type use struct {
	calls uint64
	last  time.Time
}

type happened struct {
	calls rolling
	last  time.Time
}

type methodKey struct{ model, method string }

type method struct {
	calls  rolling
	failed uint64
	time   time.Duration
}

func newBook() *book {
	return &book{
		kinds:   newTable[Kind](keptKinds, func(h *happened) uint64 { return h.calls.ever }),
		callers: newTable[callerKey](keptCallers, (*caller).weight),
		sources: newTable[netip.Addr](keptSources, (*caller).weight),
		methods: newTable[methodKey](keptMethods, func(m *method) uint64 { return m.calls.ever }),
		feeds:   map[*Feed]struct{}{},
	}
}

func (c *caller) weight() uint64 { return c.calls.ever }

// add counts a call that has ended.
func (b *book) add(r *bridge.Record) {
	ended := r.Start.Add(r.Total)
	m := ended.Unix() / 60
	class, kind := classify(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inMinute(m, r, class)
	if kind != (Kind{}) {
		h := b.kinds.of(kind)
		h.calls.add(m)
		h.last = ended
	}
	b.ofCaller(m, ended, r, class)
	if r.UID != 0 && r.Model != "" { // a name from one who is unknown may be anything
		c := b.methods.of(methodKey{r.Model, r.Method})
		c.calls.add(m)
		c.time += r.Total
		if class == failed {
			c.failed++
		}
	}
	b.last[b.calls%keptCalls] = *r
	b.calls++
	for f := range b.feeds {
		f.offer(r)
	}
}

func (b *book) inMinute(m int64, r *bridge.Record, class class) {
	s := &b.minutes[m%Minutes]
	if s.at != m {
		if s.at > m {
			return // it ended an hour ago, by a clock that was set
		}
		*s = minute{at: m}
	}
	switch class {
	case refused:
		s.refused++
	case failed:
		s.failed++
	}
	s.received += r.BytesIn
	s.sent += r.BytesOut
	s.total.add(r.Total)
	if r.Upstream > 0 {
		s.odoo.add(r.Upstream)
	}
	if r.Queued > 0 {
		s.waited++
		s.longestWait = max(s.longestWait, r.Queued)
	}
}

func (b *book) ofCaller(m int64, ended time.Time, r *bridge.Record, class class) {
	var c *caller
	if r.UID != 0 {
		c = b.callers.of(callerKey{r.UID, r.Login, r.Via, r.Key, r.Basic})
	} else {
		c = b.sources.of(r.Source)
	}
	c.calls.add(m)
	c.time += r.Total
	c.last, c.source = ended, r.Source
	switch class {
	case refused:
		c.refused++
	case failed:
		c.failed++
	}
	if l, ok := legacyOf(r); ok && class != refused {
		c.legacy[l].calls++
		c.legacy[l].last = ended
	}
}
