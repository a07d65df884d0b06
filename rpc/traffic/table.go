package traffic

// Minutes is for how long, in minutes, what happened in each is kept.
const Minutes = 60

// rolling counts by minute, for the last hour.
type rolling struct {
	at     int64 // the minute last counted in, since 1970
	counts [Minutes]uint32
	ever   uint64
}

func (r *rolling) add(minute int64) {
	r.advance(minute)
	if minute > r.at-Minutes {
		r.counts[minute%Minutes]++
	}
	r.ever++
}

// advance empties the minutes between the last one counted in and minute.
func (r *rolling) advance(minute int64) {
	if minute-r.at >= Minutes {
		r.counts = [Minutes]uint32{}
		r.at = minute
	}
	for r.at < minute {
		r.at++
		r.counts[r.at%Minutes] = 0
	}
}

// hour is the count of the last hour that ends with minute.
func (r *rolling) hour(minute int64) (n uint64) {
	for m := max(minute, r.at) - Minutes + 1; m <= r.at; m++ {
		if m >= 0 {
			n += uint64(r.counts[m%Minutes])
		}
	}
	return n
}

// table is a map of bounded size. Where it is full, the least used of a few random entries makes room: those that matter
// are hardly ever the least used of sixteen.
type table[K comparable, V any] struct {
	entries map[K]*V
	limit   int
	weight  func(*V) uint64
	dropped uint64 // entries that made room
}

const sampled = 16

func newTable[K comparable, V any](limit int, weight func(*V) uint64) table[K, V] {
	return table[K, V]{entries: make(map[K]*V, limit), limit: limit, weight: weight}
}

// of is the entry of k, made if there is none.
func (t *table[K, V]) of(k K) *V {
	if v := t.entries[k]; v != nil {
		return v
	}
	if len(t.entries) >= t.limit {
		t.makeRoom()
	}
	v := new(V)
	t.entries[k] = v
	return v
}

func (t *table[K, V]) makeRoom() {
	var victim K
	var least uint64
	seen := 0
	for k, v := range t.entries {
		if w := t.weight(v); seen == 0 || w < least {
			victim, least = k, w
		}
		if seen++; seen == sampled {
			break
		}
	}
	delete(t.entries, victim)
	t.dropped++
}
