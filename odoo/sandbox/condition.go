package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// condition compiles a leaf as series 15 and 18 do.
func (w *where) condition(m *model, alias string, c condition) (string, error) {
	name, path, dotted := strings.Cut(c.field, ".")
	f := m.fields[name]
	switch {
	case f == nil:
		return "", w.env.invalidLeaf(m, c)
	case m.inherited(f):
		return w.onParent(m, alias, c)
	case c.field == "id" && hierarchical(c.op):
		return w.hierarchy(m, alias, f, c)
	case dotted && f.relational() && (w.env.series >= 16 || f.column != "" || f.stored):
		return w.any(m, alias, f, "any", condition{field: path, op: c.op, value: c.value})
	case dotted && (f.kind == "date" || f.kind == "datetime") && w.env.series >= 18:
		return w.datePart(alias, f, path, c)
	case c.op == "any" || c.op == "not any":
		if !f.relational() {
			return "", keyError("None")
		}
		return w.any(m, alias, f, c.op, c.value.(domain))
	case f.isAttachment():
		return w.attached(m, alias, f, c)
	case f.column == "" && !(f.stored && f.relational()):
		if dotted && f.relational() {
			co, err := w.comodel(m, f, c)
			if err != nil {
				return "", err
			}
			q, err := w.subsearch(w.env, co, condition{field: path, op: c.op, value: c.value})
			if err != nil {
				return "", err
			}
			c.op, c.value = "in", q
		}
		return w.searched(m, alias, f, c)
	case dotted:
		return "", assertionError("Invalid field " + repr(c.field) + " in domain term " + c.leaf())
	case f.relational() && hierarchical(c.op):
		return w.hierarchy(m, alias, f, c)
	case f.kind == "one2many" || f.kind == "many2many":
		return w.x2many(alias, f, c)
	case f.kind == "many2one" && isNames(c.value):
		return w.named(m, alias, f, c)
	case w.env.series >= 16 && slices.Contains(m.noAccess, name):
		return "TRUE", nil // Odoo logs that it cannot search it, and ignores the condition
	}
	if text, ok := c.value.(string); ok && f.kind == "datetime" && len(text) == len(dateLayout) {
		c.value = text + " 00:00:00"
		if c.op == ">" || c.op == "<=" {
			c.value = text + " 23:59:59"
		}
	}
	if w.env.series < 16 {
		return w.leaf15(m, column(alias, f), f, c)
	}
	return w.leaf18(m, column(alias, f), f, c)
}

func hierarchical(op string) bool { return op == "child_of" || op == "parent_of" }

// isNames says whether a value is a name or a list of names.
func isNames(v any) bool {
	if list, ok := sequence(v); ok {
		return len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool { _, isText := v.(string); return !isText })
	}
	_, isText := v.(string)
	return isText
}

// any is the condition that a relation leads to a record of a domain, or with "not any" that it leads to none.
func (w *where) any(m *model, alias string, f *field, op string, d domain) (string, error) {
	co := w.env.models[f.comodel]
	if co == nil || !co.stored {
		if c, ok := d.(condition); ok {
			return "", w.env.invalidLeaf(&model{name: f.comodel}, c)
		}
		return "TRUE", nil
	}
	not, facts := op == "not any", factsOf(m, f)
	e := w.env
	switch {
	case facts.bypass:
		e = e.superuser()
	case f.kind == "many2one", facts.archived && e.series >= 16:
		e = e.with("active_test", false)
	}
	if facts.domain != nil && f.kind != "many2one" && w.env.series >= 16 {
		d = andDomain{facts.domain, d}
	}
	q, err := w.subsearch(e, co, d)
	if err != nil {
		return "", err
	}
	switch {
	case f.kind != "many2one":
		return w.linked(alias, f, q.selecting("id"), not)
	case f.column == "":
		c := condition{field: f.name, op: "in", value: q}
		if not {
			c.op = "not in"
		}
		return w.searched(m, alias, f, c)
	case not:
		return fmt.Sprintf("(%s NOT IN (%s) OR %[1]s IS NULL)", column(alias, f), q.selecting("id")), nil
	}
	return fmt.Sprintf("%s IN (%s)", column(alias, f), q.selecting("id")), nil
}

// searched is a condition on a field without a column: what its search method makes of it. Odoo logs that it cannot
// search a field that has none, and ignores the condition.
func (w *where) searched(m *model, alias string, f *field, c condition) (string, error) {
	switch {
	case f.related != "" && w.env.series < 16:
		c.field = f.related
		return w.condition(m, alias, c)
	case f.related != "":
		null := !truthy(c.value)
		if list, ok := sequence(c.value); ok {
			null = slices.ContainsFunc(list, func(v any) bool { return v == false || v == nil })
		}
		d, err := w.relatedDomain(m, f.related, c, negative(c.op) != null)
		if err != nil {
			return "", err
		}
		return w.compile(m, alias, d)
	case f.name == "display_name" && w.env.series >= 16:
		d, err := w.env.nameDomain(m, c.op, c.value)
		if err != nil {
			return "", err
		}
		return w.compile(m, alias, d)
	}
	return "TRUE", nil
}

