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

// json2Answers are what the bridge answers to cases whose credentials or database it reads otherwise than Odoo: each value
// names the case whose recorded answer it is.
var json2Answers = map[int]map[string]string{
	15: {
		"json2.basic":       "json2.bearer.upper",
		"json2.db.none":     "json2.bearer.upper",
		"json2.apikey":      "json2.badbearer", // no auth_api_key table
		"json2.apikey.both": "json2.badbearer",
	},
	18: {
		"json2.basic":   "json2.bearer.upper", // a login that holds is as good as a key
		"json2.apikey":  "json2.bearer.upper", // the header is what the bridge is there for
		"json2.db.none": "json2.bearer.upper", // the default database
	},
}

// TestJSON2Conformance replays the recorded cases of JSON-2 through the bridge in front of the older series, where they
// were never recorded, and their answers are the measure all the same. Every difference has its reason in
// testdata/json2.json.
func TestJSON2Conformance(t *testing.T) {
	cases, err := conformance.Load(19)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/json2.json")
	if err != nil {
		t.Fatal(err)
	}
	var reasons map[string]map[string]string
	if err := json.Unmarshal(text, &reasons); err != nil {
		t.Fatalf("testdata/json2.json: %v", err)
	}
	for _, series := range []int{15, 18} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			bridge := demo(t, series).ready["bridge"]
			allowed := reasons[fmt.Sprint(series)]
			sent, agreed := 0, 0
			for _, c := range cases {
				if c.Kind != "json2" {
					continue
				}
				sent++
				c = inSeries(answeredAs(t, c, series, cases), series)
				got, err := c.Send(t.Context(), bridge)
				if err != nil {
					t.Fatal(err)
				}
				seen.capture("answer to " + c.ID).Write(got.Body)
				diffs := c.Diff(got)
				switch reason, excepted := allowed[c.ID]; {
				case len(diffs) == 0 && excepted:
					t.Errorf("%s agrees; take it out of testdata/json2.json", c.ID)
				case len(diffs) == 0:
					agreed++
				case !excepted:
					t.Errorf("%s (%s) differs:\n%s", c.ID, c.What, strings.Join(diffs, "\n"))
				default:
					t.Logf("%s differs as it may: %s", c.ID, reason)
				}
			}
			t.Logf("%d of %d agree", agreed, sent)
		})
	}
}

// answeredAs is the case with the answer that the bridge shall give.
func answeredAs(t *testing.T, c conformance.Case, series int, all []conformance.Case) conformance.Case {
	t.Helper()
	as, ok := json2Answers[series][c.ID]
	if !ok {
		return c
	}
	i := slices.IndexFunc(all, func(other conformance.Case) bool { return other.ID == as })
	if i < 0 {
		t.Fatalf("json2Answers names the case %s, which is not recorded", as)
	}
	c.Response, c.Volatile = all[i].Response, all[i].Volatile
	return c
}

// inSeries is the case for the database of a series.
func inSeries(c conformance.Case, series int) conformance.Case {
	c.Request.Headers = slices.Clone(c.Request.Headers)
	for i, h := range c.Request.Headers {
		if h.Name == "X-Odoo-Database" && h.Value == "odoo19" {
			c.Request.Headers[i].Value = fmt.Sprintf("odoo%d", series)
		}
	}
	return c
}
