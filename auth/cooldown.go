package auth

import (
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// cooldown counts failures by source and login as Odoo does by source: after so many, further attempts are refused
// unseen for a while. A success forgets the failures; the end of the cooldown does not, the next failure begins
// another one.
type cooldown struct {
	size atomic.Int64 // len(failures), read without mu by every call that succeeds

	mu       sync.Mutex
	failures map[digest]failures
	limit    int
}

type failures struct {
	count int
	last  time.Time
}

func newCooldown(limit int) *cooldown {
	return &cooldown{failures: map[digest]failures{}, limit: limit}
}

// wait returns how long attempts of subject are refused still, 0 when they are not.
func (c *cooldown) wait(subject digest, s Settings, now time.Time) time.Duration {
	if c.size.Load() == 0 || s.CooldownAfter <= 0 {
		return 0
	}
	c.mu.Lock()
	f := c.failures[subject]
	c.mu.Unlock()
	if f.count < s.CooldownAfter {
		return 0
	}
	return max(0, s.CooldownDuration-now.Sub(f.last))
}

// fail counts a failure of subject.
func (c *cooldown) fail(subject digest, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, known := c.failures[subject]
	if !known && len(c.failures) >= c.limit {
		c.evict()
	}
	c.failures[subject] = failures{f.count + 1, now}
	c.size.Store(int64(len(c.failures)))
}

// succeed forgets the failures of subject, and tells whether there were any.
func (c *cooldown) succeed(subject digest) bool {
	if c.size.Load() == 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.failures[subject]
	delete(c.failures, subject)
	c.size.Store(int64(len(c.failures)))
	return known
}

// evict drops the least recent of a handful of subjects, which Go's maps give at random.
func (c *cooldown) evict() {
	var oldest digest
	var last time.Time
	seen := 0
	for subject, f := range c.failures {
		if seen == 0 || f.last.Before(last) {
			oldest, last = subject, f.last
		}
		if seen++; seen == evictionSample {
			break
		}
	}
	delete(c.failures, oldest)
}

// Attempt is a login of a known user that failed, or one that succeeded after others had failed, as bridges tell each other of it.
// There is no secret in it, nor what was typed in place of a login that nobody has.
type Attempt struct {
	DB     string `json:"db"`
	UID    int64  `json:"uid"`
	Source string `json:"source"` // an address, or the network of an IPv6 customer
	Failed bool   `json:"failed"`
}

// Learn counts an attempt that was made at another bridge.
func (a *Authenticator) Learn(at Attempt) {
	subject := a.subject(at.DB, at.Source, "uid", strconv.FormatInt(at.UID, 10))
	if at.Failed {
		a.cooldown.fail(subject, a.now())
	} else {
		a.cooldown.succeed(subject)
	}
}

// cooldownSource is what failures are counted by: an IPv4 address, or the network that one IPv6 customer is given, who
// may use any address in it.
func cooldownSource(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if network, err := a.Prefix(64); err == nil {
			return network.String()
		}
	}
	return a.String()
}