// relatedDomain is the domain for a related field, without access checks as Odoo searches it. null says whether a record
// whose path ends before its field meets the condition too.
func (w *where) relatedDomain(m *model, path string, c condition, null bool) (domain, error) {
	name, rest, deep := strings.Cut(path, ".")
	if !deep {
		c.field = name
		return c, nil
	}
	f := m.fields[name]
	if f == nil || w.env.models[f.comodel] == nil || !w.env.models[f.comodel].stored {
		return boolDomain(true), nil
	}
	co, e := w.env.models[f.comodel], w.env.superuser().with("active_test", false)
	inner, err := w.relatedDomain(co, rest, c, null)
	if err != nil {
		return nil, err
	}
	q, err := w.subsearch(e, co, inner)
	d := condition{field: name, op: "in", value: q}
	if null && f.kind == "many2one" && !f.required {
		return orDomain{d, condition{field: name, op: "=", value: false}}, err
	}
	return d, err
}

// named is a condition on a many2one by name.
func (w *where) named(m *model, alias string, f *field, c condition) (string, error) {
	co, err := w.comodel(m, f, c)
	if err != nil {
		return "", err
	}
	op := c.op
	_, isList := sequence(c.value)
	switch {
	case op == "<" || op == ">" || op == "<=" || op == ">=":
		op = "in"
		fallthrough
	case op == "in" || op == "not in":
		if !isList {
			op = map[string]string{"in": "=", "not in": "!="}[op]
		}
	case (op == "=" || op == "!=") && isList:
		op = map[string]string{"=": "in", "!=": "not in"}[op]
	}
	col, not := column(alias, f), negative(op)
	if not && w.env.series >= 16 {
		op = positive(op)
	}
	d, err := w.env.nameDomain(co, op, c.value)
	if err != nil {
		return "", err
	}
	q, err := w.subsearch(w.env.with("active_test", false), co, d)
	switch {
	case not && w.env.series < 16:
		return fmt.Sprintf("(%s IN (%s) OR %[1]s IS NULL)", col, q.selecting("id")), err
	case not:
		return fmt.Sprintf("(%s NOT IN (%s) OR %[1]s IS NULL)", col, q.selecting("id")), err
	}
	return fmt.Sprintf("%s IN (%s)", col, q.selecting("id")), err
}

// x2many is a condition on the ids in a one2many or many2many field, or on their names.
func (w *where) x2many(alias string, f *field, c condition) (string, error) {
	not := negative(c.op)
	if c.value == false {
		return w.unlinked(alias, f, not)
	}
	if q, ok := c.value.(subquery); ok {
		return w.linked(alias, f, q.selecting("id"), not)
	}
	co := w.env.models[f.comodel]
	if co == nil || !co.stored {
		return "TRUE", nil
	}
	if _, ok := c.value.(string); ok {
		op := positive(c.op)
		d, err := w.env.nameDomain(co, op, c.value)
		if err != nil {
			return "", err
		}
		q, err := w.subsearch(w.env, co, d)
		if err != nil {
			return "", err
		}
		return w.linked(alias, f, q.selecting("id"), not)
	}
	ids, ok := items(c.value)
	if !ok {
		ids = []any{c.value}
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(v any) bool { return !truthy(v) })
	if len(ids) == 0 {
		ids = []any{nil}
	}
	list, err := literals(ids)
	if err != nil {
		return "", err
	}
	return w.linked(alias, f, list, not)
}

// numberParts are the parts of dates that are numbers, as groupings and from series 18 on conditions name them, and
// PostgreSQL's names of them.
var numberParts = map[string]string{
	"year_number": "year", "quarter_number": "quarter", "month_number": "month", "iso_week_number": "week",
	"day_of_year": "doy", "day_of_month": "day", "day_of_week": "dow", "hour_number": "hour", "minute_number": "minute",
	"second_number": "second",
}

// numberPartNames are the names in the order of messages.
var numberPartNames = []string{
	"year_number", "quarter_number", "month_number", "iso_week_number", "day_of_year", "day_of_month", "day_of_week",
	"hour_number", "minute_number", "second_number",
}

// datePart is a condition on a part of a date.
func (w *where) datePart(alias string, f *field, part string, c condition) (string, error) {
	sqlPart, ok := numberParts[part]
	if !ok {
		return "", valueError("Error when processing the field " + repr(f.name) + ", the granularity " + part +
			" is not supported. Only " + strings.Join(numberPartNames, ", ") + " are supported")
	}
	value, err := literal(c.value)
	if list, isList := sequence(c.value); isList {
		value, err = literal(tuple(list))
	}
	col := column(alias, f)
	if zone, _ := w.env.context.get("tz"); f.kind == "datetime" && truthy(zone) {
		col = "timezone(" + zoneLiteral(zone) + ", timezone('UTC', " + col + "))"
	}
	if w.env.series >= 19 {
		return fmt.Sprintf("date_part('%s', %s) %s %s", sqlPart, col, c.op, value), err
	}
	return fmt.Sprintf("%s %s %s", datePartSQL(sqlPart, col), c.op, value), err
}

// datePartSQL is the number of a part of a date; the days of a week count from Sunday, the first day of en_US.
func datePartSQL(part, col string) string {
	if part == "dow" {
		return fmt.Sprintf("mod(7 - 7 + date_part('dow', %s)::int, 7)", col)
	}
	return fmt.Sprintf("date_part('%s', %s)", part, col)
}
