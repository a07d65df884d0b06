package traffic

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// View is the traffic as it is looked at.
type View struct {
	Since, Now time.Time
	Minutes    []Minute // the last hour, oldest first; the last one is not over
	Hour       Summary  // of these minutes
	Errors     []Error  // most in the last hour first
	Callers    []Caller // likewise
	Models     []Model  // likewise
	Sources    []Source // addresses that no user is known of, likewise
	Legacy     []LegacyUse
}

// Minute is what happened in one.
type Minute struct {
	Start                  time.Time
	Calls, Refused, Failed uint64 // Refused and Failed are among Calls
	Took                   Percentiles
}

// Summary is what happened in some time.
type Summary struct {
	Calls, Refused, Failed uint64
	Received, Sent         int64 // bytes of bodies
	Took                   Percentiles
	Odoo                   Percentiles // of which in Odoo
	Waited                 uint64      // calls that had to wait for a place at Odoo
	LongestWait            time.Duration
}

// Error is a way in which calls went wrong.
type Error struct {
	Kind
	Hour, Ever uint64
	Last       time.Time
}

// Caller is a user, by the key or the place of the request that they were known by.
type Caller struct {
	UID             int64
	Login           string
	Via             string     // api-key, basic, bearer, call
	Key             string     // its name, "" for a password
	Basic           string     // the login of a second identity
	Source          netip.Addr // of the last call
	Hour, Ever      uint64
	Refused, Failed uint64        // of Ever
	Mean            time.Duration // of Ever
	Last            time.Time
	Trend           [Minutes]uint32 // calls by minute, oldest first
}

// Model is how a model was called.
type Model struct {
	Name    string
	Hour    uint64
	Ever    uint64
	Failed  uint64        // of Ever
	Mean    time.Duration // of Ever
	Methods []Method      // most called in the last hour first
}

// Method is how a method of a model was called.
type Method struct {
	Name       string
	Hour, Ever uint64
}

// Source is an address whose callers are not known: those whose credentials did not hold, and those who needed none.
type Source struct {
	Addr       netip.Addr
	Hour, Ever uint64
	Refused    uint64 // of Ever
	Last       time.Time
}

// LegacyUse is the use of one legacy endpoint by one caller.
type LegacyUse struct {
	Endpoint Legacy
	UID      int64 // 0 where no one is known
	Login    string
	Key      string
	Source   netip.Addr // of the last call, by whatever endpoint
	Calls    uint64     // since the start
	Last     time.Time
}

// Look returns the traffic of databases, "" among them for the calls that are of none.
func (t *Traffic) Look(now time.Time, databases ...string) View {
	at := now.Unix() / 60
	v := View{Since: t.since, Now: now, Minutes: make([]Minute, Minutes)}
	var hour, odoo histogram
	minutes := make([]histogram, Minutes)
	for i := range v.Minutes {
		v.Minutes[i].Start = time.Unix((at-Minutes+1+int64(i))*60, 0)
	}
	errors, models := map[Kind]Error{}, map[string]Model{}
	for _, b := range t.of(databases) {
		b.mu.Lock()
		for i := range b.minutes {
			s := &b.minutes[i]
			place := int(s.at - at + Minutes - 1)
			if place < 0 || place >= Minutes {
				continue
			}
			m := &v.Minutes[place]
			m.Calls += s.total.n
			m.Refused += uint64(s.refused)
			m.Failed += uint64(s.failed)
			minutes[place].merge(&s.total)
			odoo.merge(&s.odoo)
			v.Hour.Received += s.received
			v.Hour.Sent += s.sent
			v.Hour.Waited += uint64(s.waited)
			v.Hour.LongestWait = max(v.Hour.LongestWait, s.longestWait)
		}
		for kind, h := range b.kinds.entries {
			e := errors[kind]
			e.Kind, e.Hour, e.Ever = kind, e.Hour+h.calls.hour(at), e.Ever+h.calls.ever
			e.Last = later(e.Last, h.last)
			errors[kind] = e
		}
		for key, m := range b.methods.entries {
			models[key.model] = models[key.model].with(key, m, at)
		}
		b.lookAtCallers(&v, at)
		b.mu.Unlock()
	}
	for i := range v.Minutes {
		m := &v.Minutes[i]
		m.Took = minutes[i].percentiles()
		hour.merge(&minutes[i])
		v.Hour.Calls += m.Calls
		v.Hour.Refused += m.Refused
		v.Hour.Failed += m.Failed
	}
	v.Hour.Took, v.Hour.Odoo = hour.percentiles(), odoo.percentiles()
	for _, e := range errors {
		v.Errors = append(v.Errors, e)
	}
	for _, m := range models {
		slices.SortFunc(m.Methods, func(a, b Method) int { return most(a.Hour, b.Hour, a.Ever, b.Ever, a.Name, b.Name) })
		v.Models = append(v.Models, m)
	}
	v.sort()
	return v
}

