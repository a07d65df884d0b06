package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// leaf18 is a condition on a column in series 18: an empty number or text is as good as NULL.
func (w *where) leaf18(m *model, col string, f *field, c condition) (string, error) {
	switch c.op {
	case "=?":
		if c.value == false || c.value == nil {
			return "TRUE", nil
		}
		c.op = "="
		return w.leaf18(m, col, f, c)
	case "in", "not in":
		return w.in18(m, col, f, c)
	case "child_of", "parent_of":
		return "", keyError(c.op)
	}
	equality := c.op == "=" || c.op == "!="
	if value, isBool := c.value.(bool); f.kind == "boolean" && equality && isBool {
		if value == (c.op == "=") {
			return "(" + col + " = TRUE)", nil
		}
		return fmt.Sprintf("(%s IS NULL OR %[1]s = FALSE)", col), nil
	}
	if (f.relational() || f.name == "id") && equality && !truthy(c.value) {
		c.value = false
	}
	if equality && (c.value == false || c.value == nil) {
		switch {
		case f.isNumber():
			c.value = int64(0)
		case f.isText():
			c.value = ""
		case c.op == "=":
			return col + " IS NULL", nil
		default:
			return col + " IS NOT NULL", nil
		}
	}
	sql, err := w.compared18(m, col, f, c)
	if err != nil || sql == "TRUE" || sql == "FALSE" {
		return sql, err
	}
	inequality := c.op[0] == '<' || c.op[0] == '>'
	null := truthy(c.value) == negative(c.op) && !inequality
	if inequality && f.isNumber() {
		v, err := boundary(f, c.value)
		if err != nil {
			return "", err
		}
		null = c.op == ">=" && v <= 0 || c.op == "<=" && v >= 0 || c.op == "<" && v > 0 || c.op == ">" && v < 0
	}
	if null {
		return fmt.Sprintf("(%s OR %s IS NULL)", sql, col), nil
	}
	return sql, nil
}

// boundary is the number that decides whether an inequality holds for NULL.
func boundary(f *field, v any) (float64, error) {
	if !truthy(v) {
		return 0, nil
	}
	if f.kind != "integer" {
		return toFloat(v)
	}
	n, err := toInt(v)
	if err != nil {
		return 0, err
	}
	return toFloat(n)
}

// compared18 is the comparison itself.
func (w *where) compared18(m *model, col string, f *field, c condition) (string, error) {
	like := strings.HasSuffix(c.op, "like")
	wildcard := like && c.op[0] != '='
	value, err := w.env.compared(m, f, c.value)
	if wildcard {
		value, err = literal("%" + str(c.value) + "%")
	}
	if err != nil {
		return "", err
	}
	if wildcard && !truthy(c.value) {
		if negative(c.op) {
			return "FALSE", nil
		}
		return "TRUE", nil
	}
	if like && !f.isText() {
		col = "(" + col + ")::text"
	}
	return fmt.Sprintf("(%s %s %s)", col, sqlOperator(c.op), value), nil
}

// sqlOperator is PostgreSQL's name of an operator.
func sqlOperator(op string) string {
	if strings.HasSuffix(op, "like") {
		return strings.Replace(op, "=", "", 1)
	}
	return op
}

func (w *where) in18(m *model, col string, f *field, c condition) (string, error) {
	not := c.op == "not in"
	if q, ok := c.value.(subquery); ok {
		return fmt.Sprintf("(%s %s (%s))", col, c.op, q.selecting("id")), nil
	}
	if value, isBool := c.value.(bool); isBool {
		if value != not {
			return col + " IS NOT NULL", nil
		}
		return col + " IS NULL", nil
	}
	list, ok := sequence(c.value)
	if !ok {
		return "", valueError("Invalid domain term " + c.leaf())
	}
	var params []any
	for _, v := range list {
		if v != false && v != nil {
			params = append(params, v)
		}
	}
	null := len(params) < len(list)
	switch {
	case f.kind == "boolean":
		some := slices.ContainsFunc(params, truthy)
		params = nil
		if some {
			params = append(params, true)
		}
		if null {
			params = append(params, false)
		}
	case f.isNumber():
		zero := slices.ContainsFunc(params, func(v any) bool { return v == int64(0) || v == 0.0 })
		if null && !zero {
			params = append(params, int64(0))
		}
		null = null || zero
	case f.isText():
		empty := slices.Contains(params, any(""))
		if null && !empty {
			params = append(params, "")
		}
		null = null || empty
	}
	return w.inList(m, col, f, params, null, not)
}

