//go:build unix

package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// adminKey is admin's native key in the fixture state.
const adminKey = "ad31a0000123456789abcdef0123456789abcdef"

// ask2 sends a request of JSON-2 to a sandbox of series 19.
func ask2(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("X-Odoo-Database", "odoo19")
	r.Header.Set("Authorization", "Bearer "+adminKey)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestJSON2 covers what the recorded cases leave out of the controller, told from its source in 19.0.
func TestJSON2(t *testing.T) {
	h := newSandbox(t, 19)
	tests := []struct {
		name, path, body string
		status           int
		want             string // in the answer
	}{
		{"ids for a method of the model", "res.partner/search", `{"ids": [1], "domain": []}`, 422, `"message": "cannot call res.partner.search with ids"`},
		{"an argument for reading", "res.partner/search_read", `{"domain": [["id", "=", 91002]], "fields": ["parent_id"], "load": ""}`, 200, `"parent_id": 91001`},
		{"an argument that reading does not take", "res.partner/search_read", `{"domain": [["id", "=", 0]], "nope": 1}`, 500, `"message": "BaseModel._read_format() got an unexpected keyword argument 'nope'"`},
		{"an argument that is none", "res.partner/read", `{"ids": [91001], "nope": 1}`, 422, `"message": "got an unexpected keyword argument 'nope'"`},
		{"a positional one and one that is none", "res.partner/search", `{"nope": 1}`, 422, `"message": "missing a required argument: 'domain'"`},
		{"the controller's own self", "res.partner/read", `{"self": 1}`, 500, `"message": "WebJson2Controller.web_json_2_rpc() got multiple values for argument 'self'"`},
		{"ids that are no sequence", "res.partner/read", `{"ids": 1.5}`, 500, `"message": "'float' object is not iterable"`},
		{"ids that are true", "res.partner/read", `{"ids": true}`, 500, `"message": "'bool' object is not iterable"`},
		{"a model that does not exist", "no.such/read", `{}`, 404, `"message": "the model 'no.such' does not exist"`},
		{"a context of pairs", "res.partner/default_get", `{"fields": ["color"], "context": [["default_color", 7]]}`, 200, `{"color": 7}`},
		{"a method of nothing", "res.partner/", `{}`, 404, `Did you mean POST`},
		{"too deep", "res.partner/read", strings.Repeat("[", 1100) + strings.Repeat("]", 1100), 500, `"name": "builtins.RecursionError"`},
		{"an integer beyond", "res.partner/read", `{"ids": ` + strings.Repeat("9", 4301) + `}`, 400, `Exceeds the limit (4300 digits)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := ask2(h, http.MethodPost, "/json/2/"+test.path, test.body)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("%d %s, want %d with %s", w.Code, w.Body, test.status, test.want)
			}
		})
	}
	t.Run("a path with doubled slashes", func(t *testing.T) {
		if w := ask2(h, http.MethodPost, "/json//2/res.users/context_get", `{}`); w.Code != 308 || w.Header().Get("Location") != "http://example.com/json/2/res.users/context_get" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
	t.Run("a page that needs a session", func(t *testing.T) {
		if w := ask2(h, http.MethodGet, "/json/res.partner?a=1", ""); w.Code != 303 || w.Header().Get("Location") != "/web/login?redirect=%2Fjson%2Fres.partner%3Fa%3D1" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
	t.Run("OPTIONS is a call without arguments", func(t *testing.T) {
		if w := ask2(h, http.MethodOptions, "/json/2/res.users/context_get", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"uid": 2`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("a failed call leaves nothing", func(t *testing.T) {
		w := ask2(h, http.MethodPost, "/json/2/res.partner.category/create", `{"vals_list": [{"name": "left behind"}, {"color": 1}]}`)
		if w.Code != 422 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w := ask2(h, http.MethodPost, "/json/2/res.partner.category/search_count", `{"domain": [["name", "=", "left behind"]]}`); w.Body.String() != "0" {
			t.Errorf("%s categories are left", w.Body)
		}
	})
}

// TestJSON2Session knows the caller by a session, which needs a browser that says where it navigates from.
func TestJSON2Session(t *testing.T) {
	h := newSandbox(t, 19)
	w := ask2(h, http.MethodPost, "/web/session/authenticate", `{"params": {"db": "odoo19", "login": "rpcuser", "password": "rpcuser-pw"}}`)
	cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	navigating := []string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-User", "?1", "Sec-Fetch-Site", "none"}
	tests := []struct {
		name   string
		path   string
		header []string
		status int
		want   string
	}{
		{"navigating", "/json/2/res.users/context_get", append([]string{"Authorization", ""}, navigating...), 200, `"uid": 9001`},
		{"a script's request", "/json/2/res.users/context_get", []string{"Authorization", ""}, 403, `Missing \"Authorization\" or Sec-headers`},
		{"with another's key", "/json/2/res.users/context_get", nil, 403, `Session user does not match the used apikey`},
		{"the documentation", "/doc/index.json", nil, 403, `Technical Documentation`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := ask2(h, http.MethodPost, test.path, `{}`, append([]string{"Cookie", cookie}, test.header...)...)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("%d %s, want %d with %s", w.Code, w.Body, test.status, test.want)
			}
		})
	}
	if w := ask2(h, http.MethodGet, "/doc/index.json", ""); w.Code != 403 || !strings.Contains(w.Body.String(), "SessionExpired") {
		t.Errorf("without a session: %d %s", w.Code, w.Body)
	}
}
