package bridge

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"odoobridge/auth"
	"odoobridge/odoo/queue"
	"odoobridge/odoo/upstream"
)

const bound = 30 * time.Second

// eventually waits until what holds does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(bound); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v: %s", bound, what)
		}
	}
}

// queued is a world with a queue before Odoo.
func queued(t *testing.T, limits queue.Limits, odoo http.HandlerFunc) (*world, *Queue) {
	t.Helper()
	q := NewQueue(limits)
	return start(t, func(c *Config, _ *world) { c.Queue = q }, odoo), q
}

// forms are the ways to call, each with what an error looks like there.
var forms = []struct {
	name, path, body string
	header           []string
	series19         bool
	form             string // %d is the status, %s the class of the error
}{
	{"JSON-RPC", "/jsonrpc", call("object", "execute_kw", `["odoo18", 9001, "pw", "res.partner", "read", [[1]]]`), nil, false, `"data": {"name": "werkzeug.exceptions.%s"`},
	{"call_kw", "/web/dataset/call_kw", `{"id": 1, "params": {"model": "res.partner", "method": "read", "args": [[1]], "kwargs": {}}}`,
		[]string{"Api-Key", "k"}, false, `"data": {"name": "werkzeug.exceptions.%s"`},
	{"XML-RPC, integer codes", "/xmlrpc/2/object", objectXML("<int>1</int>"), []string{"Content-Type", "text/xml"}, false, "<fault>"},
	{"XML-RPC, string codes", "/xmlrpc/object", objectXML("<int>1</int>"), []string{"Content-Type", "text/xml"}, false, "<fault>"},
	{"JSON-2", "/json/2/res.partner/read", `{"ids": [1]}`, []string{"Api-Key", "k"}, true, `{"name": "werkzeug.exceptions.%s"`},
	{"JSON-2 in front of 18", "/json/2/res.partner/read", `{"ids": [1]}`, []string{"Api-Key", "k"}, false, `{"name": "werkzeug.exceptions.%s"`},
	{"no one known", "/jsonrpc", call("common", "version", `[]`), nil, false, `"data": {"name": "werkzeug.exceptions.%s"`},
	{"a session's", "/web/session/get_session_info", `{"id": 1}`, nil, false, `"data": {"name": "werkzeug.exceptions.%s"`},
	{"a controller", "/shopinvader/customer", ``, []string{"Api-Key", "k", "Content-Type", "text/plain"}, false, "<!doctype html>"},
}

// TestAnswersOfABusyOdoo has what each protocol is told when its call can't be answered in time, and that Odoo received nothing
// of those calls of which that is said.
func TestAnswersOfABusyOdoo(t *testing.T) {
	closed := &url.URL{Scheme: "http", Host: "127.0.0.1:1"} // nothing listens there
	// full is a queue whose one place is taken.
	full := func(t *testing.T, limits queue.Limits) *Queue {
		q := NewQueue(limits)
		if _, err := q.Enter(t.Context(), Turn{}); err != nil {
			t.Fatal(err)
		}
		return q
	}
	wait := func(t *testing.T, q *Queue, turns ...Turn) {
		for i, turn := range turns {
			go func() { _, _ = q.Enter(t.Context(), turn) }()
			eventually(t, "a call waits", func() bool { return q.Waiting() == i+1 })
		}
	}
	away := func(c *Config, u upstream.Config) {
		c.Upstream, c.Passage.Transport, c.Passage.URL = upstream.New(u), upstream.NewTransport(u), u.URL
	}
	faults := []struct {
		name       string
		change     func(t *testing.T, c *Config)
		status     int
		class      string
		retryAfter string
		message    string
		outcome    Outcome
		reason     string // in the metrics
		sent       int
	}{
		{"own limit", func(t *testing.T, c *Config) {
			c.Queue = full(t, queue.Limits{Calls: 1, Own: 1, All: 10})
			here := Turn{source: netip.MustParseAddr("127.0.0.1")}
			wait(t, c.Queue, Turn{db: "odoo18", uid: 9001}, here)
		}, 429, "TooManyRequests", "1", "too many of your calls wait", Overloaded, "own_limit", 0},
		{"queue full", func(t *testing.T, c *Config) {
			c.Queue = full(t, queue.Limits{Calls: 1, Own: 1, All: 1})
			wait(t, c.Queue, Turn{uid: 1})
		}, 503, "ServiceUnavailable", "1", "too many calls wait", Overloaded, "queue_full", 0},
		{"waited too long", func(t *testing.T, c *Config) {
			c.Queue = full(t, queue.Limits{Calls: 1, Own: 1, All: 1, Wait: time.Millisecond})
		}, 503, "ServiceUnavailable", "5", "busy with other calls for too long", Overloaded, "queue_timeout", 0},
		{"unreachable", func(t *testing.T, c *Config) {
			away(c, upstream.Config{URL: closed})
		}, 502, "BadGateway", "1", "The call was not sent", BadGateway, "", 0},
		{"breaker open", func(t *testing.T, c *Config) {
			u := upstream.Config{URL: closed, Breaker: upstream.NewBreaker(1, 7*time.Second, nil)}
			away(c, u)
			_, _ = c.Upstream.Post(t.Context(), &upstream.Request{Path: "/"})
		}, 502, "BadGateway", "7", "The call was not sent", BadGateway, "breaker_open", 0},
		{"timeout", func(t *testing.T, c *Config) {
			away(c, upstream.Config{URL: c.Passage.URL, CallTimeout: 50 * time.Millisecond})
		}, 504, "GatewayTimeout", "", "may still be at work", Timeout, "", 1},
	}
	for _, fault := range faults {
		for _, form := range forms {
			t.Run(fault.name+"/"+form.name, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				w := start(t, func(c *Config, w *world) {
					if form.series19 {
						series19(c, w)
					}
					fault.change(t, c)
				}, func(http.ResponseWriter, *http.Request) { <-release })
				res, answer := w.post(t, form.path, form.body, form.header...)
				want := form.form
				if strings.Contains(want, "%s") {
					want = fmt.Sprintf(want, fault.class)
				}
				if res.StatusCode != fault.status || !strings.Contains(answer, want) || !strings.Contains(answer, fault.message) {
					t.Errorf("%d %s, want %d with %s and %q", res.StatusCode, answer, fault.status, want, fault.message)
				}
				if got := res.Header.Get("Retry-After"); got != fault.retryAfter {
					t.Errorf("Retry-After %q, want %q", got, fault.retryAfter)
				}
				if rec := <-w.records; rec.Outcome != fault.outcome || rec.Status != fault.status {
					t.Errorf("outcome %s, status %d", rec.Outcome, rec.Status)
				}
				if n := len(w.sent()); n != fault.sent {
					t.Errorf("Odoo received %d requests, want %d", n, fault.sent)
				}
				for _, reason := range refusals {
					want := 0.0
					if reason == fault.reason {
						want = 1
					}
					if n := testutil.ToFloat64(w.metrics.refused.WithLabelValues(reason)); n != want {
						t.Errorf("%v calls refused for %s, want %v", n, reason, want)
					}
				}
			})
		}
	}
}

