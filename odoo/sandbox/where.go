package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// where compiles domains of one query to SQL. Tables are named t0, t1 and so on, the query's own is t0.
type where struct {
	env    *env
	args   []any
	tables int
}

// arg adds a parameter and is its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) alias() string {
	w.tables++
	return fmt.Sprintf("t%d", w.tables)
}

// as compiles in another environment.
func (w *where) as(e *env, compile func() (string, error)) (string, error) {
	outer := w.env
	w.env = e
	defer func() { w.env = outer }()
	return compile()
}

func (w *where) compile(m *model, alias string, d domain) (string, error) {
	switch d := d.(type) {
	case boolDomain:
		if d {
			return "TRUE", nil
		}
		return "FALSE", nil
	case notDomain:
		if w.env.series >= 19 {
			return w.not19(m, alias, d.of)
		}
		negated := negate(d.of)
		if not, ok := negated.(notDomain); ok {
			sql, err := w.compile(m, alias, not.of)
			return "NOT (" + sql + ")", err
		}
		return w.compile(m, alias, negated)
	case andDomain:
		return w.join(m, alias, d, " AND ")
	case orDomain:
		return w.join(m, alias, d, " OR ")
	case condition:
		if w.env.series >= 19 {
			return w.condition19(m, alias, d)
		}
		return w.condition(m, alias, d)
	}
	return "", fmt.Errorf("domain of type %T", d)
}

func (w *where) join(m *model, alias string, parts []domain, with string) (string, error) {
	list := make([]string, len(parts))
	for n := range parts {
		i := n
		if w.env.series < 19 {
			i = len(parts) - 1 - n // the last condition is the first to be looked at, which errors show
		}
		sql, err := w.compile(m, alias, parts[i])
		if err != nil {
			return "", err
		}
		list[i] = "(" + sql + ")"
	}
	return strings.Join(list, with), nil
}

// subquery is what a search selects, as a value of a condition.
type subquery struct{ from, alias string }

// selecting is the statement for one of the table's columns.
func (q subquery) selecting(column string) string {
	return "SELECT " + q.alias + "." + quote(column) + " " + q.from
}

// subsearch is a search whose result a condition uses, with the access checks of the environment.
func (w *where) subsearch(e *env, m *model, d domain) (subquery, error) {
	if err := e.checkAccess(m, "read"); err != nil {
		return subquery{}, err
	}
	q := subquery{alias: w.alias()}
	if never(d) {
		d = boolDomain(false)
	}
	sql, err := w.as(e, func() (string, error) { return w.compile(m, q.alias, e.activeOnly(m, d)) })
	if err != nil {
		return q, err
	}
	rule, err := e.ruleSQL(w, m, q.alias, "read")
	q.from = fmt.Sprintf("FROM %s %s WHERE (%s) AND (%s)", quote(m.table), q.alias, sql, rule)
	return q, err
}

// comodel is the model that a relational field leads to.
func (w *where) comodel(m *model, f *field, c condition) (*model, error) {
	if co := w.env.models[f.comodel]; co != nil && co.stored {
		return co, nil
	}
	return nil, w.env.invalidLeaf(&model{name: f.comodel}, c)
}

// inherited says whether a field is that of the record that the model's records inherit from.
func (m *model) inherited(f *field) bool {
	rest, ok := strings.CutPrefix(f.related, m.inherits+".")
	return ok && m.inherits != "" && f.column == "" && !strings.Contains(rest, ".")
}

// onParent is a condition on the record that a record inherits from.
func (w *where) onParent(m *model, alias string, c condition) (string, error) {
	parent, inner := w.env.models[m.fields[m.inherits].comodel], w.alias()
	sql, err := w.compile(parent, inner, c)
	return fmt.Sprintf("(SELECT %s FROM %s %s WHERE %[3]s.id = %[4]s.%[5]s)", sql, quote(parent.table), inner, alias, quote(m.inherits)), err
}

// column is the SQL of a stored field: the English text of a translated one.
func column(alias string, f *field) string {
	sql := alias + "." + quote(f.name)
	if f.translated {
		return "(" + sql + "->>'en_US')"
	}
	return sql
}

