//go:build unix

package sandbox_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
)

// TestDocIndex compares the index, model by model, with the recorded one, which as a whole can't agree: its name holds a secret
// of the recorded database, and it has models of which nothing more is recorded.
func TestDocIndex(t *testing.T) {
	type index struct {
		Modules []string
		Models  []struct {
			Model, Name string
			Fields      map[string]map[string]string
			Methods     []string
		}
	}
	cases, err := conformance.Load(19)
	if err != nil {
		t.Fatal(err)
	}
	var want, got index
	for _, c := range cases {
		if c.ID == "doc.index" {
			if err := json.Unmarshal(c.Response.Body, &want); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := ask2(newSandbox(t, 19), http.MethodGet, "/doc-bearer/index.json", "")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if !reflect.DeepEqual(got.Modules, want.Modules) {
		t.Errorf("modules %v, want %v", got.Modules, want.Modules)
	}
	if len(got.Models) < 20 {
		t.Errorf("%d models are in it", len(got.Models))
	}
	for _, m := range got.Models {
		found := false
		for _, recorded := range want.Models {
			if recorded.Model == m.Model {
				found = true
				if !reflect.DeepEqual(m, recorded) {
					t.Errorf("%s differs:\ngot  %v\nwant %v", m.Model, m, recorded)
				}
			}
		}
		if !found {
			t.Errorf("%s is not in the recorded index", m.Model)
		}
	}
}

// TestDocRequests covers what no recorded case does: caches, and who may not read.
func TestDocRequests(t *testing.T) {
	h := newSandbox(t, 19)
	first := ask2(h, http.MethodGet, "/doc-bearer/res.users.json", "")
	tag := first.Header().Get("ETag")
	index := ask2(h, http.MethodGet, "/doc-bearer/index.json", "").Header().Get("ETag")
	tests := []struct {
		name, path string
		header     []string
		status     int
		want       string // in the answer
	}{
		{"a model", "res.users", nil, 200, `"has_group": {"signature": "(group_ext_id) -> bool", "parameters": {"group_ext_id": {"annotation": "str"}}, "return": {"annotation": "bool"}, "api": ["readonly"]`},
		{"a keyword", "res.users", nil, 200, `"options": {"kind": "VAR_KEYWORD", "doc": ""}`},
		{"a field of another module", "res.users", nil, 200, `"name": "totp_enabled", "readonly": true, "required": false, "searchable": true, "sortable": false, "store": false, "string": "Two-factor authentication", "type": "boolean", "module": "auth_totp"`},
		{"an inherited field", "res.users", nil, 200, `"related": "partner_id.vat", "required": false, "searchable": true, "sortable": true, "store": false, "string": "Tax ID", "translate": false, "trim": true, "type": "char", "help": "", "module": "base"}`},
		{"known", "res.users", []string{"If-None-Match", `"` + tag + `"`}, 304, ""},
		{"known, but wanted anew", "res.users", []string{"If-None-Match", tag, "Cache-Control", "no-cache"}, 200, `"model": "res.users"`},
		{"another is known", "res.users", []string{"If-None-Match", `"x"`}, 200, `"model": "res.users"`},
		{"the index is known", "index", []string{"If-None-Match", index}, 304, ""},
		{"no reader", "res.users", []string{"Authorization", "Bearer 9bc000010123456789abcdef0123456789abcdef"}, 403, "Technical Documentation"},
		{"an abstract model", "base", nil, 403, "You are not allowed to access 'Base' (base) records."},
		{"none", "no.such", nil, 404, "The requested URL was not found"},
		{"a path that is no document", "res.users.json/x", nil, 404, "The requested URL was not found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := ask2(h, http.MethodGet, "/doc-bearer/"+test.path+".json", "", test.header...)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("%d %.2000s, want %d with %s", w.Code, w.Body, test.status, test.want)
			}
			if test.status == 304 && w.Body.Len() > 0 {
				t.Errorf("what is known comes again: %s", w.Body)
			}
		})
	}
}
