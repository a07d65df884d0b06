package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestAnswers: what is an answer, what is none, and whether the connection is good for another call.
func TestAnswers(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, tc := range []struct {
		name, raw   string
		status      int
		body        string
		header, cut bool // the header can't be read; the body breaks off
		again       bool // the second call uses the same connection
	}{
		{name: "length", raw: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", status: 200, body: "hi", again: true},
		{name: "nothing", raw: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", status: 200, again: true},
		{name: "no content", raw: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, again: true},
		{name: "chunks", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x=y\r\n ho\r\n0\r\nTrailer: x\r\n\r\n", status: 200, body: "hi ho", again: true},
		{name: "large", raw: "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + long, status: 200, body: long, again: true},
		{name: "interim first", raw: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nhi", status: 500, body: "hi", again: true},
		{name: "no reason, bare line feeds", raw: "HTTP/1.1 200\nContent-Length: 2\n\nhi", status: 200, body: "hi", again: true},
		{name: "to the end", raw: "HTTP/1.0 200 OK\r\nServer: Werkzeug\r\n\r\nhi", status: 200, body: "hi"},
		{name: "1.0 with a length", raw: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", status: 200, body: "hi"},
		{name: "close", raw: "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nhi", status: 200, body: "hi"},
		{name: "more than announced", raw: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi there", status: 200, body: "hi"},
		{name: "less than announced", raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", status: 200, body: "hi", cut: true},
		{name: "chunk cut", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", status: 200, body: "hi", cut: true},
		{name: "last chunk missing", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", status: 200, body: "hi", cut: true},
		{name: "trailer cut", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", status: 200, body: "hi", cut: true},
		{name: "length and chunks", raw: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", header: true},
		{name: "two lengths", raw: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", header: true},
		{name: "a negative length", raw: "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi", header: true},
		{name: "gzip as a transfer", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", header: true},
		{name: "a folded line", raw: "HTTP/1.1 200 OK\r\nX: a\r\n b: c\r\n\r\n", header: true},
		{name: "a blank before the colon", raw: "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi", header: true},
		{name: "HTTP/2", raw: "HTTP/2 200\r\n\r\n", header: true},
		{name: "status no number", raw: "HTTP/1.1 2x0 OK\r\n\r\n", header: true},
		{name: "another protocol", raw: "HTTP/1.1 101 Switching Protocols\r\n\r\n", header: true},
		{name: "an endless header", raw: "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 20_000), header: true},
		{name: "an endless line", raw: "HTTP/1.1 200 OK\r\nX: " + long, header: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address, connections := speaker(t, tc.raw, tc.again)
			c := client(t, address, 5*time.Second)
			for range 2 {
				a, err := c.Post(t.Context(), &Request{Path: "/jsonrpc", Body: []byte("{}")})
				if tc.header {
					var e *Error
					if !errors.As(err, &e) || e.Kind != Broken {
						t.Fatalf("error %v, want kind Broken", err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(a)
				if a.Status != tc.status || string(body) != tc.body || (err != nil) != tc.cut {
					t.Errorf("status %d, body of %d bytes, error %v", a.Status, len(body), err)
				}
				a.Close()
				a.Close() // twice is once
			}
			if n := connections.Load(); (n == 1) != tc.again {
				t.Errorf("%d connections for 2 calls", n)
			}
		})
	}
}

// speaker answers every request with raw, byte for byte, and keeps the connection if again.
func speaker(t *testing.T, raw string, again bool) (address string, connections *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	connections = new(atomic.Int32)
	serve := func(c net.Conn) {
		defer c.Close()
		for r := bufio.NewReader(c); ; {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(c, raw)
			if !again {
				return
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go serve(c)
		}
	}()
	return "http://" + l.Addr().String(), connections
}

// TestWhatIsSent: the request as it arrives, below a path prefix, small and large.
func TestWhatIsSent(t *testing.T) {
	for _, size := range []int{0, 10, bufferSize, 1 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			got := make(chan *http.Request, 2)
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				r.ContentLength = n
				got <- r
			}))
			defer srv.Close()
			c := client(t, srv.URL+"/behind/", time.Second)
			for range 2 {
				a, err := c.Post(t.Context(), &Request{Path: "/jsonrpc", Fields: []Field{{"Content-Type", "text/xml"}, {"X-Request-Id", "a b"}},
					Body: bytes.Repeat([]byte("x"), size)})
				if err != nil {
					t.Fatal(err)
				}
				a.Close()
				r := <-got
				if r.Method != "POST" || r.URL.Path != "/behind/jsonrpc" || r.ContentLength != int64(size) || r.Host != strings.TrimPrefix(srv.URL, "http://") ||
					r.Header.Get("Content-Type") != "text/xml" || r.Header.Get("X-Request-Id") != "a b" || len(r.Header) != 3 {
					t.Errorf("Odoo received %s %s, %d bytes, %v", r.Method, r.URL, r.ContentLength, r.Header)
				}
			}
		})
	}
}

// TestNoInjection: a field's value can't become another field, or another request.
func TestNoInjection(t *testing.T) {
	address, requests := breaker(t, func(net.Conn) {})
	c := client(t, address, time.Second)
	for _, value := range []string{"a\r\nAPI-KEY: b", "a\nb", "a\x00b", "a\x7fb"} {
		if _, err := c.Post(t.Context(), &Request{Path: "/jsonrpc", Fields: []Field{{"X-Request-Id", value}}}); err == nil {
			t.Errorf("%q was sent", value)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("Odoo received %d requests", n)
	}
}

// TestTLS: the same over TLS, on a connection used again.
func TestTLS(t *testing.T) {
	connections := new(atomic.Int32)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hi") }))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	srv.StartTLS()
	defer srv.Close()
	c := client(t, srv.URL, time.Second)
	if _, err := c.Post(t.Context(), &Request{Path: "/jsonrpc"}); err == nil {
		t.Error("a certificate that nobody signed was accepted")
	}
	c.tls.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	before := connections.Load()
	for range 3 {
		a, err := c.Post(t.Context(), &Request{Path: "/jsonrpc"})
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(a); string(body) != "hi" || err != nil {
			t.Errorf("body %q, error %v", body, err)
		}
		a.Close()
	}
	if n := connections.Load() - before; n != 1 {
		t.Errorf("%d connections for 3 calls", n)
	}
}

// TestIdleConnectionsEnd: nobody keeps a connection open that is not used.
func TestIdleConnectionsEnd(t *testing.T) {
	p := pool{limit: 2}
	closed := make(chan struct{})
	for range 3 {
		a, b := net.Pipe()
		go func() {
			_, _ = io.Copy(io.Discard, b)
			closed <- struct{}{}
		}()
		p.put(newConnection(a, a))
	}
	<-closed // the one too many
	if len(p.idle) != 2 {
		t.Errorf("%d connections kept, want 2", len(p.idle))
	}
	for _, conn := range p.idle {
		conn.since = conn.since.Add(-idleTimeout)
	}
	p.expire()
	<-closed
	<-closed
	if len(p.idle) != 0 || p.timer != nil {
		t.Errorf("%d connections left, timer %v", len(p.idle), p.timer)
	}
}
