package rpc

import (
	"unicode/utf8"
)

// jsonCall is what the scan of a JSON-RPC body leaves. Each field holds the last value its name had: a Python dict
// keeps that one (pj.dup.service, pj.dup.params).
type jsonCall struct {
	endpoint Endpoint
	id       Value
	params   Value    // "params" when it is no object
	members  [4]Value // of "params" when it is one, those that the endpoint takes, in its order
}

// The members of "params" to /jsonrpc.
const (
	serviceMember = iota
	methodMember
	argsMember
)

// ParseJSON reads the body of POST /jsonrpc. The error is an *Error, worded as series s words it, for ErrorReply. After
// an error ID is what the answer must carry.
func (e *Envelope) ParseJSON(body []byte, s Series) error { return e.parseJSON(Request{}, body, s) }

func (e *Envelope) parseJSON(r Request, body []byte, s Series) error {
	e.reset(JSONRPC)
	if !utf8.Valid(body) {
		if s.oldHTTP() {
			return pageError(PageInternalError, "the body is not UTF-8")
		}
		// Later series decode with errors="replace" (pj.invalid.utf8).
		e.text = appendReplaced(e.text[:0], body)
		body = e.text
	}
	call := jsonCall{endpoint: r.Endpoint}
	if fault := e.scanJSON(body, &call); fault != 0 {
		return jsonFaultError(fault, body, s)
	}
	e.setID(call.id, s)
	if call.params.kind != Invalid {
		if err := call.unpackParams(s); err != nil {
			return err
		}
		if args := call.members[argsMember]; r.Endpoint == EndpointRPC && args.kind == Array {
			e.Args = append(e.Args, jsonElements(args.raw)...) // not many: see unpackPairs
		}
	}
	if err := call.missing(s); err != nil {
		return err
	}
	if r.Endpoint != EndpointRPC {
		e.setCall(r, call.members[:len(endpoints[r.Endpoint].params)])
		return nil
	}
	e.ServiceValue, e.MethodValue = call.members[serviceMember], call.members[methodMember]
	e.Service, e.Method = word(e.ServiceValue), word(e.MethodValue)
	return e.setArgs(call.members[argsMember])
}

// scanJSON reads the whole body in one pass. The elements of "args" go to e.Args as they pass.
func (e *Envelope) scanJSON(body []byte, call *jsonCall) jsonFault {
	s := jsonScanner{text: body}
	isObject := s.peek() == '{'
	var fault jsonFault
	if isObject {
		fault = e.scanCall(&s, call)
	} else {
		_, fault = s.value(0)
	}
	if fault != 0 {
		return fault
	}
	if s.peek(); s.pos < len(s.text) {
		return jsonInvalid
	}
	if !isObject {
		return jsonNotAnObject
	}
	return 0
}

func (e *Envelope) scanCall(s *jsonScanner, call *jsonCall) jsonFault {
	return scanMembers(s, func(name []byte) (fault jsonFault) {
		switch {
		case jsonStringIs(name, "params"):
			*call = jsonCall{endpoint: call.endpoint, id: call.id}
			e.Args = e.Args[:0]
			if s.peek() == '{' {
				return e.scanParams(s, call)
			}
			call.params, fault = s.value(1)
		case jsonStringIs(name, "id"):
			call.id, fault = s.value(1)
		default:
			_, fault = s.value(1)
		}
		return fault
	})
}

func (e *Envelope) scanParams(s *jsonScanner, call *jsonCall) jsonFault {
	return scanMembers(s, func(name []byte) (fault jsonFault) {
		i := call.member(name)
		switch {
		case i < 0:
			_, fault = s.value(2)
			return fault
		case i == argsMember && call.endpoint == EndpointRPC:
			e.Args = e.Args[:0]
			if s.peek() == '[' {
				call.members[i], fault = e.scanArgs(s)
				return fault
			}
		}
		call.members[i], fault = s.value(2)
		return fault
	})
}

// member is the place of the parameter name, a JSON string, among those the endpoint takes; -1 if it takes no such one.
func (c *jsonCall) member(name []byte) int {
	for i, param := range endpoints[c.endpoint].params {
		if jsonStringIs(name, param) {
			return i
		}
	}
	return -1
}

