package bridge

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"odoobridge/auth"
	"odoobridge/rpc"
)

func series19(cfg *Config, _ *world) { cfg.Series = func() rpc.Series { return 19 } }

// TestJSON2 looks at what Odoo receives of a call of JSON-2, and what the caller gets back.
func TestJSON2(t *testing.T) {
	w := start(t, series19, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json; charset=utf-8")
		rw.Header().Set("Set-Cookie", "session_id=odoo's")
		rw.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(rw, `{"name": "from Odoo"}`)
	})
	const body = ` {"ids": [1], "ids": [9007199254740993], "context": {"lang": "fr_FR"}, "x": 1.0e2, "p": "é\u00e9"} `
	res, answer := w.post(t, "/json/2/res.partner/read/", body,
		"Api-Key", "k", "Cookie", "session_id=x", "X-Odoo-Database", "second", "Accept-Language", "fr")
	if res.StatusCode != http.StatusUnprocessableEntity || answer != `{"name": "from Odoo"}` {
		t.Errorf("the answer is %d %s", res.StatusCode, answer)
	}
	if res.Header.Get("Set-Cookie") != "" {
		t.Error("the session that Odoo opened for the bridge was passed on")
	}
	got := w.received[0]
	if got.URL.Path != "/json/2/res.partner/read" || w.bodies[0] != strings.TrimSpace(body) {
		t.Errorf("Odoo got %s %s", got.URL.Path, w.bodies[0])
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer key", "X-Odoo-Database": "second", "Api-Key": "", "Cookie": "", "Content-Type": "application/json", "Accept-Language": "fr",
	} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("Odoo got %s: %q, want %q", name, value, want)
		}
	}
	if w.auth.db != "second" || w.auth.asked.APIKey != "k" {
		t.Errorf("asked in %s for %+v", w.auth.db, w.auth.asked)
	}
	rec := <-w.records
	if rec.Protocol != rpc.JSON2 || rec.Model != "res.partner" || rec.Method != "read" || rec.Outcome != Forwarded || rec.UID != 9001 || rec.DB != "second" {
		t.Errorf("the record is %+v", rec)
	}
}

// TestJSON2Refused is answered here: Odoo gets nothing.
func TestJSON2Refused(t *testing.T) {
	w := start(t, series19, nil)
	tests := []struct {
		name, path, body string
		header           []string
		err              error // of who calls
		status           int
		want             string // in the answer
		outcome          Outcome
	}{
		{"nobody", "/json/2/res.partner/read", `{}`, nil, nil, 401, `"message": "User not authenticated, use an API Key with a Bearer Authorization header."`, Denied},
		{"a wrong key", "/json/2/res.partner/read", `{}`, []string{"Authorization", "Bearer x"}, &auth.Error{Kind: auth.Denied}, 401, `"message": "Invalid apikey"`, Denied},
		{"an archived user", "/json/2/res.partner/read", `{}`, []string{"Api-Key", "k"}, &auth.Error{Kind: auth.NeedsAddon, Reason: "install the add-on"}, 403, `Access Denied: install the add-on`, Denied},
		{"overload", "/json/2/res.partner/read", `{}`, []string{"Api-Key", "k"}, &auth.Error{Kind: auth.Overloaded}, 503, `"name": "werkzeug.exceptions.ServiceUnavailable"`, Overloaded},
		{"another database", "/json/2/res.partner/read", `{}`, []string{"Api-Key", "k", "X-Odoo-Database", "no"}, nil, 404, `No database is selected`, Invalid},
		{"two databases", "/json/2/res.partner/read", `{}`, []string{"Api-Key", "k", "X-Odoo-Database", "odoo18", "X-Odoo-Database", "second"}, nil, 404, `No database is selected`, Invalid},
		{"no JSON", "/json/2/res.partner/read", `{"ids":`, []string{"Api-Key", "k"}, nil, 400, `could not parse the body as json: Expecting value: line 1 column 8 (char 7)`, Invalid},
		{"no call", "/json/2/res.partner", `{}`, nil, nil, 404, `Did you mean POST /json/2/<model>/<method>?`, Invalid},
		{"nothing", "/json/2", `{}`, nil, nil, 404, `Did you mean`, Invalid},
		{"too much", "/json/2/a/b", `"` + strings.Repeat("x", 1<<20) + `"`, []string{"Api-Key", "k"}, nil, 413, `Request Entity Too Large`, Invalid},
		{"a step up", "/json/2/%2e%2e/read", `{}`, []string{"Api-Key", "k"}, nil, 404, `the model '..' does not exist`, Invalid},
		{"a step up at the end", "/json/2/res.partner/%2e%2e", `{}`, []string{"Api-Key", "k"}, nil, 404, `The method 'res.partner...' does not exist`, Invalid},
		{"the documentation for nobody", "/doc-bearer/index.json", `{}`, nil, nil, 401, `User not authenticated`, Denied},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.auth.err = test.err
			defer func() { w.auth.err = nil }()
			res, answer := w.post(t, test.path, test.body, test.header...)
			if res.StatusCode != test.status || !strings.Contains(answer, test.want) {
				t.Errorf("%d %s, want %d with %s", res.StatusCode, answer, test.status, test.want)
			}
			if rec := <-w.records; rec.Outcome != test.outcome || rec.Status != test.status || rec.BytesOut != int64(len(answer)) {
				t.Errorf("the record says %s, %d and %d bytes", rec.Outcome, rec.Status, rec.BytesOut)
			}
		})
	}
	if n := len(w.sent()); n > 0 {
		t.Errorf("Odoo got %d requests", n)
	}
}

