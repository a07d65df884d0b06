package bridge

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"odoobridge/odoo/queue"
)

// TestBodyMemory: the bodies of calls that wait for Odoo leave no room for one more large one, but for small ones, and all
// of it is there again when they are through.
func TestBodyMemory(t *testing.T) {
	q := NewQueue(queue.Limits{Calls: 1, Own: 10, All: 20})
	if _, err := q.Enter(t.Context(), Turn{}); err != nil {
		t.Fatal(err)
	}
	w := start(t, func(c *Config, _ *world) { c.Queue, c.BodyMemory = q, 500<<10 }, nil)
	body := func(size int) string {
		return call("object", "execute_kw", fmt.Sprintf(`["odoo18", 9001, "pw", "res.partner", "read", [%q]]`, strings.Repeat("x", size)))
	}
	ended := make(chan int)
	send := func(size int) {
		go func() {
			res, err := http.Post(w.url+"/jsonrpc", "application/json", strings.NewReader(body(size)))
			if err != nil {
				t.Error(err)
				ended <- 0
				return
			}
			res.Body.Close()
			ended <- res.StatusCode
		}()
	}
	send(400 << 10)
	eventually(t, "the large call waits", func() bool { return q.Waiting() == 1 })

	for _, announced := range []bool{true, false} {
		var r io.Reader = strings.NewReader(body(200 << 10))
		if !announced {
			r = io.MultiReader(r) // of a length that net/http does not know: in chunks
		}
		res, err := http.Post(w.url+"/jsonrpc", "application/json", r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 503 || res.Header.Get("Retry-After") != "1" ||
			!strings.Contains(string(answer), "werkzeug.exceptions.ServiceUnavailable") || !strings.Contains(string(answer), "no room for this one") {
			t.Errorf("a second large body, announced %t: %d %s (%v)", announced, res.StatusCode, answer, err)
		}
	}
	if n := testutil.ToFloat64(w.metrics.refused.WithLabelValues("body_memory")); n != 2 {
		t.Errorf("the metrics count %v refusals, want 2", n)
	}
	send(30 << 10)
	eventually(t, "a small call waits too", func() bool { return q.Waiting() == 2 })
	if n := len(w.sent()); n != 0 {
		t.Errorf("%d calls reached Odoo, and none has a place", n)
	}

	q.Leave()
	for range 2 {
		if status := <-ended; status != 200 {
			t.Errorf("a call that waited was answered %d", status)
		}
	}
	for range 3 { // one after the other: what one took is there for the next
		if res, answer := w.post(t, "/jsonrpc", body(400<<10)); res.StatusCode != 200 {
			t.Errorf("%d %s", res.StatusCode, answer)
		}
	}
}
