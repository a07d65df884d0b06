package sandbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"odoobridge/fixtures/module"
)

// registry is what the database says of models, read once.
type registry struct {
	series int
	models map[string]*model
	// modelNames are the models in alphabetical order.
	modelNames []string
	tables     map[string]map[string]string // column types by table and column
	byTable    map[string]*model
	// foreignKeys are the columns, "table.column", that PostgreSQL checks.
	foreignKeys map[string]bool
	groups      map[int64]*group

	passwordRounds int // of pbkdf2_sha512
}

// model is a model as data.
type model struct {
	attributes
	name        string // "res.partner"
	description string // "Contact"
	table       string
	stored      bool // the table exists
	fields      map[string]*field
	names       []string // of the fields, in Odoo's order
	access      []accessRight
	rules       []recordRule
	formulas    []formula // stored fields that are computed from others, in the order of their computation
	owners      []owner   // whose formulas sum fields of this model
	actions     map[string]module.Method
	sequences   map[string]module.Sequence // by field
}

// field is a field as data, of ir_model_fields.
type field struct {
	name, kind, label          string
	comodel, inverse, related  string
	required, readonly, stored bool
	translated, copied         bool
	relation, column1, column2 string         // many2many
	selection                  []any          // [value, label] pairs
	column                     string         // the column's SQL type, "" where there is none
	get                        map[string]any // attributes of fields_get that do not follow from the others
}

type group struct {
	id       int64
	fullName string // "Administration/Settings"
	implied  []int64
}

// accessRight is a row of ir_model_access; group 0 is everyone.
type accessRight struct {
	group                       int64
	read, write, create, unlink bool
}

// recordRule is a row of ir_rule; a rule without groups is global.
type recordRule struct {
	domain                      string
	groups                      []int64
	read, write, create, unlink bool
}

// column says whether a table has a column.
func (r *registry) column(table, column string) bool { return r.tables[table][column] != "" }

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readRegistry(ctx context.Context, db querier, series int) (*registry, error) {
	r := &registry{
		series: series, models: make(map[string]*model), tables: make(map[string]map[string]string),
		byTable: make(map[string]*model), groups: make(map[int64]*group),
	}
	for _, read := range []func(context.Context, querier) error{
		r.readTables, r.readForeignKeys, r.readModels, r.readFields, r.readSelections, r.readAccess, r.readRules, r.readGroups, r.readAttributes, r.nameFields,
	} {
		if err := read(ctx, db); err != nil {
			return nil, err
		}
	}
	if r.models["res.users"] == nil || !r.models["res.users"].stored {
		return nil, fmt.Errorf("there is no res.users in it: load the fixture state first")
	}
	return r, nil
}

// each calls do for every row of a query, with the row's columns as text, NULL being "".
func each(ctx context.Context, db querier, query string, do func(c map[string]string) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.NullString, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		c := make(map[string]string, len(names))
		for i, name := range names {
			c[name] = values[i].String
		}
		if err := do(c); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *registry) readTables(ctx context.Context, db querier) error {
	const query = `SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'`
	return each(ctx, db, query, func(c map[string]string) error {
		if r.tables[c["table_name"]] == nil {
			r.tables[c["table_name"]] = make(map[string]string)
		}
		r.tables[c["table_name"]][c["column_name"]] = c["udt_name"]
		return nil
	})
}

func (r *registry) readForeignKeys(ctx context.Context, db querier) error {
	const query = `SELECT c.conrelid::regclass::text || '.' || a.attname AS name FROM pg_constraint c
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'`
	r.foreignKeys = make(map[string]bool)
	return each(ctx, db, query, func(c map[string]string) error {
		r.foreignKeys[c["name"]] = true
		return nil
	})
}

func (r *registry) readModels(ctx context.Context, db querier) error {
	return each(ctx, db, `SELECT model, name FROM ir_model`, func(c map[string]string) error {
		name := c["model"]
		m := &model{
			attributes: attributesOf(name, r.series), name: name, description: english(c["name"]),
			table: strings.ReplaceAll(name, ".", "_"), fields: make(map[string]*field),
		}
		m.stored = r.tables[m.table] != nil
		r.models[name] = m
		r.byTable[m.table] = m
		m.fields["id"] = &field{name: "id", kind: "integer", label: "ID", readonly: true, stored: true, column: "int4"}
		return nil
	})
}

func (r *registry) readFields(ctx context.Context, db querier) error {
	return each(ctx, db, `SELECT * FROM ir_model_fields`, func(c map[string]string) error {
		m := r.models[c["model"]]
		if m == nil {
			return fmt.Errorf("field %s of %s, which is no model", c["name"], c["model"])
		}
		f := &field{
			name: c["name"], kind: c["ttype"], label: english(c["field_description"]),
			comodel: c["relation"], inverse: c["relation_field"], related: c["related"],
			required: c["required"] == "true", readonly: c["readonly"] == "true", stored: c["store"] == "true",
			copied: c["copied"] == "true", column: r.tables[m.table][c["name"]],
			relation: c["relation_table"], column1: c["column1"], column2: c["column2"],
		}
		if _, hidden := computed[m.name+"."+f.name]; hidden {
			f.column = "" // a computation stands between the field and a column of its name
		}
		f.translated = f.column == "jsonb" && f.kind != "properties"
		m.fields[f.name] = f
		return nil
	})
}

func (r *registry) readSelections(ctx context.Context, db querier) error {
	const query = `SELECT f.model, f.name AS field, s.value, s.name AS label FROM ir_model_fields_selection s
		JOIN ir_model_fields f ON f.id = s.field_id ORDER BY s.field_id, s.sequence, s.id`
	return each(ctx, db, query, func(c map[string]string) error {
		f := r.models[c["model"]].fields[c["field"]]
		f.selection = append(f.selection, []any{c["value"], english(c["label"])})
		return nil
	})
}

