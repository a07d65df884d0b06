package sandbox

import "strings"

// fieldFacts is what Odoo 19's documentation tells of a field beside its attributes.
type fieldFacts struct {
	module string // that added the field to another's model; "" for the model's own
	help   bool   // it has a help text
}

// parseFieldFacts reads what stands behind the name in a line of api19/fields.txt. It panics on what it can't read: the file
// is part of the program.
func parseFieldFacts(parts []string) (f fieldFacts) {
	for _, part := range parts {
		module, isModule := strings.CutPrefix(part, "of ")
		switch {
		case isModule:
			f.module = module
		case part == "help":
			f.help = true
		default:
			panic("api19/fields.txt: " + part)
		}
	}
	return f
}

// end is the field at the end of a path of relations, nil where it leads nowhere.
func (r *registry) end(m *model, path string) (*model, *field) {
	for {
		name, rest, more := strings.Cut(path, ".")
		f := m.fields[name]
		if f == nil || !more {
			return m, f
		}
		if m = r.models[f.comodel]; m == nil {
			return nil, nil
		}
		path = rest
	}
}
