package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// domain is a parsed domain: a tree whose leaves are conditions.
type domain interface{ isDomain() }

type (
	boolDomain bool // TRUE or FALSE
	notDomain  struct{ of domain }
	andDomain  []domain
	orDomain   []domain
	// condition is a leaf. The value of any and not any is a domain, after within.
	condition struct {
		field string
		op    string
		value any
		given string // the operator that the caller wrote, up to series 18
	}
)

func (boolDomain) isDomain() {}
func (notDomain) isDomain()  {}
func (andDomain) isDomain()  {}
func (orDomain) isDomain()   {}
func (condition) isDomain()  {}

// leaf is the condition as messages show it.
func (c condition) leaf() string { return repr(tuple{c.field, c.op, c.value}) }

// parseDomain reads a domain in prefix notation; an operator that is missing is '&'. The errors are those of series 15
// and 18; those of 19 are in parseDomain19.
func parseDomain(v any, series int) (domain, error) {
	if series >= 19 {
		return parseDomain19(v)
	}
	list, ok := sequence(v)
	if !ok && v == nil {
		return boolDomain(true), nil
	}
	if !ok {
		return nil, assertionError("Domains to normalize must have a 'domain' form: a list or tuple of domain components")
	}
	if len(list) == 0 {
		return boolDomain(true), nil
	}
	if missingTerms(list) {
		if series < 16 {
			return nil, assertionError("This domain is syntactically not correct: " + str(v))
		}
		return nil, valueError("Domain " + str(v) + " is syntactically not correct.")
	}
	p := domainParser{tokens: list, series: series}
	var all andDomain
	for len(p.tokens) > 0 {
		d, err := p.next()
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// sequence is v where it is a list or a tuple.
func sequence(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case tuple:
		return v, true
	}
	return nil, false
}

// missingTerms says whether an operator lacks its operands.
func missingTerms(list []any) bool {
	expected := 1
	for _, token := range list {
		if expected == 0 {
			expected = 1
		}
		switch token {
		case "&", "|":
			expected++
		case "!":
		default:
			expected--
		}
	}
	return expected != 0
}

type domainParser struct {
	tokens []any
	series int
}

func (p *domainParser) next() (domain, error) {
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	switch token {
	case "!":
		d, err := p.next()
		return notDomain{d}, err
	case "&", "|":
		left, err := p.next()
		if err != nil {
			return nil, err
		}
		right, err := p.next()
		if err != nil {
			return nil, err
		}
		if token == "&" {
			return andDomain{left, right}, nil
		}
		return orDomain{left, right}, nil
	}
	return p.leaf(token)
}

// operators are the term operators of series 15 and 18; any is of series 17 and later.
var operators = []string{
	"=", "!=", "<=", "<", ">", ">=", "=?", "=like", "=ilike", "like", "not like", "ilike", "not ilike", "in", "not in",
	"child_of", "parent_of", "any", "not any",
}

func (p *domainParser) leaf(token any) (domain, error) {
	parts, isList := sequence(token)
	if p.series >= 16 && !isList {
		var iterable bool
		if parts, iterable = items(token); !iterable {
			return nil, typeError("'" + typeName(token) + "' object is not iterable")
		}
	}
	if p.series >= 16 && len(parts) != 3 {
		if len(parts) < 3 {
			return nil, valueError(fmt.Sprintf("not enough values to unpack (expected 3, got %d)", len(parts)))
		}
		return nil, valueError("too many values to unpack (expected 3)")
	}
	invalid := valueError("Invalid leaf " + str(token))
	if isList {
		invalid = valueError("Invalid leaf " + repr(tuple(parts)))
	}
	if len(parts) != 3 {
		return nil, invalid
	}
	if n, isInt := parts[0].(int64); isInt && parts[1] == "=" && parts[2] == int64(1) && (n == 0 || n == 1) {
		return boolDomain(n == 1), nil
	}
	name, isName := parts[0].(string)
	if !isName && p.series >= 16 {
		return nil, attributeError("'" + typeName(parts[0]) + "' object has no attribute 'split'")
	}
	op, isOp := parts[1].(string)
	if op == "<>" {
		op = "!="
	}
	anyOp, value := op == "any" || op == "not any", parts[2]
	if p.series < 16 && !slices.Contains(operators[:len(operators)-2], op) {
		if err := hashable([]any{value}); err != nil {
			return nil, err // it looks for the leaf among the operators
		}
	}
	if !isName || name == "" && p.series < 16 || !isOp || !slices.Contains(operators, op) || anyOp && p.series < 16 {
		return nil, invalid
	}
	if anyOp {
		d, err := parseDomain(orNoDomain(value), p.series)
		if err != nil {
			return nil, err
		}
		return condition{field: name, op: op, value: d}, nil
	}
	given := op
	_, isSequence := sequence(value)
	_, isBool := value.(bool)
	switch {
	case isBool && op == "in", isSequence && op == "!=":
		op = map[string]string{"in": "=", "!=": "not in"}[op]
	case isBool && op == "not in", isSequence && op == "=":
		op = map[string]string{"not in": "!=", "=": "in"}[op]
	}
	return condition{field: name, op: op, value: value, given: given}, nil
}

// never says whether Odoo knows beforehand, up to series 18, that no record meets a domain: its "in" lists are empty.
func never(d domain) bool { return certainty(d) < 0 }

// certainty is -1 for a domain that no record meets, 1 for one that all meet, 0 for others.
func certainty(d domain) int {
	switch d := d.(type) {
	case boolDomain:
		if d {
			return 1
		}
		return -1
	case notDomain:
		return -certainty(d.of)
	case andDomain:
		least := 1
		for _, part := range d {
			least = min(least, certainty(part))
		}
		return least
	case orDomain:
		most := -1
		for _, part := range d {
			most = max(most, certainty(part))
		}
		return most
	case condition:
		if _, isQuery := d.value.(subquery); isQuery || truthy(d.value) {
			return 0
		}
		switch d.given {
		case "in":
			return -1
		case "not in":
			return 1
		}
	}
	return 0
}

// orNoDomain keeps None from being taken for the empty domain, which it is only where a whole domain is expected.
func orNoDomain(v any) any {
	if v == nil {
		return false
	}
	return v
}

// opposites are the operators that Odoo negates up to series 18.
var opposites = map[string]string{
	"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in", "like": "not like",
	"not like": "like", "ilike": "not ilike", "not ilike": "ilike", "any": "not any", "not any": "any",
}

// negate is the domain that holds where d does not, the negation being moved to the leaves as Odoo does up to series 18.
// A leaf whose operator has no opposite stays inside of a notDomain.
func negate(d domain) domain {
	switch d := d.(type) {
	case boolDomain:
		return !d
	case notDomain:
		return d.of
	case andDomain:
		var out orDomain
		for _, part := range d {
			out = append(out, negate(part))
		}
		return out
	case orDomain:
		var out andDomain
		for _, part := range d {
			out = append(out, negate(part))
		}
		return out
	case condition:
		if d.op == "=?" {
			if !truthy(d.value) {
				return boolDomain(false)
			}
			return condition{field: d.field, op: "!=", value: d.value}
		}
		if opposite, ok := opposites[d.op]; ok {
			d.op = opposite
			return d
		}
	}
	return notDomain{d}
}

// negative says whether an operator holds where its opposite does not, NULL included.
func negative(op string) bool { return op == "!=" || strings.HasPrefix(op, "not ") }

// positive is the operator that a negative one negates, others as they are.
func positive(op string) string {
	if op == "!=" {
		return "="
	}
	return strings.TrimPrefix(op, "not ")
}
