package sandbox

import (
	"slices"
	"strings"
)

func runNameSearch(e *env, r *records, args map[string]any) (any, error) {
	m, op := r.model, str(args["operator"])
	extra, ok := args["args"]
	if !ok {
		extra = args["domain"]
	}
	if extra == nil {
		extra = []any{}
	}
	rest, err := parseDomain(extra, e.series)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	limit := args["limit"]
	if m.name == "res.users" && e.series >= 16 && truthy(args["name"]) && !negative(op) { // a login, then a name
		login := condition{field: "login", op: "=", value: args["name"]}
		if ids, err = e.search(m, query{parsed: andDomain{login, rest}}); err != nil || len(ids) > 0 {
			return e.namePairs(m, ids)
		}
	}
	if first := firstNames(e.series, m, op, args["name"]); first != nil {
		if ids, err = e.search(m, query{parsed: andDomain{rest, first}, limit: limit}); err != nil {
			return nil, err
		}
		if n, limited := limit.(int64); limited && e.series >= 16 {
			if limit = n - int64(len(ids)); int64(len(ids)) >= n {
				return e.namePairs(m, ids)
			}
		}
		rest = andDomain{rest, condition{field: "id", op: "not in", value: ints(ids), given: "not in"}}
	}
	named, err := e.nameDomain(m, op, args["name"])
	if err != nil {
		return nil, err
	}
	found, err := e.search(m, query{parsed: andDomain{named, rest}, limit: limit})
	if err != nil {
		return nil, err
	}
	if m.name == "res.users" && e.series >= 17 {
		if found, err = e.selfFirst(m, found, andDomain{named, rest}, limit); err != nil {
			return nil, err
		}
	}
	return e.namePairs(m, append(ids, found...))
}

// selfFirst puts the user who asks first, even where the limit had left them out.
func (e *env) selfFirst(m *model, found []int64, d domain, limit any) ([]int64, error) {
	at := slices.Index(found, e.uid)
	if n, limited := limit.(int64); at < 0 && limited && int64(len(found)) == n {
		self, err := e.search(m, query{parsed: andDomain{d, condition{field: "id", op: "=", value: e.uid}}})
		if err != nil || len(self) == 0 {
			return found, err
		}
		return append(self, found[:len(found)-1]...), nil
	}
	if at > 0 {
		found = slices.Concat([]int64{e.uid}, found[:at], found[at+1:])
	}
	return found, nil
}

// firstNames is the condition on the records that a name search lists first: those whose code it is.
func firstNames(series int, m *model, op string, name any) domain {
	text, ok := name.(string)
	if !ok || text == "" || negative(op) {
		return nil
	}
	switch {
	case m.name == "res.country" && len(text) == 2 && series < 16:
		return condition{field: "code", op: "ilike", value: text}
	case m.name == "res.country" && len(text) == 2:
		return condition{field: "code", op: op, value: text}
	case m.name == "res.country.state" && series < 16:
		return condition{field: "code", op: "=ilike", value: text}
	case m.name == "res.country.state":
		return condition{field: "code", op: "=like", value: text}
	}
	return nil
}

// nameDomain is the domain for records whose display name meets a condition: what _name_search looks for in series 15 and
// _search_display_name in later ones.
func (e *env) nameDomain(m *model, op string, value any) (domain, error) {
	d, err := e.nameFields(m, op, value)
	if err != nil {
		return nil, err
	}
	switch m.name {
	case "res.users":
		return e.userNames(m, d, op, value)
	case "res.country":
		if text, ok := value.(string); ok && len(text) == 2 && e.series < 16 {
			return orDomain{condition{field: "code", op: "ilike", value: text}, d}, nil
		}
	case "res.country.state":
		if text, ok := value.(string); ok && text != "" && (op == "ilike" || op == "=") && e.series >= 16 {
			return orDomain{d, condition{field: "code", op: "=ilike", value: text}}, nil
		}
	case "res.partner.category":
		if e.series >= 16 && strings.HasSuffix(op, "like") && truthy(value) {
			ids, err := e.with("active_test", true).search(m, query{parsed: d})
			return condition{field: "id", op: "child_of", value: ints(ids)}, err
		}
	}
	return d, nil
}

// nameFields is the condition on the fields that hold a model's names.
func (e *env) nameFields(m *model, op string, value any) (domain, error) {
	like := strings.HasSuffix(op, "like")
	if like && !truthy(value) && !strings.Contains(op, "=") && (e.series >= 16 || value == "" && op == "ilike") {
		return boolDomain(!negative(op)), nil
	}
	names := m.nameFields(e.series)
	if _, odoos := modelAttributes[m.name]; odoos && e.series < 16 && (m.name != "res.partner" || !slices.Contains([]string{"=", "ilike", "=ilike", "like", "=like"}, op) || !truthy(value)) {
		names = names[:1]
	}
	if text, ok := value.(string); ok && m.name == "res.partner.category" && e.series < 16 {
		parts := strings.Split(text, " / ")
		value = parts[len(parts)-1]
	}
	var all []domain
	for _, name := range names {
		if f := m.fields[name]; f != nil {
			all = append(all, condition{field: name, op: op, value: value})
		}
	}
	switch {
	case len(all) == 0:
		return boolDomain(true), nil
	case len(all) == 1:
		return all[0], nil
	case negative(op):
		return andDomain(all), nil
	}
	return orDomain(all), nil
}

// nameFields are the fields that hold a model's names: _rec_names_search, or _rec_name.
func (m *model) nameFields(series int) []string {
	_, odoos := modelAttributes[m.name]
	if len(m.searched) > 0 && (series >= 16 || m.name == "res.partner" || !odoos) && m.name != "res.users" {
		return append([]string{m.recName}, m.searched...)
	}
	if m.recName == "complete_name" && m.fields[m.recName] == nil {
		return []string{"name"}
	}
	return []string{m.recName}
}

// userNames looks for a login of just that name first.
func (e *env) userNames(m *model, d domain, op string, value any) (domain, error) {
	applies := truthy(value) && (op == "=" || op == "ilike" || op == "in")
	if e.series < 16 {
		applies = !negative(op) && truthy(value)
	}
	if !applies || e.series >= 16 && e.series < 19 && op == "in" || e.series >= 19 && op == "=" {
		return d, nil
	}
	login := condition{field: "login", op: "=", value: value}
	if _, isList := sequence(value); isList {
		login.op = "in"
	}
	ids, err := e.search(m, query{parsed: login})
	if err != nil || len(ids) == 0 {
		return d, err
	}
	return condition{field: "id", op: "in", value: ints(ids)}, nil
}
