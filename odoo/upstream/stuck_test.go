package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// stuck is an Odoo all of whose workers are busy: the kernel takes connections for it, and as much as fits its buffers.
func stuck(t *testing.T) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// largeBody is more than the buffers of two sockets hold.
var largeBody = strings.Repeat("x", 32<<20)

// TestLargeCallIsNotTaken: CallTimeout holds also where Odoo does not even take the call.
func TestLargeCallIsNotTaken(t *testing.T) {
	config := Config{URL: stuck(t), CallTimeout: 100 * time.Millisecond}
	c := New(config)
	defer c.Close()
	var e *Error
	if _, err := c.Post(t.Context(), &Request{Path: "/", Body: []byte(largeBody)}); !errors.As(err, &e) || e.Kind != Timeout {
		t.Errorf("a call: %v, want Timeout", err)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, config.URL.String(), strings.NewReader(largeBody))
	res, err := NewTransport(config).RoundTrip(r)
	if err == nil {
		res.Body.Close()
	}
	if !errors.As(err, &e) || e.Kind != Timeout {
		t.Errorf("a passage: %v, want Timeout", err)
	}
}

// TestCallerLeavesLargeCall: a caller who goes away while Odoo takes nothing is not held, whether there is a CallTimeout or not.
func TestCallerLeavesLargeCall(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Hour} {
		c := New(Config{URL: stuck(t), CallTimeout: timeout})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, leave)
		var e *Error
		if _, err := c.Post(ctx, &Request{Path: "/", Body: []byte(largeBody)}); !errors.As(err, &e) || e.Kind != Canceled {
			t.Errorf("CallTimeout %v: %v, want Canceled", timeout, err)
		}
		c.Close()
	}
}

// TestLargeCallTakenSlowly: a large call may take longer than CallTimeout as long as Odoo goes on taking it.
func TestLargeCallTakenSlowly(t *testing.T) {
	const pieces, timeout = 8, 2 * time.Second
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		for range pieces {
			time.Sleep(timeout * 3 / 2 / pieces)
			_, _ = io.CopyN(io.Discard, conn, int64(len(largeBody)/pieces))
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }() // the header's length more
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		time.Sleep(timeout)
	}()
	c := New(Config{URL: &url.URL{Scheme: "http", Host: l.Addr().String()}, CallTimeout: timeout})
	defer c.Close()
	begin := time.Now()
	a, err := c.Post(t.Context(), &Request{Path: "/", Body: []byte(largeBody)})
	if err != nil {
		t.Fatalf("after %v: %v", time.Since(begin), err)
	}
	defer a.Close()
	if body, err := io.ReadAll(a); string(body) != "ok" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}
