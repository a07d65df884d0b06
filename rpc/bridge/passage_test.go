package bridge

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/upstream"
)

// TestPassage: what goes to Odoo as it came, what is a call instead, and what goes nowhere.
func TestPassage(t *testing.T) {
	const (
		body     = `{"jsonrpc": "2.0", "id": 1, "params": {"model": "res.partner", "method": "search", "args": [[]], "kwargs": {}}}`
		asItCame = body
	)
	denied := &auth.Error{Kind: auth.Denied, Reason: "no such key"}
	key := []string{"API-KEY", "k"}
	off := func(c *Config, _ *world) { c.Passage.Sessions, c.Passage.Controllers = false, nil }
	for _, tc := range []struct {
		name    string
		change  func(*Config, *world)
		path    string
		header  []string
		err     error
		sent    string // what Odoo receives; "" for nothing
		at      string // where
		answer  string // a part of the answer; "" for Odoo's own
		status  int    // 0 is 200
		outcome Outcome
		db      string // where the caller was looked up; "" for nowhere
	}{
		{name: "a session", path: "/web/session/authenticate", sent: asItCame, at: "/web/session/authenticate", outcome: Forwarded},
		{name: "a session, its end", path: "/web/session/destroy?a=b", sent: asItCame, at: "/web/session/destroy?a=b", outcome: Forwarded},
		{name: "no other session route", path: "/web/session/change_password", answer: "404"},
		{name: "a session for nobody", change: off, path: "/web/session/authenticate", answer: "404"},
		{name: "a call of a session", path: "/web/dataset/call_kw/res.partner/search", sent: asItCame, at: "/web/dataset/call_kw/res.partner/search",
			outcome: Forwarded},
		{name: "a call of a session for nobody", change: off, path: "/web/dataset/call_kw", answer: "Access Denied", outcome: Denied},
		{name: "a call by key", path: "/web/dataset/call_kw", header: key, sent: `"args": ["odoo18", 9001, "minted", "res.partner", "search", [[]], {}]`,
			at: "/jsonrpc", outcome: Forwarded, db: "odoo18"},
		{name: "a call by key, decorated path", change: off, path: "/web/dataset/call_kw/res.partner/search", header: key,
			sent: `"args": ["odoo18", 9001, "minted", "res.partner", "search", [[]], {}]`, at: "/jsonrpc", outcome: Forwarded, db: "odoo18"},
		{name: "a call by key in another database", path: "/web/dataset/call_kw", header: []string{"API-KEY", "k", "X-Odoo-Database", "second"},
			sent: `"args": ["second", 9001, "minted", `, at: "/jsonrpc", outcome: Forwarded, db: "second"},
		{name: "a call by key in a database that is not served", path: "/web/dataset/call_kw", header: []string{"API-KEY", "k", "X-Odoo-Database", "third"},
			answer: "Access Denied", outcome: Denied},
		{name: "a call by key in two databases", path: "/web/dataset/call_kw",
			header: []string{"API-KEY", "k", "X-Odoo-Database", "odoo18", "X-Odoo-Database", "second"}, answer: "Access Denied", outcome: Denied},
		{name: "a call by a wrong key never becomes a session's", path: "/web/dataset/call_kw", header: append([]string{"Cookie", "session_id=s"}, key...),
			err: denied, answer: "Access Denied", outcome: Denied, db: "odoo18"},
		{name: "a call by a key that reads two ways", path: "/web/dataset/call_kw", header: []string{"API-KEY", "a", "API-KEY", "b"},
			answer: "two API-KEY headers", status: 400, outcome: Invalid},
		{name: "a session's call in a database that is not served", path: "/web/dataset/call_kw", header: []string{"X-Odoo-Database", "third"},
			answer: "Access Denied", outcome: Denied},
		{name: "version_info", path: "/web/webclient/version_info", sent: `"service": "common", "method": "version", "args": []`, at: "/jsonrpc", outcome: Forwarded},
		{name: "list of databases", path: "/web/database/list", answer: `"result": ["odoo18", "second"]`, outcome: Answered},
		{name: "version", path: "/web/version", sent: asItCame, at: "/web/version", outcome: Forwarded},
		{name: "version, the other", path: "/json/version", sent: asItCame, at: "/json/version", outcome: Forwarded},
		{name: "a controller", path: "/shopinvader/customer?x=%2F;y&", header: key, sent: asItCame, at: "/shopinvader/customer?x=%2F;y&", outcome: Forwarded, db: "odoo18"},
		{name: "a controller at the prefix itself", path: "/shopinvader", header: key, sent: asItCame, at: "/shopinvader", outcome: Forwarded, db: "odoo18"},
		{name: "a controller in another database", path: "/shopinvader/customer", header: append([]string{"X-Odoo-Database", "second"}, key...),
			sent: asItCame, at: "/shopinvader/customer", outcome: Forwarded, db: "second"},
		{name: "a controller in a database that is not served", path: "/shopinvader/customer", header: append([]string{"X-Odoo-Database", "third"}, key...),
			answer: "Access Denied", status: 403, outcome: Denied},
		{name: "a controller without a key", path: "/shopinvader/customer", answer: "Access Denied", status: 403, outcome: Denied},
		{name: "a controller with a password only", path: "/shopinvader/customer", header: []string{"Authorization", "Basic cnBjdXNlcjpwdw=="},
			answer: "Access Denied", status: 403, outcome: Denied},
		{name: "a controller with a key that does not hold", path: "/shopinvader/customer", header: key, err: denied,
			answer: "Access Denied", status: 403, outcome: Denied, db: "odoo18"},
		{name: "no controller of ours", path: "/shopinvaders", header: key, answer: "404"},
		{name: "a controller elsewhere by a path that leads there", path: "/shopinvader/../web/login", header: key,
			answer: "has a segment", status: 400, outcome: Invalid},
		{name: "a controller elsewhere by an encoded path", path: "/shopinvader/%2e%2E/web/login", header: key,
			answer: "has a segment", status: 400, outcome: Invalid},
		{name: "too large a body", change: func(c *Config, _ *world) { c.MaxBody = 10 }, path: "/shopinvader/customer", header: key,
			answer: "larger than 10 bytes", status: 413, outcome: Invalid, db: "odoo18"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, tc.change, nil)
			w.auth.err = tc.err
			res, answer := w.post(t, tc.path, body, tc.header...)
			if tc.answer == "404" {
				if res.StatusCode != http.StatusNotFound || len(w.sent()) != 0 {
					t.Errorf("status %d, Odoo received %q; want 404 and nothing", res.StatusCode, w.sent())
				}
				return
			}
			if want := max(tc.status, 200); res.StatusCode != want {
				t.Errorf("status %d, want %d", res.StatusCode, want)
			}
			if tc.answer == "" && answer != odooAnswer || !strings.Contains(answer, tc.answer) {
				t.Errorf("answer %s, want %q in it or Odoo's own", answer, tc.answer)
			}
			sent := strings.Join(w.sent(), "\n")
			if (tc.sent == "") != (sent == "") || !strings.Contains(sent, tc.sent) {
				t.Errorf("Odoo received %q, want %q in it", sent, tc.sent)
			}
			if tc.sent == asItCame && sent != asItCame {
				t.Errorf("Odoo received %q, want it as it came", sent)
			}
			if tc.at != "" && w.received[0].RequestURI != tc.at {
				t.Errorf("Odoo received it at %s, want %s", w.received[0].RequestURI, tc.at)
			}
			if rec := <-w.records; rec.Outcome != tc.outcome || rec.Status != res.StatusCode {
				t.Errorf("outcome %s, status %d; want %s, %d", rec.Outcome, rec.Status, tc.outcome, res.StatusCode)
			}
			if w.auth.db != tc.db {
				t.Errorf("the caller was looked up in %q, want %q", w.auth.db, tc.db)
			}
		})
	}
}

