package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lib/pq"

	"odoobridge/fixtures/module"
)

// readAttributes reads what fixture files say of models beyond Odoo's own tables; a database of another maker has none.
func (r *registry) readAttributes(ctx context.Context, db querier) error {
	var there bool
	err := each(ctx, db, `SELECT to_regclass('odoobridge_sandbox.attributes') IS NOT NULL AS there`, func(c map[string]string) error {
		there = c["there"] == "true"
		return nil
	})
	if err != nil || !there {
		return err
	}
	return each(ctx, db, `SELECT model, attributes FROM odoobridge_sandbox.attributes ORDER BY id`, func(c map[string]string) error {
		m := r.models[c["model"]]
		var a module.Attributes
		if err := json.Unmarshal([]byte(c["attributes"]), &a); err != nil || m == nil {
			return fmt.Errorf("the attributes of %s: %w", c["model"], err)
		}
		if err := m.take(a); err != nil {
			return fmt.Errorf("the attributes of %s: %w", m.name, err)
		}
		return r.takeFormulas(m, a)
	})
}

// take adds attributes to those that the model has.
func (m *model) take(a module.Attributes) error {
	for _, set := range []struct {
		to   *string
		from string
	}{{&m.order, a.Order}, {&m.recName, a.RecName}, {&m.parent, a.Parent}, {&m.inherits, a.Inherits}, {&m.with, a.With}} {
		if set.from != "" {
			*set.to = set.from
		}
	}
	m.searched = slices.Concat(m.searched, a.Searched)
	m.display = slices.Concat(m.display, a.Display)
	m.declared = slices.Concat(m.declared, a.Declared)
	m.defaults, m.unique, m.digits = cloned(m.defaults), cloned(m.unique), cloned(m.digits) // of a table that all sandboxes share
	m.actions, m.sequences = cloned(m.actions), cloned(m.sequences)
	maps.Copy(m.actions, a.Methods)
	for _, u := range a.Unique {
		m.unique[u.Name] = u.Message
	}
	if a.Parent != "" && m.loop == nil {
		m.loop = func(int) error { return validationError("Recursion Detected.") }
	}
	for name, f := range a.ByField {
		if m.fields[name] == nil {
			continue
		}
		if err := m.fields[name].take(f); err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
		if f.Digits != nil {
			m.digits[name] = *f.Digits
		}
		if f.Sequence != nil {
			m.sequences[name] = *f.Sequence
		}
		if f.Default != nil {
			v, err := decodeJSON(f.Default)
			if err != nil {
				return fmt.Errorf("the default of %s: %w", name, err)
			}
			m.defaults[name] = v
		}
	}
	return nil
}

// take adds what fields_get tells of the field.
func (f *field) take(a module.FieldAttributes) error {
	if f.get == nil {
		f.get = make(map[string]any)
	}
	if a.Help != "" {
		f.get["help"] = a.Help
	}
	if a.Currency != "" {
		f.get["currency_field"] = a.Currency
	}
	if a.Digits != nil {
		f.get["digits"] = []any{int64(totalDigits), int64(*a.Digits)}
	}
	for name, text := range a.Get {
		v, err := decodeJSON(text)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		f.get[name] = v
	}
	return nil
}

// totalDigits are those of numbers whose decimals are given: Odoo's for precisions that have a name.
const totalDigits = 16

func cloned[V any](from map[string]V) map[string]V {
	to := make(map[string]V, len(from))
	maps.Copy(to, from)
	return to
}

// formula is a stored field that is computed from others.
type formula struct {
	field *field
	names []string // of this model, whose writes change it
	sql   string   // the value, the record's table being t
}

// owner is a model with a formula that sums fields of another one.
type owner struct {
	model   *model
	members *field // the one2many
	summed  []string
}

func (r *registry) takeFormulas(m *model, a module.Attributes) error {
	for _, name := range a.Declared {
		attributes := a.ByField[name]
		if attributes.Compute == "" {
			continue
		}
		f, err := module.ParseFormula(attributes.Compute)
		if err != nil {
			return fmt.Errorf("the computation of %s.%s: %w", m.name, name, err)
		}
		made := formula{field: m.fields[name], names: f.Names()}
		for _, sum := range f.Sums() {
			made.names = append(made.names, sum.Field)
			r.own(m, sum)
		}
		made.sql = r.round(m, made.field, f.SQL(
			func(name string) string { return "coalesce(t." + quote(name) + ", 0)::numeric" },
			func(sum module.Sum) string { return r.sumSQL(m, sum) }))
		m.formulas = append(m.formulas, made)
	}
	return nil
}

