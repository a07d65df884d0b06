package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
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

func (w *where) compile(m *model, alias string, d domain) (string, error) {
	switch d := d.(type) {
	case boolDomain:
		if d {
			return "TRUE", nil
		}
		return "FALSE", nil
	case notDomain:
		switch d.of.(type) {
		case condition:
			sql, err := w.compile(m, alias, d.of)
			return "NOT coalesce(" + sql + ", FALSE)", err
		}
		return w.compile(m, alias, negate(d.of))
	case andDomain:
		return w.join(m, alias, d, " AND ")
	case orDomain:
		return w.join(m, alias, d, " OR ")
	case condition:
		return w.condition(m, alias, d)
	}
	return "", fmt.Errorf("domain of type %T", d)
}

func (w *where) join(m *model, alias string, parts []domain, with string) (string, error) {
	list := make([]string, len(parts))
	for i, part := range parts {
		sql, err := w.compile(m, alias, part)
		if err != nil {
			return "", err
		}
		list[i] = "(" + sql + ")"
	}
	return strings.Join(list, with), nil
}

func (w *where) condition(m *model, alias string, c condition) (string, error) {
	name, path, dotted := strings.Cut(c.field, ".")
	f := m.fields[name]
	if f == nil {
		return "", w.env.invalidLeaf(m, c)
	}
	if slices.Contains(m.noAccess, name) && !w.env.su && w.env.series >= 19 {
		return "", w.env.forbiddenField(m, name)
	}
	if f.column == "" && f.related != "" {
		related := f.related
		if dotted {
			related += "." + path
		}
		return w.condition(m, alias, condition{field: related, op: c.op, value: c.value, raw: c.raw})
	}
	if f.column == "" && name == "display_name" && m.recName != name && m.fields[m.recName] != nil {
		return w.condition(m, alias, condition{field: m.recName, op: c.op, value: c.value, raw: c.raw})
	}
	if dotted {
		return w.path(alias, f, condition{field: path, op: c.op, value: c.value, raw: c.raw})
	}
	switch {
	case c.op == "child_of" || c.op == "parent_of":
		return w.hierarchy(m, alias, f, c)
	case f.kind == "one2many" || f.kind == "many2many":
		return w.x2many(alias, f, c)
	case f.column == "" || w.env.series >= 16 && slices.Contains(m.noAccess, name):
		return "TRUE", nil // Odoo logs that it cannot search a field that is not stored, and ignores the condition
	case f.kind == "many2one" && w.byName(c):
		return w.named(alias, f, c)
	}
	return w.compare(column(alias, f), f, c)
}

// column is the SQL of a stored field: the English text of a translated one.
func column(alias string, f *field) string {
	sql := alias + "." + quote(f.name)
	if f.translated {
		return sql + "->>'en_US'"
	}
	return sql
}

// invalidLeaf words an unknown field (case read.search.badfield).
func (e *env) invalidLeaf(m *model, c condition) error {
	word := "leaf"
	if e.series >= 19 {
		word = "condition"
	}
	return valueError("Invalid field " + m.name + "." + c.field + " in " + word + " " + repr(c.raw))
}

// path is a condition on the records that a relation leads to.
func (w *where) path(alias string, f *field, c condition) (string, error) {
	co := w.env.models[f.comodel]
	if co == nil || !co.stored {
		return "", w.env.invalidLeaf(&model{name: f.comodel}, c)
	}
	inner := w.alias()
	sql, err := w.condition(co, inner, c)
	if err != nil {
		return "", err
	}
	from := fmt.Sprintf("FROM %s %s WHERE %s", quote(co.table), inner, sql)
	switch f.kind {
	case "many2one":
		return fmt.Sprintf("%s IN (SELECT %s.id %s)", column(alias, f), inner, from), nil
	case "one2many":
		return fmt.Sprintf("%s.id IN (SELECT %s.%s %s)", alias, inner, quote(f.inverse), from), nil
	case "many2many":
		return fmt.Sprintf("%s.id IN (SELECT %s FROM %s WHERE %s IN (SELECT %s.id %s))",
			alias, quote(f.column1), quote(f.relation), quote(f.column2), inner, from), nil
	}
	return "", w.env.invalidLeaf(co, c)
}

