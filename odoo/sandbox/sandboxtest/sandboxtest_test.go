//go:build unix

package sandboxtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"odoobridge/odoo/sandbox"
	"odoobridge/odoo/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

// call calls a model's method as admin, and returns the status and the body; arguments is JSON: [args], {kwargs}.
func call(s *sandboxtest.Sandbox, model, method, arguments string, header ...string) (int, string, error) {
	body := fmt.Sprintf(`{"id": 1, "params": {"service": "object", "method": "execute_kw", "args": [%q, 2, "admin", %q, %q, %s]}}`,
		s.Database, model, method, arguments)
	req, err := http.NewRequest(http.MethodPost, s.URL+"/jsonrpc", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

const (
	count  = `[[["name", "=", "from a test"]]]`
	create = `[{"name": "from a test"}]`
)

func counts(t *testing.T, s *sandboxtest.Sandbox, want int) {
	t.Helper()
	_, answer, err := call(s, "res.partner.category", "search_count", count)
	if want := fmt.Sprintf(`"result": %d}`, want); err != nil || !strings.HasSuffix(answer, want) {
		t.Errorf("%s %v, want %s", answer, err, want)
	}
}

func TestSnapshot(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			s := sandboxtest.Start(t, series)
			_, first, err := call(s, "res.partner.category", "create", create)
			if err != nil {
				t.Fatal(err)
			}
			s.Snapshot()
			_, second, _ := call(s, "res.partner.category", "create", create)
			_, _, _ = call(s, "res.partner.category", "unlink", `[[92001]]`)
			_, _, _ = call(s, "res.users", "write", `[[9001], {"active": false}]`)
			counts(t, s, 2)
			s.Restore()
			counts(t, s, 1)
			// Whose sequence was brought back, too: the same id is given again.
			if _, again, _ := call(s, "res.partner.category", "create", create); again != second || again == first {
				t.Errorf("created %s, then %s, and after the restore %s", first, second, again)
			}
			_, answer, err := call(s, "res.users", "search_count", `[[["id", "in", [9001]]]]`)
			if err != nil || !strings.HasSuffix(answer, `"result": 1}`) {
				t.Errorf("the archived user: %s %v", answer, err)
			}
			// Foreign keys hold as before.
			_, answer, _ = call(s, "res.partner", "create", `[{"name": "x", "country_id": 999999}]`)
			if !strings.Contains(answer, `"error"`) {
				t.Errorf("a partner of no country: %s", answer)
			}
			s.Restore()
			counts(t, s, 1)
		})
	}
}

func TestRestoreWithoutSnapshot(t *testing.T) {
	s := sandboxtest.Start(t, 18)
	res, err := http.Post(s.URL+sandbox.ControlPrefix+"restore?name=none", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != 404 || !strings.Contains(string(text), `restore the snapshot "none": no such snapshot`) {
		t.Errorf("%d %s", res.StatusCode, text)
	}
}

// TestSnapshotBesideCalls takes and restores snapshots while calls run: none fails, none sees half of a restore.
func TestSnapshotBesideCalls(t *testing.T) {
	s := sandboxtest.Start(t, 18)
	s.Snapshot()
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 25 {
				_, answer, err := call(s, "res.partner", "search_count", `[[["ref", "=", "CONF"]]]`)
				if err != nil || !strings.HasSuffix(answer, `"result": 5}`) {
					t.Errorf("%s %v", answer, err)
				}
			}
		})
	}
	for range 5 {
		s.Restore()
	}
	callers.Wait()
}

func TestFaults(t *testing.T) {
	s := sandboxtest.Start(t, 19)
	tests := []struct {
		fault  string
		status int    // 0 where there is no answer
		want   string // in the answer
		runs   int
	}{
		{"delay=20ms", 200, `"result"`, 1},
		{"error", 500, "as the test asked for", 0},
		{"error=503", 503, "as the test asked for", 0},
		{"denied", 200, `odoo.exceptions.AccessDenied`, 0},
		{"closed", 0, "", 0},
		{"cut", 0, "", 1},
		{"garbage", 200, "garbage", 1},
	}
	for _, test := range tests {
		for _, by := range []string{"rule", "header"} {
			t.Run(test.fault+" by "+by, func(t *testing.T) {
				s.Forget()
				var header []string
				if by == "header" {
					header = []string{sandbox.FaultHeader, test.fault}
				} else {
					s.Fault(test.fault, "res.partner.category", "create", 1)
				}
				began := time.Now()
				status, answer, err := call(s, "res.partner.category", "create", create, header...)
				if test.status == 0 && err == nil || test.status != 0 && (err != nil || status != test.status || !strings.Contains(answer, test.want)) {
					t.Errorf("%d %s %v, want %d with %q", status, answer, err, test.status, test.want)
				}
				if took := time.Since(began); test.fault == "delay=20ms" && took < 20*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				if n := s.Executions("res.partner.category", "create"); n != test.runs {
					t.Errorf("carried out %d times, want %d", n, test.runs)
				}
				calls := s.Calls()
				if len(calls) != 1 || calls[0].Fault != test.fault && calls[0].Fault != test.fault+"=500" {
					t.Errorf("received %+v", calls)
				}
				if by == "rule" { // it was for one call
					if status, answer, err := call(s, "res.partner.category", "create", create); status != 200 || !strings.Contains(answer, "result") {
						t.Errorf("the next call: %d %s %v", status, answer, err)
					}
				}
			})
		}
	}
	t.Run("the caller goes away", func(t *testing.T) {
		s.Forget()
		s.Fault("delay=1h", "res.partner.category", "create", 1)
		ctx, cancel := context.WithCancel(t.Context())
		body := fmt.Sprintf(`{"params": {"service": "object", "method": "execute_kw", "args": [%q, 2, "admin", "res.partner.category", "create", %s]}}`, s.Database, create)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/jsonrpc", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		gone := make(chan error)
		go func() {
			_, err := http.DefaultClient.Do(request)
			gone <- err
		}()
		for len(s.Calls()) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
		if err := <-gone; err == nil {
			t.Error("it was answered")
		}
		for end := time.Now().Add(20 * time.Second); s.Executions("res.partner.category", "create") != 1; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("it was not carried out")
			}
		}
	})
	t.Run("other methods", func(t *testing.T) {
		s.Fault("error", "res.partner", "create", 0)
		counts(t, s, len(counted(t, s)))
		s.Fault("", "", "", 0)
	})
}

