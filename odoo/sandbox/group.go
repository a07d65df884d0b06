package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// grouping is a question for the groups that the records of a domain fall into.
type grouping struct {
	model         *model
	domain        domain
	by            []groupTerm
	aggregates    []aggregate
	order         []string
	having        string
	limit, offset any
	joins         []string
	w             *where
}

// groupTerm is what records are grouped by.
type groupTerm struct {
	key         string // as the caller wrote it: "create_date:month"
	model       *model // of the field
	field       *field // the one that the records are grouped by
	granularity string // of dates
	expression  string
}

// aggregate is a figure about a group.
type aggregate struct {
	key        string
	field      *field // nil for the number of records
	function   string
	expression string
}

// aggregateFunctions are the functions that aggregate fields, and PostgreSQL's call of them.
var aggregateFunctions = map[string]string{
	"sum": "SUM(%s)", "avg": "AVG(%s)", "max": "MAX(%s)", "min": "MIN(%s)", "bool_and": "BOOL_AND(%s)", "bool_or": "BOOL_OR(%s)",
	"array_agg": "ARRAY_AGG(%s ORDER BY t0.id)", "recordset": "ARRAY_AGG(%s ORDER BY t0.id)", "count": "COUNT(%s)",
	"count_distinct": "COUNT(DISTINCT %s)", "array_agg_distinct": "ARRAY_AGG(DISTINCT %[1]s ORDER BY %[1]s)",
}

// aggregator is the function that aggregates a field where the caller names none, "" where there is none.
func (m *model) aggregator(f *field, series int) string {
	switch {
	case m.name == "res.currency.rate" && f.kind == "float":
		return "avg"
	case m.name == "res.partner.category" && f.name == "color" && series >= 18, f.name == "id", f.kind == "many2one_reference":
		return ""
	case f.kind == "integer" || f.kind == "float" || f.kind == "monetary":
		return "sum"
	}
	return ""
}

// timeSteps are the granularities of dates and how long each lasts.
var timeSteps = map[string]func(t time.Time) time.Time{
	"hour":    func(t time.Time) time.Time { return t.Add(time.Hour) },
	"day":     func(t time.Time) time.Time { return t.AddDate(0, 0, 1) },
	"week":    func(t time.Time) time.Time { return t.AddDate(0, 0, 7) },
	"month":   func(t time.Time) time.Time { return t.AddDate(0, 1, 0) },
	"quarter": func(t time.Time) time.Time { return t.AddDate(0, 3, 0) },
	"year":    func(t time.Time) time.Time { return t.AddDate(1, 0, 0) },
}

var groupSpec = regexp.MustCompile(`^(\w+)(?:\.([\w.]+))?(?::(\w+))?$`)

// parseGroupSpec reads "field.path:function".
func parseGroupSpec(spec any) (name, path, function string, err error) {
	text, ok := spec.(string)
	if !ok {
		return "", "", "", typeError("expected string or bytes-like object, got '" + typeName(spec) + "'")
	}
	parts := groupSpec.FindStringSubmatch(text)
	if parts == nil {
		return "", "", "", valueError("Invalid aggregate/groupby specification " + repr(text) + ".\n" +
			"- Valid aggregate specification looks like \"<field_name>:<agg>\" example: \"quantity:sum\".\n" +
			"- Valid groupby specification looks like \"<no_datish_field_name>\" or \"<datish_field_name>:<granularity>\" example: \"date:month\" or \"<properties_field_name>.<property>:<granularity>\".")
	}
	return parts[1], parts[2], parts[3], nil
}

// expression is the SQL of a field's value, that of another record for a related field.
func (w *where) expression(m *model, alias string, f *field) (string, error) {
	if f.column != "" {
		return column(alias, f), nil
	}
	head, rest, deep := strings.Cut(f.related, ".")
	step := m.fields[head]
	if !deep || step == nil || step.kind != "many2one" || w.env.models[step.comodel] == nil {
		return "", valueError("Cannot convert " + m.name + "." + f.name + " to SQL because it is not stored")
	}
	co, inner := w.env.models[step.comodel], w.alias()
	on, err := w.expression(m, alias, step)
	if err != nil {
		return "", err
	}
	target := &field{name: f.name, related: rest}
	if !strings.Contains(rest, ".") {
		if target = co.fields[rest]; target == nil {
			return "", valueError("Cannot convert " + m.name + "." + f.name + " to SQL because it is not stored")
		}
	}
	sql, err := w.expression(co, inner, target)
	return fmt.Sprintf("(SELECT %s FROM %s %s WHERE %[3]s.id = %s)", sql, quote(co.table), inner, on), err
}

