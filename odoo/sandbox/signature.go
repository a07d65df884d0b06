package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// signature is a Python function's, as data: "BaseModel.search(self, domain, offset=0, limit=None, order=None)".
type signature struct {
	name     string // as the TypeError names it
	params   []param
	keywords string // "read_kwargs" of **read_kwargs, which takes all other names; "" if there is none
}

type param struct {
	name     string
	optional bool
	value    any // the default
}

// parseSignature reads a signature. It panics on what it cannot read: signatures are part of the program.
func parseSignature(text string) signature {
	name, list, ok := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	if !ok {
		panic("signature without parentheses: " + text)
	}
	s := signature{name: name}
	for _, p := range strings.Split(list, ",") {
		p = strings.TrimSpace(p)
		if p == "" {
			continue
		}
		if name, ok := strings.CutPrefix(p, "**"); ok {
			s.keywords = name
			continue
		}
		name, value, optional := strings.Cut(p, "=")
		s.params = append(s.params, param{name: name, optional: optional, value: defaultValue(value)})
	}
	return s
}

// defaultValue reads the few literals that defaults are made of.
func defaultValue(text string) any {
	switch text {
	case "", "None":
		return nil
	case "True":
		return true
	case "False":
		return false
	case "()":
		return tuple{}
	}
	if n, err := toInt(text); err == nil {
		return n
	}
	return strings.Trim(text, "'")
}

// bind gives each parameter its value, or the TypeError that Python raises. args has the leading arguments that the caller
// of the function adds itself (self, or db and uid): Python's texts count them too.
func (s signature) bind(args []any, kwargs *dict) (map[string]any, error) {
	bound := make(map[string]any, len(s.params))
	rest := newDict()
	for i, v := range args[:min(len(args), len(s.params))] {
		bound[s.params[i].name] = v
	}
	if kwargs != nil {
		for _, k := range kwargs.keys {
			if !s.has(k) && s.keywords != "" {
				rest.set(k, kwargs.values[k])
				continue
			}
			if !s.has(k) {
				return nil, typeError(fmt.Sprintf("%s() got an unexpected keyword argument %s", s.name, repr(k)))
			}
			if _, twice := bound[k]; twice {
				return nil, typeError(fmt.Sprintf("%s() got multiple values for argument %s", s.name, repr(k)))
			}
			bound[k] = kwargs.values[k]
		}
	}
	if s.keywords != "" {
		bound[s.keywords] = rest
	}
	if len(args) > len(s.params) {
		return nil, s.tooMany(len(args))
	}
	var missing []string
	for _, p := range s.params {
		if _, ok := bound[p.name]; ok {
			continue
		}
		if !p.optional {
			missing = append(missing, repr(p.name))
			continue
		}
		bound[p.name] = p.value
	}
	if len(missing) > 0 {
		return nil, typeError(fmt.Sprintf("%s() missing %d required positional argument%s: %s",
			s.name, len(missing), plural(len(missing)), enumerate(missing)))
	}
	return bound, nil
}

// has tells whether a parameter has the name.
func (s signature) has(name string) bool {
	return slices.ContainsFunc(s.params, func(p param) bool { return p.name == name })
}

func (s signature) tooMany(given int) error {
	required := 0
	for _, p := range s.params {
		if !p.optional {
			required++
		}
	}
	takes, ending := fmt.Sprint(required), plural(required)
	if required < len(s.params) {
		takes, ending = fmt.Sprintf("from %d to %d", required, len(s.params)), "s"
	}
	were := "were"
	if given == 1 {
		were = "was"
	}
	return typeError(fmt.Sprintf("%s() takes %s positional argument%s but %d %s given", s.name, takes, ending, given, were))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// enumerate joins names as Python does: 'a', 'b', and 'c'.
func enumerate(names []string) string {
	switch len(names) {
	case 1:
		return names[0]
	case 2:
		return names[0] + " and " + names[1]
	}
	return strings.Join(names[:len(names)-1], ", ") + ", and " + names[len(names)-1]
}