// TestPlaces: whatever comes and by whichever door, Odoo never has more at work than there are places, and each call is
// answered and was sent once.
func TestPlaces(t *testing.T) {
	const places, rounds = 2, 5
	var mu sync.Mutex
	var working, most int
	w, q := queued(t, queue.Limits{Calls: places, Own: 100, All: 100}, func(rw http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		working++
		most = max(most, working)
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		working--
		mu.Unlock()
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, odooAnswer)
	})
	var callers sync.WaitGroup
	sent := 0
	for range rounds {
		for _, form := range forms {
			if form.series19 {
				continue
			}
			sent++
			callers.Go(func() {
				if res, answer := w.post(t, form.path, form.body, form.header...); res.StatusCode != http.StatusOK {
					t.Errorf("%s: %d %s", form.name, res.StatusCode, answer)
				}
			})
		}
	}
	callers.Wait()
	if most > places || len(w.sent()) != sent {
		t.Errorf("%d at once, want at most %d; %d sent, want %d", most, places, len(w.sent()), sent)
	}
	waited := 0
	for range sent {
		if rec := <-w.records; rec.Queued > 0 {
			waited++
		}
	}
	if waited == 0 || waited > sent-places {
		t.Errorf("%d of %d calls waited", waited, sent)
	}
	if n := strings.Count(w.log.String(), `"queued_ms":`); n != waited {
		t.Errorf("%d log lines tell of %d that waited", n, waited)
	}
	eventually(t, "all places are free", func() bool { return q.Working() == 0 && q.Waiting() == 0 })
}

// TestFloodOverSockets: one caller sends 200 calls at once; those of others who come later are served within as many calls as
// there are callers, and one.
func TestFloodOverSockets(t *testing.T) {
	const flood = 200
	arrived, serve, all := make(chan struct{}), make(chan struct{}), make(chan struct{})
	serveAll := sync.OnceFunc(func() { close(all) })
	w, q := queued(t, queue.Limits{Calls: 1, Own: flood, All: 2 * flood}, func(rw http.ResponseWriter, _ *http.Request) {
		select {
		case arrived <- struct{}{}:
			select {
			case <-serve:
			case <-all:
			}
		case <-all:
		}
		_, _ = io.WriteString(rw, odooAnswer)
	})
	t.Cleanup(serveAll)
	go func() {
		for range w.records {
		}
	}()
	var callers sync.WaitGroup
	send := func(body string) {
		before := q.Waiting() + q.Working()
		callers.Go(func() {
			if res, _ := w.post(t, "/jsonrpc", body); res.StatusCode != 200 {
				t.Errorf("status %d", res.StatusCode)
			}
		})
		eventually(t, "the call has come", func() bool { return q.Waiting()+q.Working() == before+1 })
	}
	for range flood {
		send(call("object", "execute_kw", `["odoo18", 9001, "pw", "res.partner", "flood", []]`))
	}
	<-arrived
	others := []string{
		call("object", "execute_kw", `["second", 9001, "pw", "res.partner", "other", []]`), // another user
		call("common", "version", `["other"]`),                                             // and one who is not known
	}
	for _, body := range others {
		send(body)
	}
	for range len(others) + 1 {
		serve <- struct{}{}
		<-arrived
	}
	served := 0
	for _, body := range w.sent() {
		if strings.Contains(body, `"other"`) {
			served++
		}
	}
	if n := len(w.sent()); served != len(others) || n != len(others)+2 {
		t.Errorf("of the first %d calls %d were the others', want all %d", n, served, len(others))
	}
	serveAll()
	callers.Wait()
	if n := len(w.sent()); n != flood+len(others) {
		t.Errorf("Odoo received %d calls of %d", n, flood+len(others))
	}
}

