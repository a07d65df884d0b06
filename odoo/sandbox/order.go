package sandbox

import (
	"fmt"
	"regexp"
	"strings"
)

// orderPattern is what an order may look like.
var orderPattern = regexp.MustCompile(`(?i)^(\s*([a-z0-9:_]+|"[a-z0-9:_]+")(\.id)?(\s+(desc|asc))?(\s+nulls\s+(first|last))?\s*(,|$))+$`)

// orderBy is the ORDER BY of a query, the model's own order where none is given.
func (e *env) orderBy(m *model, alias, order string) (string, error) {
	if order == "" {
		order = m.order
	}
	if !orderPattern.MatchString(order) || strings.HasSuffix(strings.TrimSpace(order), ",") {
		return "", userError("Invalid \"order\" specified (" + order + "). A valid \"order\" specification is a comma-separated list " +
			"of valid field names (optionally followed by asc/desc for the direction)")
	}
	var terms []string
	for _, part := range strings.Split(order, ",") {
		words := strings.Fields(part)
		name := strings.TrimSuffix(strings.Trim(words[0], `"`), ".id")
		direction := strings.Join(words[1:], " ")
		expression, err := e.orderTerm(m, alias, name, 0)
		if err != nil {
			return "", err
		}
		if expression != "" {
			terms = append(terms, expression+" "+direction)
		}
	}
	if len(terms) == 0 {
		return "", nil
	}
	return " ORDER BY " + strings.Join(terms, ", "), nil
}

// maxOrderDepth ends the way from a many2one to its model's order and on, which may be a circle.
const maxOrderDepth = 4

// orderTerm is the expression a field sorts by: a many2one sorts as the first field of its model's order.
func (e *env) orderTerm(m *model, alias, name string, depth int) (string, error) {
	f := m.fields[name]
	switch {
	case f == nil:
		return "", valueError("Invalid field " + repr(name) + " on model " + repr(m.name))
	case f.column == "" && f.related != "" && depth < maxOrderDepth:
		head, rest, _ := strings.Cut(f.related, ".")
		return e.orderThrough(m, alias, m.fields[head], rest, depth)
	case f.column == "":
		return "", nil
	case f.kind == "many2one" && depth < maxOrderDepth && e.models[f.comodel] != nil && e.models[f.comodel].stored:
		first, _, _ := strings.Cut(e.models[f.comodel].order, ",")
		return e.orderThrough(m, alias, f, strings.Fields(first)[0], depth)
	case f.kind == "boolean":
		return "coalesce(" + column(alias, f) + ", FALSE)", nil
	}
	return column(alias, f), nil
}

func (e *env) orderThrough(m *model, alias string, f *field, name string, depth int) (string, error) {
	if f == nil || f.kind != "many2one" || e.models[f.comodel] == nil {
		return "", nil
	}
	co, inner := e.models[f.comodel], fmt.Sprintf("o%d", depth)
	expression, err := e.orderTerm(co, inner, name, depth+1)
	if err != nil || expression == "" {
		return "", err
	}
	return fmt.Sprintf("(SELECT %s FROM %s %s WHERE %[3]s.id = %s)", expression, quote(co.table), inner, column(alias, f)), nil
}
