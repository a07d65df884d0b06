package rpc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// An Odoo that has nothing but JSON-2 left is called by it for callers who speak JSON-RPC or XML-RPC: their arguments get
// names, and its answers the envelope of old.

// InJSON are values of a call as values of JSON: those of JSON as they are, those of XML said in it. Of what JSON has no word
// for it takes the nearest, where there is nothing to forward it to as it came, which AppendTranscodedCall leaves to others: a
// date is the text that Odoo makes of it, "2024-02-29 12:34:56" (values.x.datetime), bytes are the text that they are
// (values.x.base64), a Decimal is a float (values.x.bigdecimal). It tells whether it could: bytes may be no text.
func InJSON(values []Value) ([]Value, bool) {
	said := make([]Value, len(values))
	for i, v := range values {
		if v.form == jsonText {
			said[i] = v
			continue
		}
		text, ok := appendXMLLoosely(make([]byte, 0, len(v.raw)+len(`""`)), v)
		if !ok {
			return nil, false
		}
		s := jsonScanner{text: text}
		if said[i], _ = s.value(0); said[i].kind == Invalid {
			return nil, false
		}
	}
	return said, true
}

func appendXMLLoosely(dst []byte, v Value) ([]byte, bool) {
	switch v.kind {
	case Array, Struct:
		w := xmlWalk{doc: v.raw, loose: true}
		dst = w.typed(dst, 0)
		return dst, !w.lost && w.at == len(w.doc)
	}
	return appendXMLAnyScalar(dst, v)
}

// appendXMLAnyScalar is appendXMLScalarAsJSON of what JSON has no word for, too.
func appendXMLAnyScalar(dst []byte, v Value) ([]byte, bool) {
	switch v.kind {
	case DateTime:
		at, err := time.Parse("20060102T15:04:05", strings.TrimSpace(decodeXMLText(v.xmlData())))
		return appendJSONString(dst, at.Format(time.DateTime), false), err == nil
	case Base64:
		data := strings.Join(strings.Fields(decodeXMLText(v.xmlData())), "")
		content, err := base64.StdEncoding.DecodeString(data)
		return appendJSONString(dst, string(content), false), err == nil && utf8.Valid(content)
	case Float:
		return appendPyFloat(dst, v.float(), "NaN", "Infinity"), true
	}
	return appendXMLScalarAsJSON(dst, v)
}

// endOfText is the place of the tag that ends character data, past comments, processing instructions and CDATA sections; -1
// where there is none.
func endOfText(text []byte) int {
	markup := []struct{ begin, end string }{{"<![CDATA[", "]]>"}, {"<!--", "-->"}, {"<?", "?>"}}
	at := 0
next:
	for {
		n := bytes.IndexByte(text[at:], '<')
		if n < 0 {
			return -1
		}
		at += n
		for _, m := range markup {
			if !bytes.HasPrefix(text[at:], []byte(m.begin)) {
				continue
			}
			end := bytes.Index(text[at+len(m.begin):], []byte(m.end))
			if end < 0 {
				return -1
			}
			at += len(m.begin) + end + len(m.end)
			continue next
		}
		return at
	}
}

// Iterate is what Python's iteration of a JSON value goes through: the values in an array, the characters of a string, the
// names in an object. ok is false for what can't be iterated.
func (v Value) Iterate() (values []Value, ok bool) {
	switch v.kind {
	case Array:
		return jsonElements(v.raw), true
	case Struct:
		for _, m := range jsonMembers(v.raw) {
			values = append(values, m.name)
		}
		return values, true
	case String:
		s, _ := v.Str()
		for _, r := range s {
			values = append(values, stringValue(string(r)))
		}
		return values, true
	}
	return nil, false
}

// Members are those of an object of JSON, each name once, with its last value, as in a Python dict; none for any other value.
func (v Value) Members() []Member {
	if v.kind != Struct || v.form != jsonText {
		return nil
	}
	members := jsonMembers(v.raw)
	named := make([]Member, len(members))
	for i, m := range members {
		named[i] = Member{decodeJSONString(m.name.raw), m.value}
	}
	return named
}

