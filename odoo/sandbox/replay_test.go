//go:build unix

package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"

	"odoobridge/fixtures/conformance"
)

// TestReplay sends the recorded cases in their order to a sandbox. All have to agree but those that
// testdata/conformance.json names, each with its reason; of those, none may.
func TestReplay(t *testing.T) {
	differ, err := conformance.LoadExceptions("testdata/conformance.json")
	if err != nil {
		t.Fatal(err)
	}
	trial := conformance.Trial{Differ: differ}
	var mu sync.Mutex
	tallies := map[int]conformance.Tally{}
	t.Cleanup(func() {
		t.Logf("recorded cases sent to the sandbox, those that agree:\n%s", conformance.Table("sandbox", tallies))
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
