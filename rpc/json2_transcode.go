package rpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Before 19 Odoo has no JSON-2: a call of it is said as object.execute_kw, and the answer in JSON-2 again.

// Member is a member of an object.
type Member struct {
	Name  string
	Value Value
}

// Named are the members of a call of JSON-2: each name once, with its last value, as in a Python dict.
func (e *Envelope) Named() []Member {
	return e.Params().Members()
}

// EmptyArray is [] as if it had come in JSON.
func EmptyArray() Value { return emptyValue }

// AppendNamedCall appends the /jsonrpc request of object.execute_kw: the arguments in head, then the model, the method, the
// method's positional arguments and its named ones.
func AppendNamedCall(dst []byte, head []Arg, model, method string, positional []Value, named []Member) []byte {
	args := []byte{'['}
	for i := range positional {
		args = append(appendComma(args, i), positional[i].raw...)
	}
	args = append(args, ']')
	kwargs := []byte{'{'}
	for i, m := range named {
		kwargs = appendComma(kwargs, i)
		kwargs = appendJSONString(kwargs, m.Name, false)
		kwargs = append(append(kwargs, ": "...), m.Value.raw...)
	}
	kwargs = append(kwargs, '}')
	rest := []Value{stringValue(model), stringValue(method), {raw: args, kind: Array}, {raw: kwargs, kind: Struct}}
	return AppendCall(dst, JSONRPC, nil, "object", "execute_kw", head, rest)
}

// JSON2Answer says how an answer of execute_kw is told in JSON-2.
type JSON2Answer struct {
	List  bool                // a single id is a list of one
	Error func(*Error) *Error // what 19 would have said of an error
}

// TranscodeJSON2 turns Odoo's answer to a JSON-RPC call, read from src, into one of JSON-2 and sends it. It keeps a window of
// the answer in memory, whatever its size.
//
// An error before anything was sent is an *Error for ErrorReply. Any other error means that the answer must be cut.
func TranscodeJSON2(w http.ResponseWriter, src io.Reader, how JSON2Answer) error {
	t := json2Transcoder{w: w, in: jsonStream{src: src, buf: make([]byte, piece)}}
	err := t.answer(how)
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if t.sent {
		return fmt.Errorf("the answer had begun to leave: %v", err) // not wrapped: it can no longer be an answer
	}
	return &Error{Class: "werkzeug.exceptions.BadGateway", Status: http.StatusBadGateway, Cause: err,
		Message: "502 Bad Gateway: Odoo's answer broke off or was no JSON. The call was carried out; look before you send it again"}
}

// json2Transcoder is one answer on its way.
type json2Transcoder struct {
	w    http.ResponseWriter
	in   jsonStream
	held []byte // of the result, not sent yet
	sent bool
}

func (t *json2Transcoder) answer(how JSON2Answer) error {
	member, err := t.head()
	switch {
	case err != nil:
		return err
	case member == "error":
		e, err := t.fault()
		if err != nil {
			return err
		}
		return ErrorReply(JSON2, json2Series, nil, how.Error(e)).Write(t.w)
	case member == "": // None: errors.none.json
		return t.whole([]byte("null"))
	}
	return t.result(how.List)
}

// head passes what stands before the result or the error, whose name it returns, "" where there is neither.
func (t *json2Transcoder) head() (string, error) {
	if !t.in.take('{') {
		return "", t.in.broken("where an object is expected")
	}
	for more := t.in.peek() != '}'; more; more = t.in.take(',') {
		if name, err := t.member(); err != nil || name != "" {
			return name, err
		}
	}
	if !t.in.take('}') {
		return "", t.in.broken("where an object should end")
	}
	return "", nil
}

// member passes a member, and is ""; of the result and the error it passes the name only, and is that.
func (t *json2Transcoder) member() (string, error) {
	name, err := t.text()
	if err != nil {
		return "", err
	}
	if !t.in.take(':') {
		return "", t.in.broken("where a colon is expected")
	}
	if c := t.in.peek(); name == "result" || name == "error" {
		return name, nil
	} else if c == '"' {
		_, err = t.text()
	} else {
		_, err = t.in.literal()
	}
	return "", err
}

// text reads a short string without escapes.
func (t *json2Transcoder) text() (string, error) {
	if !t.in.take('"') {
		return "", t.in.broken("where a string is expected")
	}
	text, err := t.in.literal()
	if err != nil {
		return "", err
	}
	s := string(text)
	if !t.in.take('"') {
		return "", t.in.broken("in a string")
	}
	return s, nil
}

