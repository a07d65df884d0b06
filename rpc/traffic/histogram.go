package traffic

import (
	"math/bits"
	"time"
)

// histogram counts durations by size: each power of two of microseconds in eight parts, so that what is read from it is
// wrong by a sixteenth at most, and it takes a kilobyte whatever is counted.
type histogram struct {
	counts [buckets]uint32
	sum    time.Duration
	n      uint64
}

const (
	partBits = 3 // of each power of two, eight parts
	parts    = 1 << partBits
	longest  = 32 // bits: durations of 71 minutes and more share the last bucket
	buckets  = (longest - partBits + 1) * parts
)

func (h *histogram) add(d time.Duration) {
	h.counts[bucket(d)]++
	h.sum += d
	h.n++
}

func (h *histogram) merge(o *histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.sum += o.sum
	h.n += o.n
}

// bucket is where d is counted.
func bucket(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	exp := bits.Len64(us) - partBits - 1
	if exp < 0 {
		return int(us) // exact
	}
	return min((exp+1)<<partBits+int(us>>exp)&(parts-1), buckets-1)
}

// middle is the duration that stands for those of bucket i.
func middle(i int) time.Duration {
	if i < parts {
		return time.Duration(i) * time.Microsecond
	}
	exp := i>>partBits - 1
	low := uint64(parts|i&(parts-1)) << exp
	return time.Duration(low)*time.Microsecond + time.Microsecond<<exp/2
}

// quantile is the duration that the share q of those counted do not exceed, 0 where none is.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(q * float64(h.n))
	if rank == h.n {
		rank--
	}
	var seen uint64
	for i, n := range h.counts {
		if seen += uint64(n); seen > rank {
			return middle(i)
		}
	}
	return middle(buckets - 1)
}

// Percentiles are how long calls took. They are 0 where there were none, else right to within a sixteenth.
type Percentiles struct {
	P50, P95, P99 time.Duration
	Mean          time.Duration
}

func (h *histogram) percentiles() Percentiles {
	if h.n == 0 {
		return Percentiles{}
	}
	return Percentiles{h.quantile(.50), h.quantile(.95), h.quantile(.99), h.sum / time.Duration(h.n)}
}
