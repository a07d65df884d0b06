package rpc

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const junk = "junk after document element"

// prolog reads what stands before the root element; pos is then at its start tag.
func (x *xmlScanner) prolog() *Error {
	for {
		start := x.blanks(x.pos)
		x.pos = start
		done, err := x.misc(misplacedXML)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		switch {
		case start >= len(x.doc):
			return x.fail(start, noElement)
		case x.atName(start + 1):
			return nil
		case bytes.HasPrefix(x.doc[start:], []byte("<!DOCTYPE")) && x.entities == nil:
			err = x.doctype()
		default:
			err = x.strayToken(syntaxError)
		}
		if err != nil {
			return err
		}
	}
}

// epilog reads what stands behind the root element: nothing that means anything.
func (x *xmlScanner) epilog() *Error {
	for {
		x.pos = x.blanks(x.pos)
		if x.pos >= len(x.doc) {
			return nil
		}
		done, err := x.misc(junk)
		if err != nil {
			return err
		}
		if !done {
			return x.strayToken(junk)
		}
	}
}

// misc passes a comment or a processing instruction at pos, if there is one.
func (x *xmlScanner) misc(misplaced string) (done bool, err *Error) {
	switch rest := x.doc[x.pos:]; {
	case bytes.HasPrefix(rest, []byte("<!-")):
		return true, x.comment()
	case bytes.HasPrefix(rest, []byte("<?")):
		return true, x.instruction(misplaced)
	}
	return false, nil
}

// atName is true where a start tag's name may begin; content says what is wrong with it.
func (x *xmlScanner) atName(i int) bool {
	return x.doc[i-1] == '<' && i < len(x.doc) && (asciiName[x.doc[i]] == nameStart || x.doc[i] >= 0xC0 && x.doc[i] <= 0xF4)
}

// strayToken is the error for the token at pos, which must not stand outside of the root element: what names the fault
// of a whole token, but one that is none, or is cut off, is told of first.
func (x *xmlScanner) strayToken(what string) *Error {
	start := x.pos
	switch c := x.doc[start]; {
	case c == '<':
		return x.strayMarkup(what)
	case c == '"' || c == '\'':
		return x.strayLiteral(what)
	case c == '%' || c == '#':
		return x.straySign(what)
	case string(x.doc[start:]) == "]]":
		return x.fail(start, unclosedToken)
	case c == ')' && start+1 < len(x.doc) && bytes.IndexByte([]byte("*+?,|)> \t\r\n"), x.doc[start+1]) < 0:
		return x.fail(start+1, notWellFormed)
	case bytes.IndexByte([]byte("[](),|>"), c) >= 0:
		return x.fail(start, what)
	case asciiName[c] != 0 || c >= utf8.RuneSelf:
		return x.strayName(what)
	}
	return x.fail(start, notWellFormed)
}

// straySign is strayToken for the reference %name; and the keyword #NAME of a DTD.
func (x *xmlScanner) straySign(what string) *Error {
	start := x.pos
	i, ends := start+1, ";"
	if x.doc[start] == '#' {
		ends = ")>%| \t\r\n"
	} else if i < len(x.doc) && (isBlank(x.doc[i]) || x.doc[i] == '%') {
		return x.fail(start, what)
	}
	if i < len(x.doc) {
		end, err := x.name(i, start)
		if err != nil && end == 0 && !strings.HasPrefix(err.Message, unclosedToken) {
			return err
		}
		i = end
		if err != nil {
			i = len(x.doc)
		}
	}
	switch {
	case i >= len(x.doc) && (x.doc[start] == '%' || i == start+1):
		return x.fail(start, unclosedToken)
	case i < len(x.doc) && strings.IndexByte(ends, x.doc[i]) < 0:
		return x.failChar(i, start)
	}
	return x.fail(start, what)
}

func (x *xmlScanner) strayName(what string) *Error {
	start := x.pos
	i := start
	for i < len(x.doc) && (asciiName[x.doc[i]] != 0 || x.doc[i] >= utf8.RuneSelf) {
		n, err := x.tokenChar(i, start)
		if err != nil {
			return err
		}
		if r, _ := utf8.DecodeRune(x.doc[i:]); n > 1 && !isName(r, false) {
			return x.fail(i, notWellFormed)
		}
		i += n
	}
	ends := ">),|[%+*?"
	if first, _ := utf8.DecodeRune(x.doc[start:]); asciiName[x.doc[start]] != nameStart && !isName(first, true) {
		// no name, so nothing to repeat
		ends = ">),|[%"
	}
	if i < len(x.doc) && !isBlank(x.doc[i]) && strings.IndexByte(ends, x.doc[i]) < 0 {
		return x.failChar(i, start)
	}
	return x.fail(start, what)
}