// result sends the value that follows and passes what stands behind it.
func (t *json2Transcoder) result(list bool) error {
	c := t.in.peek()
	list = list && (c >= '0' && c <= '9')
	if list {
		t.held = append(t.held, '[')
	}
	first := len(t.held)
	var value jsonExtent
	for ended := false; !ended; {
		if !t.in.fill(1) {
			return t.in.broken("in its result")
		}
		var n int
		n, ended = value.scan(t.in.buf[t.in.pos:t.in.end])
		t.held = append(t.held, t.in.buf[t.in.pos:t.in.pos+n]...)
		t.in.pos += n
		if len(t.held) >= piece {
			if err := t.send(); err != nil {
				return err
			}
		}
	}
	if !t.sent && len(t.held) == first {
		return t.in.broken("where a result is expected")
	}
	if list {
		t.held = append(t.held, ']')
	}
	for t.in.take(',') {
		if name, err := t.member(); err != nil {
			return err
		} else if name != "" {
			return fmt.Errorf("%w: it has a %s behind its result", errBrokenJSON, name)
		}
	}
	if !t.in.take('}') {
		return t.in.broken("where an object should end")
	}
	if t.in.peek() != 0 || t.in.err != io.EOF {
		return t.in.broken("behind the end")
	}
	if !t.sent {
		return t.whole(t.held)
	}
	_, err := t.w.Write(t.held)
	return err
}

// jsonExtent finds the end of a JSON value that comes piece by piece. It checks nothing else: the value goes on as it is.
type jsonExtent struct {
	depth             int
	inString, escaped bool
}

// scan looks for the end in the next piece, which begins with the value or goes on with it. n is how much of the piece
// belongs to it.
func (x *jsonExtent) scan(piece []byte) (n int, ended bool) {
	for i, c := range piece {
		switch {
		case x.escaped:
			x.escaped = false
		case x.inString:
			x.escaped = c == '\\'
			if x.inString = c != '"'; !x.inString && x.depth == 0 {
				return i + 1, true
			}
		case c == '"':
			x.inString = true
		case c == '{', c == '[':
			x.depth++
		case x.depth == 0 && bytes.IndexByte([]byte(",}] \t\r\n"), c) >= 0: // behind a number or word
			return i, true
		case c == '}', c == ']':
			if x.depth--; x.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(piece), false
}

func (t *json2Transcoder) send() error {
	if !t.sent {
		for _, h := range jsonHeader(json2Series, true) {
			t.w.Header().Set(h.Name, h.Value)
		}
		t.w.WriteHeader(http.StatusOK)
		t.sent = true
	}
	_, err := t.w.Write(t.held)
	t.held = t.held[:0]
	return err
}

func (t *json2Transcoder) whole(body []byte) error {
	return Reply{http.StatusOK, jsonHeader(json2Series, true), body}.Write(t.w)
}

// fault reads the error that follows.
func (t *json2Transcoder) fault() (*Error, error) {
	for t.in.fill(1) {
		t.held = append(t.held, t.in.buf[t.in.pos:t.in.end]...)
		t.in.pos = t.in.end
		if len(t.held) > maxError {
			return nil, fmt.Errorf("%w: an error of more than %d bytes", errBrokenJSON, maxError)
		}
	}
	if t.in.err != io.EOF {
		return nil, t.in.err
	}
	s := jsonScanner{text: t.held}
	v, fault := s.value(1)
	if fault != 0 || v.kind != Struct || !s.take('}') {
		return nil, fmt.Errorf("%w: its error is no object", errBrokenJSON)
	}
	e := &Error{}
	for _, m := range jsonMembers(member(v, "data").raw) {
		text, _ := m.value.Str()
		switch decodeJSONString(m.name.raw) {
		case "name":
			e.Class = text
		case "message":
			e.Message = text
		case "debug":
			e.Debug = text
		case "arguments":
			e.Args = m.value.raw
		}
	}
	if e.Class == "" {
		return nil, fmt.Errorf("%w: its error has no name", errBrokenJSON)
	}
	return e, nil
}

// member is a member of an object that is an object itself; an empty one where there is none.
func member(object Value, name string) Value {
	for _, m := range jsonMembers(object.raw) {
		if jsonStringIs(m.name.raw, name) && m.value.kind == Struct {
			return m.value
		}
	}
	return Value{raw: []byte("{}"), kind: Struct}
}