// byName says whether a condition on a many2one compares names instead of ids.
func (w *where) byName(c condition) bool {
	if strings.HasSuffix(c.op, "like") {
		return true
	}
	if list, ok := c.value.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool { _, isText := v.(string); return isText })
	}
	_, isText := c.value.(string)
	return isText
}

func (w *where) named(alias string, f *field, c condition) (string, error) {
	co := w.env.models[f.comodel]
	return w.path(alias, f, condition{field: co.recName, op: c.op, value: c.value, raw: c.raw})
}

// x2many is a condition on the ids in a one2many or many2many field, or on their names.
func (w *where) x2many(alias string, f *field, c condition) (string, error) {
	negative := strings.HasPrefix(c.op, "not ") || c.op == "!="
	var inside string
	switch f.kind {
	case "one2many":
		co := w.env.models[f.comodel]
		if co == nil || co.fields[f.inverse] == nil {
			return "TRUE", nil
		}
		inside = fmt.Sprintf("SELECT %s FROM %s WHERE id", quote(f.inverse), quote(co.table))
	case "many2many":
		if f.relation == "" {
			return "TRUE", nil
		}
		inside = fmt.Sprintf("SELECT %s FROM %s WHERE %s", quote(f.column1), quote(f.relation), quote(f.column2))
	}
	if !truthy(c.value) {
		not := "NOT "
		if negative {
			not = ""
		}
		return fmt.Sprintf("%s%s.id IN (%s IS NOT NULL)", not, alias, inside), nil
	}
	var sql string
	if w.byName(c) {
		positive := c
		positive.op = strings.TrimPrefix(strings.Replace(c.op, "!=", "=", 1), "not ")
		positive.field = w.env.models[f.comodel].recName
		var err error
		if sql, err = w.path(alias, f, positive); err != nil {
			return "", err
		}
	} else {
		ids, err := idList(c.value)
		if err != nil {
			return "", err
		}
		sql = fmt.Sprintf("%s.id IN (%s = ANY (%s))", alias, inside, w.arg(pq.Array(ids)))
	}
	if negative {
		sql = "NOT (" + sql + ")"
	}
	return sql, nil
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

// hierarchy is child_of and parent_of: the records themselves and what is below or above them.
func (w *where) hierarchy(m *model, alias string, f *field, c condition) (string, error) {
	tree := m
	if f.name != "id" {
		if tree = w.env.models[f.comodel]; tree == nil || !tree.stored {
			return "TRUE", nil
		}
	}
	if c.value == false || c.value == nil {
		return "FALSE", nil
	}
	var start string
	if w.byName(c) {
		inner := w.alias()
		sql, err := w.condition(tree, inner, condition{field: tree.recName, op: "ilike", value: c.value, raw: c.raw})
		if err != nil {
			return "", err
		}
		start = fmt.Sprintf("SELECT id FROM %s %s WHERE %s", quote(tree.table), inner, sql)
	} else {
		ids, err := idList(c.value)
		if err != nil {
			return "", err
		}
		start = fmt.Sprintf("SELECT unnest(%s::int[]) AS id", w.arg(pq.Array(ids)))
	}
	set := start
	if parent := tree.fields[tree.parent]; parent != nil && parent.column != "" {
		name, step := w.alias(), "r.%[2]s = %[1]s.id"
		pick := "r.id"
		if c.op == "parent_of" {
			step, pick = "r.id = %[1]s.id AND r.%[2]s IS NOT NULL", "r."+quote(parent.name)
		}
		set = fmt.Sprintf("WITH RECURSIVE %s(id) AS (%s UNION SELECT %s FROM %s r JOIN %s ON %s) SELECT id FROM %[1]s",
			name, start, pick, quote(tree.table), name, fmt.Sprintf(step, name, quote(parent.name)))
	}
	switch f.kind {
	case "one2many", "many2many":
		inner := w.alias()
		return fmt.Sprintf("%s.id IN (SELECT %s FROM %s %s WHERE %s IN (%s))",
			alias, quote(f.column1), quote(f.relation), inner, quote(f.column2), set), nil
	}
	return fmt.Sprintf("%s IN (%s)", column(alias, f), set), nil
}
