package sandbox

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonEncoder writes values as Odoo does with Python's json.dumps: ", " and ": " between, keys in their order, and
// escapes for everything beyond ASCII in series 15 only.
type jsonEncoder struct {
	strings.Builder
	series int
}

// response writes the whole answer. A result of None is left out.
func (e *jsonEncoder) response(id []byte, result any) error {
	if len(id) == 0 {
		id = []byte("null")
	}
	e.WriteString(`{"jsonrpc": "2.0", "id": `)
	e.Write(id)
	if result != nil {
		e.WriteString(`, "result": `)
		if err := e.encode(result); err != nil {
			return err
		}
	}
	e.WriteByte('}')
	return nil
}

// encode writes v. The error is a Python exception outside Odoo's own handling: the answer is an HTML page with 500.
func (e *jsonEncoder) encode(v any) error {
	switch v := v.(type) {
	case nil:
		e.WriteString("null")
	case bool:
		e.WriteString(strconv.FormatBool(v))
	case float64:
		switch {
		case math.IsNaN(v):
			e.WriteString("NaN")
		case math.IsInf(v, 1):
			e.WriteString("Infinity")
		case math.IsInf(v, -1):
			e.WriteString("-Infinity")
		default:
			e.WriteString(floatRepr(v))
		}
	case string:
		if e.series >= 16 && hasHalfPair(v) {
			return notEncodable(v) // 15 escapes it
		}
		e.str(v)
	case bytes:
		text, err := v.text(e.series)
		if err != nil {
			return err
		}
		e.str(text)
	case dateTime, binary, *records:
		e.str(str(v)) // Odoo's json_default ends with str()
	case []any:
		return e.list(v)
	case tuple:
		return e.list(v)
	case *dict:
		e.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				e.WriteString(", ")
			}
			e.str(strings.TrimPrefix(k, intKey))
			e.WriteString(": ")
			if err := e.encode(v.values[k]); err != nil {
				return err
			}
		}
		e.WriteByte('}')
	default:
		e.WriteString(repr(v)) // int64 and *big.Int
	}
	return nil
}

func (e *jsonEncoder) list(list []any) error {
	e.WriteByte('[')
	for i, v := range list {
		if i > 0 {
			e.WriteString(", ")
		}
		if err := e.encode(v); err != nil {
			return err
		}
	}
	e.WriteByte(']')
	return nil
}

func (e *jsonEncoder) str(s string) {
	e.WriteByte('"')
	plain := 0 // what needs no escape in any series
	for plain < len(s) && s[plain] >= 0x20 && s[plain] <= 0x7e && s[plain] != '"' && s[plain] != '\\' {
		plain++
	}
	e.WriteString(s[:plain])
	for s = s[plain:]; len(s) > 0; {
		r, n := utf8.DecodeRuneInString(s)
		if half, ok := halfPair(s); ok {
			r, n = half, 3
		}
		s = s[n:]
		switch {
		case r == '"' || r == '\\':
			e.WriteByte('\\')
			e.WriteRune(r)
		case r == '\n':
			e.WriteString(`\n`)
		case r == '\r':
			e.WriteString(`\r`)
		case r == '\t':
			e.WriteString(`\t`)
		case r == '\b':
			e.WriteString(`\b`)
		case r == '\f':
			e.WriteString(`\f`)
		case r < 0x20 || r > 0x7e && r < 0x10000 && e.series < 16:
			fmt.Fprintf(e, `\u%04x`, r)
		case r >= 0x10000 && e.series < 16:
			r -= 0x10000
			fmt.Fprintf(e, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			e.WriteRune(r)
		}
	}
	e.WriteByte('"')
}

// text is how bytes become a string in an answer: UTF-8, and Latin-1 in series 15 where it is not (read.read.raw).
func (b bytes) text(series int) (string, error) {
	if utf8.Valid(b) {
		return string(b), nil
	}
	if series < 16 {
		var s strings.Builder
		for _, c := range b {
			s.WriteRune(rune(c))
		}
		return s.String(), nil
	}
	at := 0
	for at < len(b) {
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		at += n
	}
	e := newError("builtins.UnicodeDecodeError",
		fmt.Sprintf("'utf-8' codec can't decode byte 0x%02x in position %d: invalid start byte", b[at], at))
	e.Message = fmt.Sprintf("utf-8\n%s\n%d\n%d\ninvalid start byte", repr(b), at, at+1) // its arguments, which /xmlrpc prints
	return "", e
}

// intKey begins the keys of a dict that are integers in Python: text in JSON, a fault in XML-RPC.
const intKey = "\x00"