// inList is "column IN (params)"; null says whether NULL is among the values.
func (w *where) inList(m *model, col string, f *field, params []any, null, not bool) (string, error) {
	sql := map[bool]string{false: "FALSE", true: "TRUE"}[not]
	if len(params) > 0 {
		converted := make([]any, len(params))
		copy(converted, params)
		for i, p := range params {
			if f.name == "id" {
				break
			}
			var err error
			if converted[i], err = w.env.comparable(m, f, p); err != nil {
				return "", err
			}
		}
		list, err := literals(converted)
		if err != nil {
			return "", err
		}
		sql = fmt.Sprintf("(%s %s (%s))", col, map[bool]string{false: "in", true: "not in"}[not], list)
	}
	switch {
	case null != not:
		return fmt.Sprintf("(%s OR %s IS NULL)", sql, col), nil
	case null:
		return fmt.Sprintf("(%s AND %s IS NOT NULL)", sql, col), nil
	}
	return sql, nil
}

// leaf15 is a condition on a column in series 15: NULL differs from the empty number and text.
func (w *where) leaf15(m *model, col string, f *field, c condition) (string, error) {
	none := c.value == false || c.value == nil
	switch {
	case c.op == "in" || c.op == "not in":
		return w.in15(m, col, f, c)
	case c.op == "child_of" || c.op == "parent_of":
		return "", newError("psycopg2.errors.SyntaxError", "syntax error at or near \""+c.op+"\"\n")
	case f.kind == "boolean" && (c.op == "=" && c.value == false || c.op == "!=" && c.value == true):
		return fmt.Sprintf("(%s IS NULL or %[1]s = false )", col), nil
	case none && c.op == "=":
		return col + " IS NULL", nil
	case f.kind == "boolean" && c.op == "!=" && c.value == false:
		return fmt.Sprintf("(%s IS NOT NULL and %[1]s != false)", col), nil
	case none && c.op == "!=":
		return col + " IS NOT NULL", nil
	case c.op == "=?" && none:
		return "TRUE", nil
	case c.op == "=?":
		c.op = "="
		return w.leaf15(m, col, f, c)
	}
	like := strings.HasSuffix(c.op, "like")
	wildcard := like && c.op[0] != '='
	value, err := w.env.compared(m, f, c.value)
	if wildcard {
		value, err = literal("%" + str(c.value) + "%")
		if none {
			value = "'%%'"
		}
	}
	left, op := col, c.op
	if like {
		left, op = col+"::text", sqlOperator(c.op)
	}
	sql := fmt.Sprintf("(%s %s %s)", left, op, value)
	if wildcard && !truthy(c.value) || truthy(c.value) && negative(c.op) {
		sql = fmt.Sprintf("(%s OR %s IS NULL)", sql, col)
	}
	return sql, err
}

func (w *where) in15(m *model, col string, f *field, c condition) (string, error) {
	not := c.op == "not in"
	if q, ok := c.value.(subquery); ok {
		return fmt.Sprintf("(%s %s (%s))", col, c.op, q.selecting("id")), nil
	}
	list, ok := sequence(c.value)
	if !ok {
		return "", valueError("Invalid domain term " + c.leaf())
	}
	isFalse := func(v any) bool { return v == false || v == int64(0) || v == 0.0 }
	if f.kind == "boolean" {
		var params []any
		if slices.ContainsFunc(list, func(v any) bool { return v == true || v == int64(1) || v == 1.0 }) {
			params = append(params, true)
		}
		null := slices.ContainsFunc(list, isFalse)
		if null {
			params = append(params, false)
		}
		return w.inList(m, col, f, params, null, not)
	}
	params := slices.DeleteFunc(slices.Clone(list), isFalse)
	return w.inList(m, col, f, params, len(params) < len(list), not)
}
