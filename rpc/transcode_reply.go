package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"unicode/utf8"
)

// TranscodeReply turns Odoo's answer to a JSON-RPC call, read from src, into what its /xmlrpc would have answered to the
// same call, byte for byte, and sends it. It reads once and keeps a window of the answer in memory, whatever its size.
//
// Some results are faults in XML-RPC: None from series 16 on, an integer of more than 32 bits. As long as the answer fits
// into the window, the fault is sent; behind it the answer has begun to leave, and the error says that it must be cut.
//
// An error before anything was sent is an *Error for ErrorReply. Any other error means that the answer must be cut.
func TranscodeReply(w http.ResponseWriter, p Protocol, s Series, src io.Reader) error {
	t := transcoders.Get().(*transcoder)
	defer t.release()
	t.w, t.protocol, t.series = w, p, s
	t.in.src = src
	err := t.answer()
	var fault *Error
	switch {
	case t.sent && err == nil:
		err = t.flush()
	case t.sent:
		err = fmt.Errorf("the answer had begun to leave: %v", err) // not wrapped: it can no longer be an answer
	case err == nil:
		return Reply{http.StatusOK, xmlHeader(s, true), t.out}.Write(w)
	case errors.As(err, &fault):
		return ErrorReply(p, s, nil, fault).Write(w)
	default:
		err = &Error{Class: "werkzeug.exceptions.BadGateway", Status: http.StatusBadGateway, Cause: err,
			Message: "502 Bad Gateway: Odoo's answer broke off or was no JSON. The call was carried out; look before you send it again"}
	}
	return err
}

const (
	// window is how much of an answer is held back, in case that what follows makes a fault of it.
	window = 1 << 20
	// piece is how much is written at once behind the window.
	piece = 32 << 10
	// maxError bounds an error of Odoo's, traceback included.
	maxError = 8 << 20
	// maxReplyDepth bounds the nesting of a result; Python's XML-RPC marshaller gives up before.
	maxReplyDepth = 1000
)

// transcoder is one answer on its way.
type transcoder struct {
	w        http.ResponseWriter
	protocol Protocol
	series   Series
	in       jsonStream
	out      []byte
	sent     bool // the header is out
	held     bool // what is being written is taken back, and must not leave
}

var transcoders = sync.Pool{New: func() any {
	return &transcoder{in: jsonStream{buf: make([]byte, piece)}, out: make([]byte, 0, piece)}
}}

func (t *transcoder) release() {
	out := t.out[:0]
	if cap(out) > 2*piece {
		out = make([]byte, 0, piece) // the rare large answer must not occupy memory for ever
	}
	*t = transcoder{in: jsonStream{buf: t.in.buf}, out: out}
	transcoders.Put(t)
}

// answer reads the envelope: {"jsonrpc": "2.0", "id": ..., "result": ...}, or "error" in its place. Without either the
// result is None (errors.none.json).
func (t *transcoder) answer() error {
	t.out = appendXMLHead(t.out, t.series)
	t.out = append(t.out, "<params>\n<param>\n"...)
	if !t.in.take('{') {
		return t.in.broken("where an object is expected")
	}
	found := false
	for more := t.in.peek() != '}'; more; more = t.in.take(',') {
		name, err := t.name()
		if err != nil {
			return err
		}
		switch name {
		case "result":
			if found {
				return fmt.Errorf("%w: it has two results", errBrokenJSON)
			}
			found = true
			err = t.value()
		case "error":
			err = t.fault()
		default:
			err = t.skip()
		}
		if err != nil {
			return err
		}
	}
	if !t.in.take('}') {
		return t.in.broken("where a comma or the end of the object is expected")
	}
	if t.in.peek() != 0 || (t.in.err != io.EOF) {
		return t.in.broken("behind the end")
	}
	if !found {
		if err := t.none(); err != nil {
			return err
		}
	}
	t.out = append(t.out, "</param>\n</params>\n"...)
	t.out = appendXMLEnd(t.out, t.series)
	return nil
}

// name reads a member's name and the colon behind it.
func (t *transcoder) name() (string, error) {
	if t.in.peek() != '"' {
		return "", t.in.broken("where a name is expected")
	}
	keep := len(t.out)
	t.held = true
	err := t.text()
	t.held = false
	name := string(t.out[keep:])
	t.out = t.out[:keep]
	if err != nil {
		return "", err
	}
	if !t.in.take(':') {
		return "", t.in.broken("where a colon is expected")
	}
	return name, nil
}

