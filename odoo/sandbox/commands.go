package sandbox

import (
	"fmt"

	"github.com/lib/pq"
)

// The commands of x2many fields: [code, id, values].
const (
	commandCreate = iota
	commandUpdate
	commandDelete
	commandUnlink
	commandLink
	commandClear
	commandSet
)

// writeMembers runs the commands of the x2many fields among the values.
func (e *env) writeMembers(m *model, ids []int64, vals *dict) error {
	for _, name := range vals.keys {
		f := m.fields[name]
		if f.kind != "one2many" && f.kind != "many2many" || e.models[f.comodel] == nil {
			continue
		}
		if f.kind == "many2many" && f.relation == "" {
			continue
		}
		list, ok := vals.values[name].([]any)
		if !ok {
			continue
		}
		for _, id := range ids {
			for _, item := range list {
				if err := e.runCommand(f, id, item); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (e *env) runCommand(f *field, id int64, item any) error {
	command, ok := item.([]any)
	if !ok { // a list of ids stands for "link each"
		command = []any{int64(commandLink), item}
	}
	if len(command) == 0 {
		return nil
	}
	argument := func(i int) any {
		if i < len(command) {
			return command[i]
		}
		return nil
	}
	co := e.models[f.comodel]
	targets, err := idList(argument(1))
	if err != nil {
		return err
	}
	code, _ := command[0].(int64)
	switch code {
	case commandCreate:
		vals, _ := argument(2).(*dict)
		vals = vals.copy()
		if f.kind == "one2many" {
			vals.set(f.inverse, id)
		}
		created, err := e.create(co, vals)
		if err != nil || f.kind == "one2many" {
			return err
		}
		return e.link(f, id, []int64{created})
	case commandUpdate:
		vals, _ := argument(2).(*dict)
		return e.write(co, targets, vals.copy())
	case commandDelete:
		return e.delete(co, targets)
	case commandUnlink:
		return e.unlinkMembers(f, id, targets, false)
	case commandLink:
		return e.link(f, id, targets)
	case commandClear:
		return e.unlinkMembers(f, id, nil, true)
	case commandSet:
		if targets, err = idList(argument(2)); err != nil {
			return err
		}
		if err := e.unlinkMembers(f, id, nil, true); err != nil {
			return err
		}
		return e.link(f, id, targets)
	}
	return valueError(fmt.Sprintf("Unknown x2many command %v", repr(command[0])))
}

func (e *env) link(f *field, id int64, targets []int64) error {
	co := e.models[f.comodel]
	if f.kind == "one2many" {
		return e.exec(fmt.Sprintf("UPDATE %s SET %s = $1 WHERE id = ANY ($2)", quote(co.table), quote(f.inverse)), id, pq.Array(targets))
	}
	return e.exec(fmt.Sprintf("INSERT INTO %s (%s, %s) SELECT $1, unnest($2::int[]) ON CONFLICT DO NOTHING",
		quote(f.relation), quote(f.column1), quote(f.column2)), id, pq.Array(targets))
}

func (e *env) unlinkMembers(f *field, id int64, targets []int64, all bool) error {
	co := e.models[f.comodel]
	if f.kind == "one2many" {
		return e.exec(fmt.Sprintf("UPDATE %s SET %s = NULL WHERE %[2]s = $1 AND ($3 OR id = ANY ($2))", quote(co.table), quote(f.inverse)),
			id, pq.Array(targets), all)
	}
	return e.exec(fmt.Sprintf("DELETE FROM %s WHERE %s = $1 AND ($3 OR %s = ANY ($2))", quote(f.relation), quote(f.column1), quote(f.column2)),
		id, pq.Array(targets), all)
}