func counted(t *testing.T, s *sandboxtest.Sandbox) []int {
	t.Helper()
	_, answer, err := call(s, "res.partner.category", "search", count)
	var found struct{ Result []int }
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found.Result
}

func TestDeniedInEachProtocol(t *testing.T) {
	s := sandboxtest.Start(t, 19)
	s.Fault("denied", "", "", 0)
	tests := []struct{ path, contentType, body, want string }{
		{"/jsonrpc", "application/json", `{"id": 7, "params": {"service": "common", "method": "version", "args": []}}`, `"id": 7, "error"`},
		{"/xmlrpc/2/common", "text/xml", `<methodCall><methodName>version</methodName></methodCall>`, `<int>3</int>`},
		{"/json/2/res.partner/search", "application/json", `{"domain": []}`, `Invalid apikey`},
		{"/nowhere", "", ``, `<p>Access Denied</p>`},
	}
	for _, test := range tests {
		res, err := http.Post(s.URL+test.path, test.contentType, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.Contains(string(text), test.want) {
			t.Errorf("%s: %s, want %s in it", test.path, text, test.want)
		}
	}
}

func TestCalls(t *testing.T) {
	s := sandboxtest.Start(t, 19)
	_, _, _ = call(s, "res.partner", "search_count", `[[]]`, "X-Request-Id", "one-of-mine")
	_, _, _ = call(s, "res.partner", "no_such_method", `[[]]`)
	res, err := http.Post(s.URL+"/json/2/res.users/context_get", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	calls := s.Calls()
	if len(calls) != 3 {
		t.Fatalf("%d calls: %+v", len(calls), calls)
	}
	for i, want := range []sandbox.ReceivedCall{
		{Seq: 1, RequestID: "one-of-mine", HTTP: "POST /jsonrpc", Service: "object", Model: "res.partner", Method: "search_count", Status: 200},
		{Seq: 2, HTTP: "POST /jsonrpc", Service: "object", Model: "res.partner", Method: "no_such_method", Status: 200},
		{Seq: 3, HTTP: "POST /json/2/res.users/context_get", Service: "object", Model: "res.users", Method: "context_get", Status: 404},
	} {
		got := calls[i]
		got.Time = want.Time
		if got != want {
			t.Errorf("call %d is %+v, want %+v", i, got, want)
		}
	}
	if n, none := s.Executions("res.partner", "search_count"), s.Executions("res.partner", "no_such_method"); n != 1 || none != 0 {
		t.Errorf("carried out %d and %d times", n, none)
	}
	s.Forget()
	if left := s.Calls(); len(left) != 0 {
		t.Errorf("%d calls are left", len(left))
	}
}

func TestBadRequests(t *testing.T) {
	s := sandboxtest.Start(t, 18)
	tests := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{http.MethodPut, "faults", `[{"fault": "explode"}]`, 400, `fault "explode" is none`},
		{http.MethodPut, "faults", `[{"model": "x"}]`, 400, `each has a "fault"`},
		{http.MethodPut, "faults", `[{"fault": "denied", "modle": "x"}]`, 400, `unknown field "modle"`},
		{http.MethodPut, "faults", `[{"fault": "delay=soon"}]`, 400, `delay=300ms`},
		{http.MethodGet, "nothing", ``, 404, `docs/TESTING.md`},
		{http.MethodPost, "snapshot?name=" + strings.Repeat("x", 50), ``, 400, `at most`},
	}
	for _, test := range tests {
		req, err := http.NewRequest(test.method, s.URL+sandbox.ControlPrefix+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != test.status || !strings.Contains(string(text), test.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", test.method, test.path, res.StatusCode, text, test.status, test.want)
		}
	}
	if status, answer, err := call(s, "res.partner", "search_count", `[[]]`, sandbox.FaultHeader, "nonsense"); status != 400 {
		t.Errorf("a fault that is none: %d %s %v", status, answer, err)
	}
}
