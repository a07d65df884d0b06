//go:build unix

package page

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/rpc"
	"odoobridge/rpc/bridge"
)

// w0 is a clock that stands still.
func w0() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

const markup = `<img src=x onerror=alert(1)>"'`

func (w *world) record(f func(*bridge.Record)) *bridge.Record {
	r := &bridge.Record{RequestID: "req-1", Start: w.page.cfg.Now().Add(-20 * time.Millisecond), Total: 20 * time.Millisecond, Upstream: 15 * time.Millisecond,
		Source: netip.MustParseAddr("10.1.2.3"), Protocol: rpc.JSONRPC, Service: "object", Call: "execute_kw", Model: "res.partner",
		Method: "search_read", DB: w.db, UID: 9001, Login: "rpcuser", Via: "api-key", Key: "webshop", Status: 200, BytesOut: 2048, Outcome: bridge.Forwarded}
	if f != nil {
		f(r)
	}
	return r
}

func TestOverview(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	b.get(t, "/").wants(t, 200, "No one has called yet", "No calls in the last hour")
	for range 7 {
		w.traffic.Observe(w.record(nil))
	}
	w.traffic.Observe(w.record(func(r *bridge.Record) {
		r.UID, r.Login, r.Key, r.Outcome, r.Err = 0, "", "", bridge.Denied, &auth.Error{Kind: auth.Denied, Reason: "no such key"}
	}))
	for _, path := range []string{"/", "/live/overview"} {
		b.get(t, path).wants(t, 200, "<dd>8</dd>", "webshop", "res.partner", "search_read", "access denied: wrong, missing or refused credentials",
			"/jsonrpc", "Odoo 22", "10.1.2.3", "3 <small>of 8</small>", `<rect class="refused"`, `<path class="p99" d="M`, "8 calls in the last hour")
	}
}

// TestMarkup: names that callers and users choose are text wherever they are shown.
func TestMarkup(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	w.traffic.Observe(w.record(func(r *bridge.Record) {
		r.Login, r.Key, r.Model, r.Method, r.Basic, r.RequestID, r.Err = markup, markup, markup, markup, markup, markup, errors.New(markup)
		r.Outcome = bridge.Denied
	}))
	for _, path := range []string{"/", "/live/overview", "/calls", "/calls?q=%3Cimg&outcome=%3Cimg&slower=%3Cimg"} {
		if body := b.get(t, path).body; strings.Contains(body, "<img") || !strings.Contains(body, "&lt;img") {
			t.Errorf("%s:\n%s", path, body)
		}
	}
	a := b.get(t, "/calls", "Accept", "text/html")
	if strings.Contains(a.body, markup) {
		t.Error("the calls have markup")
	}
}

func TestCalls(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	w.traffic.Observe(w.record(nil))
	w.traffic.Observe(w.record(func(r *bridge.Record) { r.Model, r.Login, r.Total = "sale.order", "slowuser", 3*time.Second }))
	w.traffic.Observe(w.record(func(r *bridge.Record) {
		r.Model, r.Outcome, r.Status, r.Err = "account.move", bridge.BadGateway, 502, errors.New("connection refused")
	}))
	for _, tc := range []struct {
		query string
		want  string // the models that are shown
	}{
		{"", "account.move sale.order res.partner"},
		{"?q=slowuser", "sale.order"},
		{"?q=SALE", "sale.order"},
		{"?outcome=failed", "account.move"},
		{"?outcome=fine", "sale.order res.partner"},
		{"?slower=1000", "sale.order"},
		{"?q=nothing+like+it", ""},
		{"?slower=-5&outcome=nonsense", ""},
	} {
		a := b.get(t, "/calls"+tc.query)
		a.wants(t, 200)
		var got []string
		for _, model := range []string{"account.move", "sale.order", "res.partner"} {
			if strings.Contains(a.body, model) {
				got = append(got, model)
			}
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%q shows %v, want %s", tc.query, got, tc.want)
		}
	}
	b.get(t, "/calls").wants(t, 200, "connection refused", "Odoo is away or broke off", "request req-1")
}

// follow reads events until one has all of the texts, or the stream ends.
func follow(t *testing.T, lines *bufio.Scanner, texts ...string) bool {
	t.Helper()
	for lines.Scan() {
		found := true
		for _, text := range texts {
			found = found && strings.Contains(lines.Text(), text)
		}
		if found {
			return true
		}
	}
	return false
}

func TestFollowCalls(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := b.request(t, http.MethodGet, "/live/calls?q=sale", nil).WithContext(ctx)
	res, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	if !follow(t, lines, "event: start") {
		t.Fatal("it does not start")
	}
	w.traffic.Observe(w.record(nil)) // is none of those asked for
	w.traffic.Observe(w.record(func(r *bridge.Record) { r.Model, r.Key = "sale.order", markup+"\n\nevent: end" }))
	if !follow(t, lines, "data: {") || strings.Contains(lines.Text(), "res.partner") || !strings.Contains(lines.Text(), `"call":"sale.order.search_read"`) || strings.Contains(lines.Text(), "<img") {
		t.Errorf("got %s", lines.Text())
	}
	w.exec(t, `DELETE FROM res_groups_users_rel WHERE uid = 2`)
	if !follow(t, lines, "event: end") {
		t.Error("one who is no administrator any more goes on following")
	}
}

func TestFollowersLeave(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	open := func() (*bufio.Scanner, func()) {
		res, err := b.Do(b.request(t, http.MethodGet, "/live/calls", nil))
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(res.Body)
		if !follow(t, lines, "event: start") {
			t.Fatal("it does not start")
		}
		return lines, func() { _ = res.Body.Close() }
	}
	signedOut, leave := open()
	defer leave()
	token := b.token(t, "/")
	b.post(t, "/signout", map[string][]string{"token": {token}}).wants(t, 303)
	if !follow(t, signedOut, "event: end") {
		t.Error("one who signed out goes on following")
	}
	b = w.administrator(t)
	closed, leave := open()
	defer leave()
	w.page.Close()
	follow(t, closed, "never") // ends
}

func TestAbout(t *testing.T) {
	w := newWorld(t, 18, nil)
	w.administrator(t).get(t, "/about").wants(t, 200, "database", ">ok<", "listen: &#34;:8079&#34;")
}
