package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"odoobridge/rpc"
)

// runLoad is load: rows of texts become records, new ones or those of the external ids in them. A row that cannot be
// read or saved is told in messages, and nothing is kept then.
func runLoad(e *env, r *records, args map[string]any) (any, error) {
	header, ok := items(args["fields"])
	if !ok {
		return nil, typeError("'" + typeName(args["fields"]) + "' object is not iterable")
	}
	rows, ok := items(args["data"])
	if !ok {
		return nil, typeError("'" + typeName(args["data"]) + "' object is not iterable")
	}
	l := &loader{env: e, model: r.model}
	for _, item := range header {
		path := strings.Split(str(item), "/")
		if path[0] != "id" && path[0] != ".id" && r.model.fields[path[0]] == nil && len(rows) > 0 {
			if e.series < 16 {
				return nil, keyError(path[0])
			}
			return nil, valueError("Invalid field name " + repr(path[0]))
		}
		l.paths = append(l.paths, path)
	}
	if err := e.exec("SAVEPOINT load"); err != nil {
		return nil, err
	}
	ids := []any{}
	for i, item := range rows {
		cells, _ := items(item)
		id, err := l.row(i, cells)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	result := newDict("ids", ids, "messages", append([]any{}, l.messages...), "nextrow", int64(0))
	if len(l.messages) > 0 {
		result.set("ids", false)
		if err := e.exec("ROLLBACK TO SAVEPOINT load"); err != nil {
			return nil, err
		}
	}
	return result, nil
}

type loader struct {
	env      *env
	model    *model
	paths    [][]string
	messages []any
}

// row saves one row and is the id of its record; what is wrong with it becomes a message.
func (l *loader) row(n int, cells []any) (any, error) {
	e, m := l.env, l.model
	vals, external, id := newDict(), "", int64(0)
	before := len(l.messages)
	for i, path := range l.paths {
		if i >= len(cells) {
			break
		}
		text := str(cells[i])
		switch {
		case text == "" || cells[i] == false || cells[i] == nil:
		case path[0] == "id":
			external = text
		case path[0] == ".id":
			number, err := toInt(text)
			if err != nil {
				return nil, err
			}
			id, _ = number.(int64)
		default:
			v, problem, err := e.loadValue(m, m.fields[path[0]], path[1:], text)
			if err != nil {
				return nil, err
			}
			if problem != nil {
				l.tell(n, m.fields[path[0]], problem)
				continue
			}
			vals.set(path[0], v)
		}
	}
	if len(l.messages) > before {
		return false, nil
	}
	return l.save(n, vals, external, id)
}

// save writes the record that an id or external id names, or creates one.
func (l *loader) save(n int, vals *dict, external string, id int64) (any, error) {
	e, m := l.env, l.model
	if external != "" && !strings.Contains(external, ".") {
		external = "__import__." + external
	}
	module, name, _ := strings.Cut(external, ".")
	if external != "" {
		found, err := e.ids("SELECT res_id FROM ir_model_data WHERE module = $1 AND name = $2 AND model = $3", module, name, m.name)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			id = found[0]
		}
	}
	if err := e.exec("SAVEPOINT load_row"); err != nil {
		return nil, err
	}
	var result any
	var err error
	if id != 0 {
		result = id
		_, err = runWrite(e, &records{model: m, ids: []any{id}}, map[string]any{"vals": vals})
	} else {
		result, err = runCreate(e, &records{model: m}, map[string]any{"vals_list": vals})
	}
	var known *rpc.Error
	if errors.As(err, &known) && (known.Class == "odoo.exceptions.ValidationError" || known.Class == "odoo.exceptions.UserError") {
		l.messages = append(l.messages, l.refusal(n, vals, known))
		return false, e.exec("ROLLBACK TO SAVEPOINT load_row")
	}
	if made, ok := result.(int64); ok && err == nil && external != "" && id == 0 {
		err = e.nameRecord(m, module, name, made)
	}
	return result, err
}

