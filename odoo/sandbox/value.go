package sandbox

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// A Python value is one of: nil, bool, int64, *big.Int (beyond 64 bits), float64, string, bytes, binary, dateTime,
// []any (a list), tuple, *dict, *records.

// tuple prints as Python's and travels as a list.
type tuple []any

// bytes is Python's bytes: what binary fields hold.
type bytes []byte

// binary is the xmlrpc.client.Binary that <base64> is read as.
type binary []byte

// dateTime is a <dateTime.iso8601>: text as it was sent, and str as Python's str() of what the series reads it as.
type dateTime struct{ text, str string }

// dict is Python's: it keeps the order of insertion.
type dict struct {
	keys   []string
	values map[string]any
}

func newDict(pairs ...any) *dict {
	d := &dict{values: make(map[string]any)}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.set(pairs[i].(string), pairs[i+1])
	}
	return d
}

func (d *dict) set(key string, value any) {
	if _, ok := d.values[key]; !ok {
		d.keys = append(d.keys, key)
	}
	d.values[key] = value
}

func (d *dict) get(key string) (any, bool) {
	if d == nil {
		return nil, false
	}
	v, ok := d.values[key]
	return v, ok
}

func (d *dict) delete(key string) {
	delete(d.values, key)
	for i, k := range d.keys {
		if k == key {
			d.keys = append(d.keys[:i:i], d.keys[i+1:]...)
			return
		}
	}
}

func (d *dict) copy() *dict {
	c := newDict()
	if d != nil {
		for _, k := range d.keys {
			c.set(k, d.values[k])
		}
	}
	return c
}

// truthy is bool(v).
func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case bytes:
		return len(v) > 0
	case binary:
		return true
	case []any:
		return len(v) > 0
	case tuple:
		return len(v) > 0
	case *dict:
		return len(v.keys) > 0
	case *records:
		return len(v.ids) > 0
	}
	return true
}

// typeName is type(v).__name__.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case bytes:
		return "bytes"
	case binary:
		return "Binary"
	case dateTime:
		return "datetime.datetime"
	case []any:
		return "list"
	case tuple:
		return "tuple"
	case *dict:
		return "dict"
	case *records:
		return v.model.name
	}
	return fmt.Sprintf("%T", v)
}

// str is str(v).
func str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case dateTime:
		return v.str
	case binary:
		return string(v)
	}
	return repr(v)
}

// repr is repr(v).
func repr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case float64:
		return floatRepr(v)
	case string:
		return stringRepr(v)
	case bytes:
		return bytesRepr(v)
	case dateTime:
		return v.str
	case []any:
		return "[" + reprAll(v) + "]"
	case tuple:
		if len(v) == 1 {
			return "(" + repr(v[0]) + ",)"
		}
		return "(" + reprAll(v) + ")"
	case *dict:
		parts := make([]string, len(v.keys))
		for i, k := range v.keys {
			key := stringRepr(k)
			if n, isInt := strings.CutPrefix(k, intKey); isInt {
				key = n
			}
			parts[i] = key + ": " + repr(v.values[k])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *records:
		return v.model.name + repr(tuple(v.ids))
	}
	return fmt.Sprint(v)
}

func reprAll(list []any) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = repr(v)
	}
	return strings.Join(parts, ", ")
}

// floatRepr is repr of a float: the shortest digits that read back, an exponent below 1e-4 and from 1e16 on.
func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		s := strconv.FormatFloat(f, 'e', -1, 64)
		return s
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.ContainsRune(s, '.') {
		s += ".0"
	}
	return s
}

// bytesRepr is repr of bytes.
func bytesRepr(v bytes) string {
	var b strings.Builder
	b.WriteString("b'")
	for _, c := range v {
		switch {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// stringRepr is repr of a str.
func stringRepr(s string) string {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f || r < 0x100 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r) && r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// toInt is int(v), with Python's errors.
func toInt(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case int64, *big.Int:
		return v, nil
	case float64:
		switch {
		case math.IsNaN(v):
			return nil, valueError("cannot convert float NaN to integer")
		case math.IsInf(v, 0):
			return nil, newError("builtins.OverflowError", "cannot convert float infinity to integer")
		}
		n, _ := big.NewFloat(math.Trunc(v)).Int(nil)
		return shrink(n), nil
	case string:
		text := strings.ReplaceAll(strings.TrimSpace(v), "_", "")
		n, ok := new(big.Int).SetString(strings.TrimPrefix(text, "+"), 10)
		if !ok || strings.HasPrefix(text, "+-") {
			return nil, valueError("invalid literal for int() with base 10: " + repr(v))
		}
		return shrink(n), nil
	}
	return nil, typeError("int() argument must be a string, a bytes-like object or a real number, not '" + typeName(v) + "'")
}

// shrink is n as an int64 where it fits.
func shrink(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// toFloat is float(v), with Python's errors.
func toFloat(v any) (float64, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case int64:
		return float64(v), nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, nil
	case float64:
		return v, nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		if err != nil && !math.IsInf(f, 0) {
			return 0, valueError("could not convert string to float: " + repr(v))
		}
		return f, nil
	}
	return 0, typeError("float() argument must be a string or a real number, not '" + typeName(v) + "'")
}

// items is v as a sequence: what Python iterates over. ok is false where v is no iterable.
func items(v any) (list []any, ok bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case tuple:
		return v, true
	case string:
		for _, r := range v {
			list = append(list, string(r))
		}
		return list, true
	case *dict:
		for _, k := range v.keys {
			list = append(list, k)
		}
		return list, true
	case *records:
		return v.ids, true
	}
	return nil, false
}