// fault reads Odoo's error and returns it.
func (t *transcoder) fault() error {
	var raw struct {
		Data struct {
			Name, Message, Debug string
			Arguments            json.RawMessage
		}
		Message string
	}
	rest := io.MultiReader(bytes.NewReader(t.in.buf[t.in.pos:t.in.end]), t.in.src)
	if err := json.NewDecoder(io.LimitReader(rest, maxError)).Decode(&raw); err != nil {
		return fmt.Errorf("%w: its error: %w", errBrokenJSON, err)
	}
	if raw.Data.Name == "" {
		return fmt.Errorf("%w: its error %q has no exception", errBrokenJSON, raw.Message)
	}
	return &Error{Class: raw.Data.Name, Message: raw.Data.Message, Args: raw.Data.Arguments, Debug: raw.Data.Debug}
}

// skip passes a value that says nothing to us, by writing it nowhere.
func (t *transcoder) skip() error {
	switch t.in.peek() {
	case '{', '[':
		return t.in.broken("where a plain value is expected")
	case '"':
		keep := len(t.out)
		t.held = true
		err := t.text()
		t.held = false
		t.out = t.out[:keep]
		return err
	}
	text, err := t.in.literal()
	if err != nil {
		return err
	}
	_, err = literalKind(text)
	return err
}

// value writes the next value, and all inside of it, as <value>.
func (t *transcoder) value() error {
	// One bit for each open container: set for an object.
	var object [maxReplyDepth/64 + 1]uint64
	depth := 0
	for {
		opened, err := t.open(t.in.peek())
		if err != nil {
			return err
		}
		if opened != 0 {
			if depth++; depth > maxReplyDepth {
				return pyError("builtins.RecursionError", "maximum recursion depth exceeded")
			}
			object[depth/64] &^= 1 << (depth % 64)
			if opened == '{' {
				object[depth/64] |= 1 << (depth % 64)
			}
			continue // with its first value
		}
		// Behind a value.
		for depth > 0 {
			inObject := object[depth/64]&(1<<(depth%64)) != 0
			if inObject {
				t.out = append(t.out, "</member>\n"...)
			}
			c := t.in.peek()
			t.in.pos++
			if c == ',' {
				if inObject {
					if err := t.member(); err != nil {
						return err
					}
				}
				break
			}
			switch {
			case inObject && c == '}':
				t.out = append(t.out, "</struct></value>\n"...)
			case !inObject && c == ']':
				t.out = append(t.out, "</data></array></value>\n"...)
			default:
				t.in.pos--
				return t.in.broken("where a comma or the end of a container is expected")
			}
			depth--
		}
		if depth == 0 {
			return nil
		}
		if err := t.ease(); err != nil {
			return err
		}
	}
}

// open writes a scalar or an empty container whole. Of another container it writes the beginning, and returns its
// bracket: its first value is next.
func (t *transcoder) open(c byte) (bracket byte, err error) {
	switch c {
	case '{':
		t.in.pos++
		t.out = append(t.out, "<value><struct>\n"...)
		if t.in.take('}') {
			t.out = append(t.out, "</struct></value>\n"...)
			return 0, nil
		}
		return c, t.member()
	case '[':
		t.in.pos++
		t.out = append(t.out, "<value><array><data>\n"...)
		if t.in.take(']') {
			t.out = append(t.out, "</data></array></value>\n"...)
			return 0, nil
		}
		return c, nil
	case '"':
		t.out = append(t.out, "<value><string>"...)
		if err := t.text(); err != nil {
			return 0, err
		}
		t.out = append(t.out, "</string></value>\n"...)
		return 0, nil
	}
	return 0, t.literal()
}

// member writes the beginning of a member up to its value.
func (t *transcoder) member() error {
	if t.in.peek() != '"' {
		return t.in.broken("where a name is expected")
	}
	t.out = append(t.out, "<member>\n<name>"...)
	if err := t.text(); err != nil {
		return err
	}
	t.out = append(t.out, "</name>\n"...)
	if !t.in.take(':') {
		return t.in.broken("where a colon is expected")
	}
	return nil
}

