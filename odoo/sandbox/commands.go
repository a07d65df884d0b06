package sandbox

import (
	"fmt"
	"slices"

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
		if !ok && truthy(vals.values[name]) {
			return valueError("Wrong value for " + m.name + "." + name + ": " + str(vals.values[name]))
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
	if needed := commandLength(command); len(command) < needed {
		return indexError("list index out of range")
	}
	argument := func(i int) any {
		if i < len(command) {
			return command[i]
		}
		return nil
	}
	co := e.models[f.comodel]
	targets, err := e.recordIDs([]any{argument(1)})
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
		if _, err := e.checkRecords(co, ints(targets), "unlink"); err != nil {
			return err
		}
		return e.delete(co, targets)
	case commandUnlink:
		return e.unlinkMembers(f, id, targets, false)
	case commandLink:
		return e.link(f, id, targets)
	case commandClear:
		return e.unlinkMembers(f, id, nil, true)
	case commandSet:
		ids, ok := items(argument(2))
		if !ok {
			return typeError("'" + typeName(argument(2)) + "' object is not iterable")
		}
		if targets, err = e.recordIDs(ids); err != nil {
			return err
		}
		if err := e.unlinkMembers(f, id, nil, true); err != nil {
			return err
		}
		return e.link(f, id, targets)
	}
	return nil // Odoo passes over commands that it does not know
}

// commandLength is how many members a command has at least.
func commandLength(command []any) int {
	if len(command) == 0 {
		return 1
	}
	switch command[0] {
	case int64(commandLink), int64(commandUnlink), int64(commandDelete):
		return 2
	case int64(commandCreate), int64(commandUpdate), int64(commandSet):
		return 3
	}
	return 1
}

func (e *env) link(f *field, id int64, targets []int64) error {
	co := e.models[f.comodel]
	if f.kind == "one2many" {
		return e.write(co, targets, newDict(f.inverse, id))
	}
	there, err := e.existing(co, targets)
	if err != nil {
		return err
	}
	for _, target := range targets {
		if !slices.Contains(there, target) {
			return e.foreignKeyOfRelation(f.relation + "_" + f.column2 + "_fkey")
		}
	}
	return e.exec(fmt.Sprintf("INSERT INTO %s (%s, %s) SELECT $1, unnest($2::int[]) ON CONFLICT DO NOTHING",
		quote(f.relation), quote(f.column1), quote(f.column2)), id, pq.Array(targets))
}

func (e *env) unlinkMembers(f *field, id int64, targets []int64, all bool) error {
	co := e.models[f.comodel]
	if f.kind == "one2many" {
		members, err := e.ids(fmt.Sprintf("SELECT id FROM %s WHERE %s = $1 AND ($3 OR id = ANY ($2))", quote(co.table), quote(f.inverse)),
			id, pq.Array(targets), all)
		if err != nil || len(members) == 0 {
			return err
		}
		return e.write(co, members, newDict(f.inverse, false))
	}
	return e.exec(fmt.Sprintf("DELETE FROM %s WHERE %s = $1 AND ($3 OR %s = ANY ($2))", quote(f.relation), quote(f.column1), quote(f.column2)),
		id, pq.Array(targets), all)
}