// with is the model with one more of its methods.
func (m Model) with(key methodKey, c *method, at int64) Model {
	hour := c.calls.hour(at)
	ever := m.Ever + c.calls.ever
	m.Mean = (m.Mean*time.Duration(m.Ever) + c.time) / time.Duration(ever)
	m.Name, m.Hour, m.Ever, m.Failed = key.model, m.Hour+hour, ever, m.Failed+c.failed
	m.Methods = append(m.Methods, Method{key.method, hour, c.calls.ever})
	return m
}

// lookAtCallers adds who called to v. It is called with mu held.
func (b *book) lookAtCallers(v *View, at int64) {
	for key, c := range b.callers.entries {
		v.Callers = append(v.Callers, Caller{
			UID: key.uid, Login: key.login, Via: key.via, Key: key.key, Basic: key.basic, Source: c.source,
			Hour: c.calls.hour(at), Ever: c.calls.ever, Refused: c.refused, Failed: c.failed,
			Mean: c.time / time.Duration(c.calls.ever), Last: c.last, Trend: c.calls.trend(at),
		})
		c.addLegacy(v, LegacyUse{UID: key.uid, Login: key.login, Key: key.key, Source: c.source})
	}
	for addr, c := range b.sources.entries {
		v.Sources = append(v.Sources, Source{Addr: addr, Hour: c.calls.hour(at), Ever: c.calls.ever, Refused: c.refused, Last: c.last})
		c.addLegacy(v, LegacyUse{Source: addr})
	}
}

func (c *caller) addLegacy(v *View, of LegacyUse) {
	for l, u := range c.legacy {
		if u.calls > 0 {
			of.Endpoint, of.Calls, of.Last = Legacy(l), u.calls, u.last
			v.Legacy = append(v.Legacy, of)
		}
	}
}

// trend is the counts of the last hour, oldest first.
func (r *rolling) trend(minute int64) (counts [Minutes]uint32) {
	for i := range counts {
		if m := minute - Minutes + 1 + int64(i); m > r.at-Minutes && m <= r.at && m >= 0 {
			counts[i] = r.counts[m%Minutes]
		}
	}
	return counts
}

func (v *View) sort() {
	slices.SortFunc(v.Errors, func(a, b Error) int {
		return most(a.Hour, b.Hour, a.Ever, b.Ever, string(a.Outcome)+a.Detail, string(b.Outcome)+b.Detail)
	})
	slices.SortFunc(v.Callers, func(a, b Caller) int { return most(a.Hour, b.Hour, a.Ever, b.Ever, a.Login+a.Key, b.Login+b.Key) })
	slices.SortFunc(v.Models, func(a, b Model) int { return most(a.Hour, b.Hour, a.Ever, b.Ever, a.Name, b.Name) })
	slices.SortFunc(v.Sources, func(a, b Source) int {
		return most(a.Hour, b.Hour, a.Ever, b.Ever, a.Addr.String(), b.Addr.String())
	})
	slices.SortFunc(v.Legacy, func(a, b LegacyUse) int {
		return cmp.Or(cmp.Compare(a.Endpoint.Gone(), b.Endpoint.Gone()), cmp.Compare(b.Calls, a.Calls),
			cmp.Compare(a.Login+a.Key, b.Login+b.Key), cmp.Compare(a.Endpoint, b.Endpoint))
	})
}

// most orders by the larger count, then by name, so that what is looked at twice stands in the same order.
func most(aHour, bHour, aEver, bEver uint64, aName, bName string) int {
	return cmp.Or(cmp.Compare(bHour, aHour), cmp.Compare(bEver, aEver), cmp.Compare(aName, bName))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
