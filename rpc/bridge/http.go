package bridge

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"sync"

	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// scratch is what one call works in. It is used again for a later one.
type scratch struct {
	body []byte
	out  []byte
	env  rpc.Envelope
	up   upstream.Request

	memory *memory // of all requests together
	held   int64   // of which this one has taken so much
}

var scratches = sync.Pool{New: func() any { return &scratch{body: make([]byte, 0, 8<<10), out: make([]byte, 0, 8<<10)} }}

// keep is the largest buffer that is kept for later calls: a rare 100 MB upload must not occupy memory for ever.
const keep = 1 << 20

func (b *Bridge) scratch() *scratch {
	s := scratches.Get().(*scratch)
	s.memory = &b.memory
	return s
}

func (s *scratch) release() {
	_ = s.memory.resize(&s.held, 0) // what gets smaller has room
	if cap(s.body) > keep || cap(s.out) > keep {
		return
	}
	// What was in it may have been a password.
	clear(s.body)
	clear(s.out)
	s.env.ID, s.up.Body = nil, nil
	clear(s.up.Fields[:cap(s.up.Fields)])
	scratches.Put(s)
}

// inAdvance is, in bytes, how much of an announced body there is room for before any of it has come. A length is a
// promise that costs the client nothing.
const inAdvance = 16 << 20

// grow makes room for more of a body that announces length bytes, -1 for none. One that has come so far gets all it needs
// at once, for every copy on the way is as much memory again.
func (s *scratch) grow(length int64) error {
	have := int64(len(s.body))
	more := have + max(have/4, small)
	switch {
	case have == 0 && length > 0:
		more = min(length, inAdvance) + 1
	case have >= inAdvance && length >= have:
		more = min(length+1, 4*have)
	}
	if err := s.memory.resize(&s.held, more); err != nil {
		return err
	}
	s.body = append(make([]byte, 0, more), s.body...)
	return nil
}

// room makes room for the canonical envelope of a large body, which is hardly larger than the arguments in it, but for
// the escapes of a text that is written in JSON.
func (s *scratch) room(transcode bool) {
	if len(s.body) <= keep {
		return
	}
	n := 4 << 10
	for _, arg := range s.env.Args {
		raw := arg.Raw()
		n += len(raw) + len("<param>\n<value></value>\n</param>\n")
		if transcode {
			for _, escaped := range []string{`"`, `\`, "\n", "\t", "\r"} {
				n += bytes.Count(raw, []byte(escaped))
			}
		}
	}
	if cap(s.out) < n {
		s.out = make([]byte, 0, n)
	}
}

// read reads the body, at most limit bytes of it, piece by piece at pace p, which the bridge has begun to count when the
// request came in. A body that announces its length gets its buffer at once.
func (s *scratch) read(w http.ResponseWriter, r *http.Request, limit int64, p pace) error {
	s.body = s.body[:0]
	if r.ContentLength > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	if r.ContentLength >= int64(cap(s.body)) {
		if err := s.grow(r.ContentLength); err != nil {
			return err
		}
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	for {
		if len(s.body) == cap(s.body) {
			if err := s.grow(r.ContentLength); err != nil {
				return err
			}
		}
		n, err := body.Read(s.body[len(s.body):cap(s.body)])
		s.body = s.body[:len(s.body)+n]
		if err == nil {
			p.next(w)
			continue
		}
		if err == io.EOF {
			p.done(w)
			return nil
		}
		return p.judge(err)
	}
}

// passedOn are the request headers that Odoo gets as they came. All others stay here, credentials and those with
// underscores, which a WSGI server would take for their namesakes with dashes, among them.
var passedOn = []string{"Accept-Language", "User-Agent"}

// appendForwarded appends the fields that Odoo gets besides the Content-Type. The encoding of an answer that is to be
// read here is not for the caller to choose.
func appendForwarded(fields []upstream.Field, r *http.Request, rec *Record, trace TraceContext, read bool) []upstream.Field {
	for _, v := range r.Header["Accept-Encoding"] {
		if !read {
			fields = append(fields, upstream.Field{Name: "Accept-Encoding", Value: v})
		}
	}
	for _, name := range passedOn {
		for _, v := range r.Header[name] {
			fields = append(fields, upstream.Field{Name: name, Value: v})
		}
	}
	return append(trace.appendTo(fields),
		upstream.Field{Name: "X-Request-Id", Value: rec.RequestID},
		// For Odoo in proxy mode, which believes them only all together.
		upstream.Field{Name: "X-Forwarded-For", Value: rec.Source.String()},
		upstream.Field{Name: "X-Forwarded-Host", Value: r.Host},
		upstream.Field{Name: "X-Forwarded-Proto", Value: scheme(r)})
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// usual are the values of the fields that come with nearly every answer, ready for a header map. Nobody writes to them.
var usual = map[upstream.Field][]string{
	{Name: "Content-Type", Value: "application/json"}:                {"application/json"},
	{Name: "Content-Type", Value: "application/json; charset=utf-8"}: {"application/json; charset=utf-8"},
	{Name: "Content-Type", Value: "text/xml; charset=utf-8"}:         {"text/xml; charset=utf-8"},
	{Name: "X-Content-Type-Options", Value: "nosniff"}:               {"nosniff"},
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// stream hands Odoo's answer on as it comes, but for a session that Odoo may open for the bridge, which is not the
// caller's.
func stream(w http.ResponseWriter, a *upstream.Answer) error {
	header := w.Header()
	header["Content-Type"] = nil // where Odoo sends none, net/http would guess one
	for _, f := range a.Fields {
		switch values, ok := usual[f]; {
		case f.Name == "Set-Cookie":
		case ok:
			header[f.Name] = values
		case header[f.Name] == nil:
			header[f.Name] = []string{f.Value}
		default:
			header[f.Name] = append(header[f.Name], f.Value)
		}
	}
	if a.Length >= 0 {
		header["Content-Length"] = []string{strconv.FormatInt(a.Length, 10)}
	}
	w.WriteHeader(a.Status)
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{a}, *buf)
	return err
}

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