// TestPassageHeaders: a controller gets its key and the headers of the request, and what names the client is ours to say.
func TestPassageHeaders(t *testing.T) {
	header := []string{
		"API-KEY", "k", "API_KEY", "forged", "X_Forwarded_For", "9.9.9.9", "X-Forwarded-For", "9.9.9.9", "X-Real-Ip", "kept",
		"Cookie", "session_id=s", "Authorization", "Bearer customer", "Accept-Encoding", "br", "Connection", "X-Hop", "X-Hop", "1",
	}
	w := start(t, nil, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Add("Set-Cookie", "a=1")
		rw.Header().Add("Set-Cookie", "b=2")
		rw.WriteHeader(http.StatusTeapot)
	})
	res, _ := w.post(t, "/shopinvader/customer", `{}`, header...)
	if res.StatusCode != http.StatusTeapot || len(res.Cookies()) != 2 {
		t.Errorf("answer %d with cookies %v, want Odoo's", res.StatusCode, res.Cookies())
	}
	if got := w.auth.asked; got != (auth.Presented{Source: got.Source, APIKey: "k"}) {
		t.Errorf("the authenticator was asked about %+v, want the API-KEY alone", got)
	}
	got := w.received[0].Header
	for name, want := range map[string]string{
		"Api-Key": "k", "Api_key": "", "X_forwarded_for": "", "X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "kept",
		"Cookie": "session_id=s", "Authorization": "Bearer customer", "Accept-Encoding": "br", "X-Hop": "",
		"X-Forwarded-Host": strings.TrimPrefix(w.url, "http://"), "X-Forwarded-Proto": "http",
	} {
		if values := strings.Join(got[name], ", "); values != want {
			t.Errorf("Odoo received %s: %q, want %q", name, values, want)
		}
	}

	w = start(t, nil, nil)
	w.post(t, "/web/session/get_session_info", `{}`, header[:2]...)
	w.post(t, "/shopinvader/customer", `{}`, "API-KEY", "k", "Authorization", "Basic cnBjdXNlcjpwdw==")
	for _, r := range w.received {
		if r.URL.Path == "/web/session/get_session_info" && r.Header.Get("Api-Key") != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("%s: Odoo received credentials that were for the bridge: %v", r.URL.Path, r.Header)
		}
	}
}

