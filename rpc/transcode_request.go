package rpc

import "bytes"

// AppendTranscodedCall appends the JSON-RPC body of a call whose remaining arguments came by XML-RPC: what AppendCall
// writes for a caller who speaks JSON. It tells whether it could: values that JSON has no word for, dates and bytes, and
// elements in other places than the XML-RPC specification gives them, can't be said, and dst is returned as it was. Such a
// call is to be forwarded as it came.
func AppendTranscodedCall(dst []byte, service, method string, head []Arg, rest []Value) ([]byte, bool) {
	start := len(dst)
	dst = append(dst, `{"jsonrpc": "2.0", "method": "call", "params": {"service": `...)
	dst = appendJSONString(dst, service, false)
	dst = append(dst, `, "method": `...)
	dst = appendJSONString(dst, method, false)
	dst = append(dst, `, "args": [`...)
	for i := range head {
		dst = appendComma(dst, i)
		dst = appendJSONArg(dst, &head[i])
	}
	for i := range rest {
		dst = appendComma(dst, len(head)+i)
		var ok bool
		if dst, ok = appendXMLAsJSON(dst, rest[i]); !ok {
			return dst[:start], false
		}
	}
	return appendJSONEnd(append(dst, ']'), transcodedID), true
}

// transcodedID is the id of a call whose caller has none.
var transcodedID = []byte("1")

func appendXMLAsJSON(dst []byte, v Value) ([]byte, bool) {
	switch v.kind {
	case Array, Struct:
		w := xmlWalk{doc: v.raw}
		dst = w.typed(dst, 0)
		return dst, !w.lost && w.at == len(w.doc)
	}
	return appendXMLScalarAsJSON(dst, v)
}

func appendXMLScalarAsJSON(dst []byte, v Value) ([]byte, bool) {
	switch v.kind {
	case Null:
		return append(dst, "null"...), true
	case Bool:
		if v.Truthy() {
			return append(dst, "true"...), true
		}
		return append(dst, "false"...), true
	case Int:
		if text := v.xmlData(); plainInt(text) {
			return append(dst, text...), true
		}
		text, ok := v.intText()
		return append(dst, text...), ok
	case Float:
		if v.elem == elemBigDecimal {
			return dst, false // a Decimal, which JSON has not
		}
		return appendPyFloat(dst, v.float(), "NaN", "Infinity"), true
	case String:
		if text := v.xmlData(); plainXMLData(text) {
			return appendJSONText(dst, text), true
		}
		s, _ := v.Str()
		return appendJSONString(dst, s, false), true
	}
	return dst, false
}

// plainInt tells whether an integer is written as JSON writes it.
func plainInt(b []byte) bool {
	if _, ok := smallInt(b); !ok {
		return false
	}
	digits := bytes.TrimPrefix(b, []byte("-"))
	return len(digits) == 1 && b[0] != '-' || digits[0] != '0'
}

// appendJSONText is appendJSONString for text that is mostly plain.
func appendJSONText(dst, text []byte) []byte {
	dst = append(dst, '"')
	for {
		n := plainJSON(text, 0)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"')
		}
		dst = appendJSONRune(dst, rune(text[n]), false)
		text = text[n+1:]
	}
}

// xmlWalk goes through the inside of a checked value that has values in it. The values at the bottom of the
// Unmarshaller's stack are all that the envelope knows; what is inside of them only had to be well formed, and may stand
// in places where Python finds it all the same. Here everything stands where the specification says, or the walk is lost.
type xmlWalk struct {
	doc   []byte
	at    int
	lost  bool
	loose bool // what JSON has no word for is said by what is nearest: see InJSON
}

// space passes white space.
func (w *xmlWalk) space() {
	for w.at < len(w.doc) {
		switch w.doc[w.at] {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return
		}
	}
}

// take passes white space and the tag given, if it is there to the letter.
func (w *xmlWalk) take(tag string) bool {
	w.space()
	if !bytes.HasPrefix(w.doc[w.at:], []byte(tag)) {
		return false
	}
	w.at += len(tag)
	return true
}

// need is take of a tag without which the walk is lost.
func (w *xmlWalk) need(tag string) {
	if !w.take(tag) {
		w.lost = true
	}
}

