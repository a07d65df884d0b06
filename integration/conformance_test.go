//go:build unix

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"odoobridge/fixtures/conformance"
)

// goal is the share of a series' cases that must agree; the cases that differ with a reason are among the rest.
const goal = 0.98

// goalOfKind is the same for each kind. Two cases of "errors" make 2% of it, and four of "read": they are results that only
// XML-RPC refuses.
const goalOfKind = 0.97

// kinds are those of which goalOfKind is asked: not "headers", for half of its cases send API-KEY or
// Authorization, which stock Odoo ignores and the bridge is there to read.
var kinds = []string{"common", "auth", "protocol-json", "protocol-xml", "errors", "read", "write", "values", "absent", "version"}

// TestConformance replays the recorded calls through the bridge, each series to a demo of its own.
//
// testdata/conformance.json names the cases that the bridge answers otherwise, and why; those that the sandbox behind it
// answers otherwise are named in the sandbox's own list.
func TestConformance(t *testing.T) {
	differ, err := conformance.LoadExceptions("testdata/conformance.json")
	if err != nil {
		t.Fatal(err)
	}
	mayDiffer, err := conformance.LoadExceptions("../odoo/sandbox/testdata/conformance.json")
	if err != nil {
		t.Fatal(err)
	}
	trial := conformance.Trial{
		Differ: differ, MayDiffer: mayDiffer,
		Seen: func(c conformance.Case, got conformance.Answer) { seen.capture("answer to " + c.ID).Write(got.Body) },
	}
	tallies := map[int]conformance.Tally{}
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			tally, faults, err := trial.Run(t.Context(), series, freshDemo(t, series).ready["bridge"])
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range faults {
				t.Error(fault)
			}
			tallies[series] = tally
			agreed, sent := tally.Total()
			reach(t, "all kinds", agreed, sent, goal)
			for _, kind := range kinds {
				if agreed, sent := tally.Of(kind); sent > 0 {
					reach(t, kind, agreed, sent, goalOfKind)
				}
			}
		})
	}
	t.Logf("recorded cases through the bridge, those that agree:\n%s", conformance.Table("bridge", tallies))
}

func reach(t *testing.T, what string, agreed, sent int, share float64) {
	t.Helper()
	if got := float64(agreed) / float64(sent); got < share {
		t.Errorf("%s: %d of %d agree, %.1f%%, want %.0f%% at least", what, agreed, sent, 100*got, 100*share)
	}
}

// freshDemo is a demo that no other test has written to.
func freshDemo(t *testing.T, series int, flags ...string) *process {
	t.Helper()
	dir, err := clusterDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return start(t, append([]string{"demo", "--series", fmt.Sprint(series), "--data", filepath.Join(dir, "data"),
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"}, flags...)...)
}
