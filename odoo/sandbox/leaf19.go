package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// typed19 suits a condition to the kind of its field: booleans compare with sets of booleans, dates with dates.
func (w *where) typed19(f *field, c condition) (domain, error) {
	switch {
	case f.kind == "boolean":
		return c.boolean19()
	case (f.kind == "date" || f.kind == "datetime") && !strings.Contains(c.field, "."):
		return w.date19(f, c)
	}
	return c, nil
}

func (c condition) boolean19() (domain, error) {
	list, isList := sequence(c.value)
	if c.op != "in" && c.op != "not in" || !isList {
		class := typeName(c.value)
		if isList {
			class = "list"
		}
		return nil, valueError("Cannot compare " + repr(c.field) + " to <class '" + class + "'> which is not a collection of length 1 in condition " + c.leaf())
	}
	var yes, no bool
	for _, v := range list {
		value := truthy(v)
		if text, ok := v.(string); ok {
			value = slices.Contains([]string{"y", "yes", "1", "true", "t", "on"}, strings.ToLower(text))
		}
		yes, no = yes || value, no || !value
	}
	not := c.op == "not in"
	switch {
	case yes && no:
		return boolDomain(!not), nil
	case no:
		not = !not
	}
	c.op, c.value = map[bool]string{false: "in", true: "not in"}[not], []any{true}
	return c, nil
}

// date19 reads the dates of a condition. A date is compared with a datetime as the whole day that it is, and seconds are
// compared whole.
func (w *where) date19(f *field, c condition) (domain, error) {
	inequality := c.op[0] == '<' || c.op[0] == '>'
	list, isList := sequence(c.value)
	switch {
	case inequality && c.value == false:
		return boolDomain(false), nil
	case inequality && !isList:
		list = []any{c.value}
	case c.op != "in" && c.op != "not in" || !isList:
		return c, nil
	}
	read := make([]any, len(list))
	for i, v := range list {
		if v == false {
			read[i] = false
			continue
		}
		at, isDate, err := w.env.moment(v, f.kind)
		if err != nil {
			return nil, err
		}
		if f.kind == "date" {
			read[i] = at.Format(dateLayout)
			continue
		}
		if step := map[bool]time.Duration{false: time.Second, true: 24 * time.Hour}[isDate]; inequality && !isList {
			switch c.op {
			case ">":
				c.op, at = ">=", at.Add(step)
			case "<=":
				c.op, at = "<", at.Add(step)
			}
		}
		read[i] = at.Format(datetimeLayout)
	}
	if c.value = read; inequality && !isList {
		c.value = read[0]
	}
	return c, nil
}

// leaf19 is a condition on a column. The empty value of a number, a text or a boolean is as good as NULL.
func (w *where) leaf19(m *model, alias string, f *field, c condition) (string, error) {
	_, part, dotted := strings.Cut(c.field, ".")
	col := column(alias, f)
	if dotted {
		if f.kind != "date" && f.kind != "datetime" {
			return "", valueError("Invalid field property " + repr(part) + " on " + m.name + "." + f.name)
		}
		return w.datePart(alias, f, part, c)
	}
	if q, ok := c.value.(subquery); ok {
		return fmt.Sprintf("(%s %s (%s))", col, c.op, q.selecting("id")), nil
	}
	switch {
	case c.op == "in" || c.op == "not in":
		return w.in19(m, col, f, c)
	case strings.HasSuffix(c.op, "like"):
		return w.like19(col, f, c)
	}
	null := false
	if empty := f.empty19(); empty != nil {
		if !truthy(c.value) {
			c.value = empty
		}
		order, err := compareEmpty(f, empty, c.value)
		if err != nil {
			return "", err
		}
		null = !f.required && (c.op == "<" && order < 0 || c.op == ">" && order > 0 || c.op == "<=" && order <= 0 || c.op == ">=" && order >= 0)
	}
	value, err := w.env.compared(m, f, c.value)
	sql := col + " " + c.op + " " + value
	if null {
		sql = fmt.Sprintf("(%s OR %s IS NULL)", sql, col)
	}
	return sql, err
}

// empty19 is the value that NULL is as good as, nil where there is none.
func (f *field) empty19() any {
	switch {
	case f.kind == "boolean":
		return false
	case f.isNumber() || f.name == "id":
		return int64(0)
	case f.isText():
		return ""
	}
	return nil
}

