package sandbox

import (
	"regexp"
	"slices"
	"strings"
)

// groupRequest is what a caller of read_group asks for.
type groupRequest struct {
	fields, groupby []any
	by              []any // those of groupby that this call groups by: the first one where it is lazy
	lazy            bool
	orderby         string
}

func groupRequestOf(series int, args map[string]any) (groupRequest, error) {
	r := groupRequest{lazy: truthy(args["lazy"]), orderby: orderText(args["orderby"])}
	var ok bool
	if r.groupby, ok = sequence(args["groupby"]); !ok {
		if _, isText := args["groupby"].(string); !isText {
			return r, typeError("'" + typeName(args["groupby"]) + "' object is not " + map[bool]string{true: "iterable", false: "subscriptable"}[series < 16])
		}
		r.groupby = []any{args["groupby"]}
	}
	if r.fields, ok = items(args["fields"]); !ok && (truthy(args["fields"]) || series >= 16) {
		return r, typeError("'" + typeName(args["fields"]) + "' object is not iterable")
	}
	r.by = r.groupby
	if r.lazy && len(r.by) > 1 {
		r.by = r.by[:1]
	}
	return r, nil
}

// fieldAggregate is "field", "field:function" or "name:function(field)".
var fieldAggregate = regexp.MustCompile(`^(\w+)(?::(\w+)(?:\((\w+)\))?)?`)