func (x *xmlScanner) strayMarkup(what string) *Error {
	start := x.pos
	i := start + 1
	switch {
	case i < len(x.doc) && x.doc[i] == '!':
		i++
		if i < len(x.doc) && x.doc[i] == '[' {
			return x.fail(start, what)
		}
		for i < len(x.doc) && (isLetter(x.doc[i]) || x.doc[i] == '_' || x.doc[i] == ':') {
			i++
		}
		if i < len(x.doc) && i > start+2 && (isBlank(x.doc[i]) || x.doc[i] == '%') {
			return x.fail(start, what)
		}
	case x.atName(i):
		return x.fail(start, what)
	}
	if i >= len(x.doc) {
		return x.fail(start, unclosedToken)
	}
	return x.fail(i, notWellFormed)
}

func (x *xmlScanner) strayLiteral(what string) *Error {
	start := x.pos
	for i := start + 1; i < len(x.doc); {
		if x.doc[i] == x.doc[start] {
			if i+1 < len(x.doc) && bytes.IndexByte([]byte(">%[ \t\r\n"), x.doc[i+1]) < 0 {
				return x.fail(i+1, notWellFormed)
			}
			return x.fail(start, what)
		}
		n, err := x.tokenChar(i, start)
		if err != nil {
			return err
		}
		i += n
	}
	return x.fail(start, unclosedToken)
}

// declaration reads the XML declaration at pos, if there is one, and returns the encoding it names.
func (x *xmlScanner) declaration() (encoding []byte, at int, standalone bool, err *Error) {
	start := x.pos
	const open = "<?xml"
	if !bytes.HasPrefix(x.doc[start:], []byte(open)) {
		return nil, 0, false, nil
	}
	end, target, err := x.instructionEnd(start)
	if err != nil {
		return nil, 0, false, err
	}
	if string(target) != "xml" {
		return nil, 0, false, nil
	}
	d := xmlDecl{text: x.doc[:end-len("?>")], pos: start + len(open)}
	if bad := d.read(); bad >= 0 {
		return nil, 0, false, x.fail(bad, "XML declaration not well-formed")
	}
	x.pos = end
	return d.encoding, d.encodingAt, d.standalone, nil
}

// xmlDecl reads the inside of an XML declaration: version, then perhaps encoding, then perhaps standalone.
type xmlDecl struct {
	text       []byte
	pos        int
	encoding   []byte
	encodingAt int
	standalone bool
	nameAt     int // where the last name stands, or was missed
}

// read returns where the declaration is bad, -1 if it is fine.
func (d *xmlDecl) read() (bad int) {
	name, _, _, bad := d.pair()
	if bad >= 0 {
		return bad
	}
	if name != "version" {
		return d.nameAt
	}
	name, value, at, bad := d.pair()
	if bad >= 0 || name == "" {
		return bad
	}
	if name == "encoding" {
		if len(value) == 0 || !isLetter(value[0]) {
			return at
		}
		d.encoding, d.encodingAt = value, at
		if name, value, at, bad = d.pair(); bad >= 0 || name == "" {
			return bad
		}
	}
	if name != "standalone" {
		return d.nameAt
	}
	if d.standalone = string(value) == "yes"; !d.standalone && string(value) != "no" {
		return at
	}
	for d.pos < len(d.text) && isBlank(d.text[d.pos]) {
		d.pos++
	}
	if d.pos < len(d.text) {
		return d.pos
	}
	return -1
}

// pair reads the next name="value"; the name is "" at the end.
func (d *xmlDecl) pair() (name string, value []byte, valueAt, bad int) {
	i := d.pos
	d.nameAt = i
	if i >= len(d.text) {
		return "", nil, 0, -1
	}
	if !isBlank(d.text[i]) {
		return "", nil, 0, i
	}
	blanks := func() {
		for i < len(d.text) && isBlank(d.text[i]) {
			i++
		}
	}
	blanks()
	if i >= len(d.text) {
		return "", nil, 0, -1
	}
	d.nameAt = i
	for i < len(d.text) && d.text[i] != '=' && !isBlank(d.text[i]) && d.text[i] < 0x80 {
		i++
	}
	name = string(d.text[d.nameAt:i])
	blanks()
	if i >= len(d.text) || d.text[i] != '=' || name == "" {
		return "", nil, 0, i
	}
	i++
	blanks()
	if i >= len(d.text) || d.text[i] != '"' && d.text[i] != '\'' {
		return "", nil, 0, i
	}
	quote := d.text[i]
	i++
	valueAt = i
	for i < len(d.text) && d.text[i] != quote {
		if c := d.text[i]; !isLetter(c) && !isDecimal(c) && c != '.' && c != '-' && c != '_' {
			return "", nil, 0, i
		}
		i++
	}
	if i >= len(d.text) {
		return "", nil, 0, i
	}
	d.pos = i + 1
	return name, d.text[valueAt:i], valueAt, -1
}

func isLetter(c byte) bool { return c|0x20-'a' <= 25 }
