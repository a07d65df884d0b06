package rpc

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// Kind is the type of a Value, in words both protocols share.
type Kind uint8

const (
	Invalid  Kind = iota // the zero Value
	Null                 // null, <nil/>
	Bool                 // true, <boolean>
	Int                  // 5, <int> and its sizes; of any magnitude, as Python's int
	Float                // 5.0, NaN, <double>, <float>, <bigdecimal>
	String               // "x", <string>, text without a type
	Array                // [...], <array>
	Struct               // {...}, <struct>
	DateTime             // <dateTime.iso8601> only
	Base64               // <base64> only
)

// Value is one argument as its caller wrote it: a span of the request body whose well-formedness has been checked.
// It is never encoded again. A Value is valid as long as the body it was read from is not changed and its Envelope has
// not read another; the zero Value is Invalid.
type Value struct {
	raw  []byte
	data int32 // XML scalar: where in raw its text begins, behind the last start tag; container: how many values are in it
	kind Kind
	form valueForm
	elem xmlElement
}

// valueForm says how raw is to be read.
type valueForm uint8

const (
	jsonText   valueForm = iota // a JSON text
	xmlTyped                    // an XML element
	xmlUntyped                  // the text inside a <value> without an element
)

// Kind is the type of the value.
func (v Value) Kind() Kind { return v.kind }

// Raw is the span itself: the JSON text, the typed XML element (<int>5</int>), or the text of an untyped <value>,
// references and CDATA sections included. It must not be changed.
func (v Value) Raw() []byte { return v.raw }

// Str is the decoded string; ok is false unless Kind is String. A lone surrogate of JSON is U+FFFD.
func (v Value) Str() (s string, ok bool) {
	if v.kind != String {
		return "", false
	}
	if v.form == jsonText {
		return decodeJSONString(v.raw), true
	}
	return decodeXMLText(v.xmlData()), true
}

// Int is the integer; ok is false unless Kind is Int and it fits.
func (v Value) Int() (n int64, ok bool) {
	if v.kind != Int {
		return 0, false
	}
	text := v.raw
	if v.form != jsonText {
		text = v.xmlData()
	}
	if n, ok = smallInt(text); ok {
		return n, true
	}
	ascii, ok := v.intText()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(ascii, 10, 64)
	if err != nil {
		return 0, false
	}
	return n, true
}

// smallInt reads the usual integer, ASCII digits with perhaps a minus, without allocating.
func smallInt(b []byte) (n int64, ok bool) {
	digits := b
	if len(b) > 0 && b[0] == '-' {
		digits = b[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) != len(b) {
		n = -n
	}
	return n, true
}

// intText is the integer in ASCII digits without leading zeros.
func (v Value) intText() (string, bool) {
	if v.form == jsonText {
		return canonicalInt(string(v.raw)), true
	}
	ascii, ok := pyIntText(decodeXMLText(v.xmlData()))
	return canonicalInt(ascii), ok
}

func canonicalInt(ascii string) string {
	digits := strings.TrimLeft(strings.TrimPrefix(ascii, "-"), "0")
	switch {
	case digits == "":
		return "0"
	case ascii[0] == '-':
		return "-" + digits
	}
	return digits
}

// float is the number; Kind is Float.
func (v Value) float() float64 {
	if v.form == jsonText {
		return parseJSONFloat(v.raw)
	}
	return parsePyFloat(decodeXMLText(v.xmlData()))
}

// Truthy is Python's truth of the value: None, False, 0, 0.0, "", [] and {} are false. A <base64> and a
// <dateTime.iso8601> are objects, hence true, even when empty.
func (v Value) Truthy() bool {
	switch v.kind {
	case Bool:
		if v.form == jsonText {
			return v.raw[0] == 't'
		}
		return decodeXMLText(v.xmlData()) == "1"
	case Int:
		text, _ := v.intText()
		return text != "0"
	case Float:
		return v.float() != 0
	case String:
		if v.form == jsonText {
			return len(v.raw) > 2
		}
		return decodeXMLText(v.xmlData()) != ""
	case Array, Struct:
		if v.form == jsonText {
			s := jsonScanner{text: v.raw, pos: 1}
			c := s.peek()
			return c != ']' && c != '}'
		}
		return v.data > 0
	case DateTime, Base64:
		return true
	}
	return false
}

// PyType is the type's name in Python's error texts: NoneType, bool, int, float, str, list, dict; Decimal for
// <bigdecimal>, Binary for <base64>, and for <dateTime.iso8601> DateTime, whose series before 18 keep the text, or
// datetime.datetime (values.x.datetime.xml2). An Invalid value is NoneType: Python's None stands for what is missing.
func (v Value) PyType() string {
	switch v.kind {
	case Bool:
		return "bool"
	case Int:
		return "int"
	case Float:
		if v.elem == elemBigDecimal {
			return "Decimal"
		}
		return "float"
	case String:
		return "str"
	case Array:
		return "list"
	case Struct:
		return "dict"
	case DateTime:
		if v.elem == elemDateTime {
			return "datetime.datetime"
		}
		return "DateTime"
	case Base64:
		return "Binary"
	}
	return "NoneType"
}

// PyRepr is repr() of a scalar in Python, for error texts (KeyError: 'nope', KeyError: None). A container is
// abbreviated to [...] or {...}, a date or bytes to its type: they may be large, and no error of Odoo quotes them.
func (v Value) PyRepr() string {
	switch v.kind {
	case Invalid, Null:
		return "None"
	case Bool:
		if v.Truthy() {
			return "True"
		}
		return "False"
	case Int:
		text, _ := v.intText()
		return text
	case Float:
		return string(appendPyFloat(nil, v.float(), "nan", "inf"))
	case String:
		s, _ := v.Str()
		return string(appendPyString(nil, s))
	case Array:
		return "[...]"
	case Struct:
		return "{...}"
	}
	return "<" + v.PyType() + ">"
}

// PyStr is str() of the value in Python: the string itself, PyRepr for all else.
func (v Value) PyStr() string {
	if s, ok := v.Str(); ok {
		return s
	}
	return v.PyRepr()
}

// xmlData is the text of a scalar that Python's Unmarshaller decodes: from behind the last start tag to the end tag.
func (v Value) xmlData() []byte {
	if v.form == xmlUntyped {
		return v.raw
	}
	end := bytes.LastIndexByte(v.raw, '<') // of the end tag
	if end < int(v.data) {                 // <string/>
		return nil
	}
	return v.raw[v.data:end]
}

// maxXMLBody is the length of a document, in UTF-8, that the offsets of a Value can address.
const maxXMLBody = math.MaxInt32
