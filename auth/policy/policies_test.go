package policy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPolicies changes a folder of files: a good change is in force, a bad one changes nothing, and what rules ask for stays
// asked for, since a call may still be decided by the rules before.
func TestPolicies(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "."+name), []byte(text), 0o600); err != nil { // not looked at, by its dot
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "."+name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	ids := func(s *Set) (ids []string) {
		for _, r := range s.Rules() {
			ids = append(ids, r.ID)
		}
		return ids
	}
	write("20.yml", "rules:\n  - {id: second, effect: deny, groups: [base.group_user]}\n")
	write("10.yaml", "default: deny\nrules:\n  - {id: first, effect: allow}\n")
	write("30.txt", "no rules")
	p, warnings, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(p.Set()); !slices.Equal(got, []string{"first", "second"}) || p.Set().Default().Allow {
		t.Errorf("the rules are %v", got)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], `20.yml:2: the rule "second" is never asked: "first" at`) {
		t.Errorf("warned of %v", warnings)
	}
	told := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); p.Run(ctx, func(_ []string, err error) { told <- err }) }()
	defer func() { cancel(); <-done }()
	next := func(change func()) error {
		t.Helper()
		change()
		select {
		case err := <-told:
			return err
		case <-time.After(30 * time.Second):
			t.Fatal("a change is not noticed")
			return nil
		}
	}
	before := p.Set()
	if err := next(func() { write("20.yml", "rules:\n  - {id: first, effect: deny}\n") }); !errors.As(err, &Problems{}) || p.Set() != before {
		t.Errorf("a bad file: %v", err)
	}
	if err := next(func() {
		write("20.yml", "rules:\n  - {id: third, effect: deny, groups: [base.group_system], key_groups: [x]}\n")
	}); err != nil ||
		!slices.Equal(ids(p.Set()), []string{"first", "third"}) {
		t.Errorf("a good one: %v, %v", err, ids(p.Set()))
	}
	if asks := p.Asks(); !asks.KeyGroups || !slices.Equal(asks.Groups, []string{"base.group_system", "base.group_user"}) {
		t.Errorf("asked for are %+v", asks)
	}
	if asks := p.Set().Asks(); !slices.Equal(asks.Groups, []string{"base.group_system"}) {
		t.Errorf("the set asks for %+v", asks)
	}
	if err := next(func() { os.RemoveAll(dir) }); err == nil || len(p.Set().Rules()) != 2 {
		t.Errorf("no folder: %v", err)
	}
}

// TestNeverAsked: a rule is told of where one before it in force surely matches all that it does.
func TestNeverAsked(t *testing.T) {
	for _, tc := range []struct {
		name, first, second string
		want                bool
	}{
		{"all", "", "keys: [a]", true},
		{"the same", "keys: [a, b*]", "keys: [b*, a]", true},
		{"narrower in two ways", "models: [sale.*]", "models: [sale.order, sale.order.*], keys: [a]", true},
		{"wider", "keys: [a]", "", false},
		{"another pattern", "keys: ['*a']", "keys: [a*]", false},
		{"one of two", "keys: [a]", "keys: [a, b]", false},
		{"on trial", "dry_run: true", "keys: [a]", false},
		{"services", "services: [object]", "services: [object, db]", false},
		{"services, fewer", "services: [object, db]", "services: [db]", true},
		{"a rule for what it leaves out", "", "services: [common]", false},
		{"protocols", "protocols: [xmlrpc*]", "protocols: [xmlrpc]", true},
		{"protocols, any", "protocols: [xmlrpc*]", "", false},
		{"sources", "sources: [10.0.0.0/8]", "sources: [10.1.0.0/16, 10.2.2.2]", true},
		{"sources, wider", "sources: [10.1.0.0/16]", "sources: [10.0.0.0/8]", false},
		{"groups", "groups: [a.b, a.c]", "groups: [a.b]", true},
		{"groups, more", "groups: [a.b]", "groups: [a.b, a.c]", false},
		{"the same time", "time: {days: mon}", "time: {days: [mon]}", true},
		{"another time", "time: {days: mon}", "time: {days: tue}", false},
		{"sometimes", "time: {days: mon}", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rule := func(id, fields string) string {
				return "  - {id: " + id + ", effect: allow" + strings.TrimSuffix(", "+fields, ", ") + "}\n"
			}
			_, warnings, err := Parse("p.yaml", []byte("rules:\n"+rule("a", tc.first)+rule("b", tc.second)))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(warnings) == 1; got != tc.want {
				t.Errorf("warned of %v", warnings)
			}
		})
	}
}
