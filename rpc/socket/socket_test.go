//go:build unix

package socket

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pair is a wrapped connection, as a server accepts it, and the client's end of it.
func pair(t testing.TB) (wrapped net.Conn, other *net.TCPConn) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listener{inner}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wrapped.Close(); client.Close() })
	return wrapped, client.(*net.TCPConn)
}

// bound ends a test that hangs.
var bound = 10 * time.Second

// TestBothWays: everything arrives, in order, while both sides read and write at once, in pieces larger and smaller than
// what the socket holds.
func TestBothWays(t *testing.T) {
	wrapped, other := pair(t)
	sent := make([]byte, 8<<20)
	source := rand.NewChaCha8([32]byte{1})
	source.Read(sent)
	var wg sync.WaitGroup
	for _, side := range []net.Conn{wrapped, other} {
		_ = side.SetDeadline(time.Now().Add(bound))
		wg.Go(func() {
			rest, size := sent, 1
			for len(rest) > 0 {
				n, err := side.Write(rest[:min(len(rest), size)])
				if err != nil {
					t.Error(err)
					return
				}
				rest, size = rest[n:], size*3
			}
		})
		wg.Go(func() {
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(side, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%T received something else than was sent: %v", side, err)
			}
		})
	}
	wg.Wait()
}

// TestEnds: what a reader and a writer are told when there is no more, each by the error that package net uses for it.
func TestEnds(t *testing.T) {
	read := func(c net.Conn) error {
		_, err := c.Read(make([]byte, 10))
		return err
	}
	write := func(c net.Conn) error {
		for {
			if _, err := c.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
	}
	soon := func() time.Time { return time.Now().Add(20 * time.Millisecond) }
	for _, tc := range []struct {
		name   string
		change func(wrapped, other *net.TCPConn)
		use    func(net.Conn) error
		want   error
	}{
		{"the other side closes", func(_, other *net.TCPConn) { other.Close() }, read, io.EOF},
		{"the other side resets, read", func(_, other *net.TCPConn) { other.SetLinger(0); other.Close() }, read, syscall.ECONNRESET},
		{"the other side resets, write", func(_, other *net.TCPConn) { other.SetLinger(0); other.Close() }, write, syscall.EPIPE},
		{"read deadline", func(wrapped, _ *net.TCPConn) { wrapped.SetReadDeadline(soon()) }, read, os.ErrDeadlineExceeded},
		{"write deadline", func(wrapped, _ *net.TCPConn) { wrapped.SetWriteDeadline(soon()) }, write, os.ErrDeadlineExceeded},
		{"deadline in the past", func(wrapped, _ *net.TCPConn) { wrapped.SetDeadline(time.Unix(1, 0)) }, read, os.ErrDeadlineExceeded},
		{"closed here", func(wrapped, _ *net.TCPConn) { wrapped.Close() }, read, net.ErrClosed},
		{"closed here, write", func(wrapped, _ *net.TCPConn) { wrapped.Close() }, write, net.ErrClosed},
	} {
		for _, when := range []string{"before", "meanwhile"} {
			t.Run(tc.name+" "+when, func(t *testing.T) {
				wrapped, other := pair(t)
				change := func() { tc.change(wrapped.(*conn).TCPConn, other) }
				if when == "before" {
					change()
				} else {
					timer := time.AfterFunc(10*time.Millisecond, change)
					defer timer.Stop()
				}
				var err error
				done := make(chan struct{})
				go func() { err = tc.use(wrapped); close(done) }()
				select {
				case <-done:
				case <-time.After(bound):
					t.Fatal("still waiting")
				}
				// Which of the two a reset is told as depends on when it comes.
				reset := tc.want == syscall.EPIPE && errors.Is(err, syscall.ECONNRESET)
				if !errors.Is(err, tc.want) && !reset {
					t.Errorf("%v, want %v", err, tc.want)
				}
				if op := new(net.OpError); tc.want != io.EOF && !errors.As(err, &op) {
					t.Errorf("%T, want a *net.OpError", err)
				} else if tc.want == os.ErrDeadlineExceeded && !op.Timeout() {
					t.Error("a deadline that is no timeout")
				}
			})
		}
	}
}

func TestPeek(t *testing.T) {
	wrapped, other := pair(t)
	await := func(want State) {
		t.Helper()
		for end := time.Now().Add(bound); Peek(wrapped) != want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("state %d, want %d", Peek(wrapped), want)
			}
		}
	}
	await(Silent)
	if _, err := io.WriteString(other, "x"); err != nil {
		t.Fatal(err)
	}
	await(Pending)
	if n, err := wrapped.Read(make([]byte, 10)); n != 1 || err != nil {
		t.Errorf("after the look: %d, %v; want the byte", n, err)
	}
	await(Silent)
	other.Close()
	await(Closed)
	wrapped.Close()
	await(Closed)
}

// TestOthers: what is no TCP connection is left alone.
func TestOthers(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if Wrap(a) != a || Peek(a) != Silent {
		t.Error("a pipe was wrapped")
	}
}
