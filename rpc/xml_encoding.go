package rpc

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// fromUTF16 appends body as UTF-8 when it is UTF-16: by its byte order mark, or by a zero beside its first character, as
// expat guesses (px.utf16.xml2). What is no character becomes a byte that UTF-8 has not, for the scanner to find.
func fromUTF16(dst, body []byte) (text []byte, ok bool) {
	if len(body) < 2 {
		return nil, false
	}
	var high int // which byte of a pair is the high one
	switch a, b := body[0], body[1]; {
	case a == 0xFE && b == 0xFF: // the mark stays, as U+FEFF
	case a == 0xFF && b == 0xFE:
		high = 1
	case a == 0 && b != 0:
	case a != 0 && b == 0:
		high = 1
	default:
		return nil, false
	}
	dst = grow(dst, len(body)/2*3+1) // of every two bytes at most three are made
	unit := func(i int) rune { return rune(body[i+high])<<8 | rune(body[i+1-high]) }
	for i := 0; i+1 < len(body); i += 2 {
		r := unit(i)
		if utf16.IsSurrogate(r) && i+3 < len(body) {
			r = utf16.DecodeRune(r, unit(i+2))
			i += 2
		}
		if utf16.IsSurrogate(r) || r == utf8.RuneError && !(body[i+high] == 0xFF && body[i+1-high] == 0xFD) {
			dst = append(dst, notUTF8)
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(body)%2 == 1 {
		dst = append(dst, utf8PairStart)
	}
	return dst, true
}

const (
	notUTF8       = 0xFF // in no character
	utf8PairStart = 0xC3 // the first half of one
)

// decode brings the text behind pos from the declared encoding to UTF-8, which it usually is in already. The built-in
// encodings are expat's; all others are asked of Python, which knows many more than charmaps has.
func (x *xmlScanner) decode(encoding []byte, at int, utf16 bool, scratch []byte) ([]byte, *Error) {
	name := strings.ToLower(string(encoding))
	var upper string
	switch name {
	case "":
		return scratch, nil
	case "utf-8":
		if utf16 {
			return scratch, x.fail(at, wrongEncoding)
		}
		return scratch, nil
	case "utf-16", "utf-16be", "utf-16le":
		if !utf16 {
			return scratch, x.fail(at, wrongEncoding)
		}
		return scratch, nil
	case "us-ascii":
	case "iso-8859-1":
		upper = latin1
	default:
		var known bool
		if upper, known = pythonCharmap(name); !known {
			return scratch, pyError("builtins.LookupError", "unknown encoding: %s", encoding)
		}
	}
	if utf16 {
		return scratch, x.fail(at, wrongEncoding)
	}
	if isASCII(x.doc[x.pos:]) {
		return scratch, nil
	}
	scratch = append(scratch[:0], x.doc[:x.pos]...)
	scratch = appendCharmap(scratch, x.doc[x.pos:], upper)
	x.doc = scratch
	return scratch, nil
}

const wrongEncoding = "encoding specified in XML declaration is incorrect"

// latin1 is special: each byte is its character.
const latin1 = "latin1"

// pythonCharmap is the upper half of an encoding by its name in Python. "utf8", so written, is no encoding of expat's,
// and to Python's help for expat a single-byte one with nothing above ASCII.
func pythonCharmap(name string) (upper string, known bool) {
	name = strings.NewReplacer("-", "_", " ", "_").Replace(name)
	switch name {
	case "utf8", "u8", "utf_8", "utf", "ascii", "646", "us_ascii":
		return "", true
	case "latin1", "latin_1", "latin", "l1", "iso8859", "iso8859_1", "iso_8859_1", "8859", "cp819":
		return latin1, true
	}
	if canonical, ok := charmapNames[name]; ok {
		name = canonical
	}
	upper, known = charmaps[name]
	return upper, known
}

func appendCharmap(dst, b []byte, upper string) []byte {
	longest := utf8.UTFMax - 1 // of the characters in any charmap
	if upper == latin1 {
		longest = 2
	}
	dst = grow(dst, len(b)+countNotASCII(b)*(longest-1))
	table := []rune(upper)
	for _, c := range b {
		switch {
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		case upper == latin1:
			dst = utf8.AppendRune(dst, rune(c))
		case upper == "" || table[c-0x80] == utf8.RuneError:
			dst = append(dst, notUTF8)
		default:
			dst = utf8.AppendRune(dst, table[c-0x80])
		}
	}
	return dst
}

func isASCII(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// countNotASCII counts the bytes that are no ASCII.
func countNotASCII(b []byte) (n int) {
	for _, c := range b {
		n += int(c >> 7)
	}
	return n
}