// literal writes a number, a boolean or None.
func (t *transcoder) literal() error {
	text, err := t.in.literal()
	if err != nil {
		return err
	}
	kind, err := literalKind(text)
	if err != nil {
		return err
	}
	switch kind {
	case Null:
		return t.none()
	case Bool:
		n := byte('0')
		if text[0] == 't' {
			n = '1'
		}
		t.out = append(append(append(t.out, "<value><boolean>"...), n), "</boolean></value>\n"...)
		return nil
	case Float:
		t.double(text)
		return nil
	}
	n, ok := smallInt(text)
	if !ok || n > math.MaxInt32 || n < math.MinInt32 {
		return pyError("builtins.OverflowError", "int exceeds XML-RPC limits") // values.int.big.xml2
	}
	t.out = append(t.out, "<value><int>"...)
	t.out = strconv.AppendInt(t.out, n, 10)
	t.out = append(t.out, "</int></value>\n"...)
	return nil
}

// literalKind is what a word or number is in Python's JSON.
func literalKind(text []byte) (Kind, error) {
	s := jsonScanner{text: text}
	v, fault := s.value(0)
	if fault != 0 || s.pos != len(text) {
		return Invalid, fmt.Errorf("%w: %q is no value", errBrokenJSON, text)
	}
	return v.kind, nil
}

// double writes a float as Python's repr of it, which is what Odoo's JSON has too but for NaN and the infinities.
func (t *transcoder) double(text []byte) {
	t.out = append(t.out, "<value><double>"...)
	t.out = appendPyFloat(t.out, parseJSONFloat(text), "nan", "inf")
	t.out = append(t.out, "</double></value>\n"...)
}

func (t *transcoder) none() error {
	if !t.series.oldXML() {
		return TypeError("cannot marshal None unless allow_none is enabled") // values.none.xml2 in 18
	}
	t.out = append(t.out, "<value><nil/></value>"...) // without a line end, as xmlrpc.client writes it
	return nil
}

// text writes a string as appendAnswerText does.
func (t *transcoder) text() error {
	j := &t.in
	j.pos++
	for {
		i := j.pos
		for i < j.end && !special[j.buf[i]] {
			i++
		}
		t.out = append(t.out, j.buf[j.pos:i]...)
		j.pos = i
		if i == j.end {
			if err := t.ease(); err != nil {
				return err
			}
			if !j.fill(1) {
				return j.broken("in a string")
			}
			continue
		}
		switch c := j.buf[i]; c {
		case '"':
			j.pos++
			return nil
		case '\\':
			r, err := j.escape()
			if err != nil {
				return err
			}
			t.out = appendAnswerRune(t.out, r)
		case '<', '>', '&':
			t.out = appendAnswerRune(t.out, rune(c))
			j.pos++
		case notACharacter[0]:
			if j.fill(len(notACharacter)) && j.buf[j.pos+1] == notACharacter[1] && j.buf[j.pos+2] >= notACharacter[2] {
				t.out = utf8.AppendRune(t.out, utf8.RuneError)
				j.pos += len(notACharacter)
			} else {
				t.out = append(t.out, c)
				j.pos++
			}
		default:
			return j.broken("in a string")
		}
	}
}

// notACharacter is U+FFFE, which XML can't have, no more than U+FFFF behind it.
const notACharacter = "\uFFFE"

// special are the bytes inside a JSON string that don't stand for themselves in character data, or may not.
var special = func() (is [256]bool) {
	for c := range ' ' {
		is[c] = true
	}
	for _, c := range `"\<>&` {
		is[c] = true
	}
	is[notACharacter[0]] = true
	return is
}()

// ease lets go of what has been written, once it no longer fits into the window.
func (t *transcoder) ease() error {
	switch {
	case len(t.out) < piece, len(t.out) < window && !t.sent:
		return nil
	case !t.held:
		return t.flush()
	case len(t.out) < 2*window:
		return nil
	}
	return fmt.Errorf("%w: a word of its envelope is longer than %d bytes", errBrokenJSON, window)
}

func (t *transcoder) flush() error {
	if !t.sent {
		t.sent = true
		h := t.w.Header()
		for _, f := range xmlHeader(t.series, true) {
			h.Set(f.Name, f.Value)
		}
		t.w.WriteHeader(http.StatusOK)
	}
	_, err := t.w.Write(t.out)
	t.out = t.out[:0]
	return err
}
