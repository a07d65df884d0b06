package sandbox

import (
	"strings"
)

// query is what a search asks for.
type query struct {
	domain        any
	offset, limit any
	order         any
	parsed        domain // in place of domain
}

func queryOf(args map[string]any) query {
	domain, ok := args["domain"]
	if !ok {
		domain = args["args"] // its name up to series 15
	}
	return query{domain: domain, offset: args["offset"], limit: args["limit"], order: args["order"]}
}

func runSearch(e *env, r *records, args map[string]any) (any, error) {
	if truthy(args["count"]) {
		return e.count(r.model, queryOf(args))
	}
	ids, err := e.search(r.model, queryOf(args))
	return ints(ids), err
}

func runSearchCount(e *env, r *records, args map[string]any) (any, error) {
	return e.count(r.model, queryOf(args))
}

func (e *env) count(m *model, q query) (any, error) {
	q.order = "id"
	ids, err := e.search(m, q)
	return int64(len(ids)), err
}

// search is the ids that a domain, the user's access rights and the record rules select.
func (e *env) search(m *model, q query) ([]int64, error) {
	if err := e.checkAccess(m, "read"); err != nil {
		return nil, err
	}
	d := q.parsed
	if d == nil {
		var err error
		if d, err = parseDomain(q.domain, e.series); err != nil {
			return nil, err
		}
	}
	if !m.stored || never(d) {
		return nil, nil
	}
	d = e.activeOnly(m, d)
	w := &where{env: e}
	sql, err := w.compile(m, "t0", d)
	if err != nil {
		return nil, err
	}
	rule, err := e.ruleSQL(w, m, "t0", "read")
	if err != nil {
		return nil, err
	}
	if err := checkOrderType(q.order); err != nil {
		return nil, err
	}
	order, err := e.orderBy(m, "t0", orderText(q.order))
	if err != nil {
		return nil, err
	}
	statement := "SELECT t0.id FROM " + quote(m.table) + " t0 WHERE (" + sql + ") AND (" + rule + ")" + order
	for _, clause := range []struct {
		word  string
		value any
	}{{" LIMIT ", q.limit}, {" OFFSET ", q.offset}} {
		if !truthy(clause.value) {
			continue
		}
		n, err := e.rowCount(clause.value)
		if err != nil {
			return nil, err
		}
		statement += clause.word + n
	}
	return e.ids(statement, w.args...)
}

// rowCount is a limit or offset as SQL text.
func (e *env) rowCount(v any) (string, error) {
	if e.series >= 16 {
		return literal(v)
	}
	switch v.(type) {
	case *dict, []any, string:
		return "", typeError("%d format: a real number is required, not " + typeName(v))
	}
	n, err := toInt(v)
	if err != nil {
		return "", err
	}
	return "(" + str(n) + ")", nil
}

// checkOrderType refuses an order that is no text.
func checkOrderType(v any) error {
	if _, isText := v.(string); isText || !truthy(v) {
		return nil
	}
	return typeError("expected string or bytes-like object, got '" + typeName(v) + "'")
}

func orderText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return ""
}

// activeOnly adds the condition that records are active, unless the context or the domain says otherwise.
func (e *env) activeOnly(m *model, d domain) domain {
	f := m.fields["active"]
	if f == nil || f.column == "" || mentions(d, "active") {
		return d
	}
	if test, ok := e.context.get("active_test"); ok && !truthy(test) {
		return d
	}
	return andDomain{d, condition{field: "active", op: "=", value: true}}
}

// mentions says whether a domain has a condition on the field itself.
func mentions(d domain, name string) bool {
	switch d := d.(type) {
	case condition:
		return d.field == name
	case notDomain:
		return mentions(d.of, name)
	case andDomain:
		for _, part := range d {
			if mentions(part, name) {
				return true
			}
		}
	case orDomain:
		for _, part := range d {
			if mentions(part, name) {
				return true
			}
		}
	}
	return false
}

func runSearchRead(e *env, r *records, args map[string]any) (any, error) {
	if args["domain"] == nil {
		args["domain"] = []any{}
	}
	names, err := e.fieldList(r.model, args["fields"])
	if err != nil {
		return nil, err
	}
	ids, err := e.search(r.model, queryOf(args))
	if err != nil {
		return nil, err
	}
	classic, err := e.classicRead(args, len(ids))
	if err != nil {
		return nil, err
	}
	return e.readFound(r.model, ids, names, classic)
}

// ints is a list of ids as a Python list.
func ints(ids []int64) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return list
}

// join is the comma-separated list of quoted names.
func join(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return strings.Join(quoted, ", ")
}
