package rpc

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// nextJSONRune reads one character of a checked string's inside at i. A surrogate without its other half is returned as
// it is, 0xD800 to 0xDFFF: Python keeps those in its strings.
func nextJSONRune(b []byte, i int) (r rune, next int) {
	if b[i] != '\\' {
		r, n := utf8.DecodeRune(b[i:])
		return r, i + n
	}
	switch c := b[i+1]; c {
	case 'b':
		return '\b', i + 2
	case 'f':
		return '\f', i + 2
	case 'n':
		return '\n', i + 2
	case 'r':
		return '\r', i + 2
	case 't':
		return '\t', i + 2
	case 'u':
		r, _ = hex4(b, i+2)
		i += 6
		if utf16.IsSurrogate(r) && i+6 <= len(b) && b[i] == '\\' && b[i+1] == 'u' {
			low, _ := hex4(b, i+2)
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, i + 6
			}
		}
		return r, i
	default:
		return rune(c), i + 2
	}
}

// decodeJSONString is the string whose text is raw, quotes included. A lone surrogate becomes U+FFFD: no login, database
// or method of Odoo can have one.
func decodeJSONString(raw []byte) string {
	inside := raw[1 : len(raw)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside)
	}
	out := make([]byte, 0, len(inside))
	for i := 0; i < len(inside); {
		var r rune
		r, i = nextJSONRune(inside, i)
		out = utf8.AppendRune(out, r) // U+FFFD for a surrogate
	}
	return string(out)
}

// jsonStringIs compares a string's text, quotes included, with an ASCII word.
func jsonStringIs(raw []byte, word string) bool {
	inside := raw[1 : len(raw)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside) == word
	}
	return decodeJSONString(raw) == word
}

// appendJSONString appends s as a JSON string: non-ASCII characters stand as they are, or escaped when ascii is set, as
// Python's json does by default. Bytes that are not UTF-8 become U+FFFD.
func appendJSONString(dst []byte, s string, ascii bool) []byte {
	dst = append(dst, '"')
	plain := 0 // where what is written as it stands begins
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		dst = appendJSONRune(append(dst, s[plain:i]...), r, ascii)
		i += n
		plain = i
	}
	return append(append(dst, s[plain:]...), '"')
}

func appendJSONRune(dst []byte, r rune, ascii bool) []byte {
	switch {
	case r == '"', r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r == '\t':
		return append(dst, '\\', 't')
	case r == '\b':
		return append(dst, '\\', 'b')
	case r == '\f':
		return append(dst, '\\', 'f')
	case r < ' ', utf16.IsSurrogate(r), ascii && r >= 0x7f && r <= 0xffff:
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	case ascii && r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return appendJSONRune(appendJSONRune(dst, high, true), low, true)
	}
	return utf8.AppendRune(dst, r)
}

// appendReprinted appends a checked value as json.dumps(json.loads(value)) prints it (pj.id.exp, pj.id.object): this is
// how an id comes back.
func appendReprinted(dst []byte, v Value, ascii bool) []byte {
	switch v.kind {
	case String:
		inside := v.raw[1 : len(v.raw)-1]
		dst = append(dst, '"')
		for i := 0; i < len(inside); {
			var r rune
			r, i = nextJSONRune(inside, i)
			dst = appendJSONRune(dst, r, ascii)
		}
		return append(dst, '"')
	case Int:
		if string(v.raw) == "-0" {
			return append(dst, '0')
		}
	case Float:
		return appendPyFloat(dst, parseJSONFloat(v.raw), "NaN", "Infinity")
	case Array:
		dst = append(dst, '[')
		for i, element := range jsonElements(v.raw) {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendReprinted(dst, element, ascii)
		}
		return append(dst, ']')
	case Struct:
		dst = append(dst, '{')
		for i, m := range jsonMembers(v.raw) {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendReprinted(dst, m.name, ascii)
			dst = append(dst, ": "...)
			dst = appendReprinted(dst, m.value, ascii)
		}
		return append(dst, '}')
	}
	return append(dst, v.raw...)
}

// parseJSONFloat is float(raw); out of range is infinite, as in Python.
func parseJSONFloat(raw []byte) float64 {
	f, _ := strconv.ParseFloat(string(raw), 64)
	return f
}

// appendPyFloat appends repr(f), with the words given for what is not finite.
func appendPyFloat(dst []byte, f float64, nan, inf string) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, nan...)
	case math.IsInf(f, 1):
		return append(dst, inf...)
	case math.IsInf(f, -1):
		return append(append(dst, '-'), inf...)
	}
	// Python writes an exponent below 1e-4 and from 1e16 on, and a decimal point where there is no exponent.
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	e := bytes.LastIndexByte(dst[start:], 'e')
	exponent, _ := strconv.Atoi(string(dst[start+e+1:]))
	if exponent < -4 || exponent >= 16 {
		return dst
	}
	dst = strconv.AppendFloat(dst[:start], f, 'f', -1, 64)
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}

// jsonElements are the values of a checked array.
func jsonElements(raw []byte) []Value {
	var elements []Value
	s := jsonScanner{text: raw, pos: 1}
	for s.peek() != ']' {
		v, _ := s.value(0)
		elements = append(elements, v)
		s.take(',')
	}
	return elements
}

type jsonMember struct{ name, value Value }

// jsonMembers are the members of a checked object as a Python dict keeps them: each name once, in the order of its
// first appearance, with its last value.
func jsonMembers(raw []byte) []jsonMember {
	var members []jsonMember
	place := map[string]int{}
	s := jsonScanner{text: raw, pos: 1}
	for s.peek() != '}' {
		name, _ := s.value(0)
		s.take(':')
		value, _ := s.value(0)
		s.take(',')
		// Reprinted names are equal exactly when Python's strings are, lone surrogates included.
		key := string(appendReprinted(nil, name, true))
		if i, seen := place[key]; seen {
			members[i].value = value
			continue
		}
		place[key] = len(members)
		members = append(members, jsonMember{name, value})
	}
	return members
}