// typed writes the element that stands at w.at.
func (w *xmlWalk) typed(dst []byte, depth int) []byte {
	if depth == MaxJSONDepth {
		w.lost = true
	}
	if w.lost {
		return dst
	}
	switch {
	case w.take("<array>"):
		return w.array(dst, depth+1)
	case w.take("<struct>"):
		return w.structure(dst, depth+1)
	case w.take("<struct/>"), w.take("<struct />"):
		return append(dst, "{}"...)
	}
	return w.scalar(dst)
}

func (w *xmlWalk) array(dst []byte, depth int) []byte {
	dst = append(dst, '[')
	if w.take("<data/>") || w.take("<data />") {
		w.need("</array>")
		return append(dst, ']')
	}
	w.need("<data>")
	for n := 0; !w.lost && !w.take("</data>"); n++ {
		dst = appendComma(dst, n)
		dst = w.value(dst, depth)
	}
	w.need("</array>")
	return append(dst, ']')
}

func (w *xmlWalk) structure(dst []byte, depth int) []byte {
	dst = append(dst, '{')
	for n := 0; !w.lost && !w.take("</struct>"); n++ {
		dst = appendComma(dst, n)
		w.need("<member>")
		w.need("<name>")
		if text, ok := w.text("</name>"); ok {
			dst = appendJSONString(dst, decodeXMLText(text), false)
		}
		dst = append(dst, ": "...)
		dst = w.value(dst, depth)
		w.need("</member>")
	}
	return append(dst, '}')
}

// value writes a <value>.
func (w *xmlWalk) value(dst []byte, depth int) []byte {
	if w.take("<value/>") || w.take("<value />") {
		return append(dst, `""`...)
	}
	w.need("<value>")
	if w.lost {
		return dst
	}
	begin := w.at
	w.space()
	if w.at+1 < len(w.doc) && w.doc[w.at] == '<' && w.doc[w.at+1] != '/' && w.doc[w.at+1] != '!' && w.doc[w.at+1] != '?' {
		dst = w.typed(dst, depth)
		w.need("</value>")
		return dst
	}
	w.at = begin
	text, ok := w.text("</value>")
	if !ok {
		return dst
	}
	dst, _ = appendXMLScalarAsJSON(dst, Value{raw: text, kind: String, form: xmlUntyped})
	return dst
}

// text takes everything up to an end tag, which must be the next tag.
func (w *xmlWalk) text(end string) ([]byte, bool) {
	rest := w.doc[w.at:]
	n := bytes.IndexByte(rest, '<')
	if w.loose {
		n = endOfText(rest)
	}
	if w.lost || n < 0 || !bytes.HasPrefix(rest[n:], []byte(end)) {
		w.lost = true // a comment, a CDATA section or another element
		return nil, false
	}
	w.at += n + len(end)
	return rest[:n], true
}

// scalar writes a scalar element without attributes.
func (w *xmlWalk) scalar(dst []byte) []byte {
	begin := w.at
	if w.at >= len(w.doc) || w.doc[w.at] != '<' {
		w.lost = true
		return dst
	}
	n := bytes.IndexByte(w.doc[w.at:], '>')
	name := w.doc[w.at+1 : w.at+n]
	w.at += n + 1
	if closed, ok := bytes.CutSuffix(name, []byte("/")); ok {
		switch elementOf(bytes.TrimRight(closed, " ")) {
		case elemNil:
			return append(dst, "null"...)
		case elemString:
			return append(dst, `""`...)
		}
		w.lost = true
		return dst
	}
	data := int32(w.at - begin)
	elem := elementOf(name)
	if _, ok := w.text("</" + string(name) + ">"); !ok {
		return dst
	}
	v := Value{raw: w.doc[begin:w.at], data: data, form: xmlTyped, elem: elem}
	switch elem {
	case elemNil:
		v.kind = Null
	case elemBoolean:
		v.kind = Bool
	case elemInt:
		v.kind = Int
	case elemDouble:
		v.kind = Float
	case elemString:
		v.kind = String
	case elemDateTime:
		v.kind = DateTime
	case elemBase64:
		v.kind = Base64
	case elemBigDecimal:
		v.kind = Float
	default:
		w.lost = true
		return dst
	}
	say := appendXMLScalarAsJSON
	if w.loose {
		say = appendXMLAnyScalar
	}
	dst, ok := say(dst, v)
	w.lost = w.lost || !ok
	return dst
}
