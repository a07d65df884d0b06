package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"odoobridge/auth/watch"
)

// Problems are all that is wrong with the files, each with its place.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// source is where the rules at path are.
func source(path string) watch.Source {
	return watch.Source{Path: path, Extensions: []string{".yaml", ".yml"}}
}

// Read reads a file, or the files *.yaml and *.yml of a folder in the order of their names. The error is [Problems] where
// they can be read and make no set. Warnings tell of rules that can't do what they look like, with their places.
func Read(path string) (s *Set, warnings []string, err error) {
	files, err := source(path).Files()
	if err != nil {
		return nil, nil, err
	}
	r := newReader()
	if len(files) == 0 {
		r.name = path
		r.broken("no file *.yaml or *.yml is in the folder")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		r.file(file, text)
	}
	return r.done()
}

// Parse reads the one file name with that text.
func Parse(name string, text []byte) (s *Set, warnings []string, err error) {
	r := newReader()
	r.file(name, text)
	return r.done()
}

// reader gathers what files say, and what is wrong with them.
type reader struct {
	problems []problem
	rules    []*Rule
	byID     map[string]*Rule
	rest     *Rule // the default of some file, nil where none has one

	name   string // of the file that is read
	dryRun bool   // for all of it
}

func newReader() *reader { return &reader{byID: map[string]*Rule{}} }

// problem is one of [Problems].
type problem struct {
	file string
	line int // 0 is the file as a whole
	text string
}

func (p problem) String() string {
	if p.line == 0 {
		return p.file + ": " + p.text
	}
	return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.text)
}

// broken is a problem of the file as a whole.
func (r *reader) broken(format string, args ...any) {
	r.problems = append(r.problems, problem{r.name, 0, fmt.Sprintf(format, args...)})
}

// wrong is a problem of a node.
func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, problem{r.name, n.Line, fmt.Sprintf(format, args...)})
}

// told are the problems in the order of the files and their lines.
func (r *reader) told() (told Problems) {
	slices.SortStableFunc(r.problems, func(a, b problem) int {
		if a.file != b.file {
			return 0 // files are read one after the other
		}
		return a.line - b.line
	})
	for _, p := range r.problems {
		told = append(told, p.String())
	}
	return told
}

func (r *reader) file(name string, text []byte) {
	r.name, r.dryRun = name, false
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		r.broken("the file is empty; it needs rules, or a default")
		return
	case err != nil:
		r.unreadable(err)
		return
	}
	var more yaml.Node
	if err := d.Decode(&more); err == nil {
		r.wrong(&more, "a second document in one file; write it in a file of its own")
	} else if !errors.Is(err, io.EOF) {
		r.unreadable(err)
	}
	root := resolve(doc.Content[0])
	if root.Kind != yaml.MappingNode {
		r.wrong(root, "the file must be a mapping with rules, such as `rules: [...]`")
		return
	}
	fields := r.fields(root, "default", "dry_run", "rules")
	if n := fields["dry_run"]; n != nil {
		r.dryRun = r.boolean(n, "dry_run")
	}
	if n := fields["default"]; n != nil {
		r.readDefault(n)
	}
	if n := fields["rules"]; n != nil {
		if n.Kind != yaml.SequenceNode && !isNull(n) {
			r.wrong(n, "rules: a list of rules is expected, each with a dash before it")
		}
		if n.Kind == yaml.SequenceNode {
			for _, item := range n.Content {
				r.rule(resolve(item))
			}
		}
	}
}

// lineFirst is how the YAML library begins errors that it knows the line of.
var lineFirst = regexp.MustCompile(`^yaml: line (\d+): `)

// unreadable is a file that is no YAML.
func (r *reader) unreadable(err error) {
	text := err.Error()
	if m := lineFirst.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[1]) // digits
		r.problems = append(r.problems, problem{r.name, line, "no YAML: " + text[len(m[0]):]})
		return
	}
	r.broken("no YAML: %s", strings.TrimPrefix(text, "yaml: "))
}

func (r *reader) readDefault(n *yaml.Node) {
	allow, _ := r.effect(n, "default")
	rule := &Rule{ID: DefaultID, File: r.name, Line: n.Line, Allow: allow, DryRun: r.dryRun}
	if r.rest != nil {
		r.wrong(n, "default: there is one already at %s; one file has it for all", r.rest.Place())
		return
	}
	r.rest = rule
}

// fields are the values of a mapping by their keys, which have to be known and there once.
func (r *reader) fields(n *yaml.Node, known ...string) map[string]*yaml.Node {
	got := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !slices.Contains(known, key.Value):
			r.wrong(key, "there is no field %q%s", key.Value, meant(key.Value, known))
		case got[key.Value] != nil:
			r.wrong(key, "%s is there twice", key.Value)
		default:
			value := *resolve(n.Content[i+1])
			value.Line = key.Line // of a list in lines of its own it would be the next one
			got[key.Value] = &value
		}
	}
	return got
}

// meant names the known field that a mistyped one begins like, or stands in another number.
func meant(field string, known []string) string {
	best, length := "", 2
	for _, k := range known {
		n := 0
		for n < len(field) && n < len(k) && field[n] == k[n] {
			n++
		}
		if n > length {
			best, length = k, n
		}
	}
	if best == "" {
		return "; there are " + strings.Join(known, ", ")
	}
	return "; did you mean " + best + "?"
}

// resolve is the node that an alias stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func (r *reader) boolean(n *yaml.Node, field string) bool {
	switch {
	case n.Kind == yaml.ScalarNode && (n.Value == "true" || n.Value == "yes" || n.Value == "on"):
		return true
	case n.Kind == yaml.ScalarNode && (n.Value == "false" || n.Value == "no" || n.Value == "off"):
	default:
		r.wrong(n, "%s: %s is neither true nor false", field, said(n))
	}
	return false
}

func (r *reader) effect(n *yaml.Node, field string) (allow, ok bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "allow":
		return true, true
	case n.Kind == yaml.ScalarNode && n.Value == "deny":
		return false, true
	}
	r.wrong(n, "%s: %s is neither allow nor deny", field, said(n))
	return false, false
}

// said is what a node says, for an error.
func said(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	const enough = 80
	if len(n.Value) > enough {
		return fmt.Sprintf("%q...", n.Value[:enough])
	}
	return fmt.Sprintf("%q", n.Value)
}

// done makes a set of what was read.
func (r *reader) done() (*Set, []string, error) {
	if r.problems != nil {
		return nil, nil, r.told()
	}
	s := &Set{rules: r.rules, byDefault: r.rest}
	if s.byDefault == nil {
		s.byDefault = &Rule{ID: DefaultID, Allow: true}
	}
	for _, rule := range s.rules {
		s.asks.KeyGroups = s.asks.KeyGroups || len(rule.match.keyGroups) > 0
		s.asks.Groups = append(s.asks.Groups, rule.match.groups...)
	}
	slices.Sort(s.asks.Groups)
	s.asks.Groups = slices.Compact(s.asks.Groups)
	return s, s.warnings(), nil
}

// warnings are the rules that are never asked since one before them matches all that they do.
func (s *Set) warnings() (told []string) {
	for i, rule := range s.rules {
		for _, before := range s.rules[:i] {
			if !before.DryRun && before.match.covers(&rule.match) {
				told = append(told, fmt.Sprintf("%s: the rule %q is never asked: %q at %s matches every call that it does", rule.Place(), rule.ID, before.ID, before.Place()))
				break
			}
		}
	}
	return told
}
