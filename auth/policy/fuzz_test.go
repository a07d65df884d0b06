package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// FuzzParse: a file makes a set that decides, or problems that each have a place in it.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"../../cmd/odoobridge/testdata/policy/*.yaml", "../../cmd/odoobridge/testdata/policy/folder/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds: %v", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte("default: deny\nrules:\n  - {id: a, effect: allow, keys: &a [x, *a], rate: 1e300, time: {days: sat-mon}}\n"))
	place := regexp.MustCompile(`^p\.yaml(:[1-9][0-9]*)?: \S`)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, warnings, err := Parse("p.yaml", text)
		if err != nil {
			problems := err.(Problems)
			for _, p := range problems {
				if !place.MatchString(p) {
					t.Errorf("a problem without a place: %s", p)
				}
			}
			return
		}
		c := read()
		if d := s.Decide(&c); d.Rule == nil && d.Trial == nil {
			t.Error("a call of a model that nothing decides")
		}
		ids := map[string]bool{DefaultID: true}
		for _, r := range s.Rules() {
			if ids[r.ID] || r.Place() == "" || r.match.services == 0 {
				t.Errorf("the rule %+v", r)
			}
			ids[r.ID] = true
		}
		for _, w := range warnings {
			if !place.MatchString(w) {
				t.Errorf("a warning without a place: %s", w)
			}
		}
	})
}

// FuzzGlob holds a pattern against a regular expression that says the same, and what it covers against what it matches.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][3]string{{"sale.*", "sale.order", "sale.o*"}, {"*", "", "?"}, {"a*b?c**", "axxbxc", "a*b?c"}, {"?", "é", "*"}, {"**a", "ba", "*a"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, pattern, name, other string) {
		g, err := compileGlob(pattern)
		if err != nil {
			return
		}
		got := g.matches(name)
		if want := expression(pattern).MatchString(bytesAsRunes(name)); got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, name, got, want)
		}
		o, err := compileGlob(other)
		if err != nil {
			return
		}
		if g.covers(&o) && o.matches(name) && !got {
			t.Errorf("%q covers %q, which matches %q alone", pattern, other, name)
		}
	})
}

// bytesAsRunes has a rune for each byte, since "?" stands for a byte.
func bytesAsRunes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

func expression(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(bytesAsRunes(pattern))
	return regexp.MustCompile(`(?s)^` + strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(quoted) + `$`)
}

// BenchmarkDecide has the last of n rules decide, after all the others were asked.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text := "default: deny\nrules:\n"
			for i := range n - 1 {
				text += fmt.Sprintf("  - {id: r%d, effect: allow, keys: [erp-%d-*, '*-%d'], models: [sale.*, 'stock.*'], methods: [read, 'search*'], sources: [10.0.0.0/8]}\n", i, i, i)
			}
			text += "  - {id: last, effect: allow, keys: [shop-*], time: {days: mon-fri, from: '06:00', to: '20:00', timezone: Europe/Paris}}\n"
			s := parse(b, text)
			c := read()
			b.ReportAllocs()
			for b.Loop() {
				if d := s.Decide(&c); d.Rule.ID != "last" {
					b.Fatal(d)
				}
			}
		})
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	s := parse(t, "rules:\n  - {id: a, effect: deny, keys: [x*], groups: [base.group_system]}\n  - {id: b, effect: allow, read_only: true, sources: [10.0.0.0/8], time: {days: mon-fri, timezone: Europe/Paris}}\n")
	c := read()
	if n := testing.AllocsPerRun(100, func() { s.Decide(&c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
