package main

import (
	"slices"
	"testing"

	"odoobridge/fixtures"
)

// TestChoices: what the shell offers for a setting is taken.
func TestChoices(t *testing.T) {
	for _, s := range settings {
		offered, ok := choices[s.name]
		if !ok {
			continue
		}
		if !slices.Contains(offered, s.byDefault) {
			t.Errorf("%s: the default %q is not offered", s.name, s.byDefault)
		}
		for _, v := range offered {
			if err := s.set(&Config{}, v); err != nil {
				t.Errorf("%s: %q is offered and refused: %v", s.name, v, err)
			}
		}
	}
	if len(choices["series"]) != len(fixtures.Series()) {
		t.Errorf("the series offered are %v, those there are %v", choices["series"], fixtures.Series())
	}
}
