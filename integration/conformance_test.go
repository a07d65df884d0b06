//go:build unix

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
)

// floor is the share of a kind's cases that must agree, exceptions with their reasons included in the rest.
const floor = 0.95

// headerAnswers are what the bridge answers to the cases of kind "headers" that send API-KEY or Authorization, which stock
// Odoo ignores and the bridge is there to read. Each value names the case whose recorded answer it is: the same read of
// the same contact, granted or denied.
var headerAnswers = map[int]map[string]string{
	15: { // no auth_api_key table: an API-KEY that is no native key is nobody's
		"headers.apikey":          "headers.apikey.bad",
		"headers.apikey.bad":      "headers.apikey.bad",
		"headers.apikey.wrong":    "headers.apikey.bad",
		"headers.apikey.bad.xml2": "headers.apikey.bad.xml2",
		"headers.apikey.bad.xml1": "headers.apikey.bad.xml1",
		"headers.bearer":          "headers.apikey",
		"headers.basic":           "headers.apikey",
	},
	18: keyedHeaderAnswers,
	19: keyedHeaderAnswers,
}

var keyedHeaderAnswers = map[string]string{
	"headers.apikey":          "headers.apikey",
	"headers.apikey.bad":      "headers.apikey",     // the header says who calls; the password in the call is ignored
	"headers.apikey.wrong":    "headers.apikey.bad", // a header that does not hold is not outweighed by the call
	"headers.apikey.bad.xml2": "headers.odoodb.xml1",
	"headers.apikey.bad.xml1": "headers.odoodb.xml1",
	"headers.bearer":          "headers.apikey",
	"headers.basic":           "headers.apikey",
}

// exceptions are cases that may differ, by series and id, with the reason.
func exceptions(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/conformance.json")
	if err != nil {
		t.Fatal(err)
	}
	var e map[string]map[string]string
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestConformance replays the recorded calls that say who calls, and with which headers, through the bridge.
func TestConformance(t *testing.T) {
	allowed := exceptions(t)
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			bridge := demo(t, series).ready["bridge"]
			cases, err := conformance.Load(series)
			if err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{"common", "auth", "headers"} {
				t.Run(kind, func(t *testing.T) {
					sent, agreed := 0, 0
					for _, c := range cases {
						if c.Kind != kind {
							continue
						}
						sent++
						diffs := replay(t, bridge, expected(t, c, cases))
						reason, excepted := allowed[fmt.Sprint(series)][c.ID]
						switch {
						case len(diffs) == 0 && excepted:
							t.Errorf("%s agrees; take it out of testdata/conformance.json", c.ID)
						case len(diffs) == 0:
							agreed++
						case excepted:
							t.Logf("%s differs as it may: %s", c.ID, reason)
						default:
							t.Errorf("%s (%s) differs:\n%s", c.ID, c.What, strings.Join(diffs, "\n"))
						}
					}
					t.Logf("%d of %d agree", agreed, sent)
					if share := float64(agreed) / float64(sent); share < floor {
						t.Errorf("%.1f%% agree, want %.0f%% at least", 100*share, 100*floor)
					}
				})
			}
		})
	}
}

// expected is the case with the answer that the bridge shall give.
func expected(t *testing.T, c conformance.Case, all []conformance.Case) conformance.Case {
	t.Helper()
	if !slices.ContainsFunc(c.Request.Headers, func(h conformance.Header) bool {
		return strings.EqualFold(h.Name, "API-KEY") || strings.EqualFold(h.Name, "Authorization")
	}) {
		return c
	}
	as, ok := headerAnswers[c.Series][c.ID]
	if !ok {
		t.Fatalf("case %s sends credentials in a header; say in headerAnswers what the bridge answers", c.ID)
	}
	i := slices.IndexFunc(all, func(other conformance.Case) bool { return other.ID == as })
	if i < 0 {
		t.Fatalf("headerAnswers names the case %s, which is not recorded for series %d", as, c.Series)
	}
	c.Response, c.Volatile = all[i].Response, all[i].Volatile
	return c
}

func replay(t *testing.T, baseURL string, c conformance.Case) []string {
	t.Helper()
	got, err := c.Send(t.Context(), baseURL)
	if err != nil {
		t.Fatal(err)
	}
	seen.capture("answer to " + c.ID).Write(got.Body)
	return c.Diff(got)
}
