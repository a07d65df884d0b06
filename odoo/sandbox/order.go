package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// orderPattern is what an order may look like.
var orderPattern = regexp.MustCompile(`(?i)^(\s*([a-z0-9:_]+|"[a-z0-9:_]+")(\.[a-z0-9_]+)?(\s+(desc|asc))?(\s+nulls\s+(first|last))?\s*(,|$))+$`)

// checkOrder refuses what is no list of fields, before any of it reaches the database.
func (e *env) checkOrder(order string) error {
	unknown := e.series < 16 && (strings.Contains(strings.ToLower(order), "nulls") || strings.Contains(order, ".")) ||
		e.series >= 19 && strings.Contains(order, `"`)
	if unknown || !orderPattern.MatchString(order) || strings.HasSuffix(strings.TrimSpace(order), ",") {
		return userError("Invalid \"order\" specified (" + order + "). A valid \"order\" specification is a comma-separated list " +
			"of valid field names (optionally followed by asc/desc for the direction)")
	}
	return nil
}

// orderBy is the ORDER BY of a query, the model's own order where none is given.
func (e *env) orderBy(m *model, alias, order string) (string, error) {
	if order == "" {
		order = m.order
	}
	if err := e.checkOrder(order); err != nil {
		return "", err
	}
	terms, err := e.orderTerms(m, alias, order, false, nil)
	if err != nil || len(terms) == 0 {
		return "", err
	}
	list := make([]string, len(terms))
	for i, t := range terms {
		list[i] = t.String()
	}
	return " ORDER BY " + strings.Join(list, ", "), nil
}

// orderTerm is an expression that a query sorts by.
type orderTerm struct{ expression, direction, nulls string }

func (t orderTerm) String() string {
	return strings.TrimSpace(t.expression + " " + t.direction + " " + t.nulls)
}

// orderTerms are the terms of an order. seen are the many2one fields on the way, which may be a circle.
func (e *env) orderTerms(m *model, alias, order string, reverse bool, seen []*field) ([]orderTerm, error) {
	var terms []orderTerm
	for _, part := range strings.Split(order, ",") {
		words := strings.Fields(part)
		name, byID := strings.CutSuffix(words[0], ".id")
		name, _, _ = strings.Cut(name, ":")
		if head, rest, dotted := strings.Cut(name, "."); dotted && len(seen) == 0 {
			return nil, e.orderPath(m, head, rest)
		}
		for i := range words[1:] {
			words[i+1] = strings.ToLower(words[i+1])
		}
		t := orderTerm{direction: "ASC"}
		if slices.Contains(words, "desc") != reverse {
			t.direction = "DESC"
		}
		if at := slices.Index(words, "nulls"); at >= 0 {
			t.nulls = strings.ToUpper(strings.Join(words[at:], " "))
		}
		more, err := e.fieldOrder(m, alias, name, byID, t, seen)
		if err != nil {
			return nil, err
		}
		terms = append(terms, more...)
	}
	return terms, nil
}

// orderPath refuses the order by a field of another record.
func (e *env) orderPath(m *model, name, rest string) error {
	if e.series >= 19 && m.fields[name] != nil {
		return valueError("Invalid field property " + repr(rest) + " on " + m.name + "." + name)
	}
	return valueError("Invalid field " + repr(name+"."+rest) + " on model " + repr(m.name))
}

// fieldOrder are the terms that a field sorts by: a many2one sorts as the order of its model.
func (e *env) fieldOrder(m *model, alias, name string, byID bool, t orderTerm, seen []*field) ([]orderTerm, error) {
	f := m.fields[name]
	switch {
	case f == nil:
		return nil, valueError("Invalid field " + repr(name) + " on model " + repr(m.name))
	case f.column == "" && f.related != "":
		head, rest, deep := strings.Cut(f.related, ".")
		if step := m.fields[head]; deep && step != nil && step.kind == "many2one" && len(seen) < maxOrderDepth {
			return e.orderThrough(alias, step, rest, t, append(seen, f))
		}
		return nil, nil
	case f.column == "" && e.series >= 16 && len(seen) == 0:
		return nil, valueError("Cannot convert " + m.name + "." + f.name + " to SQL because it is not stored")
	case f.column == "":
		return nil, nil
	case f.kind == "many2one" && !byID:
		co := e.models[f.comodel]
		if slices.Contains(seen, f) || len(seen) >= maxOrderDepth {
			return nil, nil
		}
		if co == nil || !co.stored || co.order == "id" {
			break
		}
		var terms []orderTerm
		if t.nulls != "" && e.series >= 16 {
			terms = append(terms, orderTerm{expression: column(alias, f) + map[string]string{"NULLS FIRST": " IS NOT NULL", "NULLS LAST": " IS NULL"}[t.nulls]})
		}
		inherited, err := e.orderThrough(alias, f, co.order, orderTerm{direction: t.direction}, append(seen, f))
		return append(terms, inherited...), err
	}
	t.expression = column(alias, f)
	if f.kind == "boolean" {
		t.expression = "coalesce(" + t.expression + ", FALSE)"
	}
	return []orderTerm{t}, nil
}

// maxOrderDepth ends the way from a many2one to its model's order and on.
const maxOrderDepth = 4

// orderThrough are the terms of an order of the model that a many2one leads to.
func (e *env) orderThrough(alias string, f *field, order string, t orderTerm, seen []*field) ([]orderTerm, error) {
	co, inner := e.models[f.comodel], fmt.Sprintf("o%d", len(seen))
	if co == nil || !co.stored || f.column == "" {
		return nil, nil
	}
	terms, err := e.orderTerms(co, inner, order, t.direction == "DESC", seen)
	for i := range terms {
		terms[i].expression = fmt.Sprintf("(SELECT %s FROM %s %s WHERE %[3]s.id = %s)", terms[i].expression, quote(co.table), inner, column(alias, f))
		if t.nulls != "" {
			terms[i].nulls = t.nulls
		}
	}
	return terms, err
}
