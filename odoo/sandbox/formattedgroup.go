package sandbox

import (
	"slices"
	"strings"
)

// runFormattedReadGroup is formatted_read_group of series 19.
func runFormattedReadGroup(e *env, r *records, args map[string]any) (any, error) {
	groupby, ok := items(args["groupby"])
	if !ok {
		return nil, typeError("'" + typeName(args["groupby"]) + "' object is not iterable")
	}
	wanted, ok := items(args["aggregates"])
	if !ok {
		return nil, typeError("'" + typeName(args["aggregates"]) + "' object is not iterable")
	}
	if err := e.checkAccess(r.model, "read"); err != nil {
		return nil, err
	}
	g := &grouping{model: r.model, limit: args["limit"], offset: args["offset"], w: &where{env: e}}
	var err error
	if g.domain, err = parseDomain(args["domain"], e.series); err != nil {
		return nil, err
	}
	var by []spec
	for _, item := range groupby {
		t, err := g.term(r.model, "t0", str(item), str(item))
		if err != nil {
			return nil, err
		}
		g.by, by = append(g.by, t), append(by, spec{str(item), str(item)})
	}
	for _, item := range wanted {
		text := strings.ReplaceAll(str(item), ":recordset", ":array_agg")
		a, err := g.aggregate(text, text)
		if err != nil {
			return nil, err
		}
		g.aggregates = append(g.aggregates, a)
	}
	if len(by) > 0 {
		order := orderSpecs("", by, nil)
		if text := orderText(args["order"]); text != "" {
			order = strings.Split(text, ",")
		}
		if err := g.orderBy(order, by); err != nil {
			return nil, err
		}
		if g.having, err = g.havingSQL(asList(args["having"])); err != nil {
			return nil, err
		}
	}
	if len(g.by)+len(g.aggregates) == 0 {
		return nil, assertionError("")
	}
	rows, err := g.run()
	if err != nil {
		return nil, err
	}
	list := make([]any, len(rows))
	for i, row := range rows {
		if list[i], err = g.formatted(row, groupby); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// formatted is a row as formatted_read_group answers it.
func (g *grouping) formatted(row []any, groupby []any) (any, error) {
	e, d := g.w.env, newDict()
	var domains [][]any
	for i, t := range g.by {
		label, err := e.groupLabel(t, row[i])
		if err != nil {
			return nil, err
		}
		shown, domain := label.shown, label.domain
		if label.temporal && label.span != false {
			shown = []any{label.start, label.shown}
		}
		d.set(t.key, shown)
		path, _, _ := strings.Cut(str(groupby[i]), ":")
		domains = append(domains, throughPath(path, domain, truthy(shown)))
	}
	extra, err := flatten(domains)
	if err != nil {
		return nil, err
	}
	if len(domains) == 0 {
		extra = []any{[]any{int64(1), "=", int64(1)}}
	}
	d.set("__extra_domain", extra)
	for i, a := range g.aggregates {
		v, err := e.figure(a, row[len(g.by)+i])
		if err != nil {
			return nil, err
		}
		d.set(a.key, v)
	}
	return d, nil
}

// throughPath is the domain of a group by a field of another record.
func throughPath(path string, domain []any, set bool) []any {
	steps := strings.Split(path, ".")
	for _, name := range slices.Backward(steps[:len(steps)-1]) {
		if set {
			domain = []any{[]any{name, "any", domain}}
		} else {
			domain = []any{"|", []any{name, "not any", []any{}}, []any{name, "any", domain}}
		}
	}
	return domain
}

// havingSQL is the condition on figures.
func (g *grouping) havingSQL(having []any) (string, error) {
	supported := []string{"in", "not in", "<", ">", "<=", ">=", "=", "!="}
	var stack []string
	pop := func() (top string) {
		if n := len(stack); n > 0 {
			top, stack = stack[n-1], stack[:n-1]
		}
		return top
	}
	for _, item := range slices.Backward(having) {
		switch item {
		case "!":
			stack = append(stack, "(NOT "+pop()+")")
			continue
		case "&":
			stack = append(stack, "("+pop()+" AND "+pop()+")")
			continue
		case "|":
			stack = append(stack, "("+pop()+" OR "+pop()+")")
			continue
		}
		leaf, ok := sequence(item)
		if !ok || len(leaf) != 3 {
			return "", valueError("Invalid having clause " + repr(item) + ": it should be a domain-like clause")
		}
		op, _ := leaf[1].(string)
		if !slices.Contains(supported, op) {
			return "", valueError("Invalid having clause " + repr(item) + ": supported comparators are " +
				"('in', 'not in', '<', '>', '<=', '>=', '=', '!=')")
		}
		a, err := g.aggregate("", str(leaf[0]))
		if err != nil {
			return "", err
		}
		value, err := literal(leaf[2])
		if err != nil {
			return "", err
		}
		stack = append(stack, a.expression+" "+op+" "+value)
	}
	return strings.Join(stack, " AND "), nil
}
