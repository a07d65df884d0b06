package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// compare is a condition on a stored column. False stands for NULL, as everywhere in Odoo, and NULL is different from
// every value.
func (w *where) compare(col string, f *field, c condition) (string, error) {
	switch c.op {
	case "=?":
		if c.value == false || c.value == nil {
			return "TRUE", nil
		}
		return w.equal(col, f, c.value, false)
	case "=":
		if list, ok := c.value.([]any); ok {
			return w.in(col, f, list, false)
		}
		return w.equal(col, f, c.value, false)
	case "!=":
		if list, ok := c.value.([]any); ok {
			return w.in(col, f, list, true)
		}
		return w.equal(col, f, c.value, true)
	case "in", "not in":
		list, ok := items(c.value)
		if _, isText := c.value.(string); !ok || isText {
			return w.equal(col, f, c.value, c.op == "not in")
		}
		return w.in(col, f, list, c.op == "not in")
	case "<", ">", "<=", ">=":
		v, err := w.param(f, c.value)
		return col + " " + c.op + " " + v, err
	}
	return w.like(col, f, c)
}

// param is the placeholder of a value, converted as the field does.
func (w *where) param(f *field, v any) (string, error) {
	converted, err := comparable(f, v)
	if err != nil {
		return "", err
	}
	return w.arg(converted), nil
}

// comparable is a value as PostgreSQL compares it with a column of the field.
func comparable(f *field, v any) (any, error) {
	switch f.kind {
	case "boolean":
		return truthy(v), nil
	case "char", "text", "html", "selection", "reference":
		return str(v), nil
	}
	switch v := v.(type) {
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case int64, float64:
		return v, nil
	case *dict:
		return nil, newError("psycopg2.ProgrammingError", "can't adapt type 'dict'")
	}
	return str(v), nil
}

func (w *where) equal(col string, f *field, v any, negative bool) (string, error) {
	if f.kind == "boolean" {
		if truthy(v) == negative {
			return "coalesce(" + col + ", FALSE) = FALSE", nil
		}
		return col + " = TRUE", nil
	}
	if v == false || v == nil {
		if negative {
			return col + " IS NOT NULL", nil
		}
		return col + " IS NULL", nil
	}
	p, err := w.param(f, v)
	if err != nil {
		return "", err
	}
	if negative {
		return fmt.Sprintf("(%s != %s OR %[1]s IS NULL)", col, p), nil
	}
	return col + " = " + p, nil
}

func (w *where) in(col string, f *field, list []any, negative bool) (string, error) {
	var some []string
	null := slices.ContainsFunc(list, func(v any) bool { return v == false || v == nil })
	for _, v := range list {
		if v == false && f.kind != "boolean" || v == nil {
			continue
		}
		converted, err := comparable(f, v)
		if err != nil {
			return "", err
		}
		some = append(some, fmt.Sprint(converted))
	}
	var sql string
	switch {
	case len(some) == 0 && null:
		sql = "FALSE"
	case len(some) == 0:
		if negative {
			return "TRUE", nil
		}
		return "FALSE", nil
	default:
		sql = fmt.Sprintf("%s = ANY (%s::%s[])", col, w.arg(pq.Array(some)), arrayType(f))
	}
	if null {
		sql += " OR " + col + " IS NULL"
	}
	if negative {
		if null {
			return "NOT (" + sql + ") AND " + col + " IS NOT NULL", nil
		}
		return fmt.Sprintf("(NOT (%s) OR %s IS NULL)", sql, col), nil
	}
	return "(" + sql + ")", nil
}

// arrayType is the SQL type that a list for the field's column has.
func arrayType(f *field) string {
	if f.translated {
		return "text"
	}
	return f.column
}

// like is the pattern operators: =like and =ilike take the pattern as it is, the others look for a part.
func (w *where) like(col string, f *field, c condition) (string, error) {
	op := strings.TrimPrefix(c.op, "=")
	pattern, exact := str(c.value), op != c.op
	if c.value == false || c.value == nil {
		pattern = ""
	}
	if !exact {
		pattern = "%" + pattern + "%"
	}
	negative := strings.HasPrefix(op, "not ")
	if f.kind != "char" && f.kind != "text" && f.kind != "html" && f.kind != "selection" {
		col += "::text"
	}
	sql := fmt.Sprintf("%s %s %s", col, strings.ToUpper(strings.TrimPrefix(op, "not ")), w.arg(pattern))
	if negative {
		return fmt.Sprintf("(NOT (%s) OR %s IS NULL)", sql, col), nil
	}
	return sql, nil
}
