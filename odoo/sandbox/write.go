package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lib/pq"
)

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func runWrite(e *env, r *records, args map[string]any) (any, error) {
	m := r.model
	if len(r.ids) == 0 {
		return true, nil
	}
	if m.class != "" && e.series >= 19 { // its write reads the records first: errors.access.rule.name
		if _, err := e.checkRecords(m, r.ids, "read"); err != nil {
			return nil, err
		}
	}
	vals, ok := args["vals"].(*dict)
	if ok {
		if err := e.checkSelfArchive(m, r.ids, vals); err != nil {
			return nil, err
		}
	}
	if e.ownPreferences(m, r.ids, args["vals"]) {
		e = e.superuser()
	}
	if err := e.checkAccess(m, "write"); err != nil {
		return nil, err
	}
	if !ok {
		attribute := "items"
		if m.class != "" {
			attribute = "get"
		}
		return nil, attributeError("'" + typeName(args["vals"]) + "' object has no attribute '" + attribute + "'")
	}
	ids, err := e.checkRecords(m, r.ids, "write")
	if err != nil {
		return nil, err
	}
	for _, name := range vals.keys {
		if m.fields[name] != nil {
			continue
		}
		if m.class != "" && e.series >= 19 {
			return nil, keyError(name) // write.write.badfield
		}
		return nil, e.invalidField(m, name)
	}
	return true, e.write(m, ids, vals)
}

// checkRecords are the ids as numbers, each of a record that is there and that the rules let the user have.
func (e *env) checkRecords(m *model, list []any, operation string) ([]int64, error) {
	ids, err := e.recordIDs(list)
	if err != nil {
		return nil, err
	}
	there, err := e.existing(m, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !slices.Contains(there, id) {
			return nil, missingError(m.name, id, e.uid)
		}
	}
	allowed, err := e.allowed(m, ids, operation)
	if err == nil && len(allowed) < len(there) {
		err = e.ruleError(m, operation)
	}
	return ids, err
}

// write sets the values of records that are known to exist.
func (e *env) write(m *model, ids []int64, vals *dict) error {
	if err := e.checkWrite(m, ids, vals); err != nil {
		return err
	}
	if err := e.writeInherited(m, ids, vals); err != nil {
		return err
	}
	left, err := e.ownersOf(m, ids, vals.keys)
	if err != nil {
		return err
	}
	columns, err := e.columns(m, vals, false)
	if err != nil {
		return err
	}
	for name, v := range columns {
		if f := m.fields[name]; v == nil && f != nil && f.required {
			return e.notNull(m, f)
		}
	}
	e.stamp(m, columns, "write_uid", "write_date")
	names := sortedKeys(columns)
	if len(names) > 0 && m.stored {
		w := &where{env: e}
		sets := make([]string, len(names))
		for i, name := range names {
			sets[i] = quote(name) + " = " + w.arg(columns[name])
		}
		statement := fmt.Sprintf("UPDATE %s SET %s WHERE id = ANY (%s)", quote(m.table), strings.Join(sets, ", "), w.arg(pq.Array(ids)))
		if err := e.exec(statement, w.args...); err != nil {
			return err
		}
	}
	if err := e.checkLoop(m, ids, vals); err != nil {
		return err
	}
	if err := e.writeMembers(m, ids, vals); err != nil {
		return err
	}
	if err := e.checkConstraints(m, ids); err != nil {
		return err
	}
	if err := e.recompute(m, ids, vals.keys); err != nil {
		return err
	}
	return e.recomputeOwners(left)
}

// checkSelfArchive keeps users from archiving themselves.
func (e *env) checkSelfArchive(m *model, ids []any, vals *dict) error {
	active, given := vals.get("active")
	if m.name == "res.users" && given && !truthy(active) && slices.Contains(ids, any(e.uid)) {
		return userError("You cannot deactivate the user you're currently logged in as.")
	}
	return nil
}

// writeInherited writes related fields where their record is: those of the partner of a user, for example.
func (e *env) writeInherited(m *model, ids []int64, vals *dict) error {
	if m.inherits == "" {
		return nil
	}
	inherited := newDict()
	for _, name := range vals.keys {
		if rest, ok := strings.CutPrefix(m.fields[name].related, m.inherits+"."); ok && m.fields[name].column == "" {
			inherited.set(rest, vals.values[name])
		}
	}
	if len(inherited.keys) == 0 {
		return nil
	}
	parents, err := e.ids(fmt.Sprintf("SELECT %s FROM %s WHERE id = ANY ($1)", quote(m.inherits), quote(m.table)), pq.Array(ids))
	if err != nil {
		return err
	}
	return e.superuser().write(e.models[m.fields[m.inherits].comodel], parents, inherited)
}

