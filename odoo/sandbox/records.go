package sandbox

import (
	"fmt"

	"github.com/lib/pq"
)

// runCopy makes a copy of each record, with the values of default in place of its own.
func runCopy(e *env, r *records, args map[string]any) (any, error) {
	m := r.model
	if e.series < 18 && len(r.ids) != 1 {
		return nil, valueError("Expected singleton: " + repr(r))
	}
	if err := e.checkAccess(m, "create"); err != nil {
		return nil, err
	}
	ids, err := e.checkRecords(m, r.ids, "read")
	if err != nil {
		return nil, err
	}
	var overriding *dict
	if truthy(args["default"]) {
		var err error
		if overriding, err = toDict(args["default"]); err != nil {
			return nil, err
		}
	}
	copies := []int64{}
	for _, id := range ids {
		vals, err := e.copyData(m, id, overriding)
		if err != nil {
			return nil, err
		}
		made, err := e.create(m, vals)
		if err != nil {
			return nil, err
		}
		copies = append(copies, made)
	}
	if e.series >= 18 {
		return ints(copies), nil
	}
	if len(copies) == 0 {
		return nil, newError("builtins.IndexError", "list index out of range") // of a record whose id is false
	}
	return copies[0], nil
}

// copiedNames are the fields that tell a copy from its original, by model.
var copiedNames = map[string][]string{
	"res.partner": {"name"}, "res.users": {"name", "login"}, "res.groups": {"name"}, "res.lang": {"name", "code", "url_code"},
}

// copyData is the values of a record's fields that are copied.
func (e *env) copyData(m *model, id int64, overriding *dict) (*dict, error) {
	var names []string
	for _, name := range m.fieldNames() {
		if f := m.fields[name]; f.copied && f.stored && f.kind != "one2many" && (f.column != "" || f.relation != "") {
			names = append(names, name)
		}
	}
	list, err := e.read(m, []any{id}, names, false)
	if err != nil {
		return nil, err
	}
	vals := list.([]any)[0].(*dict)
	vals.delete("id")
	for _, name := range names {
		if m.fields[name].kind == "many2many" {
			vals.set(name, []any{[]any{int64(commandSet), int64(0), vals.values[name]}})
		}
	}
	for _, name := range copiedNames[m.name] {
		if value, ok := vals.get(name); ok && truthy(value) {
			vals.set(name, str(value)+" (copy)")
		}
	}
	if login, ok := vals.get("login"); ok && m.name == "res.users" {
		vals.set("login", str(login)+" (copy)")
	}
	if overriding != nil {
		for _, name := range overriding.keys {
			vals.set(name, overriding.values[name])
		}
	}
	return vals, nil
}

// externalIDs are the names in ir_model_data of records, "module.name".
func (e *env) externalIDs(m *model, ids []int64) (map[int64]string, error) {
	names := make(map[int64]string)
	return names, e.eachName(func(id int64, name string) { names[id] = name }, `SELECT res_id, module || '.' || name FROM ir_model_data
		WHERE model = $1 AND res_id = ANY ($2) ORDER BY id DESC`, m.name, pq.Array(ids))
}

// runGetExternalID answers a dict whose keys are integers.
func runGetExternalID(e *env, r *records, _ map[string]any) (any, error) {
	ids, err := e.recordIDs(r.ids)
	if err != nil {
		return nil, err
	}
	names, err := e.externalIDs(r.model, ids)
	if err != nil {
		return nil, err
	}
	d := newDict()
	for _, id := range ids {
		d.set(fmt.Sprint(intKey, id), names[id])
	}
	return d, nil
}

func runGetMetadata(e *env, r *records, _ map[string]any) (any, error) {
	ids, err := e.recordIDs(r.ids)
	if err != nil {
		return nil, err
	}
	names, err := e.externalIDs(r.model, ids)
	if err != nil {
		return nil, err
	}
	list, err := e.read(r.model, r.ids, []string{"create_uid", "create_date", "write_uid", "write_date"}, true)
	if err != nil {
		return nil, err
	}
	for _, item := range list.([]any) {
		d := item.(*dict)
		id, _ := d.values["id"].(int64)
		xmlids := []any{}
		if names[id] != "" {
			xmlids = append(xmlids, newDict("xmlid", names[id], "noupdate", false))
		}
		d.set("xmlid", orFalse(names[id]))
		d.set("noupdate", false)
		if e.series >= 16 {
			d.set("xmlids", xmlids)
		}
	}
	return list, nil
}

// runNothing is an onchange method: it answers None.
func runNothing(*env, *records, map[string]any) (any, error) { return nil, nil }

// runChangePassword changes the caller's own password. Nothing of the old one is checked but that it is right.
func runChangePassword(e *env, _ *records, args map[string]any) (any, error) {
	if !truthy(args["old_passwd"]) {
		return nil, accessDenied()
	}
	var stored string
	err := e.tx.QueryRowContext(e.ctx, "SELECT coalesce(password, '') FROM res_users WHERE id = $1", e.uid).Scan(&stored)
	if err != nil {
		return nil, e.databaseError(err)
	}
	if !verifySecret(stored, str(args["old_passwd"])) {
		return nil, accessDenied()
	}
	if !truthy(args["new_passwd"]) {
		return nil, userError("Setting empty passwords is not allowed for security reasons!")
	}
	err = e.superuser().write(e.models["res.users"], []int64{e.uid}, newDict("password", args["new_passwd"]))
	return true, err
}