// refusal is the message about a row that was not saved.
func (l *loader) refusal(n int, vals *dict, cause *rpc.Error) any {
	d := newDict("rows", newDict("from", int64(n), "to", int64(n)), "record", int64(n), "type", "error", "message", cause.Message)
	for _, name := range l.model.fieldNames() {
		f := l.model.fields[name]
		if _, given := vals.get(name); !f.required || given || !strings.Contains(cause.Message, "("+name+")") {
			continue
		}
		text := "Missing required value for the field '" + f.label + "' (" + name + ")"
		if l.env.series >= 19 {
			text = strings.TrimPrefix(cause.Message, "The operation cannot be completed: ")
		}
		d.set("message", text)
		d.set("field", name)
	}
	return d
}

// tell adds a message about a cell.
func (l *loader) tell(n int, f *field, problem *dict) {
	d := newDict("rows", newDict("from", int64(n), "to", int64(n)), "type", "error", "record", int64(n), "field", f.name)
	for _, k := range problem.keys {
		d.set(k, problem.values[k])
	}
	d.set("field_name", f.label)
	l.messages = append(l.messages, d)
}

// loadValue reads a cell. problem is what a message tells of one that cannot be read.
func (e *env) loadValue(m *model, f *field, path []string, text string) (v any, problem *dict, err error) {
	switch f.kind {
	case "boolean":
		switch lower := strings.ToLower(text); {
		case slices.Contains([]string{"1", "true", "yes"}, lower):
			return true, nil, nil
		case slices.Contains([]string{"", "0", "false", "no"}, lower):
			return false, nil, nil
		}
		return nil, newDict("message", "Unknown value '"+text+"' for boolean field '"+f.label+"'", "moreinfo", "Use '1' for yes and '0' for no"), nil
	case "integer":
		if v, err := toInt(text); err == nil {
			return v, nil, nil
		}
		return nil, newDict("message", "'"+text+"' does not seem to be an integer for field '"+f.label+"'"), nil
	case "float", "monetary":
		if v, err := toFloat(text); err == nil {
			return v, nil, nil
		}
		return nil, newDict("message", "'"+text+"' does not seem to be a number for field '"+f.label+"'"), nil
	case "selection":
		for _, pair := range f.selection {
			if p := pair.([]any); p[0] == text || p[1] == text {
				return p[0], nil, nil
			}
		}
		if len(f.selection) == 0 {
			return text, nil, nil
		}
		return nil, newDict("message", "Value '"+text+"' not found in selection field '"+f.label+"'"), nil
	case "many2one":
		id, problem, err := e.loadReference(f, path, text)
		return id, problem, err
	case "many2many":
		ids := []any{}
		for _, part := range strings.Split(text, ",") {
			id, problem, err := e.loadReference(f, path, part)
			if err != nil || problem != nil {
				return nil, problem, err
			}
			ids = append(ids, id)
		}
		return []any{[]any{int64(commandSet), int64(0), ids}}, nil, nil
	}
	return text, nil, nil
}

// loadReference finds the record that a cell names: by external id, by database id, or by name.
func (e *env) loadReference(f *field, path []string, text string) (any, *dict, error) {
	co, by := e.models[f.comodel], "name"
	var ids []int64
	var err error
	kind := ""
	if len(path) > 0 {
		kind = path[0]
	}
	switch kind {
	case "id":
		by = "external id"
		module, name, _ := strings.Cut(text, ".")
		ids, err = e.ids("SELECT res_id FROM ir_model_data WHERE module = $1 AND name = $2", module, name)
	case ".id":
		by = "database id"
		var given []int64
		if given, err = e.recordIDs([]any{text}); err == nil {
			ids, err = e.existing(co, given)
		}
	default:
		var d domain
		if d, err = e.nameDomain(co, "=", text); err == nil {
			ids, err = e.search(co, query{parsed: d})
		}
	}
	if err != nil || len(ids) > 0 {
		if err != nil {
			return nil, nil, err
		}
		return ids[0], nil, nil
	}
	views := "list,form"
	if e.series < 18 {
		views = "tree,form"
	}
	action := newDict("name", "Possible Values", "type", "ir.actions.act_window", "target", "new", "view_mode", views,
		"views", []any{[]any{false, "list"}, []any{false, "form"}}, "context", newDict("create", false), "help", "See all possible values",
		"res_model", co.name)
	if kind == "id" {
		action.set("res_model", "ir.model.data")
		action.set("domain", []any{[]any{"model", "=", co.name}})
	}
	return nil, newDict("message", fmt.Sprintf("No matching record found for %s '%s' in field '%s'", by, text, f.label), "moreinfo", action), nil
}
