package rpc_test

import (
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf16"
)

// generator makes random values as text, JSON or XML, in all the spellings that there are for one.
type generator struct{ *rand.Rand }

// one picks.
func one[T any](g generator, choices ...T) T { return choices[g.IntN(len(choices))] }

// depth bounds the nesting of a random value.
const depth = 4

// json is a value as a JSON text.
func (g generator) json(depth int) string {
	if depth > 0 && g.IntN(3) == 0 {
		return g.jsonContainer(depth - 1)
	}
	switch g.IntN(7) {
	case 0:
		return one(g, "true", "false")
	case 1, 2:
		return g.int()
	case 3:
		return g.jsonFloat()
	}
	return g.jsonString(g.text(true))
}

func (g generator) jsonContainer(depth int) string {
	n := g.IntN(5)
	parts := make([]string, n)
	for i := range parts {
		parts[i] = g.space() + g.json(depth) + g.space()
	}
	if g.IntN(2) == 0 {
		return "[" + g.space() + strings.Join(parts, ",") + "]"
	}
	for i := range parts { // of different names: json.dumps prints each once
		parts[i] = g.space() + g.jsonString(g.text(false)+strconv.Itoa(i)) + g.space() + ":" + parts[i]
	}
	return "{" + g.space() + strings.Join(parts, ",") + "}"
}

func (g generator) space() string {
	if g.IntN(4) > 0 {
		return ""
	}
	return one(g, " ", "\t", "\n", "\r\n", "  ")
}

// int is an integer: small, at the edges of 32 and 64 bits, or too large for either.
func (g generator) int() string {
	switch g.IntN(8) {
	case 0:
		return one(g, "2147483647", "-2147483648", "0", "-1", "65536")
	case 1:
		if g.IntN(4) == 0 {
			return one(g, "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-"+strings.Repeat("9", 1+g.IntN(60)))
		}
	}
	return strconv.Itoa(int(g.Int32()) >> g.IntN(32))
}