// TestPassageStreams: each piece of the body reaches Odoo before the next one is sent, and then each of the answer the
// caller.
func TestPassageStreams(t *testing.T) {
	up, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	read, answer := make(chan string), make(chan string)
	go func() { // an Odoo that reads, and answers, letter by letter
		defer close(read)
		c, err := up.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		for buf := make([]byte, 1); ; {
			if _, err := io.ReadFull(r.Body, buf); err != nil {
				break
			}
			read <- string(buf)
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for letter := range answer {
			_, _ = io.WriteString(c, "1\r\n"+letter+"\r\n")
		}
		_, _ = io.WriteString(c, "0\r\n\r\n")
	}()
	w := start(t, func(c *Config, _ *world) { c.Passage.URL.Host = up.Addr().String() }, nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(c, "POST /shopinvader/echo HTTP/1.1\r\nHost: x\r\nAPI-KEY: k\r\nContent-Length: 3\r\n\r\n")
	for _, letter := range []string{"a", "b", "c"} {
		if _, err := io.WriteString(c, letter); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-read:
			if got != letter {
				t.Fatalf("Odoo read %q after %q was sent", got, letter)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("Odoo has not read %q", letter)
		}
	}
	answer <- "x"
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, letter := range []string{"x", "y", "z"} {
		if letter != "x" {
			answer <- letter
		}
		buf := make([]byte, 1)
		if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != letter {
			t.Fatalf("%q, %v; want %q", buf, err, letter)
		}
	}
	close(answer)
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) != 0 {
		t.Errorf("at the end: %q, %v", rest, err)
	}
}

// TestPassageFaults: an Odoo that does not answer, or not to the end.
func TestPassageFaults(t *testing.T) {
	t.Run("breaks off", func(t *testing.T) {
		w := start(t, nil, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(rw, "half")
		})
		req, _ := http.NewRequest(http.MethodGet, w.url+"/shopinvader/customer", nil)
		req.Header.Set("API-KEY", "k")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if answer, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("the answer %q looks complete", answer)
		}
		if rec := <-w.records; rec.Outcome != BadGateway {
			t.Errorf("outcome %s, want %s", rec.Outcome, BadGateway)
		}
	})
	t.Run("closes without a byte, and is asked once", func(t *testing.T) {
		asked := 0 // net/http would send a GET again when a connection that was used before fails
		w := start(t, nil, func(http.ResponseWriter, *http.Request) {
			if asked++; asked > 1 {
				panic(http.ErrAbortHandler)
			}
		})
		for _, want := range []int{http.StatusOK, http.StatusBadGateway} {
			req, _ := http.NewRequest(http.MethodGet, w.url+"/shopinvader/customer", nil)
			req.Header.Set("API-KEY", "k")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != want {
				t.Errorf("status %d, want %d", res.StatusCode, want)
			}
			<-w.records
		}
		if n := len(w.sent()); n != 2 {
			t.Errorf("Odoo received %d requests, want 2", n)
		}
	})
	t.Run("takes too long", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		w := start(t, func(c *Config, _ *world) {
			c.Passage.Transport = upstream.NewTransport(upstream.Config{URL: c.Passage.URL, CallTimeout: 20 * time.Millisecond})
		}, func(http.ResponseWriter, *http.Request) { <-release })
		res, _ := w.post(t, "/web/session/get_session_info", `{}`)
		if res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("status %d, want 504", res.StatusCode)
		}
	})
}
