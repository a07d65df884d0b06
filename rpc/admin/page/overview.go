package page

import (
	"net/http"

	"odoobridge/odoo/upstream"
	"odoobridge/rpc/traffic"
)

// How many rows the tables of the overview show.
const (
	shownCallers = 12
	shownModels  = 12
	shownSources = 8
	shownLegacy  = 20
)

// overviewPage is what the first page shows.
type overviewPage struct {
	traffic.View
	State   State
	Calls   *plot
	Latency *plot
	Callers []callerRow

	MoreCallers, MoreModels, MoreSources, MoreLegacy int // that are not shown
	BreakerClosed                                    bool
	PerMinute                                        uint64 // in the last whole minute
}

type callerRow struct {
	traffic.Caller
	Spark string
}

func (p *Page) overview(w http.ResponseWriter, r *http.Request, s *session) error {
	return p.show(w, r, http.StatusOK, "overview", p.overviewView(s))
}

// overviewPart is what of the overview changes.
func (p *Page) overviewPart(w http.ResponseWriter, r *http.Request, s *session) error {
	return p.showPart(w, r, "overview", "live", p.overviewView(s))
}

func (p *Page) overviewView(s *session) view {
	v := p.cfg.Traffic.Look(p.cfg.Now(), p.visible(s)...)
	o := overviewPage{View: v, State: p.cfg.State(), Calls: callsPlot(v.Minutes), Latency: latencyPlot(v.Minutes)}
	o.BreakerClosed = o.State.Breaker == upstream.Closed
	o.PerMinute = v.Minutes[len(v.Minutes)-2].Calls
	var callers []traffic.Caller
	callers, o.MoreCallers = first(v.Callers, shownCallers)
	for _, c := range callers {
		o.Callers = append(o.Callers, callerRow{c, spark(c.Trend)})
	}
	o.Models, o.MoreModels = first(v.Models, shownModels)
	o.Sources, o.MoreSources = first(v.Sources, shownSources)
	o.Legacy, o.MoreLegacy = first(v.Legacy, shownLegacy)
	return view{Title: "Overview", Active: "overview", session: s, Page: o}
}

// visible are the databases whose traffic an administrator of one may see: that one; and what is of none where there is no
// other.
func (p *Page) visible(s *session) []string {
	if len(p.cfg.Databases) > 1 {
		return []string{s.db}
	}
	return []string{s.db, ""}
}

// first are the first n, and how many more there are.
func first[T any](all []T, n int) (some []T, more int) {
	n = min(n, len(all))
	return all[:n], len(all) - n
}

// MinutesBack are the minutes that have calls, newest first.
func (o overviewPage) MinutesBack() []traffic.Minute {
	var back []traffic.Minute
	for i := len(o.Minutes) - 1; i >= 0; i-- {
		if o.Minutes[i].Calls > 0 {
			back = append(back, o.Minutes[i])
		}
	}
	return back
}