// runReadGroup is read_group of series 16 and later; runReadGroup15 is the one before.
func runReadGroup(e *env, r *records, args map[string]any) (any, error) {
	if e.series < 16 {
		return runReadGroup15(e, r, args)
	}
	request, err := groupRequestOf(e.series, args)
	if err != nil {
		return nil, err
	}
	g := &grouping{model: r.model, limit: args["limit"], offset: args["offset"], w: &where{env: e}}
	specs, err := g.groupBy(request)
	if err != nil {
		return nil, err
	}
	named, err := g.aggregateFields(request, specs)
	if err != nil {
		return nil, err
	}
	if g.domain, err = parseDomain(args["domain"], e.series); err != nil {
		return nil, err
	}
	if err := g.orderBy(orderSpecs(request.orderby, specs, named), specs); err != nil {
		return nil, err
	}
	rows, err := g.run()
	if err != nil {
		return nil, err
	}
	list := make([]any, len(rows))
	for i, row := range rows {
		if list[i], err = g.format(row, request, args["domain"]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// spec is a key of the answer and the specification that it stands for.
type spec struct{ key, means string }

// groupBy adds what is grouped by; dates are grouped by month unless said otherwise.
func (g *grouping) groupBy(request groupRequest) ([]spec, error) {
	var specs []spec
	for _, item := range request.by {
		name, path, granularity, err := parseGroupSpec(item)
		if err != nil {
			return nil, err
		}
		f := g.model.fields[name]
		switch {
		case f == nil:
			return nil, valueError("Invalid field " + repr(name) + " on model " + repr(g.model.name))
		case path != "":
			return nil, valueError("Property name " + repr(path) + " has to be used on a property field.")
		}
		s := spec{key: str(item), means: str(item)}
		if granularity == "" && (f.kind == "date" || f.kind == "datetime") {
			s.means = name + ":month"
		}
		if !slices.Contains(specs, s) {
			specs = append(specs, s)
		}
	}
	for _, s := range specs {
		t, err := g.term(g.model, "t0", s.key, s.means)
		if err != nil {
			return nil, err
		}
		g.by = append(g.by, t)
	}
	return specs, nil
}

// aggregateFields adds the figures: the number of records, and those of the fields that the caller names.
func (g *grouping) aggregateFields(request groupRequest, by []spec) ([]spec, error) {
	count := spec{"__count", "__count"}
	if request.lazy && len(request.by) == 1 {
		name, _, _ := strings.Cut(str(request.by[0]), ":")
		count.key = name + "_count"
	}
	specs := []spec{count}
	add := func(s spec) {
		if at := slices.IndexFunc(specs, func(known spec) bool { return known.key == s.key }); at >= 0 {
			specs[at] = s
			return
		}
		specs = append(specs, s)
	}
	for _, item := range request.fields {
		text := str(item)
		if text == "__count" {
			continue
		}
		parts := fieldAggregate.FindStringSubmatch(text)
		switch {
		case parts == nil:
			return nil, valueError("Invalid field specification " + repr(text) + ".")
		case parts[3] != "":
			add(spec{parts[1], parts[3] + ":" + parts[2]})
			continue
		case parts[2] != "":
			add(spec{parts[1], parts[1] + ":" + parts[2]})
			continue
		}
		f := g.model.fields[parts[1]]
		if f == nil {
			return nil, valueError("Invalid field " + repr(parts[1]) + " on model " + repr(g.model.name))
		}
		function := g.model.aggregator(f, g.w.env.series)
		grouped := slices.ContainsFunc(by, func(s spec) bool { return s.key == text })
		if function != "" && !grouped && (f.column != "" || g.model.inherited(f)) {
			add(spec{parts[1], parts[1] + ":" + function})
		}
	}
	for _, s := range specs {
		a, err := g.aggregate(s.key, s.means)
		if err != nil {
			return nil, err
		}
		g.aggregates = append(g.aggregates, a)
	}
	return specs, nil
}

// orderSpecs is an orderby in terms of specifications; it is what is grouped by where the caller gives none.
func orderSpecs(orderby string, by, aggregates []spec) []string {
	var terms []string
	if orderby == "" {
		for _, s := range by {
			terms = append(terms, s.means)
		}
		return terms
	}
	reversed := slices.Clone(by)
	slices.Reverse(reversed)
	for _, term := range strings.Split(orderby, ",") {
		term = strings.TrimSpace(term)
		for _, s := range slices.Concat(reversed, aggregates) {
			if name, _, _ := strings.Cut(s.key, ":"); term == name || strings.HasPrefix(term, name+" ") {
				term = strings.ReplaceAll(term, name, s.means)
				break
			}
		}
		terms = append(terms, term)
	}
	return terms
}

var groupOrder = regexp.MustCompile(`(?i)^\s*([a-z0-9_]+(?:\.[a-z0-9_.]+)?(?::[a-z_]+)?)(?:\s+(desc|asc))?(?:\s+(nulls first|nulls last))?\s*$`)

// orderBy adds the order of the groups: by what is grouped by, a many2one as its model is ordered, or by figures.
func (g *grouping) orderBy(terms []string, by []spec) error {
	for _, part := range terms {
		words := groupOrder.FindStringSubmatch(part)
		if words == nil {
			return valueError("Invalid order " + repr(strings.Join(terms, ",")) + " for _read_group()")
		}
		t := orderTerm{direction: "ASC", nulls: strings.ToUpper(words[3])}
		if words[2] != "" {
			t.direction = strings.ToUpper(words[2])
		}
		at := slices.IndexFunc(by, func(s spec) bool { return s.means == words[1] })
		if at < 0 {
			a, err := g.aggregate("", words[1])
			if err != nil {
				return valueError("Order term " + repr(part) + " is not a valid aggregate nor valid groupby")
			}
			t.expression = a.expression
			g.order = append(g.order, t.String())
			continue
		}
		group := g.by[at]
		if group.field.kind == "many2one" && g.model.fields[words[1]] == group.field {
			more, err := g.w.env.fieldOrder(g.model, "t0", group.field.name, false, t, nil)
			if err != nil {
				return err
			}
			for _, m := range more {
				g.order = append(g.order, m.String())
			}
			continue
		}
		t.expression = group.expression
		if group.granularity == "day_of_week" && g.w.env.series >= 19 {
			t.expression = "mod(7 - 7 + " + t.expression + "::int, 7)"
		}
		g.order = append(g.order, t.String())
	}
	return nil
}

// format is a row as read_group answers it.
func (g *grouping) format(row []any, request groupRequest, domain any) (any, error) {
	e := g.w.env
	d := newDict()
	labels := make([]groupLabel, len(g.by))
	for i, t := range g.by {
		var err error
		if labels[i], err = e.groupLabel(t, row[i]); err != nil {
			return nil, err
		}
		d.set(t.key, labels[i].shown)
	}
	for i, a := range g.aggregates {
		v, err := e.figure(a, row[len(g.by)+i])
		if err != nil {
			return nil, err
		}
		d.set(a.key, v)
	}
	all := asList(domain)
	d.set("__domain", all)
	if len(request.by) < len(request.groupby) {
		d.set("__context", newDict("group_by", request.groupby[len(request.by):]))
	}
	ranges := newDict()
	sections := [][]any{all}
	for _, item := range request.by {
		i := slices.IndexFunc(g.by, func(t groupTerm) bool { return t.key == str(item) })
		if labels[i].temporal {
			ranges.set(g.by[i].key, labels[i].span)
			d.set("__range", ranges)
		}
		if labels[i].domain != nil {
			sections = append(sections, labels[i].domain)
			all = allOf(all, labels[i].domain)
		}
	}
	if e.series >= 19 {
		var err error
		if all, err = flatten(sections); err != nil {
			return nil, err
		}
	}
	d.set("__domain", all)
	return d, nil
}

// asList is a domain as a caller gave it.
func asList(v any) []any {
	list, _ := sequence(v)
	return list
}

// allOf is the domain, in prefix notation, that all of some domains hold.
func allOf(domains ...[]any) []any {
	var all []any
	count := 0
	for _, d := range domains {
		if d = normalized(d); isConstant(d, 1) {
			continue
		}
		if isConstant(d, 0) {
			return d
		}
		all = append(all, d...)
		count++
	}
	result := []any{}
	for ; count > 1; count-- {
		result = append(result, "&")
	}
	return append(result, all...)
}

// isConstant says whether a domain is [(1, '=', 1)], or [(0, '=', 1)].
func isConstant(d []any, n int64) bool {
	if len(d) != 1 {
		return false
	}
	leaf, _ := sequence(d[0])
	return len(leaf) == 3 && leaf[0] == n && leaf[1] == "=" && leaf[2] == int64(1)
}

// normalized is a domain with every "&" written out, which [] is [(1, '=', 1)] in.
func normalized(d []any) []any {
	if len(d) == 0 {
		return []any{[]any{int64(1), "=", int64(1)}}
	}
	var result []any
	expected := 1
	for _, token := range d {
		if expected == 0 {
			result, expected = append([]any{"&"}, result...), 1
		}
		switch token {
		case "&", "|":
			expected++
		case "!":
		default:
			expected--
			if leaf, ok := sequence(token); ok && len(leaf) == 3 && (leaf[1] == "any" || leaf[1] == "not any") {
				if inner, ok := sequence(leaf[2]); ok {
					token = []any{leaf[0], leaf[1], normalized(inner)}
				}
			}
		}
		result = append(result, token)
	}
	return result
}