// term is what one specification of groupby groups by.
func (g *grouping) term(m *model, alias, key, spec string) (groupTerm, error) {
	name, path, granularity, err := parseGroupSpec(spec)
	if err != nil {
		return groupTerm{}, err
	}
	f := m.fields[name]
	series := g.w.env.series
	switch {
	case f == nil:
		return groupTerm{}, valueError("Invalid field " + repr(name) + " on model " + repr(m.name))
	case path != "" && series < 19:
		return groupTerm{}, valueError("Property access on non-property field: " + repr(spec))
	case path != "" && f.kind != "many2one":
		return groupTerm{}, valueError("Only many2one path is accepted for the " + repr(spec) + " groupby spec")
	case path != "":
		return g.through(alias, key, f, path, granularity)
	case granularity != "" && f.kind != "date" && f.kind != "datetime":
		return groupTerm{}, valueError("Granularity set on a no-datetime field or property: " + repr(spec))
	}
	t := groupTerm{key: key, model: m, field: f, granularity: granularity}
	if f.kind == "many2many" {
		t.expression, err = g.joinMembers(m, alias, f, spec)
		return t, err
	}
	if t.expression, err = g.w.expression(m, alias, f); err != nil {
		return t, err
	}
	switch f.kind {
	case "date", "datetime":
		err = g.truncate(&t, spec)
	case "boolean":
		t.expression = "COALESCE(" + t.expression + ", FALSE)"
	}
	return t, err
}

// through groups by a field of the record that a many2one leads to, which series 19 does.
func (g *grouping) through(alias, key string, f *field, path, granularity string) (groupTerm, error) {
	co, inner := g.w.env.models[f.comodel], g.w.alias()
	if co == nil || !co.stored {
		return groupTerm{}, valueError("Invalid field " + repr(path) + " on model " + repr(f.comodel))
	}
	q, err := g.w.subsearch(g.w.env.with("active_test", false), co, boolDomain(true))
	if err != nil {
		return groupTerm{}, err
	}
	g.joins = append(g.joins, fmt.Sprintf("LEFT JOIN %s %s ON %[2]s.id = %s AND %[2]s.id IN (%[4]s)", quote(co.table), inner, column(alias, f), q.selecting("id")))
	if granularity != "" {
		path += ":" + granularity
	}
	return g.term(co, inner, key, path)
}

// joinMembers adds the rows of a many2many field: a record is in as many groups as it has members.
func (g *grouping) joinMembers(m *model, alias string, f *field, spec string) (string, error) {
	co := g.w.env.models[f.comodel]
	if f.relation == "" || co == nil || !f.stored {
		return "", valueError("Group by non-stored many2many field: " + repr(spec))
	}
	if g.w.env.series >= 19 {
		if err := g.w.env.checkAccess(co, "read"); err != nil {
			return "", err
		}
	}
	inner := g.w.alias()
	rule, err := g.w.env.ruleSQL(g.w, co, inner+"c", "read")
	if err != nil {
		return "", err
	}
	active := "TRUE"
	if test, ok := g.w.env.context.get("active_test"); g.w.env.series >= 19 && co.fields["active"] != nil && (!ok || truthy(test)) {
		active = inner + "c.active"
	}
	g.joins = append(g.joins, fmt.Sprintf("LEFT JOIN %s %s ON %[2]s.%[3]s = %[4]s.id AND %[2]s.%[5]s IN (SELECT id FROM %[6]s %[2]sc WHERE %[7]s AND %[8]s)",
		quote(f.relation), inner, quote(f.column1), alias, quote(f.column2), quote(co.table), rule, active))
	return inner + "." + quote(f.column2), nil
}

// truncate makes dates those of the period that they are in.
func (g *grouping) truncate(t *groupTerm, spec string) error {
	series := g.w.env.series
	if zone, _ := g.w.env.context.get("tz"); t.field.kind == "datetime" && truthy(zone) && knownZone(zone) {
		t.expression = "timezone(" + zoneLiteral(zone) + ", timezone('UTC', " + t.expression + "))"
	}
	part, isNumber := numberParts[t.granularity]
	_, isStep := timeSteps[t.granularity]
	switch {
	case t.granularity == "":
		return valueError("Granularity not set on a date(time) field: " + repr(spec))
	case !isNumber && !isStep:
		return valueError("Granularity specification isn't correct: " + repr(t.granularity))
	case isNumber && series >= 19:
		t.expression = fmt.Sprintf("date_part('%s', %s)", part, t.expression)
		return nil
	case isNumber:
		t.expression = datePartSQL(part, t.expression) + "::int"
		return nil
	case t.granularity == "week" && series >= 16: // weeks begin on Sunday in en_US
		t.expression = "(date_trunc('week', " + t.expression + "::timestamp - INTERVAL '-1 DAY') + INTERVAL '-1 DAY')"
	default:
		t.expression = "date_trunc('" + t.granularity + "', " + t.expression + "::timestamp)"
	}
	if t.field.kind == "date" && series >= 16 {
		t.expression += "::date"
	}
	return nil
}

func knownZone(zone any) bool {
	_, err := time.LoadLocation(str(zone))
	return err == nil
}

