//go:build unix

package integration

import (
	"fmt"
	"slices"
	"testing"

	"odoobridge/fixtures/conformance"
)

// TestJSON2BeforeOlderSeries replays the cases of JSON-2 that were recorded of 19 through a bridge in front of an older Odoo,
// which has none: 19's answers are the measure all the same. testdata/json2-15.json and json2-18.json name those that
// differ, and why; "series" is the recording's there.
func TestJSON2BeforeOlderSeries(t *testing.T) {
	cases, err := conformance.Load(19)
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for _, c := range cases {
		if c.Kind != "json2" && !slices.Contains(others, c.Kind) {
			others = append(others, c.Kind)
		}
	}
	tallies := map[int]conformance.Tally{}
	for _, series := range []int{15, 18} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			differ, err := conformance.LoadExceptions(fmt.Sprintf("testdata/json2-%d.json", series))
			if err != nil {
				t.Fatal(err)
			}
			trial := conformance.Trial{Differ: differ, Skip: others, Seen: func(c conformance.Case, got conformance.Answer) {
				seen.capture("answer to " + c.ID).Write(got.Body)
			}}
			// The cases name the database of their recording.
			tally, faults, err := trial.Run(t.Context(), 19, freshDemo(t, series, "--db", "odoo19").ready["bridge"])
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range faults {
				t.Error(fault)
			}
			tallies[series] = tally
		})
	}
	t.Logf("cases of JSON-2 in front of an older Odoo, those that agree:\n%s", conformance.Table("bridge", tallies))
}
