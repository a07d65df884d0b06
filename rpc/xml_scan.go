package rpc

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// MaxXMLDepth bounds the nesting of elements. One level of arrays is three of elements, one of structs is three, and
// Python cannot print what nests a thousand levels.
const MaxXMLDepth = 4096

// xmlScanner reads an XML document as expat does without namespaces: the same documents are well formed, and for one
// that is not the error has expat's words and place. It calls the unmarshaller's handlers as it goes and looks at each
// byte once.
type xmlScanner struct {
	unmarshaller
	pos      int
	entities *entities // declared in a DOCTYPE; nil without one
}

// fail is expat's error at byte pos.
func (x *xmlScanner) fail(pos int, what string) *Error {
	line, column := position(x.doc[:pos])
	return pyError("xml.parsers.expat.ExpatError", "%s: line %d, column %d", what, line, column)
}

// position is where text ends: lines from 1, characters from 0. A carriage return, with or without a line feed, ends a
// line.
func position(text []byte) (line, column int) {
	line = 1
	for i, c := range text {
		switch {
		case c == '\n' && i > 0 && text[i-1] == '\r':
		case c == '\n' || c == '\r':
			line++
			column = 0
		case c&0xc0 != 0x80: // not inside a character
			column++
		}
	}
	return line, column
}

const (
	notWellFormed   = "not well-formed (invalid token)"
	unclosedToken   = "unclosed token"
	partialChar     = "partial character"
	noElement       = "no element found"
	syntaxError     = "syntax error"
	misplacedXML    = "XML or text declaration not at start of entity"
	undefinedEntity = "undefined entity"
	badCharRef      = "reference to invalid character number"
)

// content reads from the root element's start tag to its end tag.
func (x *xmlScanner) content() *Error {
	for {
		i := x.pos
		if i < len(x.doc) && x.doc[i] == '\n' { // what mostly stands between two tags
			i++
		}
		if i < len(x.doc) && x.doc[i] != '<' {
			i = plainXML(x.doc, i)
		}
		x.pos = i
		if i >= len(x.doc) {
			// A last carriage return may have a line feed to come, so that expat still stands before it.
			return x.fail(len(bytes.TrimSuffix(x.doc, []byte("\r"))), noElement)
		}
		var err *Error
		switch c := x.doc[i]; {
		case c == '<':
			if i+1 < len(x.doc) && asciiName[x.doc[i+1]] == nameStart {
				err = x.startTag()
			} else {
				err = x.markup()
			}
			if err == nil && len(x.tags) == 0 {
				return nil
			}
		case c == '\t' || c == '\n' || c == '\r':
			x.pos++
		case c == '&':
			err = x.reference()
		case c == ']':
			// "]]>" must not stand in text; expat points at its last character.
			if bytes.HasPrefix(x.doc[i:], []byte("]]>")) {
				return x.fail(i+2, notWellFormed)
			}
			x.pos++
		default:
			err = x.char()
		}
		if err != nil {
			return err
		}
	}
}

// plainXML returns the position of the first byte from i on that is not a plain character of text: "<", "&", "]", a
// control character or a byte of a character that is not ASCII. It looks at eight bytes at a time.
func plainXML(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		lt, amp, bracket := w^lowBits*'<', w^lowBits*'&', w^lowBits*']'
		hit := ((lt-lowBits)&^lt | (amp-lowBits)&^amp | (bracket-lowBits)&^bracket | (w-lowBits*' ')&^w | w) & highBits
		if hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '<' || c == '&' || c == ']' || c < ' ' || c >= utf8.RuneSelf {
			return i
		}
	}
	return i
}

// char passes one character that XML allows.
func (x *xmlScanner) char() *Error {
	n, err := x.charLen(x.pos)
	x.pos += n
	return err
}

// charLen is the length of the character at i.
func (x *xmlScanner) charLen(i int) (int, *Error) {
	c := x.doc[i]
	if c < utf8.RuneSelf {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return 0, x.fail(i, notWellFormed)
		}
		return 1, nil
	}
	if x.cutOff(i) {
		return 0, x.fail(i, partialChar)
	}
	r, n := utf8.DecodeRune(x.doc[i:])
	if r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
		return 0, x.fail(i, notWellFormed)
	}
	return n, nil
}

