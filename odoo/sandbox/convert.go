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
		if id, ok := v.(int64); ok && (id != 0 || e.series < 16) {
			return id, nil
		}
		if text, ok := v.(string); ok && e.series < 16 {
			return nil, notAnInteger(text)
		}
		if _, isDict := v.(*dict); isDict {
			return nil, valueError("Wrong value for " + m.name + "." + f.name + ": " + repr(v))
		}
		return nil, nil // whatever else it is, Odoo takes it for no record
	case "selection":
		if !truthy(v) {
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

// toNewColumn is toColumn for a record that is created: many2ones and dates go to the database as they came.
func (e *env) toNewColumn(m *model, f *field, v any) (any, error) {
	switch f.kind {
	case "many2one":
		switch v := v.(type) {
		case string:
			if v != "" {
				return nil, notAnInteger(v)
			}
		case *big.Int:
			return nil, newError("psycopg2.errors.NumericValueOutOfRange", "integer out of range\n")
		case bool:
			if v {
				return nil, datatypeMismatch(f, "boolean")
			}
		case []any:
			if len(v) > 0 {
				return nil, datatypeMismatch(f, "integer[]")
			}
		}
	case "date":
		if text, ok := v.(string); ok && e.series < 19 {
			if err := e.exec("SELECT $1::date", text); err != nil {
				return nil, err
			}
		}
	}
	return e.toColumn(m, f, v)
}

func datatypeMismatch(f *field, kind string) error {
	return newError("psycopg2.errors.DatatypeMismatch", "column \""+f.name+"\" is of type integer but expression is of type "+kind+"\n")
}

// notAnInteger is PostgreSQL's error of a text in the place of a number.
func notAnInteger(v any) error {
	return newError("psycopg2.errors.InvalidTextRepresentation", "invalid input syntax for type integer: \""+str(v)+"\"\n")
}

// recordIDs are the ids of records as a caller gave them.
func (e *env) recordIDs(list []any) ([]int64, error) {
	for _, v := range list {
		switch v.(type) {
		case string:
			if _, err := toInt(v); err != nil && truthy(v) {
				return nil, notAnInteger(v)
			}
		case []any, *dict:
			return nil, typeError("unhashable type: '" + typeName(v) + "'")
		}
	}
	return idList(list)
}

// checkID refuses what can be no id, from series 16 on.
func (e *env) checkID(v any) error {
	if e.series < 16 {
		return nil
	}
	_, err := e.recordIDs([]any{v})
	return err
}

func (e *env) parseTime(v any, layout, pattern string) (any, error) {
	if !truthy(v) {
		return nil, nil
	}
	text := str(v)
	if _, isText := v.(string); !isText && layout == dateLayout {
		return nil, typeError("strptime() argument 1 must be str, not " + typeName(v))
	}
	if len(text) > len(layout) {
		text = text[:len(layout)]
	}
	at, err := time.Parse(strings.NewReplacer("01", "1", "02", "2").Replace(layout), text) // strptime takes 2024-2-9
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