// aggregate is the figure that "field:function" asks for.
func (g *grouping) aggregate(key, spec string) (aggregate, error) {
	if spec == "__count" {
		return aggregate{key: key, function: "count", expression: "COUNT(*)"}, nil
	}
	name, path, function, err := parseGroupSpec(spec)
	if err != nil {
		return aggregate{}, err
	}
	f := g.model.fields[name]
	call, known := aggregateFunctions[function]
	switch {
	case path != "":
		return aggregate{}, valueError("Invalid " + repr(spec) + ", this dot notation is not supported")
	case f == nil:
		return aggregate{}, valueError("Invalid field " + repr(name) + " on model " + repr(g.model.name) + " for " + repr(spec) + ".")
	case function == "":
		return aggregate{}, valueError("Aggregate method is mandatory for " + repr(name))
	case function == "sum_currency" && g.w.env.series >= 19 && f.kind != "monetary":
		return aggregate{}, valueError("Aggregator \"sum_currency\" only works on currency field for " + repr(name))
	case !known || function == "array_agg_distinct" && g.w.env.series < 19:
		return aggregate{}, valueError("Invalid aggregate method " + repr(function) + " for " + repr(spec) + ".")
	case function == "recordset" && !f.relational() && name != "id":
		return aggregate{}, valueError("Aggregate method " + repr(function) + " can be only used on relational field (or id) (for " + repr(spec) + ").")
	case g.w.env.forbids(g.model, name):
		return aggregate{}, g.w.env.forbiddenField(g.model, name)
	}
	sql, err := g.w.expression(g.model, "t0", f)
	return aggregate{key: key, field: f, function: function, expression: fmt.Sprintf(call, sql)}, err
}

// run asks the database. A row is the values of by, then those of the aggregates.
func (g *grouping) run() ([][]any, error) {
	e := g.w.env
	if err := e.checkAccess(g.model, "read"); err != nil {
		return nil, err
	}
	if never(g.domain) {
		g.domain = boolDomain(false)
	}
	condition, err := g.w.compile(g.model, "t0", e.activeOnly(g.model, g.domain))
	if err != nil {
		return nil, err
	}
	rule, err := e.ruleSQL(g.w, g.model, "t0", "read")
	if err != nil {
		return nil, err
	}
	var columns, by []string
	for _, t := range g.by {
		columns, by = append(columns, t.expression), append(by, t.expression)
	}
	for _, a := range g.aggregates {
		columns = append(columns, a.expression)
	}
	statement := fmt.Sprintf("SELECT %s FROM %s t0 %s WHERE (%s) AND (%s)",
		strings.Join(columns, ", "), quote(g.model.table), strings.Join(g.joins, " "), condition, rule)
	if len(by) > 0 {
		statement += " GROUP BY " + strings.Join(slices.Compact(by), ", ")
	}
	if g.having != "" {
		statement += " HAVING " + g.having
	}
	if len(g.order) > 0 {
		statement += " ORDER BY " + strings.Join(g.order, ", ")
	}
	for word, value := range map[string]any{" LIMIT ": g.limit, " OFFSET ": g.offset} {
		if truthy(value) {
			n, err := e.rowCount(value)
			if err != nil {
				return nil, err
			}
			statement += word + n
		}
	}
	return e.rows(statement, len(columns))
}

// rows runs a query whose rows have some columns.
func (e *env) rows(statement string, columns int) ([][]any, error) {
	result, err := e.tx.QueryContext(e.ctx, statement)
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer result.Close()
	var rows [][]any
	for result.Next() {
		values, into := make([]any, columns), make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		if err := result.Scan(into...); err != nil {
			return nil, err
		}
		rows = append(rows, values)
	}
	return rows, e.databaseError(result.Err())
}

// figure is an aggregate's value as Odoo answers it.
func (e *env) figure(a aggregate, v any) (any, error) {
	if a.field == nil || strings.HasPrefix(a.function, "count") {
		return v, nil
	}
	if strings.HasPrefix(a.function, "array_agg") || a.function == "recordset" {
		return e.arrayFigure(a, v)
	}
	if v == nil {
		return false, nil
	}
	if raw, ok := v.([]byte); ok {
		v = string(raw)
	}
	switch v := v.(type) {
	case string:
		if a.function == "sum" || a.function == "avg" || a.field.isNumber() {
			return toFloat(v)
		}
	case time.Time:
		if a.field.kind == "date" {
			return v.Format(dateLayout), nil
		}
		return v.Format(datetimeLayout), nil
	}
	return v, nil
}

// arrayFigure is the list of an ARRAY_AGG.
func (e *env) arrayFigure(a aggregate, v any) (any, error) {
	list := []any{}
	if v == nil {
		return list, nil
	}
	var members []pqText
	if err := (pq.GenericArray{A: &members}).Scan(v); err != nil {
		return nil, err
	}
	for _, m := range members {
		value, err := m.value(a.field)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}
