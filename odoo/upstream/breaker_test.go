package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const pauseOfTests = 50 * time.Millisecond

// TestBreaker: what opens it, what does not, and that one attempt decides when the pause is over.
func TestBreaker(t *testing.T) {
	failed := errors.New("no route to host")
	var changes []string
	b := NewBreaker(3, pauseOfTests, func(state string) { changes = append(changes, state) })
	dials := 0
	dial := func(err error) func(context.Context) (net.Conn, error) {
		return func(context.Context) (net.Conn, error) { dials++; return nil, err }
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, err := range []error{failed, failed, nil, failed, failed} {
		_, _ = b.connect(t.Context(), dial(err))
	}
	for range 5 {
		_, _ = b.connect(gone, dial(context.Canceled)) // which says nothing of Odoo
	}
	if b.State() != Closed {
		t.Fatalf("%s after two failures in a row", b.State())
	}
	_, err := b.connect(t.Context(), dial(failed))
	if b.State() != Open || !errors.Is(err, failed) {
		t.Fatalf("%s after three failures in a row; %v", b.State(), err)
	}
	dials = 0
	var refused *RefusedError
	if _, err := b.connect(t.Context(), dial(nil)); !errors.As(err, &refused) || refused.Pause != pauseOfTests || dials != 0 {
		t.Errorf("open: %v, %d dials", err, dials)
	}

	waitFor(t, b, HalfOpen)
	dialling, end := make(chan struct{}), make(chan error)
	probe := make(chan error)
	go func() {
		_, err := b.connect(t.Context(), func(context.Context) (net.Conn, error) { close(dialling); return nil, <-end })
		probe <- err
	}()
	<-dialling
	if _, err := b.connect(t.Context(), dial(nil)); !errors.As(err, &refused) || dials != 0 {
		t.Errorf("beside the attempt: %v, %d dials", err, dials)
	}
	end <- failed
	if err := <-probe; !errors.Is(err, failed) || b.State() != Open {
		t.Errorf("the attempt failed: %v, %s", err, b.State())
	}

	waitFor(t, b, HalfOpen)
	if _, err := b.connect(gone, dial(context.Canceled)); !errors.Is(err, context.Canceled) || b.State() != HalfOpen {
		t.Errorf("an attempt whose caller went away: %v, %s", err, b.State())
	}
	if _, err := b.connect(t.Context(), dial(nil)); err != nil || b.State() != Closed {
		t.Errorf("the attempt succeeded: %v, %s", err, b.State())
	}
	if want := []string{Open, HalfOpen, Open, HalfOpen, Closed}; !slices.Equal(changes, want) {
		t.Errorf("changes %v, want %v", changes, want)
	}
}

func waitFor(t *testing.T, b *Breaker, state string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); b.State() != state; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s, want %s", b.State(), state)
		}
	}
}

func TestNoBreaker(t *testing.T) {
	b := NewBreaker(0, time.Hour, nil)
	for range 10 {
		if _, err := b.connect(t.Context(), func(context.Context) (net.Conn, error) { return nil, io.EOF }); err != io.EOF || b.State() != Closed {
			t.Fatal(err, b.State())
		}
	}
}

// TestOnlyConnectingCounts: an Odoo that is slow, breaks off or refuses is one that is there.
func TestOnlyConnectingCounts(t *testing.T) {
	b := NewBreaker(1, time.Hour, nil)
	odoo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			time.Sleep(20 * pauseOfTests)
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/bad":
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer odoo.Close()
	base, _ := url.Parse(odoo.URL)
	c := New(Config{URL: base, CallTimeout: pauseOfTests, Breaker: b})
	defer c.Close()
	for path, want := range map[string]Kind{"/slow": Timeout, "/cut": Broken} {
		_, err := c.Post(t.Context(), &Request{Path: path})
		var e *Error
		if !errors.As(err, &e) || e.Kind != want || b.State() != Closed {
			t.Errorf("%s: %v, %s", path, err, b.State())
		}
	}
	a, err := c.Post(t.Context(), &Request{Path: "/bad"})
	if err != nil || b.State() != Closed {
		t.Fatal(err, b.State())
	}
	a.Close()
}

// TestDeadOdoo has many callers at once in front of a port on which nothing listens, then something: nobody is told that their
// call may have been sent, no connection is tried for while the breaker is open, by the transport neither, and what is
// back is found.
func TestDeadOdoo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	base := &url.URL{Scheme: "http", Host: address}
	const pause = 300 * time.Millisecond
	opened := make(chan struct{}, 1)
	b := NewBreaker(3, pause, func(state string) {
		if state == Open {
			select {
			case opened <- struct{}{}:
			default:
			}
		}
	})
	config := Config{URL: base, Breaker: b}
	c, passages := New(config), NewTransport(config)
	defer c.Close()
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			var e *Error
			if _, err := c.Post(t.Context(), &Request{Path: "/"}); !errors.As(err, &e) || e.Kind != Unreachable {
				t.Errorf("%v, want Unreachable", err)
			}
		})
	}
	callers.Wait()
	<-opened
	if b.State() == Closed {
		t.Fatal("closed after 20 failures")
	}

	if b.State() == Open {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base.String(), nil)
		var e *Error
		res, err := passages.RoundTrip(r)
		if err == nil {
			res.Body.Close()
		}
		if !errors.As(err, &e) || e.Kind != Unreachable {
			t.Errorf("a passage: %v, want Unreachable", err)
		}
	}

	var requests atomic.Int32
	l, err = net.Listen("tcp", address)
	if err != nil {
		t.Skipf("the port is taken meanwhile: %v", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) })}
	defer server.Close()
	go func() { _ = server.Serve(l) }()
	answered := int32(0)
	for deadline := time.Now().Add(30 * time.Second); answered < 5; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what is back is not found")
		}
		if a, err := c.Post(t.Context(), &Request{Path: "/"}); err == nil {
			answered++
			_, _ = io.Copy(io.Discard, a)
			a.Close()
		}
	}
	if requests.Load() != answered || b.State() != Closed {
		t.Errorf("%d requests for %d answers, %s", requests.Load(), answered, b.State())
	}
}
