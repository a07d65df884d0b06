package sandbox

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Layouts of dates as Odoo prints them.
const (
	dateLayout     = "2006-01-02"
	datetimeLayout = "2006-01-02 15:04:05"
)

// convert is a column's value as read answers it, but for the name that goes with the id of a many2one.
func (e *env) convert(f *field, v any) (any, error) {
	if v == nil {
		return emptyValue(f), nil
	}
	if raw, ok := v.([]byte); ok && f.kind != "binary" {
		v = string(raw) // numeric and JSON come as text
	}
	switch f.kind {
	case "float", "monetary":
		if text, ok := v.(string); ok {
			n, err := strconv.ParseFloat(text, 64)
			return n, err
		}
	case "date":
		if at, ok := v.(time.Time); ok {
			return at.Format(dateLayout), nil
		}
	case "datetime":
		if at, ok := v.(time.Time); ok {
			return at.Format(datetimeLayout), nil
		}
	case "binary":
		content, _ := v.([]byte)
		return bytes(base64.StdEncoding.EncodeToString(content)), nil
	}
	return v, nil
}

// toColumn is a caller's value as it is stored: the conversion to Odoo's cache and from there to the column.
func (e *env) toColumn(m *model, f *field, v any) (any, error) {
	empty := v == nil || v == false
	switch f.kind {
	case "boolean":
		return truthy(v), nil
	case "char", "text", "html":
		if empty {
			return nil, nil
		}
		text := str(v)
		if strings.ContainsRune(text, 0) {
			return nil, valueError("A string literal cannot contain NUL (0x00) characters.")
		}
		if hasHalfPair(text) {
			return nil, notEncodable(text)
		}
		if f.kind == "html" {
			text = sanitizeHTML(text)
		}
		return text, nil
	case "integer":
		if !truthy(v) {
			return 0, nil
		}
		n, err := toInt(v)
		if err != nil {
			return nil, err
		}
		if i, ok := n.(int64); !ok || i > math.MaxInt32 || i < math.MinInt32 {
			return nil, newError("psycopg2.errors.NumericValueOutOfRange", "integer out of range\n")
		}
		return n, nil
	case "float", "monetary":
		if !truthy(v) {
			return 0, nil
		}
		n, err := toFloat(v)
		if err != nil {
			return nil, err
		}
		return e.round(m, f, n)
	case "many2one":
		if empty {
			return nil, nil
		}
		n, err := toInt(v)
		return sqlInt(n), err
	case "selection":
		if empty {
			return nil, nil
		}
		return str(v), e.checkSelection(m, f, v)
	case "date":
		return e.parseTime(v, dateLayout, "%Y-%m-%d")
	case "datetime":
		return e.parseTime(v, datetimeLayout, "%Y-%m-%d %H:%M:%S")
	}
	if empty {
		return nil, nil
	}
	return str(v), nil
}

// sqlInt is a number as the driver takes it.
func sqlInt(n any) any {
	if b, ok := n.(*big.Int); ok {
		return b.String()
	}
	return n
}

func (e *env) parseTime(v any, layout, pattern string) (any, error) {
	if !truthy(v) {
		return nil, nil
	}
	text := str(v)
	if len(text) > len(layout) {
		text = text[:len(layout)]
	}
	at, err := time.Parse(layout, text)
	if err != nil && layout == datetimeLayout {
		at, err = time.Parse(dateLayout, text)
	}
	if err != nil {
		return nil, valueError("time data " + repr(str(v)) + " does not match format '" + pattern + "'")
	}
	return at.Format(layout), nil
}

// checkSelection refuses a value that is none of the field's; fields whose values are not recorded take any.
func (e *env) checkSelection(m *model, f *field, v any) error {
	for _, pair := range f.selection {
		if pair.([]any)[0] == str(v) {
			return nil
		}
	}
	if len(f.selection) == 0 {
		return nil
	}
	return valueError("Wrong value for " + m.name + "." + f.name + ": " + repr(v))
}

// round rounds a float field to its digits, half up, with Odoo's way to allow for the representation error.
func (e *env) round(m *model, f *field, v float64) (float64, error) {
	digits, limited := m.digits[f.name]
	if !limited {
		return v, nil
	}
	switch {
	case math.IsNaN(v):
		return 0, valueError("cannot convert float NaN to integer")
	case math.IsInf(v, 0):
		return 0, newError("builtins.OverflowError", "cannot convert float infinity to integer")
	}
	factor, precision := math.Pow10(-digits), 52.0
	normalize, restore := func(x float64) float64 { return x / factor }, func(x float64) float64 { return x * factor }
	if e.series >= 16 { // values.float.big
		factor, precision = math.Pow10(digits), 50
		normalize, restore = restore, normalize
	}
	normalized := normalize(v)
	if normalized == 0 {
		return 0, nil
	}
	epsilon := math.Pow(2, math.Log(math.Abs(normalized))/math.Ln2-precision) // as math.log(x, 2) divides
	return restore(math.Round(normalized + math.Copysign(epsilon, normalized))), nil
}

// humanSize is Odoo's way to print a size in bytes (case read.read.binsize).
func humanSize(n int) string {
	size := float64(n)
	for _, unit := range []string{"bytes", "Kb", "Mb", "Gb"} {
		if size < 1024 {
			return fmt.Sprintf("%.2f %s", size, unit)
		}
		size /= 1024
	}
	return fmt.Sprintf("%.2f Tb", size)
}
