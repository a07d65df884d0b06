package rpc

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendPyString appends repr(s) of a Python str. Lone surrogates are not among Go's strings and cannot occur.
func appendPyString(dst []byte, s string) []byte {
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	dst = append(dst, quote)
	for _, r := range s {
		dst = appendPyRune(dst, r, quote)
	}
	return append(dst, quote)
}

func appendPyRune(dst []byte, r rune, quote byte) []byte {
	const hex = "0123456789abcdef"
	switch {
	case r == rune(quote), r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r == '\t':
		return append(dst, '\\', 't')
	case unicode.IsPrint(r):
		return utf8.AppendRune(dst, r)
	case r <= 0xff:
		return append(dst, '\\', 'x', hex[r>>4&15], hex[r&15])
	case r <= 0xffff:
		return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	}
	dst = append(dst, '\\', 'U')
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, hex[r>>shift&15])
	}
	return dst
}

// pyIntText is the text of an int as Python takes it: white space around, a sign, digits of any script with single
// underscores between them. It returns the number as plain ASCII digits with a minus where there is one.
func pyIntText(s string) (ascii string, ok bool) {
	s = trimPySpace(s)
	var b strings.Builder
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			b.WriteByte('-')
		}
		s = s[1:]
	}
	afterDigit := false
	for _, r := range s {
		switch d, isDigit := pyDigit(r); {
		case isDigit:
			b.WriteByte(d)
			afterDigit = true
		case r == '_' && afterDigit:
			afterDigit = false
		default:
			return "", false
		}
	}
	return b.String(), afterDigit
}

// pyDigit is the decimal digit r stands for, in any script. The digits of a script are ten neighbours, in order.
func pyDigit(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), r >= '0' && r <= '9'
	}
	for _, table := range unicode.Nd.R16 {
		if lo, hi := rune(table.Lo), rune(table.Hi); r >= lo && r <= hi {
			return '0' + byte((r-lo)%10), true
		}
	}
	for _, table := range unicode.Nd.R32 {
		if lo, hi := rune(table.Lo), rune(table.Hi); r >= lo && r <= hi {
			return '0' + byte((r-lo)%10), true
		}
	}
	return 0, false
}

// trimPySpace is s.strip(): white space of Unicode and the four ASCII separators.
func trimPySpace(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}
