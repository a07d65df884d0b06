//go:build unix

package socket

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// chunk is how many bytes one system call moves at most.
const chunk = 64 << 10

// conn is a TCP connection. What it does not do itself its TCPConn does, on the same socket: closing and deadlines work
// on reads and writes here as they do there.
type conn struct {
	*net.TCPConn
	raw     syscall.RawConn
	in, out transfer
}

// transfer is a read or a write under way. One at a time is, each way.
type transfer struct {
	mu sync.Mutex
	// until has the poller call step, once and again whenever more can be done. Both are bound once, not for each call.
	until func(step func(fd uintptr) (done bool)) error
	step  func(fd uintptr) (done bool)

	p   []byte
	n   int // of p, moved
	err error
}

// Wrap returns c with cheaper reads and writes. Where there are none it returns c itself.
func Wrap(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	w := &conn{TCPConn: tcp, raw: raw}
	w.in.until, w.in.step = raw.Read, w.in.read
	w.out.until, w.out.step = raw.Write, w.out.write
	return w
}

// read moves what there is; it is not done if there is nothing yet.
func (t *transfer) read(fd uintptr) (done bool) {
	for {
		n, err := read(fd, t.p[:min(len(t.p), chunk)])
		switch err {
		case 0:
			t.n = n
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.err = os.NewSyscallError("read", err)
			return true
		}
	}
}

// write moves what there is room for; it is not done while there is more.
func (t *transfer) write(fd uintptr) (done bool) {
	for t.n < len(t.p) {
		n, err := write(fd, t.p[t.n:min(len(t.p), t.n+chunk)])
		switch err {
		case 0:
			t.n += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.err = os.NewSyscallError("write", err)
			return true
		}
	}
	return true
}

// run makes the transfer of p.
func (t *transfer) run(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p, t.n, t.err = p, 0, nil
	err := t.until(t.step)
	t.p = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.in.run(p)
	if err != nil {
		return n, c.failed("read", err)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.run(p)
	if err != nil {
		err = c.failed("write", err)
	}
	return n, err
}

// failed is err as package net reports it. The poller's own, of a deadline or a closed connection, are that already.
func (c *conn) failed(op string, err error) error {
	if e, ok := err.(*net.OpError); ok {
		err = e.Err
	}
	return &net.OpError{Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// Peek looks at a connection that Wrap returned. Of any other it only knows that it is Silent.
func Peek(c net.Conn) State {
	w, ok := c.(*conn)
	if !ok {
		return Silent
	}
	state := Closed
	err := w.raw.Control(func(fd uintptr) { // a deadline in the past would end a Read
		var b [1]byte
		switch n, err := peek(fd, b[:]); {
		case err == syscall.EAGAIN || err == syscall.EINTR:
			state = Silent
		case err == 0 && n > 0:
			state = Pending
		}
	})
	if err != nil {
		return Closed
	}
	return state
}
