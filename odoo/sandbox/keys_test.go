//go:build unix

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"odoobridge/odoo/sandbox"
)

// web posts params to a JSON route and returns the answer and the session's cookie, if one is opened.
func web(t *testing.T, h *sandbox.Sandbox, path, cookie, params string) (answer reply, opened string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"jsonrpc": "2.0", "id": 1, "params": `+params+`}`))
	r.Header.Set("Content-Type", "application/json")
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "session_id", Value: cookie})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
	for _, c := range w.Result().Cookies() {
		opened = c.Value
	}
	return answer, opened
}

// TestMakeKey makes a native key in a web session as Odoo's preferences do, calls with it, and removes it.
func TestMakeKey(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			dsn := dsn(t, series)
			db, h := opened(t, dsn), sandboxOn(t, dsn, series)
			before := signalValues(t, db, series)
			_, cookie := web(t, h, "/web/session/authenticate", "", fmt.Sprintf(`{"db": "odoo%d", "login": "rpcuser", "password": "rpcuser-pw"}`, series))
			call := func(model, method, args, kwargs string) reply {
				t.Helper()
				got, _ := web(t, h, "/web/dataset/call_kw", cookie, fmt.Sprintf(`{"model": %q, "method": %q, "args": %s, "kwargs": %s}`, model, method, args, kwargs))
				return got
			}
			vals := `{"name": "made"}`
			if series >= 18 {
				vals = `{"name": "made", "duration": "7"}`
			}
			made := call("res.users.apikeys.description", "create", `[`+vals+`]`, `{}`)
			if made.Error != nil {
				t.Fatalf("the wizard: %v", made.Error)
			}
			var window struct {
				ResModel string `json:"res_model"`
				ResID    int    `json:"res_id"`
				Context  struct {
					Key string `json:"default_key"`
				}
			}
			ask1 := call("res.users.apikeys.description", "make_key", `[[`+string(made.Result)+`]]`, `{}`)
			if ask1.Error != nil || json.Unmarshal(ask1.Result, &window) != nil || window.ResModel != "res.users.identitycheck" {
				t.Fatalf("make_key: %s %v, want the identity check", ask1.Result, ask1.Error)
			}
			check := func(password string) reply {
				kwargs := `{}`
				if series >= 19 {
					kwargs = fmt.Sprintf(`{"context": {"password": %q}}`, password)
				} else if got := call("res.users.identitycheck", "write", fmt.Sprintf(`[[%d], {"password": %q}]`, window.ResID, password), `{}`); got.Error != nil {
					t.Fatal(got.Error)
				}
				return call("res.users.identitycheck", "run_check", fmt.Sprintf(`[[%d]]`, window.ResID), kwargs)
			}
			if got := check("wrong"); got.Error == nil || got.Error.Data.Name != "odoo.exceptions.UserError" {
				t.Fatalf("a wrong password: %s %v", got.Result, got.Error)
			}
			shown := check("rpcuser-pw")
			if shown.Error != nil || json.Unmarshal(shown.Result, &window) != nil || len(window.Context.Key) != 40 {
				t.Fatalf("the key: %s %v", shown.Result, shown.Error)
			}
			if got := ask(t, h, series, fmt.Sprintf(`9001, %q, "res.users", "context_get", []`, window.Context.Key)); got.Error != nil {
				t.Fatalf("a call with the key: %v", got.Error)
			}
			var id int
			var index, hash, scope string
			if err := db.QueryRow(`SELECT id, index, key, coalesce(scope, 'none') FROM res_users_apikeys WHERE name = 'made' AND user_id = 9001`).Scan(&id, &index, &hash, &scope); err != nil {
				t.Fatal(err)
			}
			if index != window.Context.Key[:8] || !strings.HasPrefix(hash, "$pbkdf2-sha512$6000$") || scope != "none" {
				t.Errorf("stored as index %s, scope %s, key %.25s...", index, scope, hash)
			}
			// The password was shown: no second wizard.
			if got := call("res.users.apikeys", "remove", fmt.Sprintf(`[[%d]]`, id), `{}`); string(got.Result) != `{"type": "ir.actions.act_window_close"}` {
				t.Fatalf("remove: %s %v", got.Result, got.Error)
			}
			if got := ask(t, h, series, fmt.Sprintf(`9001, %q, "res.users", "context_get", []`, window.Context.Key)); got.Error == nil {
				t.Error("the removed key still holds")
			}
			if got := call("res.users.apikeys", "remove", `[[80001]]`, `{}`); got.Error == nil {
				t.Error("another user's key was removed")
			}
			for name, n := range signalValues(t, db, series) {
				if n != before[name] {
					t.Errorf("%s moved by %d; keys that are made or removed move nothing in Odoo", name, n-before[name])
				}
			}
		})
	}
}
