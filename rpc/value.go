package rpc

// Kind is the type of a Value, in words both protocols share.
type Kind uint8

const (
	Invalid  Kind = iota // the zero Value
	Null                 // null, <nil/>
	Bool                 // true, <boolean>
	Int                  // 5, <int> and its sizes; of any magnitude, as Python's int
	Float                // 5.0, NaN, <double>
	String               // "x", <string>, text without a type
	Array                // [...], <array>
	Struct               // {...}, <struct>
	DateTime             // <dateTime.iso8601> only
	Base64               // <base64> only
)

// Value is one argument as its caller wrote it: a span of the request body whose well-formedness has been checked.
// It is never encoded again. A Value is valid as long as the body it was read from is not changed; the zero Value is
// Invalid.
type Value struct {
	raw  []byte
	text textForm
	kind Kind
}

// textForm says how the text of a Value is to be decoded.
type textForm uint8

const (
	jsonText    textForm = iota // a JSON text
	xmlElement                  // a typed XML element
	xmlBareText                 // the untyped text inside <value>
)

// Kind is the type of the value.
func (v Value) Kind() Kind { return v.kind }

// Raw is the span itself: the JSON text, the typed XML element (<int>5</int>), or the text of an untyped <value>,
// escapes and CDATA sections included. It must not be changed.
func (v Value) Raw() []byte { return v.raw }

// Str is the decoded string; ok is false unless Kind is String.
func (v Value) Str() (s string, ok bool) { return "", false }

// Int is the integer; ok is false unless Kind is Int and it fits.
func (v Value) Int() (n int64, ok bool) { return 0, false }

// Truthy is Python's truth: None, False, 0, 0.0, "", [] and {} are false.
func (v Value) Truthy() bool { return false }

// PyType is the type's name in Python's error texts: NoneType, bool, int, float, str, list, dict, datetime.datetime...
func (v Value) PyType() string { return "" }

// PyRepr is repr() of the value in Python, for error texts (KeyError: 'nope').
func (v Value) PyRepr() string { return "" }

// PyStr is str() of the value in Python.
func (v Value) PyStr() string { return "" }