// TestLeavingTheQueue: a caller who goes away while waiting leaves the queue, and nothing of their call is sent.
func TestLeavingTheQueue(t *testing.T) {
	w, q := queued(t, queue.Limits{Calls: 1, Own: 10, All: 10}, nil)
	if _, err := q.Enter(t.Context(), Turn{}); err != nil {
		t.Fatal(err)
	}
	body := call("common", "version", `["gone"]`)
	c := w.dial(t)
	c.send(request("/jsonrpc", "1.1", hostJSON, body))
	eventually(t, "the call waits", func() bool { return q.Waiting() == 1 })
	c.Close()
	eventually(t, "the call has left", func() bool { return q.Waiting() == 0 })
	if rec := <-w.records; rec.Outcome != Canceled || rec.Queued == 0 {
		t.Errorf("outcome %s after %v in the queue", rec.Outcome, rec.Queued)
	}
	q.Leave()
	if res, _ := w.post(t, "/jsonrpc", call("common", "version", `[]`)); res.StatusCode != 200 || len(w.sent()) != 1 {
		t.Errorf("the next call: %d, Odoo received %q", res.StatusCode, w.sent())
	}
}

// TestCheckedAfterWaiting: a caller whose key was withdrawn while they waited is refused.
func TestCheckedAfterWaiting(t *testing.T) {
	for _, form := range forms {
		if !strings.Contains(form.body+form.path+strings.Join(form.header, ""), "9001") && !slices.Contains(form.header, "Api-Key") {
			continue // nobody to check
		}
		t.Run(form.name, func(t *testing.T) {
			q := NewQueue(queue.Limits{Calls: 1, Own: 10, All: 10})
			withdrawn := &withdrawing{}
			w := start(t, func(c *Config, w *world) {
				if form.series19 {
					series19(c, w)
				}
				withdrawn.Authenticator, c.Auth, c.Queue = c.Auth, withdrawn, q
			}, nil)
			if _, err := q.Enter(t.Context(), Turn{}); err != nil {
				t.Fatal(err)
			}
			var waiting sync.WaitGroup
			waiting.Go(func() {
				_, _ = w.post(t, form.path, form.body, form.header...)
			})
			eventually(t, "the call waits", func() bool { return q.Waiting() == 1 })
			withdrawn.now.Store(true)
			q.Leave()
			waiting.Wait()
			if rec := <-w.records; rec.Outcome != Denied {
				t.Errorf("outcome %s", rec.Outcome)
			}
			if sent := w.sent(); len(sent) != 0 || q.Working() != 0 {
				t.Errorf("Odoo received %q; %d places taken", sent, q.Working())
			}
		})
	}
}

// withdrawing knows nobody any more once it is told so.
type withdrawing struct {
	Authenticator
	now atomic.Bool
}

func (a *withdrawing) Identify(ctx context.Context, db string, p auth.Presented) (auth.Identity, error) {
	if a.now.Load() {
		return auth.Identity{}, &auth.Error{Kind: auth.Denied}
	}
	return a.Authenticator.Identify(ctx, db, p)
}

func TestWatchLimits(t *testing.T) {
	reg := prometheus.NewRegistry()
	q := NewQueue(queue.Limits{Calls: 1, Own: 10, All: 10})
	WatchLimits(reg, q, nil)
	if _, err := q.Enter(t.Context(), Turn{}); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = q.Enter(t.Context(), Turn{}) }()
	eventually(t, "a call waits", func() bool { return q.Waiting() == 1 })
	const want = `
# HELP odoobridge_queue_length Calls that wait for a place at Odoo.
# TYPE odoobridge_queue_length gauge
odoobridge_queue_length 1
# HELP odoobridge_upstream_breaker 1 for the state that the circuit breaker for connections to Odoo is in.
# TYPE odoobridge_upstream_breaker gauge
odoobridge_upstream_breaker{state="closed"} 1
odoobridge_upstream_breaker{state="half-open"} 0
odoobridge_upstream_breaker{state="open"} 0
# HELP odoobridge_upstream_calls Places at Odoo that are taken; 0 where max_calls is 0.
# TYPE odoobridge_upstream_calls gauge
odoobridge_upstream_calls 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