// compareEmpty compares the empty value with another one.
func compareEmpty(f *field, empty, v any) (int, error) {
	if f.isText() {
		return strings.Compare("", str(v)), nil
	}
	n, err := boundary(f, v)
	switch {
	case n > 0:
		return -1, err
	case n < 0:
		return 1, err
	}
	return 0, err
}

func (w *where) in19(m *model, col string, f *field, c condition) (string, error) {
	list, isList := sequence(c.value)
	if !isList {
		list = []any{c.value}
	}
	params := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == false || v == nil })
	null, not := len(params) < len(list), c.op == "not in"
	if f.kind == "datetime" {
		return seconds19(col, params, null, not)
	}
	if empty := f.empty19(); empty != nil && f.name != "id" {
		there := slices.ContainsFunc(params, func(v any) bool { return v == empty || v == 0.0 })
		if null && !there {
			params = append(params, empty)
		}
		null = null || there
	}
	converted := make([]any, len(params))
	for i, v := range params {
		var err error
		if converted[i], err = w.env.comparable(m, f, v); err != nil {
			return "", err
		}
	}
	sql := ""
	if len(converted) > 0 {
		text, err := literals(converted)
		if err != nil {
			return "", err
		}
		sql = fmt.Sprintf("%s %s (%s)", col, strings.ToUpper(c.op), text)
	}
	switch {
	case null != not && sql != "":
		return fmt.Sprintf("(%s OR %s IS NULL)", sql, col), nil
	case null != not:
		return col + " IS NULL", nil
	case sql == "":
		return col + " IS NOT NULL", nil
	}
	return sql, nil
}

// seconds19 is the condition that a datetime is within one of some seconds.
func seconds19(col string, params []any, null, not bool) (string, error) {
	var parts []string
	for _, v := range params {
		text, err := literal(v)
		if err != nil {
			return "", err
		}
		parts = append(parts, fmt.Sprintf("(%s >= %s AND %[1]s < %[2]s::timestamp + interval '1 second')", col, text))
	}
	if null {
		parts = append(parts, col+" IS NULL")
	}
	sql := "(" + strings.Join(parts, " OR ") + ")"
	if not {
		sql += " IS NOT TRUE"
	}
	return sql, nil
}

func (w *where) like19(col string, f *field, c condition) (string, error) {
	left, pattern := col, str(c.value)
	if !f.isText() {
		left += "::text"
	}
	if !strings.Contains(c.op, "=") {
		pattern = "%" + pattern + "%"
	}
	value, err := literal(pattern)
	sql := fmt.Sprintf("%s %s %s", left, strings.ToUpper(sqlOperator(c.op)), value)
	if negative(c.op) && !(f.required && f.column != "") {
		sql = fmt.Sprintf("(%s OR %s IS NULL)", sql, col)
	}
	return sql, err
}

// x2many19 is a condition on the ids in a one2many or many2many field.
func (w *where) x2many19(m *model, alias string, f *field, c condition) (string, error) {
	list, isList := sequence(c.value)
	if c.op != "in" && c.op != "not in" || !isList {
		if q, isQuery := c.value.(subquery); isQuery {
			return w.linked(alias, f, q.selecting("id"), negative(c.op))
		}
		return "", assertionError("Relational field " + m.name + "." + f.name + " expects 'any' operator")
	}
	not := c.op == "not in"
	ids := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == false || v == int64(0) })
	co, facts := w.env.models[f.comodel], factsOf(m, f)
	if co == nil || !co.stored {
		return "TRUE", nil
	}
	of := func(d domain, not bool) (string, error) {
		if facts.domain != nil {
			d = andDomain{d, facts.domain}
		}
		q, err := w.subsearch(w.env.superuser().with("active_test", false), co, d)
		if err != nil {
			return "", err
		}
		return w.linked(alias, f, q.selecting("id"), not)
	}
	var parts []string
	if len(ids) < len(list) {
		sql, err := of(boolDomain(true), !not)
		if err != nil {
			return "", err
		}
		parts = append(parts, sql)
	}
	if len(ids) > 0 {
		sql, err := of(condition{field: "id", op: "in", value: ids}, not)
		if err != nil {
			return "", err
		}
		parts = append(parts, sql)
	}
	return "(" + strings.Join(parts, map[bool]string{false: " OR ", true: " AND "}[not]) + ")", nil
}