func (r *registry) readAccess(ctx context.Context, db querier) error {
	const query = `SELECT m.model, coalesce(a.group_id, 0) AS group_id, a.perm_read, a.perm_write, a.perm_create, a.perm_unlink
		FROM ir_model_access a JOIN ir_model m ON m.id = a.model_id WHERE a.active ORDER BY a.id`
	return each(ctx, db, query, func(c map[string]string) error {
		m := r.models[c["model"]]
		m.access = append(m.access, accessRight{
			group: integer(c["group_id"]), read: c["perm_read"] == "true", write: c["perm_write"] == "true",
			create: c["perm_create"] == "true", unlink: c["perm_unlink"] == "true",
		})
		return nil
	})
}

func (r *registry) readRules(ctx context.Context, db querier) error {
	const query = `SELECT m.model, r.domain_force, r.perm_read, r.perm_write, r.perm_create, r.perm_unlink,
			(SELECT json_agg(group_id) FROM rule_group_rel g WHERE g.rule_group_id = r.id) AS groups
		FROM ir_rule r JOIN ir_model m ON m.id = r.model_id WHERE r.active ORDER BY r.id`
	return each(ctx, db, query, func(c map[string]string) error {
		m := r.models[c["model"]]
		rule := recordRule{
			domain: c["domain_force"], read: c["perm_read"] == "true", write: c["perm_write"] == "true",
			create: c["perm_create"] == "true", unlink: c["perm_unlink"] == "true",
		}
		if c["groups"] != "" {
			if err := json.Unmarshal([]byte(c["groups"]), &rule.groups); err != nil {
				return err
			}
		}
		m.rules = append(m.rules, rule)
		return nil
	})
}

// readGroups reads the groups, by the name that error messages give them: with the category before it, from series 19 on
// with the privilege.
func (r *registry) readGroups(ctx context.Context, db querier) error {
	query := `SELECT id, name, '' AS category FROM res_groups`
	if r.column("res_groups", "category_id") {
		query = `SELECT g.id, g.name, c.name AS category FROM res_groups g LEFT JOIN ir_module_category c ON c.id = g.category_id`
	}
	if r.column("res_groups", "privilege_id") && r.column("res_groups_privilege", "name") {
		query = `SELECT g.id, g.name, p.name AS category FROM res_groups g LEFT JOIN res_groups_privilege p ON p.id = g.privilege_id`
	}
	err := each(ctx, db, query, func(c map[string]string) error {
		g := &group{id: integer(c["id"]), fullName: english(c["name"])}
		if c["category"] != "" {
			g.fullName = english(c["category"]) + "/" + g.fullName
		}
		r.groups[g.id] = g
		return nil
	})
	if err != nil {
		return err
	}
	return each(ctx, db, `SELECT gid, hid FROM res_groups_implied_rel`, func(c map[string]string) error {
		if g := r.groups[integer(c["gid"])]; g != nil {
			g.implied = append(g.implied, integer(c["hid"]))
		}
		return nil
	})
}

// closure adds the groups that the given ones imply.
func (r *registry) closure(direct []int64) map[int64]bool {
	all := make(map[int64]bool)
	for queue := slices.Clone(direct); len(queue) > 0; queue = queue[1:] {
		if id := queue[0]; !all[id] {
			all[id] = true
			if g := r.groups[id]; g != nil {
				queue = append(queue, g.implied...)
			}
		}
	}
	return all
}

// field is the field of a name, nil where there is none. Nothing is recorded of the fields of some models: those have a
// field of every name, always empty.
func (m *model) field(name string) *field {
	if f := m.fields[name]; f != nil || len(m.fields) > 1 {
		return f
	}
	return &field{name: name}
}

// fieldNames are the names of a model's fields, in the order in which Odoo lists them where that is known.
func (m *model) fieldNames() []string { return m.names }

// nameFields puts the fields of each model in order: as its class declares them, then those that it does not, by name.
// What all models have is at the end, and id and display_name at the begin from series 19 on (read.fields_get.all).
func (r *registry) nameFields(context.Context, querier) error {
	first, last := []string{}, []string{"id", "__last_update", "display_name", "create_uid", "create_date", "write_uid", "write_date"}
	if r.series >= 19 {
		first, last = []string{"id", "display_name"}, last[3:]
	}
	r.modelNames = slices.Sorted(maps.Keys(r.models))
	for _, m := range r.models {
		declared := m.declared
		if order := fieldOrder19()[m.name]; r.series >= 19 && order != nil {
			declared = slices.Concat(order, declared)
		}
		own := slices.Concat(declared, slices.Sorted(maps.Keys(m.fields)))
		own = slices.DeleteFunc(own, func(n string) bool { return slices.Contains(first, n) || slices.Contains(last, n) })
		for _, name := range slices.Concat(first, own, last) {
			if m.fields[name] != nil && !slices.Contains(m.names, name) {
				m.names = append(m.names, name)
			}
		}
	}
	return nil
}

// english is a translated value in English, from either form of its column: text, or JSON by language.
func english(value string) string {
	var byLanguage map[string]string
	if strings.HasPrefix(value, "{") && json.Unmarshal([]byte(value), &byLanguage) == nil {
		return byLanguage["en_US"]
	}
	return value
}

// integer reads a number that PostgreSQL wrote.
func integer(text string) int64 {
	n, _ := toInt(text)
	i, _ := n.(int64)
	return i
}