// AppendJSON2 appends the body of a call of JSON-2.
func AppendJSON2(dst []byte, members []Member) []byte {
	dst = append(dst, '{')
	for i, m := range members {
		dst = appendComma(dst, i)
		dst = appendJSONString(dst, m.Name, false)
		dst = append(append(dst, ": "...), m.Value.raw...)
	}
	return append(dst, '}')
}

// Unlisted reads a list of one id, a small answer of JSON-2, and is that id alone; another answer it leaves as it is.
func Unlisted(answer io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(io.LimitReader(answer, piece))
	if err != nil {
		return nil, err
	}
	one := bytes.TrimSpace(text)
	if inside, ok := bytes.CutPrefix(one, []byte("[")); ok {
		if inside, ok = bytes.CutSuffix(inside, []byte("]")); ok {
			if _, isInt := smallInt(bytes.TrimSpace(inside)); isInt {
				return bytes.NewReader(bytes.TrimSpace(inside)), nil
			}
		}
	}
	return io.MultiReader(bytes.NewReader(text), answer), nil
}

// AsRPC is the answer of JSON-2 to a call that succeeded, in the envelope of JSON-RPC. It is read in one pass, and fails to be
// read where the result is not whole. A result of None is left out, as Odoo does (errors.none.json).
func AsRPC(id []byte, result io.Reader) (io.Reader, error) {
	value := &wholeValue{src: result}
	head := make([]byte, len("null"))
	n, _ := io.ReadFull(value, head) // a result may be shorter; what is wrong otherwise stays in value
	switch {
	case value.err != nil && value.err != io.EOF:
		return nil, value.err
	case !value.begun:
		return nil, fmt.Errorf("%w: it is empty", errBrokenJSON)
	}
	envelope := appendJSONHead(nil, id)
	if string(head[:n]) == "null" {
		return bytes.NewReader(append(envelope, '}')), nil
	}
	envelope = append(append(envelope, `, "result": `...), head[:n]...)
	return io.MultiReader(bytes.NewReader(envelope), value, bytes.NewReader([]byte{'}'})), nil
}

// wholeValue reads one JSON value and fails where it is cut short, or where anything but white space stands behind it: what is
// put around it must not make a broken answer look like a whole one. It checks nothing else.
type wholeValue struct {
	src          io.Reader
	extent       jsonExtent
	begun, ended bool
	err          error
}

func (v *wholeValue) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.src.Read(p)
	rest := p[:n]
	if !v.begun {
		rest = bytes.TrimLeft(rest, jsonSpace)
		v.begun = len(rest) > 0
	}
	if v.begun && !v.ended {
		var size int
		size, v.ended = v.extent.scan(rest)
		rest = rest[size:]
	}
	switch {
	case v.ended && len(bytes.TrimLeft(rest, jsonSpace)) > 0:
		v.err = fmt.Errorf("%w: it goes on behind its end", errBrokenJSON)
	case err == io.EOF && (v.extent.depth > 0 || v.extent.inString):
		v.err = fmt.Errorf("%w: it is cut short", errBrokenJSON)
	default:
		v.err = err
	}
	return n, v.err
}

const jsonSpace = " \t\r\n"

// ResultHeader are the fields of an answer of JSON-RPC with a result.
func ResultHeader(s Series) []Header { return jsonHeader(s, true) }

// ParseJSON2Error reads the body of an answer of JSON-2 that is an exception.
func ParseJSON2Error(body io.Reader) (*Error, error) {
	var raw struct {
		Name, Message, Debug string
		Arguments            json.RawMessage
	}
	if err := json.NewDecoder(io.LimitReader(body, maxError)).Decode(&raw); err != nil {
		return nil, fmt.Errorf("%w: its error: %w", errBrokenJSON, err)
	}
	if raw.Name == "" {
		return nil, fmt.Errorf("%w: its error has no name", errBrokenJSON)
	}
	return &Error{Class: raw.Name, Message: raw.Message, Args: raw.Arguments, Debug: raw.Debug}, nil
}
