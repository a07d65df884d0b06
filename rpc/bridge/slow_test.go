package bridge

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// paced is a world whose bridge waits for so long, and how that bridge was made.
func paced(t testing.TB, pause time.Duration, odoo http.HandlerFunc) (*world, Config) {
	t.Helper()
	var made Config
	w := start(t, func(c *Config, _ *world) {
		c.BodyTimeout = pause
		made = *c
	}, odoo)
	return w, made
}

// TestBodyStops: a client that stops within its request's body is told so and cut off, wherever that was, and Odoo gets
// no whole request of it.
func TestBodyStops(t *testing.T) {
	const says408 = "408 Request Timeout: nothing more of the body came for 100ms"
	for _, tc := range []struct {
		name, request string
		status        int
		says          string
	}{
		{"before its first byte", "POST /jsonrpc" + postHost + jsonType + "Content-Length: 100\r\n\r\n", 408, says408},
		{"in the middle", "POST /jsonrpc" + postHost + jsonType + "Content-Length: 100\r\n\r\n{\"jsonrpc\"", 408, `"id": null, "error": {"code": 200, "message": "Odoo Server Error"`},
		{"in the middle of a large one", "POST /jsonrpc" + postHost + jsonType + "Content-Length: 100000\r\n\r\n" + strings.Repeat(" ", 50_000), 408, says408},
		{"in a chunk", "POST /jsonrpc" + postHost + jsonType + "Transfer-Encoding: chunked\r\n\r\n20\r\n{\"jso", 408, says408},
		{"in a chunk's length", "POST /jsonrpc" + postHost + jsonType + "Transfer-Encoding: chunked\r\n\r\n2", 408, says408},
		{"before the last chunk", "POST /jsonrpc" + postHost + jsonType + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 408, says408},
		{"XML", "POST /xmlrpc/2/common" + postHost + xmlType + "Content-Length: 100\r\n\r\n<methodCall>", 408, "<methodResponse>\n<fault>"},
		{"XML with string codes", "POST /xmlrpc/common" + postHost + xmlType + "Content-Length: 100\r\n\r\n<methodCall>", 408, "<value><string>408 Request Timeout"},
		{"at an unknown path, where the id is looked for", "POST /nothing" + postHost + jsonType + "Content-Length: 100\r\n\r\n{", 404, "Not Found"},
		{"where nobody reads it", "POST /jsonrpc" + postHost + "Content-Type: text/plain\r\nContent-Length: 100\r\n\r\n{", 400, "Request inferred type"},
		{"on its way to a controller", "POST /shopinvader/cart" + postHost + "API-KEY: k\r\nContent-Length: 100\r\n\r\nabc", 408, says408},
		{"on its way to a controller, in a chunk", "POST /shopinvader/cart" + postHost + "API-KEY: k\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", 408, says408},
		{"on its way to a controller that is refused", "POST /shopinvader/cart" + postHost + "Content-Length: 100\r\n\r\nabc", 403, "Access Denied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, _ := paced(t, 100*time.Millisecond, nil)
			c := w.dial(t)
			c.send(tc.request)
			res, body := c.whole()
			if res.StatusCode != tc.status || !strings.Contains(body, tc.says) {
				t.Errorf("answered %d %s; want %d with %s", res.StatusCode, body, tc.status, tc.says)
			}
			if !res.Close || !c.ended() {
				t.Error("the connection was to be closed")
			}
			if got := w.sent(); len(got) != 0 {
				t.Errorf("Odoo received %q", got)
			}
			if tc.status == http.StatusRequestTimeout {
				if rec := <-w.records; rec.Outcome != Invalid || rec.Status != tc.status {
					t.Errorf("outcome %s, status %d", rec.Outcome, rec.Status)
				}
			}
		})
	}
}

// TestBodyTrickles: a body that keeps coming may take longer than the pause it may make.
func TestBodyTrickles(t *testing.T) {
	const pause, pieces = time.Second, 15
	body := call("common", "version", `["`+strings.Repeat("x", 150)+`"]`)
	for _, tc := range []struct{ name, header string }{
		{"a call", "POST /jsonrpc" + postHost + jsonType},
		{"to a controller", "POST /shopinvader/cart" + postHost + "API-KEY: k\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, _ := paced(t, pause, nil)
			c := w.dial(t)
			c.send(tc.header, fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)))
			for i := range pieces {
				time.Sleep(pause / 10)
				c.send(body[i*len(body)/pieces : (i+1)*len(body)/pieces])
			}
			if res, answer := c.whole(); res.StatusCode != 200 || answer != odooAnswer {
				t.Errorf("answered %d %s", res.StatusCode, answer)
			}
			if n := len(w.sent()); n != 1 {
				t.Errorf("Odoo received %d requests", n)
			}
		})
	}
}

// TestBodyTimeoutIsTheBodys: once the body is there, neither Odoo's time nor the client's until its next request counts.
func TestBodyTimeoutIsTheBodys(t *testing.T) {
	const pause = 50 * time.Millisecond
	for name, header := range map[string]string{
		"a call":          "POST /jsonrpc" + postHost + jsonType,
		"to a controller": "POST /shopinvader/cart" + postHost + "API-KEY: k\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := paced(t, pause, func(rw http.ResponseWriter, _ *http.Request) {
				time.Sleep(4 * pause)
				_, _ = rw.Write([]byte(odooAnswer))
			})
			c := w.dial(t)
			body := call("common", "version", `[]`)
			for range 2 {
				c.send(header, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
				if res, answer := c.whole(); res.StatusCode != 200 || answer != odooAnswer {
					t.Errorf("answered %d %s", res.StatusCode, answer)
				}
				time.Sleep(4 * pause)
			}
		})
	}
}

// TestBodyTimeoutLeavesTheServers: the server's own deadlines hold for what comes after a body.
func TestBodyTimeoutLeavesTheServers(t *testing.T) {
	const soon = 50 * time.Millisecond
	body := call("common", "version", `[]`)
	for _, tc := range []struct {
		name   string
		change func(*http.Server)
		then   string
	}{
		{"IdleTimeout", func(s *http.Server) { s.IdleTimeout = soon }, ""},
		{"ReadHeaderTimeout", func(s *http.Server) { s.ReadHeaderTimeout, s.IdleTimeout = soon, time.Hour }, "POST /jsonrpc HTTP/1.1\r\nHo"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, made := paced(t, time.Hour, nil)
			c := dial(t, serveAgain(t, made, tc.change))
			c.send("POST /jsonrpc"+postHost+jsonType, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
			if res, _ := c.whole(); res.StatusCode != 200 {
				t.Fatalf("answered %d", res.StatusCode)
			}
			c.send(tc.then)
			if rest, err := io.ReadAll(c.reader); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection was left open, after %q", rest)
			}
		})
	}
}

// BenchmarkBodyTimeout is what the deadline costs a small call that is answered here.
func BenchmarkBodyTimeout(b *testing.B) {
	for _, pause := range []time.Duration{0, time.Minute} {
		b.Run(pause.String(), func(b *testing.B) {
			w, _ := paced(b, pause, nil)
			go func() {
				for range w.records {
				}
			}()
			c := w.dial(b)
			_ = c.SetDeadline(time.Time{})
			body := call("db", "list", `[]`)
			request := "POST /jsonrpc" + postHost + jsonType + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
			answer := make([]byte, 4<<10)
			b.ReportAllocs()
			for b.Loop() {
				c.send(request)
				if _, err := c.Read(answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
