package sandbox

import (
	"slices"
	"strings"
)

// operators19 are the term operators of series 19. Upper case is allowed and means the same.
var operators19 = append([]string{"==", "<>", "not =like", "not =ilike", "any!", "not any!"}, operators...)

// parseDomain19 reads a domain as series 19 does: from its end, with a stack.
func parseDomain19(v any) (domain, error) {
	list, ok := sequence(v)
	switch {
	case v == true || ok && len(list) == 0:
		return boolDomain(true), nil
	case v == false:
		return boolDomain(false), nil
	case !ok:
		return nil, typeError("Domain() invalid argument type for domain: " + repr(v))
	}
	var stack []domain
	pop := func() (d domain) {
		if n := len(stack); n > 0 {
			d, stack = stack[n-1], stack[:n-1]
		}
		return d
	}
	for i := len(list) - 1; i >= 0; i-- {
		switch token := list[i]; token {
		case "&", "|":
			left, right := pop(), pop()
			if left == nil || right == nil {
				return nil, valueError("Domain() malformed domain " + repr(v))
			}
			if token == "&" {
				stack = append(stack, andDomain{left, right})
			} else {
				stack = append(stack, orDomain{left, right})
			}
		case "!":
			d := pop()
			if d == nil {
				return nil, valueError("Domain() malformed domain " + repr(v))
			}
			stack = append(stack, notDomain{d})
		default:
			leaf, err := parseLeaf19(token)
			if err != nil {
				return nil, err
			}
			stack = append(stack, leaf)
		}
	}
	slices.Reverse(stack)
	if len(stack) == 1 {
		return stack[0], nil
	}
	return andDomain(stack), nil
}

func parseLeaf19(token any) (domain, error) {
	parts, ok := sequence(token)
	if !ok || len(parts) != 3 || parts[1] == "any!" || parts[1] == "not any!" {
		return nil, valueError("Domain() invalid item in domain: " + repr(token))
	}
	name, ok := parts[0].(string)
	if !ok {
		if parts[1] == "=" && parts[2] == int64(1) && (parts[0] == int64(0) || parts[0] == int64(1)) {
			return boolDomain(parts[0] == int64(1)), nil
		}
		return nil, typeError("Domain() invalid arguments: " + repr(tuple(parts)))
	}
	c := condition{field: name, value: parts[2]}
	if name == "" {
		return nil, typeError("Empty field name in condition " + repr(tuple(parts)))
	}
	op, ok := parts[1].(string)
	if !ok {
		return nil, attributeError("'" + typeName(parts[1]) + "' object has no attribute 'lower'")
	}
	if c.op = strings.ToLower(op); !slices.Contains(operators19, c.op) {
		return nil, valueError("Invalid operator in condition " + repr(tuple{name, c.op, parts[2]}))
	}
	if c.value == nil {
		c.value = false
	}
	return c, nil
}

// flatten is the domain that all of some domains hold, as series 19 writes it: conjunctions of conjunctions are one, and
// negations are those of the operators.
func flatten(domains [][]any) ([]any, error) {
	var all andDomain
	for _, given := range domains {
		d, err := parseDomain19(given)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	list := polish(all)
	if isConstant(list, 1) {
		return []any{}, nil
	}
	return list, nil
}

// polish writes a domain in prefix notation.
func polish(d domain) []any {
	switch d := d.(type) {
	case boolDomain:
		n := int64(0)
		if d {
			n = 1
		}
		return []any{[]any{n, "=", int64(1)}}
	case notDomain:
		switch of := d.of.(type) {
		case boolDomain:
			return polish(!of)
		case notDomain:
			return polish(of.of)
		case andDomain, orDomain:
			return polish(negate19(of))
		case condition:
			if opposite, ok := opposites19[of.op]; ok && !strings.Contains(of.field, ".") {
				of.op = opposite
				return polish(of)
			}
		}
		return append([]any{"!"}, polish(d.of)...)
	case andDomain:
		return nary("&", members(d, func(d domain) ([]domain, bool) { and, ok := d.(andDomain); return and, ok }), true)
	case orDomain:
		return nary("|", members(d, func(d domain) ([]domain, bool) { or, ok := d.(orDomain); return or, ok }), false)
	case condition:
		return []any{[]any{d.field, d.op, d.value}}
	}
	return nil
}

// members are the parts of a conjunction or disjunction, those of its own kind in it opened.
func members(parts []domain, open func(domain) ([]domain, bool)) []domain {
	var all []domain
	for _, part := range parts {
		if inner, ok := open(part); ok {
			all = append(all, members(inner, open)...)
			continue
		}
		all = append(all, part)
	}
	return all
}

// nary writes a conjunction or disjunction; unit is the constant that changes nothing in it.
func nary(operator string, parts []domain, unit bool) []any {
	var list []any
	count := 0
	for _, part := range parts {
		text := polish(part)
		if isConstant(text, map[bool]int64{false: 1, true: 0}[unit]) {
			return text
		}
		if !isConstant(text, map[bool]int64{false: 0, true: 1}[unit]) {
			list, count = append(list, text...), count+1
		}
	}
	if count == 0 {
		return polish(boolDomain(unit))
	}
	result := []any{}
	for ; count > 1; count-- {
		result = append(result, operator)
	}
	return append(result, list...)
}