// scanArgs reads the array at pos into e.Args.
func (e *Envelope) scanArgs(s *jsonScanner) (Value, jsonFault) {
	start := s.pos
	s.pos++
	if !s.take(']') {
		for {
			v, fault := s.value(3)
			if fault != 0 {
				return Value{}, fault
			}
			if len(e.Args) == maxArgs {
				return Value{}, jsonTooMany
			}
			e.Args = append(e.Args, v)
			if s.take(',') {
				continue
			}
			if !s.take(']') {
				return Value{}, jsonInvalid
			}
			break
		}
	}
	return Value{raw: s.text[start:s.pos], kind: Array}, 0
}

// scanMembers reads the object at pos; member reads the value behind each name.
func scanMembers(s *jsonScanner, member func(name []byte) jsonFault) jsonFault {
	s.pos++
	if s.take('}') {
		return 0
	}
	for {
		if s.peek() != '"' {
			return jsonInvalid
		}
		start := s.pos
		if fault := s.skipString(); fault != 0 {
			return fault
		}
		name := s.text[start:s.pos]
		if !s.take(':') {
			return jsonInvalid
		}
		if fault := member(name); fault != 0 {
			return fault
		}
		if s.take(',') {
			continue
		}
		if !s.take('}') {
			return jsonInvalid
		}
		return 0
	}
}

// setID keeps the id as Python's json prints it again: as it stands where that is the same text, which it nearly always
// is.
func (e *Envelope) setID(id Value, s Series) {
	switch {
	case id.kind == Invalid:
		return // absent: null
	case id.kind == Bool, id.kind == Null, id.kind == Int && id.raw[0] != '-', id.kind == String && plainASCII(id.raw):
		e.ID = id.raw
	default:
		e.ID = appendReprinted(nil, id, s.oldHTTP())
	}
}

// plainASCII is true of a string's text that every printer prints alike.
func plainASCII(raw []byte) bool {
	for _, c := range raw {
		if c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// setArgs fills Args from an "args" that is no array with what Python's *args makes of it: the names of an object, the
// characters of a string (pj.params.argsdict, pj.params.argsstring). Anything else cannot be unpacked.
func (e *Envelope) setArgs(args Value) error {
	e.ArgsKind, e.args = args.kind, args
	if args.kind != Array && len(args.raw) > maxArgs {
		return tooManyArgs() // or fewer and long ones: no call that anyone makes
	}
	switch args.kind {
	case Struct:
		for _, m := range jsonMembers(args.raw) {
			e.Args = append(e.Args, m.name)
		}
	case String:
		inside := args.raw[1 : len(args.raw)-1]
		for i := 0; i < len(inside); {
			_, next := nextJSONRune(inside, i)
			quoted := append(append([]byte{'"'}, inside[i:next]...), '"')
			e.Args = append(e.Args, Value{raw: quoted, kind: String})
			i = next
		}
	}
	return nil
}

// appendReplaced appends b with what is not UTF-8 replaced as Python's errors="replace" does: one U+FFFD for each
// longest beginning of a character, unlike Go, which replaces byte by byte.
func appendReplaced(dst, b []byte) []byte {
	dst = grow(dst, len(b)+countMalformed(b)*(len("\uFFFD")-1))
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			n = malformedLen(b[i:])
			dst = append(dst, "\uFFFD"...)
		} else {
			dst = append(dst, b[i:i+n]...)
		}
		i += n
	}
	return dst
}

// countMalformed counts what appendReplaced replaces.
func countMalformed(b []byte) (n int) {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			size = malformedLen(b[i:])
			n++
		}
		i += size
	}
	return n
}

// malformedLen is the length of the malformed sequence at the start of b: the bytes that could begin a character, at
// least one (Unicode 15, section 3.9, maximal subpart).
func malformedLen(b []byte) int {
	lo, hi, want := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 1
	case c >= 0xe0 && c <= 0xef:
		want = 2
		if c == 0xe0 {
			lo = 0xa0
		}
		if c == 0xed {
			hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		want = 3
		if c == 0xf0 {
			lo = 0x90
		}
		if c == 0xf4 {
			hi = 0x8f
		}
	}
	n := 1
	for ; n <= want && n < len(b) && b[n] >= lo && b[n] <= hi; n++ {
		lo, hi = 0x80, 0xbf
	}
	return n
}
