package rpc

import (
	"errors"
	"fmt"
	"io"
)

// errBrokenJSON is wrapped by the error of an answer of Odoo's that is not the JSON it has to be.
var errBrokenJSON = errors.New("the answer is no JSON")

// jsonStream reads a JSON text that need not be in memory, piece by piece.
type jsonStream struct {
	src io.Reader
	buf []byte
	pos int // of the next byte in buf
	end int // of what was read into buf
	err error
}

// fill makes at least n bytes available from pos on, unless the text ends before. It tells whether it could.
func (j *jsonStream) fill(n int) bool {
	for j.end-j.pos < n {
		if j.err != nil {
			return false
		}
		if j.pos > 0 {
			j.end = copy(j.buf, j.buf[j.pos:j.end])
			j.pos = 0
		}
		var m int
		m, j.err = j.src.Read(j.buf[j.end:])
		j.end += m
	}
	return true
}

// peek skips white space and returns the next byte, 0 at the end.
func (j *jsonStream) peek() byte {
	for {
		for ; j.pos < j.end; j.pos++ {
			switch c := j.buf[j.pos]; c {
			case ' ', '\t', '\n', '\r':
			default:
				return c
			}
		}
		if !j.fill(1) {
			return 0
		}
	}
}

// take consumes the byte c after white space, if it is there.
func (j *jsonStream) take(c byte) bool {
	if j.peek() != c {
		return false
	}
	j.pos++
	return true
}

// broken is the error of a text that can't go on like this: that of its source where it has one.
func (j *jsonStream) broken(what string) error {
	if j.err != nil && j.err != io.EOF {
		return j.err
	}
	if j.pos == j.end {
		return fmt.Errorf("%w: it ends %s", errBrokenJSON, what)
	}
	return fmt.Errorf("%w: byte %q %s", errBrokenJSON, j.buf[j.pos], what)
}

// literal reads a number or word. It is good until the next read.
func (j *jsonStream) literal() ([]byte, error) {
	for n := 0; ; n++ {
		if !j.fill(n + 1) {
			return j.cut(n)
		}
		switch c := j.buf[j.pos+n]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '+', c == '.':
			if n == maxLiteral {
				return nil, fmt.Errorf("%w: a number has more than %d digits", errBrokenJSON, maxLiteral)
			}
		default:
			return j.cut(n)
		}
	}
}

// maxLiteral bounds a number's text: Python prints no longer integers.
const maxLiteral = maxIntDigits + 1

func (j *jsonStream) cut(n int) ([]byte, error) {
	if n == 0 {
		return nil, j.broken("where a value is expected")
	}
	text := j.buf[j.pos : j.pos+n]
	j.pos += n
	return text, nil
}

// longestEscape is a character outside of the BMP: two surrogates.
const longestEscape = len(`\ud83d\ude00`)

// escape reads an escape inside a string, the backslash of which is next. A lone surrogate is returned as it is.
func (j *jsonStream) escape() (rune, error) {
	j.fill(longestEscape) // less may be left
	b := j.buf[j.pos:j.end]
	if len(b) < 2 || (b[1] == 'u' && len(b) < 6) {
		j.pos = j.end
		return 0, j.broken("in an escape")
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
	case 'u':
		if _, ok := hex4(b, 2); !ok {
			return 0, j.broken("begins an escape that is none")
		}
		if len(b) >= 8 && b[6] == '\\' && b[7] == 'u' {
			if _, ok := hex4(b, 8); !ok {
				b = b[:6] // its own error comes with its own turn
			}
		}
	default:
		return 0, j.broken("begins an escape that is none")
	}
	r, next := nextJSONRune(b, 0)
	j.pos += next
	return r, nil
}
