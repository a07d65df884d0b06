package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
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
		{"no more of the header in time", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le"); <-wait }, Timeout},
	} {
		for _, size := range []int{2, 1 << 20} {
			t.Run(fmt.Sprint(tc.name, size), func(t *testing.T) {
				address, requests := breaker(t, tc.handle)
				c := client(t, address, 200*time.Millisecond)
				_, err := c.Post(t.Context(), &Request{Path: "/jsonrpc", Body: make([]byte, size)})
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

// TestCallerGoesAway: a call ends with its caller, at whatever point it is.
func TestCallerGoesAway(t *testing.T) {
	const begun = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
	for _, tc := range []struct {
		name   string
		answer string // what Odoo says before it says no more
		after  time.Duration
		body   int
	}{
		{"at once", "", 0, 10},
		{"before anyone looks", "", patience / 4, 10},
		{"while waiting", "", 2 * patience, 10},
		{"within the header", "HTTP/1.1 200 OK\r\nConte", 2 * patience, 10},
		{"within the header, early", "HTTP/1.1 200 OK\r\nConte", patience / 4, 10},
		{"within the body", begun, 2 * patience, 10},
		{"within the body, early", begun, patience / 4, 10},
		{"after a large request", "", 2 * patience, 1 << 20},
	} {
		for _, timeout := range []time.Duration{0, time.Minute} {
			t.Run(tc.name+" "+timeout.String(), func(t *testing.T) {
				t.Parallel()
				stuck := make(chan struct{})
				defer close(stuck)
				address, _ := breaker(t, func(c net.Conn) {
					_, _ = io.WriteString(c, tc.answer)
					<-stuck
				})
				c := client(t, address, timeout)
				ctx, cancel := context.WithCancel(t.Context())
				defer time.AfterFunc(tc.after, cancel).Stop()
				a, err := c.Post(ctx, &Request{Path: "/jsonrpc", Body: make([]byte, tc.body)})
				if err == nil {
					_, err = io.ReadAll(a)
					a.Close()
					if err == nil || ctx.Err() == nil {
						t.Errorf("the answer ended with %v", err)
					}
				} else if e := new(Error); !errors.As(err, &e) || e.Kind != Canceled {
					t.Errorf("error %v, want kind Canceled", err)
				}
				if c.idle.get() != nil {
					t.Error("the connection is kept for another call")
				}
			})
		}
	}
}

// TestCallerGoesAwayBeforeOdooReads: a request that Odoo does not take ends with its caller, too.
func TestCallerGoesAwayBeforeOdooReads(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // nobody accepts: the kernel does, and takes what its buffers hold
	request := &Request{Path: "/jsonrpc", Body: make([]byte, 32<<20)}
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(200*time.Millisecond, cancel).Stop()
	_, err = client(t, "http://"+l.Addr().String(), 0).Post(ctx, request)
	if e := new(Error); !errors.As(err, &e) || e.Kind != Canceled {
		t.Errorf("error %v, want kind Canceled", err)
	}
}

// TestSlowAnswers: what comes late, or in pieces, comes whole, and its connection serves again.
func TestSlowAnswers(t *testing.T) {
	pieces := []string{"HTTP/1.1 200 OK\r\n", "Content-Length: 10\r\n\r\n", "01234", "56789"}
	for _, timeout := range []time.Duration{0, time.Minute} {
		for _, size := range []int{10, 1 << 20} {
			t.Run(fmt.Sprint(timeout, size), func(t *testing.T) {
				t.Parallel()
				var served atomic.Int32
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				go func() {
					c, err := l.Accept() // only one: each call has to come over it
					if err != nil {
						return
					}
					defer c.Close()
					for r := bufio.NewReader(c); ; served.Add(1) {
						req, err := http.ReadRequest(r)
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, req.Body)
						for i, piece := range pieces {
							if int(served.Load())%len(pieces) == i {
								time.Sleep(2 * patience)
							}
							_, _ = io.WriteString(c, piece)
						}
					}
				}()
				c := client(t, "http://"+l.Addr().String(), timeout)
				for range 2 * len(pieces) {
					a, err := c.Post(t.Context(), &Request{Path: "/jsonrpc", Body: make([]byte, size)})
					if err != nil {
						t.Fatal(err)
					}
					if body, err := io.ReadAll(a); err != nil || string(body) != "0123456789" {
						t.Errorf("%q, %v", body, err)
					}
					a.Close()
				}
			})
		}
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
			v, err := c.Version(t.Context(), Auto)
			if got := v.Series; got != tc.want || (err == nil) != tc.ok {
				t.Errorf("series %d, error %v; want %d, ok %v", v.Series, err, tc.want, tc.ok)
			}
		})
	}
}

// TestProtocol: which endpoints Odoo is asked at for its version, and by which it is to be called.
func TestProtocol(t *testing.T) {
	const (
		common = `{"result": {"server_version": "19.0", "server_serie": "19.0", "server_version_info": [19, 0]}}`
		named  = `{"version": "19.0+e", "version_info": [19, 0, 0, "final", 0, "e"]}`
		online = `{"version": "saas~19.2+e", "version_info": ["saas~19", 2, 0, "final", 0, "e"]}`
	)
	tests := []struct {
		name     string
		protocol Protocol
		has      map[string]string // what Odoo answers, by path; 404 elsewhere
		want     Version           // but for Info
		asked    string
		wrong    string // in the error
	}{
		{"auto, both", Auto, map[string]string{"/jsonrpc": common, "/json/version": named}, Version{Series: 19, Text: "19.0", Serie: "19.0"}, "POST /jsonrpc", ""},
		{"auto, JSON-2 alone", Auto, map[string]string{"/json/version": named},
			Version{Series: 19, Text: "19.0+e", Serie: "19.0", JSON2: true}, "POST /jsonrpc, GET /json/version", ""},
		{"auto, Odoo Online", Auto, map[string]string{"/json/version": online},
			Version{Series: 19, Text: "saas~19.2+e", Serie: "saas~19.2", JSON2: true}, "POST /jsonrpc, GET /json/version", ""},
		{"auto, /jsonrpc that makes no sense", Auto, map[string]string{"/jsonrpc": "[]", "/json/version": named}, Version{}, "POST /jsonrpc", "common.version"},
		{"auto, nothing", Auto, nil, Version{}, "POST /jsonrpc, GET /json/version", "/json/version of Odoo: status 404"},
		{"rpc", RPC, map[string]string{"/json/version": named}, Version{}, "POST /jsonrpc", "/jsonrpc of Odoo: status 404"},
		{"json2", JSON2, map[string]string{"/jsonrpc": common, "/json/version": named},
			Version{Series: 19, Text: "19.0+e", Serie: "19.0", JSON2: true}, "GET /json/version", ""},
		{"no version", JSON2, map[string]string{"/json/version": `{"version": "19.0"}`}, Version{}, "GET /json/version", "version_info"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var asked []string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Method+" "+r.URL.Path)
				answer, ok := test.has[r.URL.Path]
				if !ok {
					w.WriteHeader(http.StatusNotFound)
				}
				_, _ = io.WriteString(w, answer)
			}))
			got, err := client(t, srv.URL, time.Second).Version(t.Context(), test.protocol)
			srv.Close()
			if strings.Join(asked, ", ") != test.asked {
				t.Errorf("asked %v, want %s", asked, test.asked)
			}
			if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
				t.Fatalf("error %v, want %q", err, test.wrong)
			}
			if got.Info = nil; err == nil && !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
	if p := NewProbe(client(t, "http://127.0.0.1:1", time.Second), JSON2, time.Hour); !p.Version().JSON2 || p.Series() != 19 {
		t.Errorf("before Odoo answered, json2 is %+v", p.Version())
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
	p := NewProbe(client(t, srv.URL, time.Second), Auto, time.Hour)
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
