package sandbox

import (
	"fmt"
	"slices"
)

// domain is a parsed domain: a tree whose leaves are conditions.
type domain interface{ isDomain() }

type (
	boolDomain bool // TRUE or FALSE
	notDomain  struct{ of domain }
	andDomain  []domain
	orDomain   []domain
	// condition is a leaf. raw is what the caller wrote, for messages.
	condition struct {
		field string
		op    string
		value any
		raw   tuple
	}
)

func (boolDomain) isDomain() {}
func (notDomain) isDomain()  {}
func (andDomain) isDomain()  {}
func (orDomain) isDomain()   {}
func (condition) isDomain()  {}

// operators are the term operators of all series.
var operators = []string{
	"=", "!=", "<=", "<", ">", ">=", "=?", "=like", "=ilike", "like", "not like", "ilike", "not ilike", "in", "not in",
	"child_of", "parent_of", "any", "not any",
}

// parseDomain reads a domain in prefix notation; an operator that is missing is '&'.
func parseDomain(v any, series int) (domain, error) {
	list, ok := v.([]any)
	if t, isTuple := v.(tuple); isTuple {
		list, ok = t, true
	}
	if !ok && (series >= 19 || v != nil) {
		if series >= 19 && !truthy(v) {
			return boolDomain(true), nil
		}
		return nil, notADomain(v, series)
	}
	if len(list) == 0 {
		return boolDomain(true), nil
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

func notADomain(v any, series int) error {
	if series >= 19 {
		return typeError("Domain() invalid argument type for domain: " + repr(v))
	}
	return assertionError("Domains to normalize must have a 'domain' form: a list or tuple of domain components")
}

type domainParser struct {
	tokens []any
	series int
}

func (p *domainParser) next() (domain, error) {
	if len(p.tokens) == 0 {
		return nil, valueError("Domain is syntactically not correct")
	}
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

func (p *domainParser) leaf(token any) (domain, error) {
	parts, ok := token.([]any)
	if t, isTuple := token.(tuple); isTuple {
		parts, ok = t, true
	}
	switch {
	case !ok || len(parts) != 3:
		return nil, p.invalid(token, parts, ok)
	}
	if n, isInt := parts[0].(int64); isInt && parts[1] == "=" && parts[2] == int64(1) && (n == 0 || n == 1) {
		return boolDomain(n == 1), nil
	}
	name, isName := parts[0].(string)
	op, isOp := parts[1].(string)
	if op == "<>" {
		op = "!="
	}
	if !isName || !isOp || !slices.Contains(operators, op) {
		return nil, p.invalidOperator(tuple(parts))
	}
	return condition{field: name, op: op, value: parts[2], raw: tuple(parts)}, nil
}

// invalid words an item that is no condition (cases read.search.baddomain).
func (p *domainParser) invalid(token any, parts []any, isList bool) error {
	switch {
	case p.series >= 19:
		return valueError("Domain() invalid item in domain: " + repr(token))
	case p.series >= 16 && isList && len(parts) < 3:
		return valueError(fmt.Sprintf("not enough values to unpack (expected 3, got %d)", len(parts)))
	case p.series >= 16 && isList:
		return valueError("too many values to unpack (expected 3)")
	case isList:
		return valueError("Invalid leaf " + repr(tuple(parts)))
	}
	return valueError("Invalid leaf " + repr(token))
}

func (p *domainParser) invalidOperator(leaf tuple) error {
	if p.series >= 19 {
		return valueError("Invalid operator in condition " + repr(leaf))
	}
	return valueError("Invalid leaf " + repr(leaf))
}

// negate is the domain that holds where d does not, the negation being moved to the leaves as Odoo does.
func negate(d domain) domain {
	opposites := map[string]string{
		"=": "!=", "<": ">=", ">": "<=", "in": "not in", "like": "not like", "ilike": "not ilike", "any": "not any",
	}
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
		for op, opposite := range opposites {
			switch d.op {
			case op:
				d.op = opposite
				return d
			case opposite:
				d.op = op
				return d
			}
		}
		return notDomain{d}
	}
	return notDomain{d}
}
