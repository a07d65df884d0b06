package auth

import (
	"sync"
	"sync/atomic"
	"time"
)

// proof is the fact that a credential was verified against a stored value of a row. It says nothing of whether the
// caller may pass: that is decided from seen, the row as last read.
type proof struct {
	method Method
	uid    int64
	keyID  int64  // the row in auth_api_key or res_users_apikeys; 0 for a password
	stored digest // of the value verified against

	seen atomic.Pointer[evidence] // never nil
	used atomic.Int64             // Unix nanoseconds
}

// see takes newer evidence. Reads that overlap may end in any order; the one that began last counts, and of two that began
// at once the one that tells of other memberships.
func (p *proof) see(e *evidence) {
	for {
		old := p.seen.Load()
		known := old != nil && (old.began.After(e.began) || old.began.Equal(e.began) && old.memberships.equal(e.memberships))
		if known || p.seen.CompareAndSwap(old, e) {
			return
		}
	}
}

// evictionSample is how many entries of a full map are compared to find one to drop. It is the least recent of a
// random few, which needs no list to be kept in order by every call.
const evictionSample = 16

// proofs are the proofs of one database, by the digest of what was shown and for what. Several digests may lead to one
// proof.
type proofs struct {
	mu       sync.RWMutex
	byDigest map[digest]*proof
	limit    int
}

func newProofs(limit int) *proofs { return &proofs{byDigest: map[digest]*proof{}, limit: limit} }

func (ps *proofs) get(d digest) *proof {
	ps.mu.RLock()
	defer ps.mu.RUnlock()
	return ps.byDigest[d]
}

func (ps *proofs) put(d digest, p *proof) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if _, known := ps.byDigest[d]; !known && len(ps.byDigest) >= ps.limit {
		ps.evict()
	}
	ps.byDigest[d] = p
}

// drop forgets p under d, unless another proof has taken its place.
func (ps *proofs) drop(d digest, p *proof) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.byDigest[d] == p {
		delete(ps.byDigest, d)
	}
}

func (ps *proofs) evict() {
	var victim digest
	var oldest int64
	seen := 0
	for d, p := range ps.byDigest {
		if used := p.used.Load(); seen == 0 || used < oldest {
			victim, oldest = d, used
		}
		if seen++; seen == evictionSample {
			break
		}
	}
	delete(ps.byDigest, victim)
}

// live returns the proofs, each once, after it has dropped those not used since the time given.
func (ps *proofs) live(since time.Time) []*proof {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	seen := make(map[*proof]struct{}, len(ps.byDigest))
	all := make([]*proof, 0, len(ps.byDigest))
	for d, p := range ps.byDigest {
		if p.used.Load() < since.UnixNano() {
			delete(ps.byDigest, d)
			continue
		}
		if _, twice := seen[p]; !twice {
			seen[p] = struct{}{}
			all = append(all, p)
		}
	}
	return all
}
