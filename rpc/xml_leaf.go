package rpc

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkXMLScalar does what the Unmarshaller does with the text of a scalar element, and returns its kind. data may hold
// references, comments and CDATA sections.
func checkXMLScalar(elem xmlElement, data []byte) (Kind, *Error) {
	switch elem {
	case elemInt:
		if _, ok := smallInt(data); ok {
			return Int, nil
		}
		return Int, checkInt(decodeXMLText(data))
	case elemBoolean:
		if len(data) == 1 && (data[0] == '0' || data[0] == '1') {
			return Bool, nil
		}
		if s := decodeXMLText(data); s != "0" && s != "1" {
			return Bool, TypeError("bad boolean value")
		}
		return Bool, nil
	case elemDouble:
		if isPlainFloat(data) {
			return Float, nil
		}
		if s := decodeXMLText(data); !isPyFloat(s) {
			return Float, pyError("builtins.ValueError", "could not convert string to float: %s", appendPyString(nil, s))
		}
		return Float, nil
	case elemBigDecimal:
		if s := decodeXMLText(data); !isPyDecimal(s) {
			return Float, pyError("decimal.InvalidOperation", "[<class 'decimal.ConversionSyntax'>]")
		}
		return Float, nil
	case elemDateTime:
		return DateTime, checkDateTime(decodeXMLText(data))
	case elemBase64:
		return Base64, checkBase64(data)
	}
	return DateTime, nil // elemDateTimeText
}

func checkInt(s string) *Error {
	ascii, ok := pyIntText(s)
	if digits := len(strings.TrimPrefix(ascii, "-")); ok && digits > maxIntDigits {
		return pyError("builtins.ValueError", "Exceeds the limit (%d digits) for integer string conversion: "+
			"value has %d digits; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, digits)
	}
	if ok {
		return nil
	}
	repr := []rune(string(appendPyString(nil, s)))
	return pyError("builtins.ValueError", "invalid literal for int() with base 10: %s", string(repr[:min(len(repr), 200)]))
}

// pyFloat is the text of a float as Python takes it, once white space is off and digits are ASCII.
var pyFloat = regexp.MustCompile(`^[+-]?(?i:inf(inity)?|nan|(\d+(_\d+)*(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?)$`)

// isPlainFloat is true of a float as programs write it. It is there because the expression is slow and its text a copy.
func isPlainFloat(b []byte) bool {
	s := jsonScanner{text: b}
	_, fault := s.skipNumber()
	return fault == 0 && s.pos == len(b)
}

func isPyFloat(s string) bool { return pyFloat.MatchString(asciiDigits(trimPySpace(s))) }

// pyDecimal is the text of a Decimal; underscores are dropped before.
var pyDecimal = regexp.MustCompile(`^[+-]?(?i:inf(inity)?|s?nan\d*|(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?)$`)

func isPyDecimal(s string) bool {
	return pyDecimal.MatchString(strings.ReplaceAll(asciiDigits(trimPySpace(s)), "_", ""))
}

// parsePyFloat is float(s) for a text that isPyFloat or isPyDecimal took. Out of range is infinite, as in Python.
func parsePyFloat(s string) float64 {
	s = strings.ReplaceAll(asciiDigits(trimPySpace(s)), "_", "")
	if lower := strings.ToLower(s); strings.Contains(lower, "nan") {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// asciiDigits is s with the digits of every script written as ASCII's.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := pyDigit(r); ok {
			return rune(d)
		}
		return r
	}, s)
}

// xmlrpcTime is "%Y%m%dT%H:%M:%S" as Python's strptime reads it, with everything optional that it takes as such.
var xmlrpcTime = regexp.MustCompile(
	`(?i)^(\d\d\d\d)(1[0-2]|0[1-9]|[1-9])(3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9])t(2[0-3]|[0-1]\d|\d):([0-5]\d|\d):(6[0-1]|[0-5]\d|\d)`)

// checkDateTime is datetime.strptime(s, "%Y%m%dT%H:%M:%S"), which series 18 and later use (values.x.datetime.bad.xml2).
func checkDateTime(s string) *Error {
	ascii := asciiDigits(s)
	m := xmlrpcTime.FindStringSubmatch(ascii)
	switch {
	case m == nil:
		return pyError("builtins.ValueError", "time data %s does not match format '%%Y%%m%%dT%%H:%%M:%%S'", appendPyString(nil, s))
	case len(m[0]) < len(ascii):
		rest := string([]rune(s)[utf8.RuneCountInString(m[0]):])
		return pyError("builtins.ValueError", "unconverted data remains: %s", rest)
	}
	year, _ := strconv.Atoi(m[1])
	month, _ := strconv.Atoi(m[2])
	day, _ := strconv.Atoi(strings.TrimSpace(m[3]))
	leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && leap {
		days++
	}
	switch {
	case year == 0:
		return pyError("builtins.ValueError", "year 0 is out of range")
	case day > days:
		return pyError("builtins.ValueError", "day is out of range for month")
	case m[6] == "60" || m[6] == "61": // a leap second to strptime, none to datetime
		return pyError("builtins.ValueError", "second must be in 0..59")
	}
	return nil
}

// checkBase64 is base64.decodebytes of data as ASCII: what is not in the alphabet is passed over, and padding ends it
// where it may (values.x.base64.bad.xml2).
func checkBase64(data []byte) *Error {
	text := data
	if bytes.IndexByte(data, '<') >= 0 || bytes.IndexByte(data, '&') >= 0 { // a line end is none of its letters
		text = []byte(decodeXMLText(data))
	}
	place, pads, chars := 0, 0, 0
	for i, c := range text {
		switch {
		case c >= utf8.RuneSelf:
			return notASCII(text, i)
		case c == '=':
			pads++
			if place >= 2 && place+pads >= 4 {
				return checkASCII(text[i:], text)
			}
		case c-'A' <= 25 || c-'a' <= 25 || c-'0' <= 9 || c == '+' || c == '/':
			pads = 0
			chars++
			place = chars % 4
		}
	}
	switch place {
	case 0:
		return nil
	case 1:
		return pyError("binascii.Error", "Invalid base64-encoded string: number of data characters (%d) cannot be 1 more "+
			"than a multiple of 4", chars)
	}
	return pyError("binascii.Error", "Incorrect padding")
}

func checkASCII(rest, text []byte) *Error {
	for i, c := range rest {
		if c >= utf8.RuneSelf {
			return notASCII(text, len(text)-len(rest)+i)
		}
	}
	return nil
}

// notASCII is the UnicodeEncodeError for the first character of text that is not ASCII, at byte i.
func notASCII(text []byte, i int) *Error {
	r, n := utf8.DecodeRune(text[i:])
	end := i + n
	count := 1
	for end < len(text) && text[end] >= utf8.RuneSelf {
		_, n := utf8.DecodeRune(text[end:])
		end += n
		count++
	}
	position := utf8.RuneCount(text[:i])
	what := fmt.Sprintf("character '%s' in position %d", escapedRune(r), position)
	if count > 1 {
		what = fmt.Sprintf("characters in position %d-%d", position, position+count-1)
	}
	return pyError("builtins.UnicodeEncodeError", "'ascii' codec can't encode %s: ordinal not in range(128)", what)
}

func escapedRune(r rune) string {
	switch {
	case r <= 0xff:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