// TestDocuments are passed on with the caller's key.
func TestDocuments(t *testing.T) {
	w := start(t, series19, nil)
	req, err := http.NewRequest(http.MethodGet, w.url+"/doc-bearer/res.partner.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("API-KEY", "k")
	req.Header.Set("If-None-Match", "tag")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := w.received[0]
	if got.Method != http.MethodGet || got.URL.Path != "/doc-bearer/res.partner.json" || got.Header.Get("If-None-Match") != "tag" {
		t.Errorf("Odoo got %s %s %v", got.Method, got.URL, got.Header)
	}
	if got.Header.Get("Authorization") != "Bearer key" || got.Header.Get("X-Odoo-Database") != "odoo18" || got.Header.Get("Api-Key") != "" {
		t.Errorf("Odoo got the credentials %v", got.Header)
	}
}

// TestNoDocuments is in front of an Odoo that has none.
func TestNoDocuments(t *testing.T) {
	w := start(t, nil, nil)
	for _, path := range []string{"/doc-bearer/res.partner.json", "/doc-bearer/index.json"} {
		if res, answer := w.post(t, path, `{}`, "Api-Key", "k"); res.StatusCode != 404 || !strings.Contains(answer, "The requested URL was not found") {
			t.Errorf("%s: %d %s", path, res.StatusCode, answer)
		}
	}
}

// TestJSON2BeforeOlder is in front of an Odoo before 19: it gets execute_kw, and its answer is told as 19's.
func TestJSON2BeforeOlder(t *testing.T) {
	answers := map[string]string{
		"read":   `{"jsonrpc": "2.0", "id": null, "result": [{"id": 1}]}`,
		"create": `{"jsonrpc": "2.0", "id": null, "result": 5}`,
		"write":  `{"jsonrpc": "2.0", "id": null, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.MissingError", "debug": "", "message": "gone", "arguments": ["gone"], "context": {}}}}`,
		"unlink": `{"jsonrpc": "2.0", "id": null, "result": [1`,
	}
	w := start(t, nil, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		method := r.Header.Get("User-Agent") // the test says so there which answer it wants
		_, _ = io.WriteString(rw, answers[method])
	})
	tests := []struct {
		method, body string
		status       int
		want         string // the answer, or the begin of it
		sent         string // to Odoo, behind the credentials
	}{
		{"read", `{"ids": [1], "fields": ["id"]}`, 200, `[{"id": 1}]`, `"res.partner", "read", [[1]], {"fields": ["id"]}]}, "id": null}`},
		{"create", `{"vals_list": {"name": "a"}}`, 200, `[5]`, `"res.partner", "create", [{"name": "a"}], {}]}, "id": null}`},
		{"write", `{"ids": [1], "vals": {}}`, 404, `{"name": "odoo.exceptions.MissingError", "message": "gone"`, `"res.partner", "write", [[1], {}], {}]}, "id": null}`},
		{"unlink", `{"ids": [1]}`, 502, `{"name": "werkzeug.exceptions.BadGateway"`, `"res.partner", "unlink", [[1]], {}]}, "id": null}`},
	}
	for i, test := range tests {
		res, answer := w.post(t, "/json/2/res.partner/"+test.method, test.body, "Api-Key", "k", "User-Agent", test.method)
		if res.StatusCode != test.status || !strings.HasPrefix(answer, test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.method, res.StatusCode, answer, test.status, test.want)
		}
		const credentials = `"args": ["odoo18", 9001, "minted", `
		if got := w.sent()[i]; !strings.HasSuffix(got, credentials+test.sent) || w.received[i].URL.Path != "/jsonrpc" {
			t.Errorf("%s: Odoo got %s", test.method, got)
		}
		if rec := <-w.records; rec.Protocol != rpc.JSON2 || rec.Method != test.method || rec.Status != test.status {
			t.Errorf("%s: the record is %+v", test.method, rec)
		}
	}
	for method, want := range map[string]string{"sudo": "Private methods", "search": "missing a required argument: 'domain'"} {
		if res, answer := w.post(t, "/json/2/res.partner/"+method, `{}`, "Api-Key", "k"); !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", method, res.StatusCode, answer)
		}
	}
	if n := len(w.sent()); n != len(tests) {
		t.Errorf("Odoo got %d calls, want %d", n, len(tests))
	}
}
