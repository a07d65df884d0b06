package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// condition19 compiles a leaf as series 19 does: conditions are brought to few operators first, and what does not suit
// the field is an error.
func (w *where) condition19(m *model, alias string, c condition) (string, error) {
	name, path, dotted := strings.Cut(c.field, ".")
	f := m.fields[name]
	if f == nil {
		return "", w.env.invalidLeaf(m, c)
	}
	if dotted && f.relational() {
		return w.any19(m, alias, f, "any", condition{field: path, op: c.op, value: c.value})
	}
	if c, err := c.canonical(m, f); err != nil {
		return "", err
	} else if constant, ok := c.(boolDomain); ok {
		return w.compile(m, alias, constant)
	} else if d, ok := c.(condition); !ok {
		return w.compile(m, alias, c)
	} else {
		return w.canonical19(m, alias, f, d)
	}
}

// canonical is a condition with an operator that series 19 compiles, or what is known of it beforehand.
func (c condition) canonical(m *model, f *field) (domain, error) {
	switch c.op {
	case "=?":
		if !truthy(c.value) {
			return boolDomain(true), nil
		}
		c.op = "="
	case "<>":
		c.op = "!="
	case "==":
		c.op = "="
	}
	if c.op == "=" || c.op == "!=" {
		list, isList := sequence(c.value)
		switch {
		case !isList:
			list = []any{c.value}
		case len(list) == 0:
			list = []any{false}
		}
		c.op, c.value = map[string]string{"=": "in", "!=": "not in"}[c.op], list
	}
	if c.op == "in" || c.op == "not in" {
		if _, isQuery := c.value.(subquery); isQuery {
			return c, nil
		}
		if !truthy(c.value) {
			return boolDomain(c.op == "not in"), nil
		}
		list, isList := sequence(c.value)
		if !isList {
			list = []any{c.value}
		}
		if f.required && f.kind != "boolean" && !f.isNumber() && !f.isText() || f.name == "id" {
			list = slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == false })
			if len(list) == 0 {
				return boolDomain(c.op == "not in"), nil
			}
		}
		if err := hashable(list); err != nil {
			return nil, err
		}
		c.value = list
	}
	if strings.HasSuffix(c.op, "like") {
		return c.canonicalLike(f)
	}
	return c, nil
}

// hashable raises the TypeError of a value that cannot be a member of a set.
func hashable(list []any) error {
	for _, v := range list {
		switch v.(type) {
		case []any, *dict:
			return typeError("unhashable type: '" + typeName(v) + "'")
		}
	}
	return nil
}

func (c condition) canonicalLike(f *field) (domain, error) {
	exact := strings.Contains(c.op, "=")
	if !truthy(c.value) {
		different := negative(c.op) == exact
		if f.relational() || exact {
			d := condition{field: c.field, op: "=", value: false}
			if different {
				d.op = "!="
			}
			return d.canonical(nil, f)
		}
		return boolDomain(different), nil
	}
	if _, isText := c.value.(string); !isText {
		if exact {
			return nil, typeError("The pattern to match must be a string in condition " + c.leaf())
		}
		c.value = str(c.value)
	}
	return c, nil
}

// canonical19 compiles what is left: by the kind of the field, and by how it is searched.
func (w *where) canonical19(m *model, alias string, f *field, c condition) (string, error) {
	isAny := strings.TrimSuffix(positive(c.op), "!") == "any"
	if isAny {
		d, err := w.subdomain(f, c)
		if err != nil {
			return "", err
		}
		return w.any19(m, alias, f, c.op, d)
	}
	if f.relational() {
		if d, err := c.byName19(); err != nil || d != nil {
			if err != nil {
				return "", err
			}
			return w.compile(m, alias, d)
		}
	}
	d, err := w.typed19(f, c)
	if err != nil {
		return "", err
	}
	c, ok := d.(condition)
	if !ok {
		return w.compile(m, alias, d)
	}
	switch {
	case m.inherited(f):
		return w.onParent(m, alias, c)
	case hierarchical(c.op) && f.name != "id" && !f.relational():
		return "", valueError("Cannot execute " + c.op + " for " + m.name + "." + f.name + ", works only for relational fields in condition " + c.leaf())
	case hierarchical(c.op):
		return w.hierarchy(m, alias, f, c)
	}
	if f.isAttachment() {
		return w.attached(m, alias, f, c)
	}
	if d, err := w.search19(m, f, c); err != nil || d != nil {
		if err != nil {
			return "", err
		}
		return w.compile(m, alias, d)
	}
	if w.env.forbids(m, f.name) {
		return "", w.env.forbiddenField(m, f.name)
	}
	if f.kind == "one2many" || f.kind == "many2many" {
		return w.x2many19(m, alias, f, c)
	}
	if f.column == "" {
		return "", valueError("Cannot convert " + m.name + "." + f.name + " to SQL because it is not stored")
	}
	return w.leaf19(m, alias, f, c)
}