// cutOff is true when the document ends before the character at i may. The first byte alone says how long it is; what
// is wrong with the others comes after.
func (x *xmlScanner) cutOff(i int) bool {
	n := 1
	switch c := x.doc[i]; {
	case c >= 0xC0 && c <= 0xDF:
		n = 2
	case c >= 0xE0 && c <= 0xEF:
		n = 3
	case c >= 0xF0 && c <= 0xF4:
		n = 4
	}
	return i+n > len(x.doc)
}

// markup reads what starts with "<" at pos inside of the root element.
func (x *xmlScanner) markup() *Error {
	start := x.pos
	if start+1 >= len(x.doc) {
		return x.fail(start, unclosedToken)
	}
	switch x.doc[start+1] {
	case '/':
		return x.endTag()
	case '!':
		if start+2 >= len(x.doc) {
			return x.fail(start, unclosedToken)
		}
		switch x.doc[start+2] {
		case '-':
			return x.comment()
		case '[':
			return x.cdata()
		}
		return x.fail(start+2, notWellFormed)
	case '?':
		return x.instruction(misplacedXML)
	}
	return x.startTag()
}

// startTag reads a start tag, or an element without content.
func (x *xmlScanner) startTag() *Error {
	start, doc := x.pos, x.doc
	i := start + 1
	for i < len(doc) && asciiName[doc[i]] != 0 {
		i++
	}
	if i < len(doc) && doc[i] == '>' && asciiName[doc[start+1]] == nameStart { // nearly always
		x.pos = i + 1
		return x.start(start, i, i+1)
	}
	nameEnd, err := x.name(start+1, start)
	if err != nil {
		return err
	}
	if i, err = x.attributes(start, nameEnd); err != nil {
		return err
	}
	empty := x.doc[i] == '/'
	if empty {
		i++
	}
	x.pos = i + 1
	if err := x.start(start, nameEnd, x.pos); err != nil || !empty {
		return err
	}
	return x.end(x.pos, x.pos)
}

// endTag reads an end tag, nearly always the innermost element's and without blanks.
func (x *xmlScanner) endTag() *Error {
	start := x.pos
	open := x.tags[len(x.tags)-1]
	name := x.doc[open.start+1 : open.nameEnd]
	i := start + 2 + len(name)
	if i < len(x.doc) && x.doc[i] == '>' && bytes.Equal(x.doc[start+2:i], name) {
		x.pos = i + 1
		return x.end(start, x.pos)
	}
	nameEnd, err := x.name(start+2, start)
	if err != nil {
		return err
	}
	i = x.blanks(nameEnd)
	switch {
	case i >= len(x.doc):
		return x.fail(start, unclosedToken)
	case x.doc[i] != '>':
		return x.fail(i, notWellFormed)
	case !bytes.Equal(x.doc[start+2:nameEnd], name):
		return x.fail(start+2, "mismatched tag")
	}
	x.pos = i + 1
	return x.end(start, x.pos)
}

// name passes the name at i, in a token that starts at token, and returns its end.
func (x *xmlScanner) name(i, token int) (int, *Error) {
	first := i
	for ; i < len(x.doc); i++ {
		c := x.doc[i]
		if class := asciiName[c]; class == nameStart || class == nameRest && i > first {
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRune(x.doc[i:])
		if r == utf8.RuneError && n == 1 {
			return 0, x.failChar(i, token)
		}
		if !isName(r, i == first) {
			return 0, x.fail(i, notWellFormed)
		}
		i += n - 1
	}
	switch {
	case i >= len(x.doc):
		return 0, x.fail(token, unclosedToken)
	case i == first:
		return 0, x.failChar(i, token)
	}
	return i, nil
}

// failChar is the error for the character at i, which the token that starts at token must not hold. One that is cut off
// is told of first.
func (x *xmlScanner) failChar(i, token int) *Error {
	if x.cutOff(i) {
		return x.fail(token, partialChar)
	}
	return x.fail(i, notWellFormed)
}

// blanks passes white space from i on.
func (x *xmlScanner) blanks(i int) int {
	for i < len(x.doc) && isBlank(x.doc[i]) {
		i++
	}
	return i
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
