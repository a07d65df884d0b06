//go:build unix

package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"testing"

	"odoobridge/fixtures/conformance"
)

// floors is testdata/floors.json: how many cases of a kind agree at least, by series. A number may only grow.
func floors(t *testing.T) map[string]map[string]int {
	t.Helper()
	text, err := os.ReadFile("testdata/floors.json")
	if err != nil {
		t.Fatal(err)
	}
	var byKind map[string]map[string]int
	if err := json.Unmarshal(text, &byKind); err != nil {
		t.Fatalf("testdata/floors.json: %v", err)
	}
	return byKind
}

// elsewhere are the kinds of endpoints that the sandbox does not serve yet.
var elsewhere = map[string]bool{"json2": true, "version": true, "api-doc": true}

// TestReplay sends the recorded cases in their order to a sandbox and counts the answers that agree.
func TestReplay(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(newSandbox(t, series))
			t.Cleanup(server.Close)
			cases, err := conformance.Load(series)
			if err != nil {
				t.Fatal(err)
			}
			agreed, differ := make(map[string]int), make(map[string][]string)
			for _, c := range cases {
				if elsewhere[c.Kind] {
					continue
				}
				got, err := c.Send(context.Background(), server.URL)
				if err != nil {
					t.Errorf("%s: %v", c.ID, err)
					continue
				}
				if d := c.Diff(got); len(d) > 0 {
					differ[c.Kind] = append(differ[c.Kind], fmt.Sprintf("%s: %q", c.ID, d))
					continue
				}
				agreed[c.Kind]++
			}
			for kind, floor := range floors(t)[fmt.Sprint(series)] {
				if agreed[kind] < floor {
					t.Errorf("%d cases of kind %s agree, at least %d have to. They differ in:", agreed[kind], kind, floor)
					for _, d := range differ[kind] {
						t.Log(d)
					}
				}
				if agreed[kind] > floor {
					t.Logf("%d cases of kind %s agree: raise the floor from %d", agreed[kind], kind, floor)
				}
			}
		})
	}
}
