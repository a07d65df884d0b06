//go:build unix

package integration

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
)

// readingKinds are the kinds of recorded cases that change nothing, so that they can be sent twice.
var readingKinds = []string{"common", "auth", "db", "read", "values", "errors", "protocol-json", "protocol-xml"}

// TestOddRequestsThroughTheBridge sends requests that nobody recorded, with odd words in them, to the sandbox and to the
// bridge in front of it. The two judge them by code of their own, and have to come to the same answer: what the bridge
// refuses itself it refuses in Odoo's words, and the rest reaches Odoo as it was meant.
//
// One in two hundred may differ: the bridge checks credentials before Odoo looks at what is behind them, and what only
// XML-RPC refuses is answered (testdata/conformance.json).
func TestOddRequestsThroughTheBridge(t *testing.T) {
	requests := 800
	if testing.Short() {
		requests = 100
	}
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			d := freshDemo(t, series)
			cases, err := conformance.Load(series)
			if err != nil {
				t.Fatal(err)
			}
			cases = slices.DeleteFunc(cases, func(c conformance.Case) bool { return !slices.Contains(readingKinds, c.Kind) })
			odd := conformance.NewMutator(uint64(series), cases)
			var differ []string
			for range requests {
				if diff := bothAnswer(t, d, odd.Next()); diff != "" {
					differ = append(differ, diff)
				}
			}
			t.Logf("%d of %d differ", len(differ), requests)
			if len(differ) > requests/200 {
				t.Errorf("more than one in two hundred:\n%s", strings.Join(differ, "\n"))
			}
		})
	}
}

// bothAnswer sends a request to the sandbox and to the bridge and says how the bridge's answer differs.
func bothAnswer(t *testing.T, d *process, c conformance.Case) string {
	t.Helper()
	for _, method := range []string{"create", "copy", "write", "unlink"} {
		if bytes.Contains(c.Request.Body, []byte(method)) {
			return "" // would make the one after it another
		}
	}
	want, err := c.Send(t.Context(), d.ready["sandbox"])
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Send(t.Context(), d.ready["bridge"])
	if err != nil {
		t.Fatal(err)
	}
	seen.capture("answer to an odd " + c.ID).Write(got.Body)
	// The bridge tells nobody where PostgreSQL is.
	want.Body = bytes.ReplaceAll(want.Body, []byte("127.0.0.1"), []byte("localhost"))
	c.Response, c.Volatile = want, []conformance.Mask{{Header: "Set-Cookie"}}
	if diffs := c.Diff(got); len(diffs) > 0 {
		return fmt.Sprintf("%s with the body\n%s\n%s", c.ID, c.Request.Body, strings.Join(diffs, "\n"))
	}
	return ""
}
