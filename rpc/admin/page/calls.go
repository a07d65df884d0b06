package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"odoobridge/rpc/bridge"
	"odoobridge/rpc/traffic"
)

const (
	shownCalls = 200
	// checkFollower is how often it is asked whether one who follows calls still may. It also keeps what is between here and
	// the browser from closing a connection on which nothing is said.
	checkFollower = 5 * time.Second
	maxFollowers  = 50
)

// callFilter is which calls are shown.
type callFilter struct {
	Text    string // in the login, key, model, method, service, address or request id
	Outcome string // "" any; fine, refused, failed; or one outcome
	Slower  time.Duration
}

// slowerChoices are offered, in milliseconds.
var slowerChoices = []int{0, 10, 100, 1000, 10000}

func filterOf(q url.Values) callFilter {
	f := callFilter{Text: strings.TrimSpace(q.Get("q")), Outcome: q.Get("outcome")}
	var ms int
	if _, err := fmt.Sscanf(q.Get("slower"), "%d", &ms); err == nil && ms > 0 && ms < 1_000_000 {
		f.Slower = time.Duration(ms) * time.Millisecond
	}
	return f
}

// SlowerMS is the shortest duration shown, in milliseconds.
func (f callFilter) SlowerMS() int { return int(f.Slower / time.Millisecond) }

// Query is the filter as the query of an address.
func (f callFilter) Query() string {
	q := url.Values{}
	if f.Text != "" {
		q.Set("q", f.Text)
	}
	if f.Outcome != "" {
		q.Set("outcome", f.Outcome)
	}
	if f.Slower > 0 {
		q.Set("slower", fmt.Sprint(f.SlowerMS()))
	}
	return q.Encode()
}

// Any tells whether the filter leaves anything out.
func (f callFilter) Any() bool { return f != callFilter{} }

func (f callFilter) match(r *bridge.Record) bool {
	if r.Total < f.Slower {
		return false
	}
	if f.Outcome != "" && f.Outcome != string(r.Outcome) && f.Outcome != traffic.ClassOf(r) {
		return false
	}
	if f.Text == "" {
		return true
	}
	text := strings.ToLower(f.Text)
	for _, s := range [...]string{r.Login, r.Key, r.Model, r.Method, r.Service, r.Call, r.RequestID, r.Basic, r.Source.String()} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	return false
}

// callsPage is what the page of calls shows.
type callsPage struct {
	Filter   callFilter
	Calls    []callRow
	Outcomes []choice
	Slower   []choice
}

type choice struct {
	Value, Text string
	Selected    bool
}

// callRow is one call as it is shown, here and by the script.
type callRow struct {
	Time     string `json:"time"`
	Full     string `json:"full"` // the time with its date
	Login    string `json:"login"`
	Key      string `json:"key"`
	Source   string `json:"source"`
	Protocol string `json:"protocol"`
	Call     string `json:"call"`
	Outcome  string `json:"outcome"`
	Class    string `json:"class"` // fine, refused or failed
	Status   int    `json:"status"`
	Took     string `json:"took"`
	Odoo     string `json:"odoo"`
	Queued   string `json:"queued"` // "" where it did not wait
	Sent     string `json:"sent"`
	Reason   string `json:"reason"`
	Request  string `json:"request"`
}

func rowOf(r *bridge.Record) callRow {
	ended := r.Start.Add(r.Total).UTC()
	c := callRow{
		Time: ended.Format("15:04:05.000"), Full: ended.Format("2006-01-02 15:04:05.000 UTC"), Login: r.Login, Key: r.Key,
		Source: r.Source.String(), Protocol: r.Protocol.String(), Outcome: describeOutcome(r.Outcome), Class: traffic.ClassOf(r), Status: r.Status,
		Took: took(r.Total), Odoo: took(r.Upstream), Sent: size(r.BytesOut), Request: r.RequestID,
	}
	switch {
	case r.Model != "":
		c.Call = r.Model + "." + r.Method
	case r.Service != "":
		c.Call = r.Service + "." + r.Call
	default:
		c.Call = r.Call
	}
	if r.Queued > 0 {
		c.Queued = took(r.Queued)
	}
	if r.Err != nil {
		c.Reason = r.Err.Error()
	}
	return c
}

func (p *Page) calls(w http.ResponseWriter, r *http.Request, s *session) error {
	page := callsPage{Filter: filterOf(r.URL.Query())}
	for _, c := range p.cfg.Traffic.Last(shownCalls, page.Filter.match, p.visible(s)...) {
		page.Calls = append(page.Calls, rowOf(&c))
	}
	page.Outcomes = []choice{{"", "any", false}, {"fine", "went well", false}, {"refused", "refused", false}, {"failed", "failed", false}}
	for i := range page.Outcomes {
		page.Outcomes[i].Selected = page.Outcomes[i].Value == page.Filter.Outcome
	}
	for _, ms := range slowerChoices {
		text := "any"
		if ms > 0 {
			text = took(time.Duration(ms) * time.Millisecond)
		}
		page.Slower = append(page.Slower, choice{fmt.Sprint(ms), text, ms == page.Filter.SlowerMS()})
	}
	return p.show(w, r, http.StatusOK, "calls", view{Title: "Calls", Active: "calls", session: s, Page: page})
}

// followCalls sends calls as they end, as Server-Sent Events: "call" with a callRow, and "lost" with how many were left out so
// far. It goes on until the session ends.
func (p *Page) followCalls(w http.ResponseWriter, r *http.Request, s *session) error {
	if n := p.followers.Add(1); n > maxFollowers {
		p.followers.Add(-1)
		return &pageError{http.StatusServiceUnavailable, "Too many follow the calls", "Close other pages that do, and load this one again."}
	}
	defer p.followers.Add(-1)
	feed := p.cfg.Traffic.Follow(filterOf(r.URL.Query()).match, p.visible(s)...)
	defer feed.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would wait for more
	flush := http.NewResponseController(w)
	say := func(event string, data any) error {
		text, err := json.Marshal(data)
		if err == nil {
			_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, text)
		}
		if err == nil {
			err = flush.Flush()
		}
		return err
	}
	if say("start", nil) != nil {
		return nil
	}
	tick := time.NewTicker(checkFollower)
	defer tick.Stop()
	var lost uint64
	for {
		select {
		case c := <-feed.Calls():
			if say("call", rowOf(&c)) != nil {
				return nil // no one is there any more
			}
		case <-tick.C:
			if _, err := p.session(r, false); err != nil {
				_ = say("end", nil)
				return nil
			}
			if n := feed.Lost(); n != lost {
				lost = n
			}
			if say("lost", lost) != nil {
				return nil
			}
		case <-s.ended:
			_ = say("end", nil)
			return nil
		case <-r.Context().Done():
			return nil
		case <-p.done:
			return nil
		}
	}
}