// subdomain is the domain that is the value of any.
func (w *where) subdomain(f *field, c condition) (domain, error) {
	switch v := c.value.(type) {
	case domain:
		return v, nil
	case subquery:
		return condition{field: "id", op: "in", value: v}, nil
	}
	d, err := parseDomain19(c.value)
	if err == nil && !f.relational() && f.name != "id" {
		err = valueError("Cannot use 'any' with non-relational fields in condition " + c.leaf())
	}
	return d, err
}

// byName19 is a condition on a relation by the names of the records it leads to, nil where no name is given.
func (c condition) byName19() (domain, error) {
	op := map[bool]string{false: "any", true: "not any"}[negative(c.op)]
	if strings.HasSuffix(c.op, "like") {
		return condition{field: c.field, op: op, value: domain(condition{field: "display_name", op: positive(c.op), value: c.value})}, nil
	}
	if _, isText := c.value.(string); isText && (c.op[0] == '<' || c.op[0] == '>') {
		return nil, typeError("Inequality not supported for relational field using a string in condition " + c.leaf())
	}
	list, isList := sequence(c.value)
	if c.op != "in" && c.op != "not in" || !isList {
		return nil, nil
	}
	var names, others []any
	for _, v := range list {
		if _, isText := v.(string); isText {
			names = append(names, v)
		} else {
			others = append(others, v)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	d := domain(condition{field: c.field, op: op, value: domain(condition{field: "display_name", op: "in", value: names})})
	switch rest := (condition{field: c.field, op: c.op, value: others}); {
	case len(others) == 0:
		return d, nil
	case negative(c.op):
		return andDomain{d, rest}, nil
	default:
		return orDomain{d, rest}, nil
	}
}

// search19 is what the search method of a field makes of a condition, nil where the field has none.
func (w *where) search19(m *model, f *field, c condition) (domain, error) {
	switch {
	case f.related != "" && f.column == "":
		null := !truthy(c.value)
		if list, ok := sequence(c.value); ok {
			null = slices.ContainsFunc(list, func(v any) bool { return !truthy(v) && v != int64(0) || v == int64(0) && f.isNumber() })
		}
		if negative(c.op) && !null {
			c.op = positive(c.op)
			if c.op == "=" {
				c.op = "in"
			}
			d, err := w.search19(m, f, c)
			return notDomain{d}, err
		}
		path := strings.Split(f.related, ".")
		c.field = path[len(path)-1]
		d := domain(c)
		on := make([]*field, 0, len(path))
		for at := m; len(on) < len(path)-1; {
			step := at.fields[path[len(on)]]
			if step == nil || w.env.models[step.comodel] == nil || !w.env.models[step.comodel].stored {
				return boolDomain(true), nil
			}
			on, at = append(on, step), w.env.models[step.comodel]
		}
		for _, step := range slices.Backward(on) {
			d = condition{field: step.name, op: "any!", value: d}
			if negative(c.op) != null && step.kind == "many2one" && !step.required {
				d = orDomain{d, condition{field: step.name, op: "in", value: []any{false}}}
			}
		}
		return d, nil
	case f.name == "display_name" && f.column == "":
		if c.op == "not like" || c.op == "not ilike" {
			c.op = positive(c.op)
			d, err := w.env.nameDomain(m, c.op, c.value)
			return notDomain{d}, err
		}
		return w.env.nameDomain(m, c.op, c.value)
	}
	return nil, nil
}

// any19 is the condition that a relation leads to a record of a domain, or with "not any" that it leads to none. With "!"
// the access rights of the user do not matter.
func (w *where) any19(m *model, alias string, f *field, op string, d domain) (string, error) {
	not := negative(op)
	if f.name == "id" {
		if not {
			return w.not19(m, alias, d)
		}
		return w.compile(m, alias, d)
	}
	co := w.env.models[f.comodel]
	if co == nil || !co.stored {
		if c, ok := d.(condition); ok {
			return "", w.env.invalidLeaf(&model{name: f.comodel}, c)
		}
		return "TRUE", nil
	}
	if constant, ok := d.(boolDomain); ok && !bool(constant) {
		return w.compile(m, alias, boolDomain(not))
	}
	if m.inherited(f) {
		return w.onParent(m, alias, condition{field: f.name, op: op, value: d})
	}
	if f.related != "" && f.column == "" {
		d, err := w.search19(m, f, condition{field: f.name, op: op, value: d})
		if err != nil {
			return "", err
		}
		return w.compile(m, alias, d)
	}
	if f.kind == "many2one" && f.column == "" {
		return "", valueError("Cannot convert " + m.name + "." + f.name + " to SQL because it is not stored")
	}
	facts, e := factsOf(m, f), w.env
	if facts.bypass || strings.HasSuffix(op, "!") {
		e = e.superuser()
	}
	if f.kind == "many2one" || facts.archived {
		e = e.with("active_test", false)
	}
	if facts.domain != nil {
		d = andDomain{d, facts.domain}
	}
	q, err := w.subsearch(e, co, d)
	if err != nil {
		return "", err
	}
	switch {
	case f.kind != "many2one":
		return w.linked(alias, f, q.selecting("id"), not)
	case not:
		return fmt.Sprintf("(%s IS NULL OR %[1]s NOT IN (%s))", column(alias, f), q.selecting("id")), nil
	}
	return fmt.Sprintf("%s IN (%s)", column(alias, f), q.selecting("id")), nil
}

// not19 compiles the negation of a domain: NULL meets the negation of a condition that it does not meet.
func (w *where) not19(m *model, alias string, d domain) (string, error) {
	switch d := d.(type) {
	case boolDomain:
		return w.compile(m, alias, !d)
	case notDomain:
		return w.compile(m, alias, d.of)
	case andDomain, orDomain:
		return w.compile(m, alias, negate19(d))
	case condition:
		if opposite, ok := opposites19[d.op]; ok && !strings.Contains(d.field, ".") {
			d.op = opposite
			return w.compile(m, alias, d)
		}
		if opposite, ok := opposites[d.op]; ok && !strings.Contains(d.field, ".") {
			return w.notOrdered(m, alias, d, opposite)
		}
		sql, err := w.compile(m, alias, d)
		return "(" + sql + ") IS NOT TRUE", err
	}
	return "", fmt.Errorf("domain of type %T", d)
}

// notOrdered is the negation of an inequality: NULL meets it where it does not stand for an empty value.
func (w *where) notOrdered(m *model, alias string, c condition, opposite string) (string, error) {
	c.op = opposite
	d := domain(c)
	if f := m.fields[c.field]; f != nil && f.empty19() == nil {
		d = orDomain{condition{field: c.field, op: "in", value: []any{false}}, d}
	}
	return w.compile(m, alias, d)
}

// negate19 moves a negation to the members of a conjunction or disjunction.
func negate19(d domain) domain {
	switch d := d.(type) {
	case andDomain:
		var out orDomain
		for _, part := range d {
			out = append(out, notDomain{part})
		}
		return out
	case orDomain:
		var out andDomain
		for _, part := range d {
			out = append(out, notDomain{part})
		}
		return out
	}
	return notDomain{d}
}

// opposites19 are the operators that series 19 negates; inequalities depend on NULL, see not19.
var opposites19 = map[string]string{
	"=": "!=", "!=": "=", "<>": "=", "in": "not in", "not in": "in", "like": "not like", "not like": "like",
	"ilike": "not ilike", "not ilike": "ilike", "=like": "not =like", "not =like": "=like", "=ilike": "not =ilike",
	"not =ilike": "=ilike", "any": "not any", "not any": "any", "any!": "not any!", "not any!": "any!",
}
