//go:build unix

package integration

import (
	"slices"
	"testing"

	"odoobridge/fixtures/conformance"
)

// driverGoal is the share of the recorded calls of services that agree in front of an Odoo without them.
const driverGoal = 0.97

// serviceKinds are the kinds of cases that ask the services object and common, of which driverGoal is asked; kindsBeside are of
// the same endpoints.
var (
	serviceKinds = []string{"common", "auth", "read", "write", "errors", "values"}
	kindsBeside  = []string{"db", "protocol-json", "protocol-xml"}
)

// TestOnlyJSON2 replays the recorded calls of /jsonrpc and /xmlrpc to a bridge in front of a 19 that has nothing but
// /json/2 left: callers of /jsonrpc and /xmlrpc must not notice. testdata/driver.json names those that do, and why; those that
// the sandbox answers otherwise are named in the sandbox's own list.
func TestOnlyJSON2(t *testing.T) {
	differ, err := conformance.LoadExceptions("testdata/driver.json")
	if err != nil {
		t.Fatal(err)
	}
	mayDiffer, err := conformance.LoadExceptions("../odoo/sandbox/testdata/conformance.json")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := conformance.Load(19)
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	asked := slices.Concat(serviceKinds, kindsBeside)
	for _, c := range cases {
		if !slices.Contains(asked, c.Kind) && !slices.Contains(others, c.Kind) {
			others = append(others, c.Kind)
		}
	}
	trial := conformance.Trial{Differ: differ, MayDiffer: mayDiffer, Skip: others, Seen: func(c conformance.Case, got conformance.Answer) {
		seen.capture("answer to " + c.ID).Write(got.Body)
	}}
	tally, faults, err := trial.Run(t.Context(), 19, freshDemo(t, 19, "--legacy=false").ready["bridge"])
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
	agreed, sent := 0, 0
	for _, kind := range serviceKinds {
		a, s := tally.Of(kind)
		agreed, sent = agreed+a, sent+s
	}
	reach(t, "the services object and common", agreed, sent, driverGoal)
	t.Logf("object and common: %d of %d agree", agreed, sent)
	t.Logf("recorded calls in front of an Odoo with /json/2 alone, those that agree:\n%s",
		conformance.Table("bridge", map[int]conformance.Tally{19: tally}))
}
