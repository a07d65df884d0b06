package upstream

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"odoobridge/rpc/socket"
)

// bufferSize is the size of a connection's read buffer, and the size up to which a call is written in one piece.
const bufferSize = 16 << 10

// connection is one connection to Odoo. One call at a time uses it.
type connection struct {
	net    net.Conn
	raw    net.Conn // beneath TLS, else net itself
	reader *bufio.Reader
	head   []byte  // the request's header, and its body if that is small; reused
	answer *Answer // the one that is being read

	used  bool // answered a call before
	since time.Time
}

func newConnection(c, raw net.Conn) *connection {
	conn := &connection{net: c, raw: raw}
	conn.reader = bufio.NewReaderSize(conn, bufferSize)
	return conn
}

// Read is how the reader gets more of the answer.
func (conn *connection) Read(p []byte) (int, error) { return conn.answer.more(p) }

func (conn *connection) secure() bool { return conn.net != conn.raw }

// open tells whether the other side has left an idle connection open, as far as can be known without waiting.
func (conn *connection) open() bool {
	switch socket.Peek(conn.raw) {
	case socket.Silent:
		return true
	case socket.Pending:
		// Bytes that nobody asked for are no good sign, but TLS sends tickets when it likes.
		return conn.secure()
	}
	return false
}

// longAgo as a deadline ends whatever is under way.
var longAgo = time.Unix(1, 0)

// errNothingSent is wrapped by the error of a round trip of which not one byte has gone out.
var errNothingSent = errors.New("nothing was sent")

// roundTrip writes the request and reads the answer's header. After an error the connection is of no more use.
func (conn *connection) roundTrip(ctx context.Context, c *Client, r *Request) (*Answer, error) {
	a := &Answer{client: c, conn: conn, wait: wait{ctx: ctx}}
	conn.answer = a
	if len(r.Body) > bufferSize {
		a.watch() // Odoo may be slow to take it
	}
	if err := conn.write(c, r); err != nil {
		a.release(false)
		return nil, err
	}
	if c.config.CallTimeout > 0 {
		a.expect(time.Now().Add(c.config.CallTimeout))
	}
	if err := a.readHeader(); err != nil {
		a.release(false)
		return nil, err
	}
	if c.config.CallTimeout > 0 {
		a.expect(time.Time{})
	}
	return a, nil
}

// write sends the request.
func (conn *connection) write(c *Client, r *Request) error {
	b := conn.head[:0]
	b = append(b, cmp.Or(r.Method, http.MethodPost)...)
	b = append(b, ' ')
	b = append(b, c.prefix...)
	b = append(b, r.Path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.host...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(r.Body)), 10)
	b = append(b, "\r\n"...)
	for _, f := range r.Fields {
		if !validField(f) {
			return fmt.Errorf("the header field %q can't be sent: %w", f.Name, errNothingSent)
		}
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, f.Value...)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)

	var n int64
	var err error
	if len(b)+len(r.Body) <= bufferSize {
		b = append(b, r.Body...)
		var m int
		m, err = conn.net.Write(b)
		n = int64(m)
	} else {
		n, err = conn.writeLarge(b, r.Body, c.config.CallTimeout)
	}
	clear(b) // the secret is in it
	conn.head = b[:0]
	if err == nil {
		return nil
	}
	// What TLS has written of a record it does not tell.
	if n == 0 && !conn.secure() {
		return fmt.Errorf("%w: %w", errNothingSent, err)
	}
	return err
}

// pieceSize is how much of a large request Odoo must take within CallTimeout.
const pieceSize = 256 << 10

// writeLarge writes the request of a caller who is watched. It may take as long as it takes where timeout is 0, else as long
// for each piece.
func (conn *connection) writeLarge(head, body []byte, timeout time.Duration) (written int64, err error) {
	if timeout == 0 {
		buffers := net.Buffers{head, body}
		return buffers.WriteTo(conn.net)
	}
	for piece := head; err == nil && len(piece) > 0; {
		conn.answer.mustTake(time.Now().Add(timeout))
		var n int
		n, err = conn.net.Write(piece)
		written += int64(n)
		piece = body[:min(pieceSize, len(body))]
		body = body[len(piece):]
	}
	conn.answer.mustTake(time.Time{})
	return written, err
}

// validField tells whether a field is one line (RFC 9110, section 5.5), so that nothing a caller wrote becomes a field
// of its own.
func validField(f Field) bool {
	for i := range len(f.Value) {
		if c := f.Value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return f.Name != ""
}
