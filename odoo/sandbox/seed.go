package sandbox

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"odoobridge/fixtures/module"
)

// Seed creates the records of fixture files in a database that holds their models, as part of a transaction that stays the
// caller's. What a model refuses is a [module.Problems] with the record's place.
func Seed(ctx context.Context, tx *sql.Tx, series int, records []*module.Record) error {
	if len(records) == 0 {
		return nil
	}
	s, err := newSeeder(ctx, tx, series)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := s.create(r.Model, r.ID, r.Values); err != nil {
			return module.Problems{{Place: r.Place, Reason: err.Error()}}
		}
	}
	return nil
}

// seeder creates records as Odoo's superuser.
type seeder struct{ env *env }

func newSeeder(ctx context.Context, tx *sql.Tx, series int) (*seeder, error) {
	r, err := readRegistry(ctx, tx, series)
	if err != nil {
		return nil, fmt.Errorf("sandbox: read the models: %w", err)
	}
	r.passwordRounds = passwordRounds(series)
	const root = 1 // Odoo loads data as its superuser
	e := &env{registry: r, ctx: ctx, tx: tx, uid: root, su: true, context: newDict(), stale: make(map[string]bool)}
	return &seeder{e}, e.readUser()
}

// create makes a record. values is a JSON object by field: {"ref": external id} is a record, and a one2many or many2many
// is a list of those and of objects, records to be made. id is the new record's external id, "" is none. The error is
// what a caller of create would be told.
func (s *seeder) create(model, id string, values []byte) error {
	m := s.env.models[model]
	if m == nil {
		return fmt.Errorf("there is no model %s", model)
	}
	v, err := decodeJSON(values)
	if err != nil {
		return err
	}
	vals, ok := v.(*dict)
	if !ok {
		return fmt.Errorf("the values of a record are an object, not %s", typeName(v))
	}
	if vals, err = s.values(m, vals); err != nil {
		return err
	}
	made, err := s.env.create(m, vals)
	if err != nil || id == "" {
		return err
	}
	module, name, _ := strings.Cut(id, ".")
	return s.env.exec("INSERT INTO ir_model_data (module, name, model, res_id) VALUES ($1, $2, $3, $4)", module, name, m.name, made)
}

// values are those of a record with ids for references and commands for lists.
func (s *seeder) values(m *model, given *dict) (*dict, error) {
	vals := newDict()
	for _, name := range given.keys {
		f, v := m.fields[name], given.values[name]
		if f == nil {
			return nil, fmt.Errorf("%s has no field %s", m.name, name)
		}
		list, isList := v.([]any)
		if isList {
			commands := make([]any, 0, len(list))
			for _, item := range list {
				command, err := s.command(s.env.models[f.comodel], item)
				if err != nil {
					return nil, err
				}
				commands = append(commands, command)
			}
			vals.set(name, commands)
			continue
		}
		id, isRef, err := s.ref(v)
		if err != nil {
			return nil, err
		}
		if isRef {
			v = id
		}
		vals.set(name, v)
	}
	return vals, nil
}

func (s *seeder) command(co *model, item any) (any, error) {
	id, isRef, err := s.ref(item)
	if err != nil || isRef {
		return []any{int64(commandLink), id, int64(0)}, err
	}
	vals, ok := item.(*dict)
	if !ok || co == nil {
		return nil, fmt.Errorf("%s is no record", repr(item))
	}
	vals, err = s.values(co, vals)
	return []any{int64(commandCreate), int64(0), vals}, err
}

func (s *seeder) ref(v any) (int64, bool, error) {
	d, ok := v.(*dict)
	if !ok {
		return 0, false, nil
	}
	name, ok := d.values["ref"].(string)
	if !ok || len(d.keys) != 1 {
		return 0, false, nil
	}
	id, err := s.env.xmlID(name)
	if err == nil && id == 0 {
		err = fmt.Errorf("there is no record with the external id %s yet", name)
	}
	return id, true, err
}