// own notes that m sums a field of the records in its one2many.
func (r *registry) own(m *model, sum module.Sum) {
	members := m.fields[sum.Field]
	co := r.models[members.comodel]
	if members.kind != "one2many" {
		return
	}
	for i, o := range co.owners {
		if o.members == members {
			co.owners[i].summed = append(o.summed, sum.Of)
			return
		}
	}
	co.owners = append(co.owners, owner{m, members, []string{sum.Of}})
}

func (r *registry) sumSQL(m *model, sum module.Sum) string {
	members := m.fields[sum.Field]
	co := r.models[members.comodel]
	value := "(SELECT coalesce(sum(c." + quote(sum.Of) + "), 0)::numeric FROM " + quote(co.table) + " c WHERE "
	if members.kind == "one2many" {
		return value + "c." + quote(members.inverse) + " = t.id)"
	}
	return fmt.Sprintf("%sc.id IN (SELECT %s FROM %s WHERE %s = t.id))", value, quote(members.column2), quote(members.relation), quote(members.column1))
}

// amountDigits is how amounts of money are rounded whose field names no digits: the recorded currencies that are active
// have two.
const amountDigits = 2

func (r *registry) round(m *model, f *field, sql string) string {
	digits, limited := m.digits[f.name]
	switch {
	case f.kind == "integer":
		return "round(" + sql + ")"
	case !limited && f.kind == "monetary":
		digits = amountDigits
	case !limited:
		return sql
	}
	return fmt.Sprintf("round(%s, %d)", sql, digits)
}

// recomputeFormulas brings the computed fields of records up to date after a write of the fields, all of them where id is
// among those, and then what sums them.
func (e *env) recomputeFormulas(m *model, ids []int64, written []string) error {
	if len(m.formulas) == 0 && len(m.owners) == 0 {
		return nil
	}
	all := slices.Contains(written, "id")
	written = slices.Clone(written)
	for _, f := range m.formulas {
		if !all && !slices.ContainsFunc(f.names, func(n string) bool { return slices.Contains(written, n) }) {
			continue
		}
		if err := e.exec("UPDATE "+quote(m.table)+" t SET "+quote(f.field.name)+" = "+f.sql+" WHERE t.id = ANY ($1)", pq.Array(ids)); err != nil {
			return err
		}
		written = append(written, f.field.name)
	}
	owners, err := e.ownersOf(m, ids, written)
	if err != nil {
		return err
	}
	return e.recomputeOwners(owners)
}

// owned are records whose formulas sum fields of others.
type owned struct {
	owner
	ids []int64
}

// ownersOf are the records that sum one of the fields of these, or that these belong to through one of the fields; with
// id among the fields, all of them.
func (e *env) ownersOf(m *model, ids []int64, written []string) ([]owned, error) {
	var list []owned
	for _, o := range m.owners {
		touched := func(n string) bool {
			return n == "id" || n == o.members.inverse || slices.Contains(o.summed, n)
		}
		if !slices.ContainsFunc(written, touched) {
			continue
		}
		inverse := quote(o.members.inverse)
		found, err := e.ids("SELECT DISTINCT "+inverse+" FROM "+quote(m.table)+" WHERE id = ANY ($1) AND "+inverse+" IS NOT NULL ORDER BY 1", pq.Array(ids))
		if err != nil {
			return nil, err
		}
		list = append(list, owned{o, found})
	}
	return list, nil
}

func (e *env) recomputeOwners(list []owned) error {
	for _, o := range list {
		if len(o.ids) == 0 {
			continue
		}
		if err := e.recomputeFormulas(o.model, o.ids, []string{o.members.name}); err != nil {
			return err
		}
	}
	return nil
}

// className is the Python class of a model, as Odoo names them: "sale.order" is SaleOrder.
func className(model string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(model, func(r rune) bool { return r == '.' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
