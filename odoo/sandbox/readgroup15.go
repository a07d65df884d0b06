package sandbox

import (
	"slices"
	"strings"
)

// runReadGroup15 is read_group of series 15.
func runReadGroup15(e *env, r *records, args map[string]any) (any, error) {
	m := r.model
	if err := e.checkAccess(m, "read"); err != nil {
		return nil, err
	}
	request, err := groupRequestOf(e.series, args)
	if err != nil {
		return nil, err
	}
	request.groupby = distinct(request.groupby)
	if _, ok := sequence(args["domain"]); !ok {
		return nil, typeError("'" + typeName(args["domain"]) + "' object is not iterable")
	}
	g := &grouping{model: m, limit: args["limit"], w: &where{env: e}}
	if truthy(args["limit"]) {
		g.offset = args["offset"]
	}
	if g.domain, err = parseDomain(args["domain"], e.series); err != nil {
		return nil, err
	}
	var specs []spec
	for _, item := range request.by {
		if specs, err = g.groupBy15(str(item), specs); err != nil {
			return nil, err
		}
	}
	count := "__count"
	if leaf, _ := e.context.get("group_by_no_leaf"); request.lazy && len(g.by) > 0 && (len(g.by) > 1 || !truthy(leaf)) {
		count = g.by[0].field.name + "_count"
	}
	g.aggregates = []aggregate{{key: count, function: "count", expression: "count(t0.id)"}}
	if err := g.aggregateFields15(request.fields); err != nil {
		return nil, err
	}
	if len(g.by) == 0 {
		g.aggregates = append([]aggregate{{key: "id", function: "count", expression: "min(t0.id)"}}, g.aggregates...)
	}
	if err := g.orderBy15(request, specs); err != nil {
		return nil, err
	}
	rows, err := g.run()
	if err != nil {
		return nil, err
	}
	list := make([]any, len(rows))
	for i, row := range rows {
		if list[i], err = g.format15(row, request, args["domain"]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (g *grouping) groupBy15(key string, specs []spec) ([]spec, error) {
	name, granularity, _ := strings.Cut(key, ":")
	f := g.model.fields[name]
	if f == nil {
		return nil, valueError("Invalid field " + repr(name) + " on model " + repr(g.model.name))
	}
	if f.column == "" && !(f.kind == "many2many" && f.stored) && !g.model.inherited(f) {
		return nil, userError("Field " + g.model.name + "." + name + " is not a stored field, only stored fields (regular or " +
			"many2many) are valid for the 'groupby' parameter")
	}
	means := name
	if f.kind == "date" || f.kind == "datetime" {
		if granularity == "" {
			granularity = "month"
		}
		if timeSteps[granularity] == nil {
			return nil, keyError(granularity)
		}
		means += ":" + granularity
	}
	if slices.Contains(specs, spec{key, means}) {
		return specs, nil
	}
	t, err := g.term(g.model, "t0", key, means)
	g.by = append(g.by, t)
	return append(specs, spec{key, means}), err
}

// aggregateFields15 adds the figures of the fields that the caller names, of all fields where none is named.
func (g *grouping) aggregateFields15(fields []any) error {
	if len(fields) == 0 {
		for _, name := range g.model.fieldNames() {
			if g.model.fields[name].stored {
				fields = append(fields, name)
			}
		}
	}
	for _, item := range fields {
		text := str(item)
		if text == "sequence" || text == "__count" {
			continue
		}
		parts := fieldAggregate.FindStringSubmatch(text)
		if parts == nil {
			return userError("Invalid field specification " + repr(text) + ".")
		}
		key, function, name := parts[1], parts[2], parts[3]
		if name == "" {
			name = key
		}
		f := g.model.fields[name]
		switch {
		case f == nil:
			return valueError("Invalid field " + repr(name) + " on model " + repr(g.model.name))
		case function == "":
			if function = g.model.aggregator(f, 15); function == "" || f.column == "" && !g.model.inherited(f) {
				continue
			}
		case f.column == "" && !g.model.inherited(f):
			return userError("Cannot aggregate field " + repr(name) + ".")
		case aggregateFunctions[function] == "" || function == "recordset" || function == "array_agg_distinct":
			return userError("Invalid aggregation function " + repr(function) + ".")
		}
		if slices.ContainsFunc(g.by, func(t groupTerm) bool { return t.field == f }) {
			continue
		}
		if slices.ContainsFunc(g.aggregates, func(a aggregate) bool { return a.key == key && a.field != nil }) {
			return userError("Output name " + repr(key) + " is used twice.")
		}
		a, err := g.aggregate(key, name+":"+function)
		if err != nil {
			return err
		}
		if function == "array_agg" {
			a.expression = strings.Replace(a.expression, " ORDER BY t0.id", "", 1)
		}
		g.aggregates = append(g.aggregates, a)
	}
	return nil
}

// orderBy15 adds the order of the groups. What is neither grouped by nor a figure is ignored.
func (g *grouping) orderBy15(request groupRequest, specs []spec) error {
	order := request.orderby
	if order == "" {
		for i, t := range g.by {
			order += map[bool]string{true: "", false: ","}[i == 0] + t.key
		}
	}
	if order == "" {
		return nil
	}
	if err := g.w.env.checkOrder(order); err != nil {
		return err
	}
	for _, part := range strings.Split(order, ",") {
		words := strings.Fields(part)
		t := orderTerm{direction: strings.ToUpper(strings.Join(words[1:], " "))}
		at := slices.IndexFunc(g.by, func(by groupTerm) bool { return by.key == words[0] || by.field.name == words[0] })
		figure := slices.IndexFunc(g.aggregates, func(a aggregate) bool { return a.key == words[0] && a.field != nil })
		switch {
		case at >= 0 && g.by[at].field.kind == "many2one":
			more, err := g.w.env.fieldOrder(g.model, "t0", g.by[at].field.name, false, t, nil)
			if err != nil {
				return err
			}
			for _, m := range more {
				g.order = append(g.order, m.String())
			}
		case at >= 0:
			t.expression = g.by[at].expression
			g.order = append(g.order, t.String())
		case words[0] == "id":
			g.order = append(g.order, strings.TrimSpace("min(t0.id) "+t.direction))
		case figure >= 0:
			t.expression = g.aggregates[figure].expression
			g.order = append(g.order, t.String())
		case g.model.fields[words[0]] == nil:
			return valueError("Invalid field " + repr(words[0]) + " on model " + repr(g.model.name))
		}
	}
	return nil
}

// format15 is a row as read_group answers it.
func (g *grouping) format15(row []any, request groupRequest, domain any) (any, error) {
	e, d := g.w.env, newDict()
	for i, a := range g.aggregates {
		v, err := e.figure(a, row[len(g.by)+i])
		if err != nil {
			return nil, err
		}
		if v == false && len(g.by) == 0 && a.function != "bool_and" && a.function != "bool_or" {
			v = nil
		}
		if a.key != "id" || len(g.by) == 0 { // the key of a row's first record, which is taken out
			d.set(a.key, v)
		}
	}
	if len(g.by) == 0 {
		return d, nil
	}
	var sections [][]any
	spans := make(map[string]any)
	for i, t := range g.by {
		label, err := e.groupLabel(t, row[i])
		if err != nil {
			return nil, err
		}
		d.set(t.key, label.shown)
		sections = append(sections, label.domain)
		if label.temporal {
			spans[t.key] = label.span
		}
	}
	d.set("__domain", allOf(append(sections, asList(domain))...))
	if len(request.groupby) > len(g.by) {
		d.set("__context", newDict("group_by", request.groupby[len(g.by):]))
	}
	ranges := newDict()
	for _, item := range request.groupby { // the last one of a field's counts, even where it is not grouped by yet
		name, _, _ := strings.Cut(str(item), ":")
		f := g.model.fields[name]
		if f == nil || f.kind != "date" && f.kind != "datetime" {
			continue
		}
		ranges.set(name, false)
		if span, ok := spans[str(item)]; ok {
			ranges.set(name, span)
		}
		d.set("__range", ranges)
	}
	return d, nil
}

// distinct is a list without repetitions.
func distinct(list []any) []any {
	var once []any
	for _, v := range list {
		if !slices.ContainsFunc(once, func(known any) bool { return str(known) == str(v) }) {
			once = append(once, v)
		}
	}
	return once
}
