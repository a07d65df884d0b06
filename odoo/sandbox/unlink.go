package sandbox

import (
	"fmt"

	"github.com/lib/pq"
)

// onDelete says what becomes of a record whose many2one leads to one that is deleted, where it is not the default: a
// required field keeps it from being deleted, another one is emptied.
var onDelete = map[string]string{
	"res.partner.bank.partner_id":    "cascade",
	"res.partner.category.parent_id": "cascade",
	"res.currency.rate.currency_id":  "cascade",
	"res.users.apikeys.user_id":      "cascade",
	"res.partner.country_id":         "restrict",
	"res.partner.state_id":           "restrict",
	"res.company.parent_id":          "restrict",
}

// release does with the records that refer to others, which are about to be deleted, what their fields say.
func (e *env) release(m *model, ids []int64) error {
	for _, name := range e.modelNames {
		other := e.models[name]
		if !other.stored {
			continue
		}
		for _, f := range other.fields {
			if f.comodel != m.name {
				continue
			}
			if err := e.forget(other, f, ids); err != nil {
				return err
			}
		}
	}
	return e.exec("DELETE FROM ir_model_data WHERE model = $1 AND res_id = ANY ($2)", m.name, pq.Array(ids))
}

// forget takes records out of a field of other ones.
func (e *env) forget(m *model, f *field, ids []int64) error {
	if f.kind == "many2many" && e.column(f.relation, f.column2) {
		return e.exec(fmt.Sprintf("DELETE FROM %s WHERE %s = ANY ($1)", quote(f.relation), quote(f.column2)), pq.Array(ids))
	}
	if f.kind != "many2one" || f.column == "" || e.foreignKeys[m.table+"."+f.name] {
		return nil // PostgreSQL knows what to do where there is a foreign key
	}
	policy := onDelete[m.name+"."+f.name]
	if policy == "" && f.required {
		policy = "restrict"
	}
	where := fmt.Sprintf("FROM %s WHERE %s = ANY ($1)", quote(m.table), quote(f.name))
	if policy == "" {
		return e.exec(fmt.Sprintf("UPDATE %s SET %s = NULL WHERE %[2]s = ANY ($1)", quote(m.table), quote(f.name)), pq.Array(ids))
	}
	left, err := e.ids("SELECT id "+where+" AND NOT ($2 AND id = ANY ($1))", pq.Array(ids), f.comodel == m.name)
	switch {
	case err != nil || len(left) == 0:
		return err
	case policy == "cascade":
		return e.delete(m, left)
	}
	return e.foreignKey(m, m.table+"_"+f.name+"_fkey")
}
