package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"odoobridge/rpc"
)

func client(t *testing.T, rawURL string, timeout time.Duration) *Client {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	c := New(Config{URL: u, CallTimeout: timeout})
	t.Cleanup(c.Close)
	return c
}

// breaker is an upstream whose connections end as handle leaves them, after it has read one request.
func breaker(t *testing.T, handle func(net.Conn)) (address string, requests *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	requests = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				req, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				requests.Add(1)
				handle(c)
			}()
		}
	}()
	return "http://" + l.Addr().String(), requests
}

// TestNeverTwice: whatever becomes of a call that was sent, it is sent once.
func TestNeverTwice(t *testing.T) {
	wait := make(chan struct{})
	defer close(wait)
	for _, tc := range []struct {
		name   string
		handle func(net.Conn)
		want   Kind
	}{
		{"cut without an answer", func(net.Conn) {}, Broken},
		{"cut in the middle of the header", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le") }, Broken},
		{"no HTTP", func(c net.Conn) { _, _ = io.WriteString(c, "hello\r\n\r\n") }, Broken},
		{"no answer in time", func(net.Conn) { <-wait }, Timeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address, requests := breaker(t, tc.handle)
			c := client(t, address, 200*time.Millisecond)
			_, err := c.Post(t.Context(), &Request{Path: "/jsonrpc", Body: []byte("{}")})
			var e *Error
			if !errors.As(err, &e) || e.Kind != tc.want {
				t.Errorf("error %v, want kind %d", err, tc.want)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("Odoo received the call %d times, want once", n)
			}
		})
	}
}

// TestStaleConnection: a kept-alive connection that Odoo has closed meanwhile must cost at most an error, never a
// second sending.
func TestStaleConnection(t *testing.T) {
	var served atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { served.Add(1) }))
	defer srv.Close()
	c := client(t, srv.URL, time.Second)
	for i := range 20 {
		before := served.Load()
		res, err := c.Post(t.Context(), &Request{Path: "/jsonrpc", Body: []byte("{}")})
		sent := served.Load() - before
		if err == nil {
			_, _ = io.Copy(io.Discard, res)
			res.Close()
		}
		if sent > 1 || (err == nil && sent != 1) {
			t.Fatalf("call %d was served %d times, error %v", i, sent, err)
		}
		srv.CloseClientConnections()
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := client(t, "http://"+l.Addr().String(), time.Second)
	_, err = c.Post(t.Context(), &Request{Path: "/jsonrpc"})
	var e *Error
	if !errors.As(err, &e) || e.Kind != Unreachable {
		t.Errorf("error %v, want kind Unreachable", err)
	}
}

func TestCallerGoesAway(t *testing.T) {
	wait := make(chan struct{})
	defer close(wait)
	address, _ := breaker(t, func(net.Conn) { <-wait })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := client(t, address, 0).Post(ctx, &Request{Path: "/jsonrpc"})
	var e *Error
	if !errors.As(err, &e) || e.Kind != Canceled {
		t.Errorf("error %v, want kind Canceled", err)
	}
}

func TestVersion(t *testing.T) {
	for _, tc := range []struct {
		name, answer string
		status       int
		want         rpc.Series
		ok           bool
	}{
		{"18.0", `{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "18.0", "server_serie": "18.0"}}`, 200, 18, true},
		{"Odoo Online", `{"result": {"server_serie": "saas~17.4"}}`, 200, 17, true},
		{"enterprise suffix", `{"result": {"server_version": "18.0+e", "server_serie": "18.0"}}`, 200, 18, true},
		{"an error", `{"error": {"message": "Odoo Server Error"}}`, 200, 0, false},
		{"no JSON", `<html>`, 200, 0, false},
		{"a page", `no`, 502, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.answer)
			}))
			defer srv.Close()
			c := client(t, srv.URL, time.Second)
			got, err := c.Version(t.Context())
			if got != tc.want || (err == nil) != tc.ok {
				t.Errorf("series %d, error %v; want %d, ok %v", got, err, tc.want, tc.ok)
			}
		})
	}
}

// TestProbe: the series is learned, survives Odoo's absence, and is learned again.
func TestProbe(t *testing.T) {
	answer := new(atomic.Value)
	answer.Store(`{"result": {"server_serie": "15.0"}}`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, answer.Load().(string))
	}))
	defer srv.Close()
	p := NewProbe(client(t, srv.URL, time.Second), time.Hour)
	if p.Series() != 0 {
		t.Errorf("series %d before Odoo was asked", p.Series())
	}
	for _, step := range []struct {
		answer string
		want   rpc.Series
		ok     bool
	}{
		{`{"result": {"server_serie": "15.0"}}`, 15, true},
		{`nothing`, 15, false},
		{`{"result": {"server_serie": "18.0"}}`, 18, true},
	} {
		answer.Store(step.answer)
		err := p.Ask(t.Context())
		if p.Series() != step.want || (err == nil) != step.ok {
			t.Errorf("after %s: series %d, error %v; want %d, ok %v", step.answer, p.Series(), err, step.want, step.ok)
		}
	}
}
