package policy

import (
	"fmt"
	"strings"
)

// glob is a pattern for a whole name: "*" stands for any characters, none included, and "?" for one byte. Nothing else is
// special; a dot is like any other character.
type glob struct {
	text string
	kind globKind
	part string // what it begins or ends with, where kind says so
}

type globKind uint8

const (
	literal globKind = iota
	any_             // "*"
	prefix           // "sale.*"
	suffix           // "*.line"
	pattern          // anything else
)

// compileGlob refuses what looks like a pattern of another kind, which would silently match nothing.
func compileGlob(text string) (glob, error) {
	if text == "" {
		return glob{}, fmt.Errorf("an empty pattern matches nothing; leave it out")
	}
	if i := strings.IndexAny(text, `[]{}\`); i >= 0 {
		return glob{}, fmt.Errorf("%q has a %q in it: in a pattern * stands for any characters and ? for one, and nothing else is special", text, text[i])
	}
	g := glob{text: text}
	switch stars := strings.Count(text, "*"); {
	case strings.Contains(text, "?"):
		g.kind = pattern
	case stars == 0:
	case strings.Trim(text, "*") == "":
		g.kind = any_
	case stars == 1 && strings.HasSuffix(text, "*"):
		g.kind, g.part = prefix, text[:len(text)-1]
	case stars == 1 && strings.HasPrefix(text, "*"):
		g.kind, g.part = suffix, text[1:]
	default:
		g.kind = pattern
	}
	return g, nil
}

func (g *glob) matches(s string) bool {
	switch g.kind {
	case literal:
		return s == g.text
	case any_:
		return true
	case prefix:
		return strings.HasPrefix(s, g.part)
	case suffix:
		return strings.HasSuffix(s, g.part)
	}
	return matchPattern(g.text, s)
}

// matchPattern takes time in proportion to the product of the lengths at worst: of the stars only the last one is ever tried
// anew.
func matchPattern(p, s string) bool {
	star, rest := -1, 0 // the last star in p, and where in s what follows it was last tried
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, rest = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			rest++
			i, j = star+1, rest
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// covers tells whether g matches everything that other does. It may miss some of that, never the reverse: a star of other has
// to meet a star of g, and a "?" no literal.
func (g *glob) covers(other *glob) bool {
	if other.kind == literal {
		return g.matches(other.text)
	}
	if g.kind == any_ || g.text == other.text {
		return true
	}
	if strings.ContainsAny(g.text, "?") {
		return false
	}
	return matchPattern(g.text, other.text)
}

// globs are alternatives.
type globs []glob

// match tells whether one of them matches; so do none at all.
func (gs globs) match(s string) bool {
	if len(gs) == 0 {
		return true
	}
	for i := range gs {
		if gs[i].matches(s) {
			return true
		}
	}
	return false
}

// matchKnown is match for what is "" where it is not known, which only the absence of a condition matches.
func (gs globs) matchKnown(s string) bool { return len(gs) == 0 || s != "" && gs.match(s) }

// matchAny tells whether one of them matches one of the names; so do none at all.
func (gs globs) matchAny(names []string) bool {
	if len(gs) == 0 {
		return true
	}
	for _, name := range names {
		if gs.match(name) {
			return true
		}
	}
	return false
}

// cover tells whether gs match everything that others do, as far as that is easily seen.
func (gs globs) cover(others globs) bool {
	if len(gs) == 0 {
		return true
	}
	if len(others) == 0 {
		return false
	}
	for i := range others {
		if !gs.coverOne(&others[i]) {
			return false
		}
	}
	return true
}

func (gs globs) coverOne(other *glob) bool {
	for i := range gs {
		if gs[i].covers(other) {
			return true
		}
	}
	return false
}
