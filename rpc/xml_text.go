package rpc

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plainXMLData is true of character data that stands for itself.
func plainXMLData(b []byte) bool {
	return bytes.IndexByte(b, '<') < 0 && bytes.IndexByte(b, '&') < 0 && bytes.IndexByte(b, '\r') < 0
}

// decodeXMLText is what a handler of the Unmarshaller gets for checked content: references resolved, CDATA sections
// opened, line ends made line feeds, comments, processing instructions and end tags left out.
func decodeXMLText(b []byte) string {
	if plainXMLData(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		switch c := b[0]; c {
		case '<':
			var text []byte
			text, b = cutMarkup(b)
			out = appendLines(out, text)
		case '&':
			end := bytes.IndexByte(b, ';')
			out = appendReference(out, b[1:end])
			b = b[end+1:]
		default:
			n := bytes.IndexAny(b, "<&")
			if n < 0 {
				n = len(b)
			}
			out = appendLines(out, b[:n])
			b = b[n:]
		}
	}
	return string(out)
}

// cutMarkup cuts what starts with "<" from checked content. Of all markup only a CDATA section has text.
func cutMarkup(b []byte) (text, rest []byte) {
	for _, m := range [...]struct{ open, end string }{{"<!--", "-->"}, {"<?", "?>"}, {"<![CDATA[", "]]>"}} {
		if !bytes.HasPrefix(b, []byte(m.open)) {
			continue
		}
		b = b[len(m.open):]
		i := bytes.Index(b, []byte(m.end))
		if m.end == "]]>" {
			text = b[:i]
		}
		return text, b[i+len(m.end):]
	}
	return nil, b[bytes.IndexByte(b, '>')+1:]
}

// appendLines appends text with CR and CRLF as LF.
func appendLines(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), '\n')
		text = text[i+1:]
		if len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
	}
}

// appendReference appends the character of a reference, given without "&" and ";". A document with entities of its own
// has been rewritten before its text is decoded.
func appendReference(dst, name []byte) []byte {
	if name[0] == '#' {
		r, _ := charRef(name)
		return utf8.AppendRune(dst, r)
	}
	c, _ := predefinedEntity(name)
	return append(dst, c)
}

func predefinedEntity(name []byte) (byte, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	return 0, false
}

// charRef is the character of "#233" or "#xE9"; ok is false where XML has none.
func charRef(name []byte) (r rune, ok bool) {
	digits, base := string(name[1:]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	// The digits are as many as one likes; what they make must still be small.
	n, err := strconv.ParseUint(strings.TrimLeft(digits[:len(digits)-1], "0")+digits[len(digits)-1:], base, 32)
	r = rune(n)
	switch {
	case err != nil || n > utf8.MaxRune, r < ' ' && r != '\t' && r != '\n' && r != '\r',
		r >= 0xD800 && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF:
		return 0, false
	}
	return r, true
}
