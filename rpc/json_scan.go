package rpc

import (
	"encoding/binary"
	"math/bits"
)

// MaxJSONDepth bounds the nesting of a JSON body, the envelope's own three levels included. Python's reader gives up a
// little earlier, at 1000 less the frames in use (pj.deep2000 of 19); what lies between is Odoo's to refuse.
const MaxJSONDepth = 1000

// maxIntDigits is Python's limit for the text of an integer (3.10.7 and later); json.loads refuses more.
const maxIntDigits = 4300

// jsonFault is what Python's json.loads raises for a text; zero is nothing.
type jsonFault uint8

const (
	jsonInvalid     jsonFault = iota + 1 // ValueError
	jsonDeepArray                        // RecursionError in a list
	jsonDeepObject                       // RecursionError in a dict
	jsonNotAnObject                      // a text that is no object: no fault of json.loads, but of who asks it for "params"
	jsonTooMany                          // no fault of Python's: more arguments than maxArgs
)

// jsonScanner walks a JSON text with the grammar of Python's json.loads: RFC 8259 and the literals NaN, Infinity and
// -Infinity. It neither allocates nor recurses. The text must be valid UTF-8.
type jsonScanner struct {
	text []byte
	pos  int
}

// peek skips white space and returns the byte there, 0 at the end: no token starts with it.
func (s *jsonScanner) peek() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take consumes the byte c after white space, if it is there.
func (s *jsonScanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// value reads one value that stands depth containers deep.
func (s *jsonScanner) value(depth int) (Value, jsonFault) {
	c := s.peek()
	start := s.pos
	kind, fault := Invalid, jsonInvalid
	switch c {
	case '"':
		kind, fault = String, s.skipString()
	case '[':
		kind, fault = Array, s.skipContainer(depth)
	case '{':
		kind, fault = Struct, s.skipContainer(depth)
	default:
		kind, fault = s.skipScalar(c)
	}
	if fault != 0 {
		return Value{}, fault
	}
	return Value{raw: s.text[start:s.pos], kind: kind}, 0
}

// skipContainer passes the array or object that starts at pos.
func (s *jsonScanner) skipContainer(depth int) jsonFault {
	// One bit for each open container: set for an object. A stack of 1000 bits needs no allocation.
	var object [MaxJSONDepth/64 + 1]uint64
	bottom := depth
	for {
		// Before a value.
		c := s.peek()
		switch c {
		case '[', '{':
			if depth == MaxJSONDepth {
				if c == '[' {
					return jsonDeepArray
				}
				return jsonDeepObject
			}
			s.pos++
			depth++
			if c == '{' {
				object[depth/64] |= 1 << (depth % 64)
				if s.peek() != '}' {
					if fault := s.skipName(); fault != 0 {
						return fault
					}
					continue
				}
			} else {
				object[depth/64] &^= 1 << (depth % 64)
				if s.peek() != ']' {
					continue
				}
			}
		case '"':
			if fault := s.skipString(); fault != 0 {
				return fault
			}
		default:
			if _, fault := s.skipScalar(c); fault != 0 {
				return fault
			}
		}
		// Behind a value: a comma, or the ends of containers.
		for {
			c = s.peek()
			inObject := object[depth/64]&(1<<(depth%64)) != 0
			if c == ',' {
				s.pos++
				if inObject {
					if fault := s.skipName(); fault != 0 {
						return fault
					}
				}
				break
			}
			if c != ']' && c != '}' || inObject != (c == '}') {
				return jsonInvalid
			}
			s.pos++
			depth--
			if depth == bottom {
				return 0
			}
		}
	}
}

// skipName passes a member's name and the colon.
func (s *jsonScanner) skipName() jsonFault {
	if s.peek() != '"' {
		return jsonInvalid
	}
	if fault := s.skipString(); fault != 0 {
		return fault
	}
	if !s.take(':') {
		return jsonInvalid
	}
	return 0
}

// skipScalar passes a number or a literal whose first byte is c.
func (s *jsonScanner) skipScalar(c byte) (Kind, jsonFault) {
	switch c {
	case 'n':
		return Null, s.skipLiteral("null")
	case 't':
		return Bool, s.skipLiteral("true")
	case 'f':
		return Bool, s.skipLiteral("false")
	case 'N':
		return Float, s.skipLiteral("NaN")
	case 'I':
		return Float, s.skipLiteral("Infinity")
	case '-':
		if s.pos+1 < len(s.text) && s.text[s.pos+1] == 'I' {
			return Float, s.skipLiteral("-Infinity")
		}
	}
	return s.skipNumber()
}

func (s *jsonScanner) skipLiteral(word string) jsonFault {
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		return jsonInvalid
	}
	s.pos += len(word)
	return 0
}

// skipNumber passes a number. What follows it is the caller's business: "01" is the number 0, then a fault.
func (s *jsonScanner) skipNumber() (Kind, jsonFault) {
	i := s.pos
	if i < len(s.text) && s.text[i] == '-' {
		i++
	}
	digits := i
	i = skipDigits(s.text, i)
	if i == digits {
		return Invalid, jsonInvalid
	}
	if s.text[digits] == '0' {
		i = digits + 1
	}
	kind := Int
	if i+1 < len(s.text) && s.text[i] == '.' {
		if j := skipDigits(s.text, i+1); j > i+1 {
			i, kind = j, Float
		}
	}
	if i+1 < len(s.text) && (s.text[i] == 'e' || s.text[i] == 'E') {
		j := i + 1
		if s.text[j] == '+' || s.text[j] == '-' {
			j++
		}
		if k := skipDigits(s.text, j); k > j {
			i, kind = k, Float
		}
	}
	if kind == Int && i-digits > maxIntDigits {
		return Invalid, jsonInvalid
	}
	s.pos = i
	return kind, 0
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// skipString passes the string that starts at pos.
func (s *jsonScanner) skipString() jsonFault {
	i := s.pos + 1
	for {
		i = plainJSON(s.text, i)
		if i >= len(s.text) {
			return jsonInvalid
		}
		switch s.text[i] {
		case '"':
			s.pos = i + 1
			return 0
		case '\\':
			if i+1 >= len(s.text) {
				return jsonInvalid
			}
			switch s.text[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				if _, ok := hex4(s.text, i+2); !ok {
					return jsonInvalid
				}
				i += 6
			default:
				return jsonInvalid
			}
		default: // a control character
			return jsonInvalid
		}
	}
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// plainJSON returns the position of the first byte from i on that is a quote, a backslash or a control character. It
// looks at eight bytes at a time: strings are most of a large body, and a byte loop takes five times as long.
func plainJSON(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote := w ^ lowBits*'"'
		slash := w ^ lowBits*'\\'
		// A byte below n gives its high bit in (w - n...) &^ w; borrows reach only bytes behind the first hit.
		hit := ((quote-lowBits)&^quote | (slash-lowBits)&^slash | (w-lowBits*' ')&^w) & highBits
		if hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}

// hex4 reads four hexadecimal digits at i.
func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20-'a' <= 5:
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
