package bridge

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"odoobridge/rpc"
)

// maxLegacyCallers bounds the callers that [Legacy] tells apart. Only callers who are known count, so it is users and keys
// of Odoo that fill it, not strangers.
const maxLegacyCallers = 100

// Legacy counts the calls by the endpoints that Odoo gives up, /xmlrpc and /jsonrpc, by who makes them, so that a migration to
// /json/2 can be watched. The first callers seen are told apart, those that come when there are too many are "other": a
// counter that went from one to the other would look like one that was set back. `odoobridge report` knows them all.
type Legacy struct {
	calls *prometheus.CounterVec

	mu      sync.RWMutex
	callers map[legacyCaller]prometheus.Counter
	told    map[[3]string]bool // db, login and key of those told apart
}

type legacyCaller struct {
	db, login, key string
	protocol       rpc.Protocol
}

// NewLegacy registers the metric with reg.
func NewLegacy(reg prometheus.Registerer) *Legacy {
	l := &Legacy{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "odoobridge_legacy_calls_total", Help: "Calls by /jsonrpc and /xmlrpc of callers who are known, by caller; those beyond the first 100 are \"other\".",
		}, []string{"db", "login", "key", "protocol"}),
		callers: map[legacyCaller]prometheus.Counter{}, told: map[[3]string]bool{},
	}
	reg.MustRegister(l.calls)
	return l
}

// Observe implements [Observer].
func (l *Legacy) Observe(r *Record) {
	switch r.Protocol {
	case rpc.JSONRPC, rpc.XMLRPC2, rpc.XMLRPC1:
	default:
		return
	}
	if !r.Used() {
		return
	}
	caller := legacyCaller{r.DB, r.Login, r.Key, r.Protocol}
	l.mu.RLock()
	counter := l.callers[caller]
	l.mu.RUnlock()
	if counter == nil {
		counter = l.counter(caller)
	}
	counter.Inc()
}

// counter is that of a caller seen for the first time, or of the others.
func (l *Legacy) counter(c legacyCaller) prometheus.Counter {
	l.mu.Lock()
	defer l.mu.Unlock()
	who := [3]string{c.db, c.login, c.key}
	if !l.told[who] && len(l.told) >= maxLegacyCallers {
		return l.calls.WithLabelValues(c.db, "other", "other", c.protocol.String())
	}
	l.told[who] = true
	counter := l.calls.WithLabelValues(c.db, c.login, c.key, c.protocol.String())
	l.callers[c] = counter
	return counter
}