// invalidLeaf words an unknown field (case read.search.badfield).
func (e *env) invalidLeaf(m *model, c condition) error {
	name, _, _ := strings.Cut(c.field, ".")
	word := "leaf"
	if e.series >= 19 {
		word = "condition"
	}
	return valueError("Invalid field " + m.name + "." + name + " in " + word + " " + c.leaf())
}

// linked is the condition that an x2many field holds one of the records that a query selects, or with not that it holds
// none of them.
func (w *where) linked(alias string, f *field, ids string, not bool) (string, error) {
	word := ""
	if not {
		word = "NOT "
	}
	if f.kind == "many2many" {
		if f.relation == "" {
			return "TRUE", nil
		}
		inner := w.alias()
		return fmt.Sprintf("%sEXISTS (SELECT 1 FROM %s %s WHERE %[3]s.%[4]s = %[5]s.id AND %[3]s.%[6]s IN (%[7]s))",
			word, quote(f.relation), inner, quote(f.column1), alias, quote(f.column2), ids), nil
	}
	co := w.env.models[f.comodel]
	if co == nil || co.fields[f.inverse] == nil {
		return "TRUE", nil
	}
	inner, inverse := w.alias(), quote(f.inverse)
	return fmt.Sprintf("%s.id %sIN (SELECT %s.%s FROM %s %[3]s WHERE %[3]s.id IN (%[6]s) AND %[3]s.%[4]s IS NOT NULL)",
		alias, word, inner, inverse, quote(co.table), ids), nil
}

// unlinked is the condition that an x2many field is empty, or with not that it is not.
func (w *where) unlinked(alias string, f *field, not bool) (string, error) {
	word := "NOT "
	if not {
		word = ""
	}
	inner := w.alias()
	if f.kind == "many2many" {
		if f.relation == "" {
			return "TRUE", nil
		}
		return fmt.Sprintf("%sEXISTS (SELECT 1 FROM %s %s WHERE %[3]s.%[4]s = %[5]s.id)", word, quote(f.relation), inner, quote(f.column1), alias), nil
	}
	co := w.env.models[f.comodel]
	if co == nil || co.fields[f.inverse] == nil {
		return "TRUE", nil
	}
	sql := fmt.Sprintf("%sEXISTS (SELECT 1 FROM %s %s WHERE %[3]s.%[4]s = %[5]s.id", word, quote(co.table), inner, quote(f.inverse), alias)
	if test, ok := w.env.context.get("active_test"); w.env.series == 18 && co.fields["active"] != nil && (!ok || truthy(test)) {
		sql += " AND " + inner + ".active"
	}
	return sql + ")", nil
}

// attached is a condition on a binary field whose values are attachments: they can be looked for only by whether there is
// one. Odoo logs any other condition and ignores it.
func (w *where) attached(m *model, alias string, f *field, c condition) (string, error) {
	not := negative(c.op)
	list, isList := sequence(c.value)
	empty := !truthy(c.value) && (c.op == "=" || c.op == "!=")
	if w.env.series >= 19 {
		empty = isList && (c.op == "in" || c.op == "not in") && !slices.ContainsFunc(list, func(v any) bool { return v != false })
	}
	if !empty {
		return "TRUE", nil
	}
	word := "NOT "
	if not {
		word = ""
	}
	return fmt.Sprintf("%s.id %sIN (SELECT res_id FROM ir_attachment WHERE res_model = '%s' AND res_field = '%s')", alias, word, m.name, f.name), nil
}

// isAttachment says whether the values of a field are attachments.
func (f *field) isAttachment() bool {
	return f.kind == "binary" && f.stored && f.column == "" && f.related == ""
}

// idList is the ids of a value: one, or a list.
func idList(v any) ([]int64, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var ids []int64
	for _, item := range list {
		if !truthy(item) {
			continue
		}
		n, err := toInt(item)
		if err != nil {
			return nil, err
		}
		if id, ok := n.(int64); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// forbids says whether nobody may use a field over RPC.
func (e *env) forbids(m *model, name string) bool { return !e.su && slices.Contains(m.noAccess, name) }
