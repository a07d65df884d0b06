package sandbox

import (
	stdbytes "bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Python's strings can hold half of a surrogate pair, which a JSON text can name and UTF-8 has no bytes for
// (values.str.surrogate). Here it is the three bytes that UTF-8 would have for it, as in WTF-8; Go takes each for an error.

// halfPair reads the surrogate at the beginning of s, if there is one.
func halfPair(s string) (r rune, ok bool) {
	if len(s) < 3 || s[0] != 0xED || s[1] < 0xA0 || s[1] > 0xBF || s[2]&0xC0 != 0x80 {
		return 0, false
	}
	return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), true
}

// hasHalfPair tells whether one is in s: such a string can't be encoded.
func hasHalfPair(s string) bool {
	if utf8.ValidString(s) {
		return false
	}
	for i := range len(s) {
		if _, ok := halfPair(s[i:]); ok {
			return true
		}
	}
	return false
}

// notEncodable is Python's error for a string with a surrogate in it.
func notEncodable(s string) error {
	for i := range len(s) {
		if r, ok := halfPair(s[i:]); ok {
			return newError("builtins.UnicodeEncodeError", fmt.Sprintf(`'utf-8' codec can't encode character '\u%04x' in position %d: surrogates not allowed`,
				r, utf8.RuneCountInString(s[:i])))
		}
	}
	return nil
}

// standIn begins the characters, of a private use that nobody is known to make of them, that carry surrogates through
// encoding/json, which would make U+FFFD of each.
const standIn = 0x100000

// markHalfPairs replaces the escapes of surrogates without their other half by their stand-ins.
func markHalfPairs(text []byte) (marked []byte, found bool) {
	if !stdbytes.Contains(text, []byte(`\ud`)) && !stdbytes.Contains(text, []byte(`\uD`)) {
		return text, false
	}
	for i := 0; i < len(text); {
		switch r := escaped(text[i:]); {
		case text[i] != '\\':
			marked = append(marked, text[i])
			i++
		case !utf16.IsSurrogate(r):
			n := min(2, len(text)-i)
			marked = append(marked, text[i:i+n]...)
			i += n
		case utf16.DecodeRune(r, escaped(text[i+6:])) != utf8.RuneError:
			marked = append(marked, text[i:i+12]...)
			i += 12
		default:
			marked = utf8.AppendRune(marked, standIn+r)
			found = true
			i += 6
		}
	}
	return marked, found
}

// escaped is the character of the escape \uXXXX that text begins with, or no surrogate.
func escaped(text []byte) (r rune) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	for _, c := range text[2:6] {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return 0
		}
		r = r<<4 | rune(digit)
	}
	return r
}

// unmarkHalfPairs puts the surrogates in the place of their stand-ins.
func unmarkHalfPairs(v any) any {
	switch v := v.(type) {
	case string:
		var b strings.Builder
		for _, r := range v {
			if utf16.IsSurrogate(r - standIn) {
				r -= standIn
				b.Write([]byte{0xE0 | byte(r>>12), 0x80 | byte(r>>6)&0x3F, 0x80 | byte(r)&0x3F})
			} else {
				b.WriteRune(r)
			}
		}
		return b.String()
	case []any:
		for i := range v {
			v[i] = unmarkHalfPairs(v[i])
		}
	case *dict:
		plain := newDict()
		for _, key := range v.keys {
			plain.set(unmarkHalfPairs(key).(string), unmarkHalfPairs(v.values[key]))
		}
		return plain
	}
	return v
}
