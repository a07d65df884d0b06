package rpc

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// jsonErrorText is what Python 3.11's JSONDecodeError says of a text that the scanner refuses: what is wrong, and where,
// counted in characters. Odoo passes it on in the answers of JSON-2 (json2.invalid).
func jsonErrorText(text []byte) string {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return jsonErrorAt("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
	}
	s := jsonScanner{text: text}
	d := jsonDiagnosis{s: &s}
	if d.value() {
		s.peek()
		d.fail("Extra data", s.pos)
	}
	if d.whole != "" {
		return d.whole
	}
	return jsonErrorAt(d.message, text, d.at)
}

func jsonErrorAt(message string, text []byte, at int) string {
	before := text[:at]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("%s: line %d column %d (char %d)", message, line, column, utf8.RuneCount(before))
}

// jsonDiagnosis walks a text once more, as Python's C scanner does, to name its first fault. The text is known to be nested
// less than MaxJSONDepth deep up to there, so that it may recurse.
type jsonDiagnosis struct {
	s       *jsonScanner
	message string
	at      int    // in bytes
	whole   string // all that is said, where that is not what and where
}

// fail notes the fault and is false, as those are that meet it.
func (d *jsonDiagnosis) fail(message string, at int) bool {
	d.message, d.at = message, at
	return false
}

func (d *jsonDiagnosis) value() bool {
	c := d.s.peek()
	at := d.s.pos
	switch c {
	case '"':
		return d.str()
	case '[':
		return d.container(']', d.value)
	case '{':
		return d.container('}', d.member)
	}
	if _, fault := d.s.skipScalar(c); fault != 0 {
		if n := d.digits(at); n > maxIntDigits {
			d.whole = fmt.Sprintf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; "+
				"use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, n)
		}
		return d.fail("Expecting value", at)
	}
	return true
}

// digits counts those of the number at.
func (d *jsonDiagnosis) digits(at int) int {
	if at < len(d.s.text) && d.s.text[at] == '-' {
		at++
	}
	return skipDigits(d.s.text, at) - at
}

// container passes an array or object, of which each reads one part.
func (d *jsonDiagnosis) container(end byte, each func() bool) bool {
	d.s.pos++
	if d.s.take(end) {
		return true
	}
	for {
		if !each() {
			return false
		}
		if d.s.take(end) {
			return true
		}
		if !d.s.take(',') {
			return d.fail("Expecting ',' delimiter", d.s.pos)
		}
	}
}

func (d *jsonDiagnosis) member() bool {
	if d.s.peek() != '"' {
		return d.fail("Expecting property name enclosed in double quotes", d.s.pos)
	}
	if !d.str() {
		return false
	}
	if !d.s.take(':') {
		return d.fail("Expecting ':' delimiter", d.s.pos)
	}
	return d.value()
}

func (d *jsonDiagnosis) str() bool {
	text, begin := d.s.text, d.s.pos
	for i := begin + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			d.s.pos = i + 1
			return true
		case c < ' ':
			return d.fail("Invalid control character at", i)
		case c != '\\':
			continue
		case i+1 == len(text):
			return d.fail("Unterminated string starting at", begin)
		case text[i+1] == 'u':
			if _, ok := hex4(text, i+2); !ok || i+6 == len(text) {
				return d.fail(`Invalid \uXXXX escape`, i+1)
			}
			i += 5
		case bytes.IndexByte([]byte(`"\/bfnrt`), text[i+1]) < 0:
			return d.fail(`Invalid \escape`, i)
		default:
			i++
		}
	}
	return d.fail("Unterminated string starting at", begin)
}
