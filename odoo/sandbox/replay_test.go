//go:build unix

package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"

	"odoobridge/fixtures/conformance"
)

// elsewhere are the kinds of endpoints that the sandbox does not serve yet.
var elsewhere = []string{"json2", "version", "api-doc"}

// TestReplay sends the recorded cases in their order to a sandbox. All have to agree but those that
// testdata/conformance.json names, each with its reason; of those, none may.
func TestReplay(t *testing.T) {
	differ, err := conformance.LoadExceptions("testdata/conformance.json")
	if err != nil {
		t.Fatal(err)
	}
	trial := conformance.Trial{Differ: differ, Skip: elsewhere}
	var mu sync.Mutex
	tallies := map[int]conformance.Tally{}
	t.Cleanup(func() {
		t.Logf("recorded cases sent to the sandbox, those that agree (without %v):\n%s", elsewhere, conformance.Table("sandbox", tallies))
	})
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(newSandbox(t, series))
			t.Cleanup(server.Close)
			tally, faults, err := trial.Run(t.Context(), series, server.URL)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range faults {
				t.Error(fault)
			}
			mu.Lock()
			defer mu.Unlock()
			tallies[series] = tally
		})
	}
}
