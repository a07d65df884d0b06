package sandbox

import (
	"fmt"
	"slices"
)

// hierarchy is child_of and parent_of: the records themselves and what is below or above them, archived ones included.
func (w *where) hierarchy(m *model, alias string, f *field, c condition) (string, error) {
	tree, parent := m, m.parent
	if f.name != "id" {
		co, err := w.comodel(m, f, c)
		if err != nil {
			return "", err
		}
		if tree, parent = co, co.parent; co == m && f.kind == "many2one" {
			parent = f.name
		}
	}
	ids, err := w.roots(tree, f, c)
	if err != nil || len(ids) == 0 {
		return "FALSE", err
	}
	set, err := w.family(tree, parent, c.op, ids)
	if err != nil {
		return "", err
	}
	switch {
	case f.kind == "one2many" || f.kind == "many2many":
		return w.linked(alias, f, set, false)
	case f.name == "id" || tree == m:
		return fmt.Sprintf("%s.id IN (%s)", alias, set), nil
	}
	return fmt.Sprintf("%s IN (%s)", column(alias, f), set), nil
}

// family is the statement for the ids of a record's descendants or ancestors and itself.
func (w *where) family(tree *model, parent, op string, ids []int64) (string, error) {
	up := tree.fields[parent]
	switch {
	case up == nil:
		return "", keyError(parent)
	case up.comodel != tree.name:
		return "", valueError("Invalid parent field: " + tree.name + "." + parent)
	}
	if op == "parent_of" || tree.fields["parent_path"] != nil && parent == tree.parent {
		there, err := w.env.existing(tree, ids)
		if err != nil {
			return "", err
		}
		for _, id := range ids {
			if !slices.Contains(there, id) {
				return "", missingError(tree.name, id, w.env.uid)
			}
		}
	}
	start, err := literals(ints(ids))
	if err != nil {
		return "", err
	}
	name := w.alias()
	pick, step := "r.id", fmt.Sprintf("r.%s = %s.id", quote(parent), name)
	if op == "parent_of" {
		pick, step = "r."+quote(parent), fmt.Sprintf("r.id = %s.id AND r.%s IS NOT NULL", name, quote(parent))
	}
	return fmt.Sprintf("WITH RECURSIVE %s(id) AS (SELECT unnest(ARRAY[%s]::int[]) UNION SELECT %s FROM %s r JOIN %[1]s ON %[5]s) SELECT id FROM %[1]s",
		name, start, pick, quote(tree.table), step), nil
}

// roots are the ids a hierarchy starts from: those of the value, or of the records that it names.
func (w *where) roots(tree *model, f *field, c condition) ([]int64, error) {
	e := w.env
	if f.kind == "many2one" {
		e = e.with("active_test", false)
	}
	list, isList := sequence(c.value)
	switch {
	case c.value == nil && e.series < 19:
		return nil, typeError("'NoneType' object is not iterable")
	case !isList:
		list = []any{c.value}
	}
	var names, numbers []any
	for _, v := range list {
		switch v.(type) {
		case string:
			names = append(names, v)
		case int64, bool:
			numbers = append(numbers, v)
		default:
			return nil, typeError("'" + typeName(v) + "' object is not iterable")
		}
	}
	ids, err := idList(numbers)
	if err != nil {
		return nil, err
	}
	if e.series < 19 && len(numbers) > 0 && len(names) > 0 {
		return nil, newError("psycopg2.errors.InvalidTextRepresentation", "invalid input syntax for type integer: "+quote(str(names[0]))+"\n")
	}
	for _, name := range names {
		d, err := e.nameDomain(tree, "ilike", name)
		if err != nil {
			return nil, err
		}
		found, err := e.search(tree, query{parsed: d, order: "id"})
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	if e.series >= 19 && f.kind == "many2many" {
		return e.existing(tree, ids)
	}
	return ids, nil
}
