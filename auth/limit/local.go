package limit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Local counts in the memory of this process.
type Local struct {
	seed   maphash.Seed
	shards [16]shard // so that calls of different subjects rarely wait for each other
	now    func() time.Time
}

// shard is a part of the subjects.
type shard struct {
	mu       sync.Mutex
	counters map[Subject]*counter
	limit    int
}

// subjectsKept is how many subjects are remembered. Callers may be able to make up new ones, by their addresses.
const subjectsKept = 1 << 17

// counter is what is counted for one subject.
type counter struct {
	shard   *shard
	limit   Limit
	bucket  *rate.Limiter
	working int
	used    time.Time
}

// NewLocal returns a Local that counts nothing yet.
func NewLocal() *Local { return newLocal(time.Now, subjectsKept) }

func newLocal(now func() time.Time, kept int) *Local {
	l := &Local{seed: maphash.MakeSeed(), now: now}
	for i := range l.shards {
		l.shards[i] = shard{counters: map[Subject]*counter{}, limit: max(1, kept/len(l.shards))}
	}
	return l
}

// Take implements [Limiter]. It allocates nothing for a subject that is known and within its limits.
func (l *Local) Take(_ context.Context, s Subject, limit Limit) (Place, error) {
	now := l.now()
	sh := &l.shards[maphash.Comparable(l.seed, s)%uint64(len(l.shards))]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.counters[s]
	if c == nil {
		c = sh.add(s, limit, now)
	}
	return c.take(limit, now)
}

// take counts one. The shard is locked.
func (c *counter) take(limit Limit, now time.Time) (Place, error) {
	c.used = now
	if c.limit != limit {
		c.limit = limit
		c.bucket.SetLimitAt(now, rate.Limit(limit.Rate))
		c.bucket.SetBurstAt(now, limit.Burst)
	}
	if limit.Concurrency > 0 && c.working >= limit.Concurrency {
		return Place{}, &Refusal{Reason: TooManyAt, After: afterPlace, Limit: limit}
	}
	if limit.Rate > 0 && !c.bucket.AllowN(now, 1) {
		missing := 1 - c.bucket.TokensAt(now)
		return Place{}, &Refusal{Reason: TooOften, After: time.Duration(missing / limit.Rate * float64(time.Second)), Limit: limit}
	}
	if limit.Concurrency == 0 {
		return Place{}, nil
	}
	c.working++
	return Place{counter: c}, nil
}

func (c *counter) leave() {
	c.shard.mu.Lock()
	defer c.shard.mu.Unlock()
	c.working--
}

// idle tells whether forgetting the counter changes nothing.
func (c *counter) idle(now time.Time) bool {
	return c.working == 0 && (c.limit.Rate == 0 || c.bucket.TokensAt(now) >= float64(c.limit.Burst))
}

// sample is how many counters are looked at when one is added, of those that Go's maps give at random.
const sample = 16

// add makes a counter and room for it: idle ones go, and where there is no room left the one that was used longest ago.
func (sh *shard) add(s Subject, limit Limit, now time.Time) *counter {
	var oldest *counter
	var of Subject
	seen := 0
	for subject, c := range sh.counters {
		switch {
		case c.idle(now):
			delete(sh.counters, subject)
		case c.working == 0 && (oldest == nil || c.used.Before(oldest.used)):
			oldest, of = c, subject
		}
		if seen++; seen == sample {
			break
		}
	}
	if len(sh.counters) >= sh.limit && oldest != nil {
		delete(sh.counters, of)
	}
	c := &counter{shard: sh, limit: limit, bucket: rate.NewLimiter(rate.Limit(limit.Rate), limit.Burst)}
	sh.counters[s] = c
	return c
}
