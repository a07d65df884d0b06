package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"net/textproto"
	"strconv"
)

// Answer is what Odoo said. Its body is read from it, once; Close is to be called in any case.
type Answer struct {
	Status int
	Fields []Field // those that are not the connection's own, in their order
	Length int64   // of the body, -1 where only its end will tell

	client *Client
	conn   *connection
	wait
	body    io.Reader // what is left of it
	chunked bool
	close   bool // the connection ends with this answer
	whole   bool // the body was read to its end
	fixed   [8]Field
	limited io.LimitedReader
}

// maxHeader bounds an answer's header.
const maxHeader = 64 << 10

// readHeader reads the header of the answer, past interim ones.
func (a *Answer) readHeader() error {
	budget := maxHeader
	for {
		line, err := a.line(&budget)
		if err != nil {
			return err
		}
		old, err := a.statusLine(line)
		if err != nil {
			return err
		}
		a.Fields, a.Length, a.chunked, a.close = a.fixed[:0], -1, false, old
		if err := a.readFields(&budget); err != nil {
			return err
		}
		if a.Status >= 200 {
			break
		}
		if a.Status == 101 {
			return errors.New("the answer switches protocols")
		}
	}
	switch {
	case a.Status == 204 || a.Status == 304:
		a.Length, a.whole = 0, true
	case a.chunked && a.Length >= 0:
		return errors.New("the answer has both a length and chunks")
	case a.chunked:
		a.body = httputil.NewChunkedReader(a.conn.reader)
	case a.Length >= 0:
		a.limited = io.LimitedReader{R: a.conn.reader, N: a.Length}
		a.body, a.whole = &a.limited, a.Length == 0
	default:
		a.body, a.close = a.conn.reader, true
	}
	return nil
}

// line reads a line of the header, without its end. It is good until the next read.
func (a *Answer) line(budget *int) ([]byte, error) {
	line, err := a.conn.reader.ReadSlice('\n')
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("the answer's header: %w", err)
	}
	if *budget -= len(line); *budget < 0 {
		return nil, fmt.Errorf("the answer's header is longer than %d bytes", maxHeader)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// statusLine reads "HTTP/1.1 200 OK" and tells whether it is HTTP/1.0.
func (a *Answer) statusLine(line []byte) (old bool, err error) {
	rest, ok := bytes.CutPrefix(line, []byte("HTTP/1."))
	if !ok || len(rest) < 5 || rest[1] != ' ' || (len(rest) > 5 && rest[5] != ' ') {
		return false, errors.New("the answer does not begin as HTTP/1")
	}
	a.Status = 0
	for _, c := range rest[2:5] {
		if c < '0' || c > '9' {
			return false, errors.New("the answer's status is no number")
		}
		a.Status = a.Status*10 + int(c-'0')
	}
	return rest[0] == '0', nil
}

// readFields reads the header fields up to the empty line.
func (a *Answer) readFields(budget *int) error {
	for {
		line, err := a.line(budget)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || name[len(name)-1] == ' ' || name[0] == ' ' || name[0] == '\t' {
			return errors.New("the answer has a line that is no header field")
		}
		if err := a.field(knownName(name), bytes.TrimSpace(value)); err != nil {
			return err
		}
	}
}

func (a *Answer) field(name string, value []byte) error {
	switch name {
	case "Content-Length":
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 || (a.Length >= 0 && a.Length != n) {
			return fmt.Errorf("the answer's Content-Length is %q", value)
		}
		a.Length = n
	case "Transfer-Encoding":
		if !bytes.EqualFold(value, []byte("chunked")) || a.chunked {
			return fmt.Errorf("the answer's Transfer-Encoding is %q", value)
		}
		a.chunked = true
	case "Connection":
		for option := range bytes.SplitSeq(value, []byte(",")) {
			switch option = bytes.TrimSpace(option); {
			case bytes.EqualFold(option, []byte("close")):
				a.close = true
			case bytes.EqualFold(option, []byte("keep-alive")):
				a.close = false
			}
		}
	case "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade":
		// The connection's own (RFC 9110, section 7.6.1).
	default:
		a.Fields = append(a.Fields, Field{name, knownValue(value)})
	}
	return nil
}

// knownName is a field's name in its usual spelling. Those that Odoo sends are not allocated.
func knownName(name []byte) string {
	switch string(name) {
	case "Content-Length", "content-length":
		return "Content-Length"
	case "Content-Type", "content-type":
		return "Content-Type"
	case "Connection", "connection":
		return "Connection"
	case "Date", "date":
		return "Date"
	case "Server", "server":
		return "Server"
	case "Transfer-Encoding", "transfer-encoding":
		return "Transfer-Encoding"
	case "X-Content-Type-Options", "x-content-type-options":
		return "X-Content-Type-Options"
	}
	return textproto.CanonicalMIMEHeaderKey(string(name))
}

// knownValue is a field's value. Those that Odoo sends with every answer are not allocated.
func knownValue(value []byte) string {
	switch string(value) {
	case "application/json":
		return "application/json"
	case "application/json; charset=utf-8":
		return "application/json; charset=utf-8"
	case "text/xml; charset=utf-8":
		return "text/xml; charset=utf-8"
	case "nosniff":
		return "nosniff"
	}
	return string(value)
}

// Read reads the body. The end of a body whose length was announced, or which came in chunks, is io.EOF only if all of
// it was there, else io.ErrUnexpectedEOF.
func (a *Answer) Read(p []byte) (int, error) {
	if a.whole {
		return 0, io.EOF
	}
	n, err := a.body.Read(p)
	if a.body == &a.limited && a.limited.N == 0 {
		a.whole = true
	}
	if err != io.EOF {
		return n, err
	}
	switch {
	case a.body == &a.limited && !a.whole:
		return n, io.ErrUnexpectedEOF
	case a.chunked:
		if err := a.readTrailer(); err != nil {
			return n, err
		}
	}
	a.whole = true
	return n, io.EOF
}

// readTrailer reads the fields after the last chunk, which say nothing to us.
func (a *Answer) readTrailer() error {
	for budget := maxHeader; ; {
		line, err := a.line(&budget)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
	}
}

// Close ends the answer. Its connection is kept for another call if the body was read to its end.
func (a *Answer) Close() {
	if a.conn != nil {
		a.release(a.whole && !a.close)
	}
}

// release gives the connection up, to be used again or not.
func (a *Answer) release(reuse bool) {
	conn := a.conn
	a.conn = nil
	if !a.unwatch() {
		reuse = false
	}
	if !reuse || conn.reader.Buffered() > 0 {
		conn.net.Close()
		return
	}
	conn.used = true
	a.client.idle.put(conn)
}
