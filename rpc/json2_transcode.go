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
	params := e.Params()
	if params.kind != Struct {
		return nil
	}
	members := jsonMembers(params.raw)
	named := make([]Member, len(members))
	for i, m := range members {
		named[i] = Member{decodeJSONString(m.name.raw), m.value}
	}
	return named
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
		if err != nil {
			return "", err
		}
	}
	if !t.in.take('}') {
		return "", t.in.broken("where an object should end")
	}
	return "", nil
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

// result sends what follows, without the brace that ends the envelope.
func (t *json2Transcoder) result(list bool) error {
	c := t.in.peek()
	list = list && (c >= '0' && c <= '9')
	if list {
		t.held = append(t.held, '[')
	}
	for t.in.fill(1) {
		t.held = append(t.held, t.in.buf[t.in.pos:t.in.end]...)
		t.in.pos = t.in.end
		// The last bytes wait: the brace and blanks around it may be among them.
		if cut := len(t.held) - len(t.tail()); cut >= piece {
			if err := t.send(cut); err != nil {
				return err
			}
		}
	}
	if t.in.err != io.EOF {
		return t.in.err
	}
	body, ok := bytes.CutSuffix(bytes.TrimRight(t.held, " \t\r\n"), []byte{'}'})
	if !ok {
		return fmt.Errorf("%w: it does not end as an object", errBrokenJSON)
	}
	body = bytes.TrimRight(body, " \t\r\n")
	if list {
		body = append(body, ']')
	}
	if !t.sent {
		return t.whole(body)
	}
	_, err := t.w.Write(body)
	return err
}

// tail is the end of what is held that can't be sent before it is known whether the text goes on.
func (t *json2Transcoder) tail() []byte {
	end := bytes.TrimRight(t.held, " \t\r\n")
	end = bytes.TrimRight(bytes.TrimSuffix(end, []byte{'}'}), " \t\r\n")
	return t.held[len(end):]
}

func (t *json2Transcoder) send(n int) error {
	if !t.sent {
		for _, h := range jsonHeader(json2Series, true) {
			t.w.Header().Set(h.Name, h.Value)
		}
		t.w.WriteHeader(http.StatusOK)
		t.sent = true
	}
	_, err := t.w.Write(t.held[:n])
	t.held = append(t.held[:0], t.held[n:]...)
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
