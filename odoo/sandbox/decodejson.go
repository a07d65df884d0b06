package sandbox

import (
	stdbytes "bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// nanLiteral stands for NaN, which Python's json reads and Go's does not: a number no sane caller writes.
const nanLiteral = "0e-424242"

// decodeJSON reads a JSON text as Python's json.loads does: members keep their order, the last of duplicates wins, NaN
// and Infinity are numbers. It uses encoding/json and not the bridge's own scanner, so that a fault of the one cannot
// hide behind the same fault of the other.
func decodeJSON(text []byte) (any, error) {
	text, halves := markHalfPairs(finiteNumbers(text))
	d := json.NewDecoder(stdbytes.NewReader(text))
	d.UseNumber()
	v, err := decodeJSONValue(d)
	if halves {
		v = unmarkHalfPairs(v)
	}
	return v, err
}

func decodeJSONValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("argument: %w", err)
	}
	switch token := token.(type) {
	case json.Number:
		return pythonNumber(token.String()), nil
	case json.Delim:
		if token == '[' {
			list := []any{}
			for d.More() {
				v, err := decodeJSONValue(d)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := d.Token()
			return list, err
		}
		o := newDict()
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeJSONValue(d)
			if err != nil {
				return nil, err
			}
			o.set(key.(string), v)
		}
		_, err := d.Token()
		return o, err
	}
	return token, nil // nil, bool or string
}

// pythonNumber is an int where the literal has neither fraction nor exponent, else a float, infinite where it is too big.
func pythonNumber(text string) any {
	if text == nanLiteral {
		return math.NaN()
	}
	if !strings.ContainsAny(text, ".eE") {
		n, _ := new(big.Int).SetString(text, 10)
		return shrink(n)
	}
	f, _ := strconv.ParseFloat(text, 64) // the error is "out of range", and f infinite then
	return f
}

// finiteNumbers replaces the words NaN and Infinity, outside of strings, by literals that encoding/json reads.
func finiteNumbers(text []byte) []byte {
	if !stdbytes.Contains(text, []byte("NaN")) && !stdbytes.Contains(text, []byte("Infinity")) {
		return text
	}
	var out []byte
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inString && c == '\\' && i+1 < len(text):
			out = append(out, c, text[i+1])
			i++
		case c == '"':
			inString = !inString
			out = append(out, c)
		case !inString && stdbytes.HasPrefix(text[i:], []byte("NaN")):
			out = append(out, nanLiteral...)
			i += len("NaN") - 1
		case !inString && stdbytes.HasPrefix(text[i:], []byte("Infinity")):
			out = append(out, "1e999999"...)
			i += len("Infinity") - 1
		default:
			out = append(out, c)
		}
	}
	return out
}