// jsonFloat is a float, written as Python would not in half of the cases.
func (g generator) jsonFloat() string {
	f := g.float()
	switch g.IntN(8) {
	case 0:
		return one(g, "NaN", "Infinity", "-Infinity", "1e400", "-1E+400", "1e-400", "-0.0", "-0e5", "5e-324", "1E5", "0.1", "1e16", "9007199254740993.0")
	case 1, 2:
		return strconv.FormatFloat(f, 'e', g.IntN(20), 64)
	case 3:
		return strings.ToUpper(strconv.FormatFloat(f, 'e', -1, 64))
	case 4:
		return fmt.Sprintf("%.*f", 1+g.IntN(20), f)
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// float is a finite float of any size.
func (g generator) float() float64 {
	switch g.IntN(3) {
	case 0:
		return float64(g.IntN(1000000)) / 100
	case 1:
		return g.NormFloat64()
	}
	for {
		if f := math.Float64frombits(g.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
}

// text is a string of up to 20 characters; control ones, which XML can't have, are in it only if asked for.
func (g generator) text(control bool) string {
	var b strings.Builder
	for range g.IntN(20) {
		switch g.IntN(9) {
		case 0:
			b.WriteString(one(g, "<", ">", "&", `"`, "'", `\`, "/", "]]>", "&amp;", "<!--", "\t", "\n", "\r", "\r\n", " "))
		case 1:
			b.WriteRune(one[rune](g, 0x7f, 0x80, 0x85, 0xa0, 0xe9, 0xff, 0x131, 0x2028, 0x20ac, 0x65e5, 0xd7ff, 0xe000, 0xfffd, 0x1f600, 0x10ffff))
		case 2:
			b.WriteRune(g.char())
		case 3:
			if control {
				b.WriteByte(byte(g.IntN(32)))
			}
		default:
			b.WriteByte(byte(' ' + g.IntN(95)))
		}
	}
	return b.String()
}

// char is a character of a script that all Pythons know: repr escapes those that are too new for its tables.
func (g generator) char() rune {
	script := one(g, [2]rune{0xa1, 0x24f}, [2]rune{0x400, 0x4ff}, [2]rune{0x4e00, 0x9fa5}, [2]rune{0xac00, 0xd7a3},
		[2]rune{0xe000, 0xf8ff}, [2]rune{0xff01, 0xff5e}, [2]rune{0x1f600, 0x1f640}, [2]rune{0x20000, 0x2a6d6})
	return script[0] + rune(g.IntN(int(script[1]-script[0])))
}

// jsonString is a string as a JSON text, some of its characters escaped though they need not be.
func (g generator) jsonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		i := strings.IndexRune("\"\\/\b\f\n\r\t", r)
		switch {
		case i >= 0 && (r != '/' || g.IntN(2) == 0) && g.IntN(4) > 0:
			b.WriteString(`\` + string(`"\/bfnrt`[i]))
		case r >= ' ' && r != '"' && r != '\\' && g.IntN(6) > 0:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, one(g, `\u%04x\u%04x`, `\u%04X\u%04X`), high, low)
		default:
			fmt.Fprintf(&b, one(g, `\u%04x`, `\u%04X`), r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// xml is a <value> as an XML-RPC client may write it, in places where the specification wants it.
func (g generator) xml(depth int) string {
	if depth > 0 && g.IntN(3) == 0 {
		return "<value>" + g.space() + g.xmlContainer(depth-1) + g.space() + "</value>"
	}
	if g.IntN(8) == 0 {
		return one(g, "<value/>", "<value />", "<value></value>", "<value>"+g.xmlText()+"</value>")
	}
	return "<value>" + g.xmlScalar() + "</value>"
}

func (g generator) xmlScalar() string {
	typed := func(name, text string) string { return "<" + name + ">" + text + "</" + name + ">" }
	switch g.IntN(8) {
	case 0:
		return one(g, "<nil/>", "<nil />", "<nil></nil>", "<ex:nil/>")
	case 1:
		return typed("boolean", one(g, "0", "1"))
	case 2, 3:
		text := g.int()
		if g.IntN(4) == 0 {
			text = one(g, " ", "+", "\n", "00", "") + strings.TrimPrefix(text, "-")
		}
		return typed(one(g, "int", "i4", "i8", "i1", "i2", "biginteger"), text)
	case 4:
		return typed(one(g, "double", "float"), one(g, g.jsonFloat(), "+1", " 1.50 ", ".5", "5.", "1_000.5", "inf", "-INF", "nan"))
	case 5:
		return one(g, "<string/>", "<string />", "<string></string>")
	}
	return typed("string", g.xmlText())
}

func (g generator) xmlContainer(depth int) string {
	n := g.IntN(4)
	var b strings.Builder
	if g.IntN(2) == 0 {
		for range n {
			b.WriteString(g.xml(depth) + g.space())
		}
		if n == 0 {
			return one(g, "<array><data/></array>", "<array><data></data></array>", "<array> <data /> </array>")
		}
		return "<array>" + g.space() + "<data>" + g.space() + b.String() + "</data>" + g.space() + "</array>"
	}
	if n == 0 {
		return one(g, "<struct/>", "<struct />", "<struct></struct>", "<struct>\n</struct>")
	}
	for range n { // a name may come twice: the last value holds
		b.WriteString("<member>" + g.space() + "<name>" + one(g, "k", g.xmlText()) + "</name>" + g.space() + g.xml(depth) + g.space() + "</member>" + g.space())
	}
	return "<struct>" + g.space() + b.String() + "</struct>"
}

// xmlText is random character data, with some characters as references.
func (g generator) xmlText() string {
	var b strings.Builder
	for _, r := range g.text(false) {
		switch {
		case g.IntN(8) == 0:
			fmt.Fprintf(&b, one(g, "&#%d;", "&#x%x;", "&#x%X;"), r)
		case strings.ContainsRune("<>&\"'", r):
			b.WriteString(html.EscapeString(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
