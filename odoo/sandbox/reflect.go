package sandbox

import (
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"
)

// publicMethods are those of a model that the documentation tells of, by name.
func publicMethods(m *model) []methodFacts {
	list := slices.Concat(methodFacts19()["*"], methodFacts19()[m.name])
	slices.SortFunc(list, func(a, b methodFacts) int { return strings.Compare(a.name, b.name) })
	return list
}

// reflect is the document of a model.
func (e *env) reflect(m *model) (*dict, error) {
	home, err := e.homeModule(m)
	if err != nil {
		return nil, err
	}
	fields := newDict()
	for _, name := range m.fieldNames() {
		if slices.Contains(m.noAccess, name) {
			continue
		}
		facts := fieldFacts19()[m.name][name]
		d := e.describe(m, m.fields[name])
		if facts.help {
			d.set("help", noDocstring)
		}
		d.set("module", fieldModule(name, home, facts))
		fields.set(name, d)
	}
	methods := newDict()
	for _, method := range publicMethods(m) {
		methods.set(method.name, method.reflection())
	}
	return newDict("model", m.name, "name", m.description, "doc", nil, "fields", fields, "methods", methods), nil
}

// fieldModule is the module that introduced a field, nil for those that no model has of itself.
func fieldModule(name, home string, facts fieldFacts) any {
	switch {
	case name == "id" || name == "display_name":
		return nil
	case facts.module != "":
		return facts.module
	}
	return home
}

// homeModule is the module that a model is of: base where it is among those that name it.
func (e *env) homeModule(m *model) (module string, err error) {
	err = e.tx.QueryRowContext(e.ctx, `SELECT module FROM ir_model_data WHERE model = 'ir.model' AND name = $1
		ORDER BY module <> 'base', id LIMIT 1`, "model_"+strings.ReplaceAll(m.name, ".", "_")).Scan(&module)
	if errors.Is(err, sql.ErrNoRows) {
		return "base", nil
	}
	return module, err
}

// index is the document of all models that the user may read.
func (e *env) index() (*dict, error) {
	modules, err := e.installedModules()
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(e.models))
	models := []any{}
	for _, name := range names {
		m := e.models[name]
		if m.abstract || len(m.fields) < 2 || e.checkAccess(m, "read") != nil {
			continue // of a model without fields the sandbox knows its name only
		}
		fields, methods := newDict(), []any{}
		for _, field := range slices.Sorted(maps.Keys(m.fields)) {
			if !slices.Contains(m.noAccess, field) {
				fields.set(field, newDict("string", m.fields[field].label))
			}
		}
		for _, method := range publicMethods(m) {
			methods = append(methods, method.name)
		}
		models = append(models, newDict("model", name, "name", m.description, "fields", fields, "methods", methods))
	}
	return newDict("modules", modules, "models", models), nil
}

// moduleDepths are how deep modules stand in the graph of dependencies, which orders them (doc.index).
var moduleDepths = map[string]int{
	"base": 0, "rpc": 1, "web": 1, "api_doc": 2, "auth_totp": 2, "base_import": 2, "base_import_module": 2, "base_setup": 2, "bus": 2, "web_tour": 2,
	"auth_api_key": 3, "auth_passkey": 3, "html_editor": 3, "iap": 3, "web_unsplash": 4,
}

// deepest is the depth of a module that is none of those.
const deepest = 5

func (e *env) installedModules() ([]any, error) {
	var names []string
	err := e.eachName(func(_ int64, name string) { names = append(names, name) },
		`SELECT id, name FROM ir_module_module WHERE state = 'installed'`)
	if err != nil {
		return nil, err
	}
	depth := func(name string) int {
		if d, ok := moduleDepths[name]; ok {
			return d
		}
		return deepest
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := depth(a) - depth(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return texts(names), nil
}
