package sandbox

import "strings"

// methodFacts is a public method as Odoo 19's api_doc reflects it, but for the text of its docstring.
type methodFacts struct {
	name          string
	params        []paramFacts
	returns       string // annotation; "" if there is none
	returnsDoc    bool
	api           []string // "model", "readonly"
	raises        []string
	raisesAny     bool // the docstring tells of exceptions; their names may be empty
	doc           bool
	model, module string // of the class that introduced it; "core" for what all models have
}

type paramFacts struct {
	name       string
	kind       string // "" for the usual POSITIONAL_OR_KEYWORD
	annotation string
	typed      string // the type that the docstring tells
	doc        bool
	value      string // the default as Python writes it; "" if there is none
}

// parseMethodFacts reads a line of api19/methods.txt. It panics on what it can't read: the file is part of the program.
func parseMethodFacts(parts []string) methodFacts {
	signature := parts[0]
	name, rest, ok := strings.Cut(signature, "(")
	end := closing(rest)
	if !ok || end < 0 {
		panic("a method without parameters: " + signature)
	}
	m := methodFacts{name: name}
	keywordOnly := false
	for _, text := range splitTop(rest[:end]) {
		if text == "*" {
			keywordOnly = true
			continue
		}
		p := parseParamFacts(text)
		if keywordOnly && p.kind == "" {
			p.kind = "KEYWORD_ONLY"
		}
		m.params = append(m.params, p)
	}
	if arrow, ok := strings.CutPrefix(rest[end+1:], " ->"); ok {
		m.returns, m.returnsDoc = strings.CutPrefix(arrow, "#")
		m.returns = strings.TrimSpace(m.returns)
	}
	for _, part := range parts[1:] {
		words := strings.Fields(part)
		switch words[0] {
		case "doc":
			m.doc = true
		case "raises":
			m.raises, m.raisesAny = words[1:], true
		case "of":
			m.model, m.module = words[1], words[2]
		default:
			m.api = words
		}
	}
	return m
}

func parseParamFacts(text string) (p paramFacts) {
	text, p.value, _ = strings.Cut(text, " = ")
	text, p.annotation, _ = strings.Cut(text, ": ")
	p.name, p.doc = strings.CutSuffix(text, "#")
	if name, ok := strings.CutPrefix(p.name, "**"); ok {
		p.name, p.kind = name, "VAR_KEYWORD"
	} else if name, ok := strings.CutPrefix(p.name, "*"); ok {
		p.name, p.kind = name, "VAR_POSITIONAL"
	}
	if strings.HasPrefix(p.annotation, "<") {
		p.typed, p.annotation = strings.Trim(p.annotation, "<>"), ""
	}
	return p
}

// closing is the place of the parenthesis that closes the one before text; -1 if there is none.
func closing(text string) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// splitTop splits at the commas that stand in no brackets.
func splitTop(text string) (parts []string) {
	depth, start := 0, 0
	for i, c := range text {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	if last := strings.TrimSpace(text[start:]); last != "" {
		parts = append(parts, last)
	}
	return parts
}

// signature is how api_doc writes it: names and defaults, the stars left out, and what comes back.
func (m methodFacts) signature() string {
	var names []string
	for _, p := range m.params {
		name := p.name
		if p.value != "" {
			name += "=" + p.value
		}
		names = append(names, name)
	}
	text := "(" + strings.Join(names, ", ") + ")"
	if m.returns != "" {
		text += " -> " + m.returns
	}
	return text
}

// noDocstring stands for a docstring: the sandbox has none of Odoo's texts.
const noDocstring = ""

// reflection is the method in a document.
func (m methodFacts) reflection() *dict {
	parameters := newDict()
	for _, p := range m.params {
		parameters.set(p.name, p.reflection())
	}
	d := newDict("signature", m.signature(), "parameters", parameters)
	if m.returns != "" || m.returnsDoc {
		returns := newDict()
		if m.returns != "" {
			returns.set("annotation", m.returns)
		}
		if m.returnsDoc {
			returns.set("doc", noDocstring)
		}
		d.set("return", returns)
	}
	if len(m.api) > 0 {
		d.set("api", texts(m.api))
	}
	if m.raisesAny {
		raises := newDict()
		for _, class := range m.raises {
			raises.set(class, noDocstring)
		}
		d.set("raise", raises)
	}
	if m.doc {
		d.set("doc", noDocstring)
	}
	d.set("model", m.model)
	d.set("module", m.module)
	return d
}

func (p paramFacts) reflection() *dict {
	d := newDict()
	if p.kind != "" {
		d.set("kind", p.kind)
	}
	if p.value != "" {
		d.set("default", defaultValue(p.value))
	}
	if p.annotation != "" {
		d.set("annotation", p.annotation)
	}
	if p.doc {
		d.set("doc", noDocstring)
	}
	if p.typed != "" {
		d.set("annotations", p.typed)
	}
	return d
}

func texts(list []string) []any {
	values := make([]any, len(list))
	for i, s := range list {
		values[i] = s
	}
	return values
}
