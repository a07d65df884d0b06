package bridge

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"odoobridge/rpc"
)

// scratch is what one call works in. It is used again for a later one.
type scratch struct {
	body []byte
	out  []byte
	env  rpc.Envelope
}

var scratches = sync.Pool{New: func() any { return &scratch{body: make([]byte, 0, 8<<10), out: make([]byte, 0, 8<<10)} }}

// keep is the largest buffer that is kept for later calls: a rare 100 MB upload must not occupy memory for ever.
const keep = 1 << 20

func getScratch() *scratch { return scratches.Get().(*scratch) }

func (s *scratch) release() {
	if cap(s.body) > keep || cap(s.out) > keep {
		return
	}
	// What was in it may have been a password.
	clear(s.body)
	clear(s.out)
	s.env.ID = nil
	scratches.Put(s)
}

// readError is a body that could not be read: the client's connection, not its call, is at fault.
type readError struct{ cause error }

func (e *readError) Error() string { return "the request's body broke off: " + e.cause.Error() }
func (e *readError) Unwrap() error { return e.cause }

// read reads the body, at most limit bytes of it. A body that announces its length gets its buffer at once.
func (s *scratch) read(w http.ResponseWriter, r *http.Request, limit int64) error {
	s.body = s.body[:0]
	if r.ContentLength > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	// A length is a promise that costs the client nothing, so it gets no more than this in advance.
	if n := min(r.ContentLength, 16<<20); n > int64(cap(s.body)) {
		s.body = make([]byte, 0, n+1)
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	for {
		if len(s.body) == cap(s.body) {
			s.body = append(s.body, 0)[:len(s.body)]
		}
		n, err := body.Read(s.body[len(s.body):cap(s.body)])
		s.body = s.body[:len(s.body)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			var size *http.MaxBytesError
			if errors.As(err, &size) {
				return size
			}
			return &readError{err}
		}
	}
}

// passedOn are the request headers that Odoo gets as they came. All others stay here, credentials and those with
// underscores, which a WSGI server would take for their namesakes with dashes, among them.
var passedOn = []string{"Accept-Encoding", "Accept-Language", "User-Agent", "Traceparent", "Tracestate"}

func forwardedHeader(r *http.Request, rec *Record) http.Header {
	h := make(http.Header, len(passedOn)+5)
	h["User-Agent"] = nil // net/http would name itself
	for _, name := range passedOn {
		if v, ok := r.Header[name]; ok {
			h[name] = v
		}
	}
	h.Set("X-Request-Id", rec.RequestID)
	// For Odoo in proxy mode, which believes them only all together.
	h.Set("X-Forwarded-For", rec.Source.String())
	h.Set("X-Forwarded-Host", r.Host)
	h.Set("X-Forwarded-Proto", "http")
	if r.TLS != nil {
		h.Set("X-Forwarded-Proto", "https")
	}
	return h
}

// notCopied are the response headers that belong to one connection (RFC 9110, section 7.6.1), and the session that Odoo
// may open for the bridge, which is not the caller's.
var notCopied = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Proxy-Authenticate": true, "Te": true,
	"Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Set-Cookie": true,
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// stream hands Odoo's answer on as it comes.
func stream(w http.ResponseWriter, res *http.Response) error {
	header := w.Header()
	for name, values := range res.Header {
		if !notCopied[name] {
			header[name] = values
		}
	}
	for name := range strings.SplitSeq(res.Header.Get("Connection"), ",") {
		header.Del(strings.TrimSpace(name))
	}
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // net/http would guess one
	}
	w.WriteHeader(res.StatusCode)
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, res.Body, *buf)
	return err
}

// countingWriter remembers what was answered.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController find the writer beneath.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// requestID is the caller's X-Request-Id where that is fit for a log, else a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	fit := len(id) >= 8 && len(id) <= 64
	for _, c := range []byte(id) {
		fit = fit && (c == '-' || c == '.' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
	}
	if fit {
		return id
	}
	var b [8]byte
	rand.Read(b[:]) // never fails, says its documentation
	return hex.EncodeToString(b[:])
}