// checkLoop refuses a parent that is below its own child.
func (e *env) checkLoop(m *model, ids []int64, vals *dict) error {
	if _, given := vals.get(m.parent); !given || m.loop == nil {
		return nil
	}
	query := fmt.Sprintf(`WITH RECURSIVE up(start, id) AS (
			SELECT id, %[1]s FROM %[2]s WHERE id = ANY ($1) UNION SELECT up.start, r.%[1]s FROM %[2]s r JOIN up ON r.id = up.id)
		SELECT start FROM up WHERE start = id`, quote(m.parent), quote(m.table))
	loops, err := e.ids(query, pq.Array(ids))
	if err == nil && len(loops) > 0 {
		err = m.loop(e.series)
	}
	return err
}

// recompute brings stored columns up to date that Odoo computes from others, after a write of the fields or, with id
// among them, a create.
func (e *env) recompute(m *model, ids []int64, written []string) error {
	if slices.Contains(written, "id") {
		e.signal(m, "create", nil)
	} else {
		e.signal(m, "write", written)
	}
	if path := m.fields["parent_path"]; path != nil && path.column != "" && m.fields[m.parent] != nil {
		statement := fmt.Sprintf(`UPDATE %[1]s r SET parent_path =
			coalesce((SELECT p.parent_path FROM %[1]s p WHERE p.id = r.%[2]s), '') || r.id || '/' WHERE id = ANY ($1)`,
			quote(m.table), quote(m.parent))
		if err := e.exec(statement, pq.Array(ids)); err != nil {
			return err
		}
	}
	for _, s := range storedComputations {
		if s.model != m.name || !slices.ContainsFunc(written, func(n string) bool { return slices.Contains(s.depends, n) }) {
			continue
		}
		if table, column, named := strings.Cut(s.column, "."); named && !e.column(table, column) || s.until != 0 && s.until < e.series {
			continue
		}
		if err := e.exec(s.statement, pq.Array(ids)); err != nil {
			return err
		}
	}
	if err := e.recomputeFormulas(m, ids, written); err != nil {
		return err
	}
	return e.checkStored(m, ids, written)
}

func runUnlink(e *env, r *records, _ map[string]any) (any, error) {
	m := r.model
	if len(r.ids) == 0 {
		return true, nil
	}
	if err := e.checkAccess(m, "unlink"); err != nil {
		return nil, err
	}
	given, err := e.recordIDs(r.ids)
	if err != nil {
		return nil, err
	}
	ids, err := e.existing(m, given)
	if err == nil && m.name == "res.partner" { // it reads the records to see whether they are users'
		_, err = e.checkRecords(m, r.ids, "unlink")
	}
	if err != nil || len(ids) == 0 {
		return err == nil, err
	}
	if _, err := e.checkRecords(m, ints(ids), "unlink"); err != nil {
		return nil, err
	}
	if err := e.checkDeletable(m, ids); err != nil {
		return nil, err
	}
	return true, e.delete(m, ids)
}

// delete removes records that may be removed.
func (e *env) delete(m *model, ids []int64) error {
	owners, err := e.ownersOf(m, ids, []string{"id"})
	if err != nil {
		return err
	}
	if err := e.release(m, ids); err != nil {
		return err
	}
	e.signal(m, "unlink", nil)
	if err := e.exec("DELETE FROM "+quote(m.table)+" WHERE id = ANY ($1)", pq.Array(ids)); err != nil {
		return err
	}
	return e.recomputeOwners(owners)
}

// checkDeletable refuses what Odoo protects in Python.
func (e *env) checkDeletable(m *model, ids []int64) error {
	if action, ok := m.actions["unlink"]; ok {
		return e.checkAction(m, ints(ids), action)
	}
	switch m.name {
	case "res.lang":
		base, err := e.ids("SELECT id FROM res_lang WHERE code = 'en_US' AND id = ANY ($1)", pq.Array(ids))
		if err == nil && len(base) > 0 {
			err = userError("Base Language 'en_US' can not be deleted.")
		}
		return err
	case "res.users":
		const root, admin = 1, 2
		if slices.Contains(ids, root) {
			return userError("You can not remove the admin user as it is used internally for resources created by Odoo (updates, " +
				"module installation, ...)")
		}
		if slices.Contains(ids, admin) {
			return userError("You cannot delete the admin user because it is utilized in various places (such as security " +
				"configurations,...). Instead, archive it.")
		}
	}
	return nil
}
