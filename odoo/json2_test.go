package odoo

import (
	"net/http"
	"strconv"
	"testing"

	"odoobridge/rpc"
)

// json2Call is a call of JSON-2 to a method of res.partner.
func json2Call(t *testing.T, method, body string, series rpc.Series) Call {
	t.Helper()
	var e rpc.Envelope
	req := rpc.Request{Protocol: rpc.JSON2, Method: http.MethodPost, Model: "res.partner", ModelMethod: method, ContentType: "application/json"}
	if err := e.Parse(req, []byte(body), series); err != nil {
		t.Fatal(err)
	}
	call, err := Read(&e, series)
	if err != nil {
		t.Fatal(err)
	}
	if call.Kind != Object || call.Model != "res.partner" || call.Method != method || call.UserGiven() {
		t.Fatalf("the call is %+v", call)
	}
	return call
}

func TestNamedCalls(t *testing.T) {
	tests := []struct {
		name, method, body string
		series             rpc.Series
		want               string // what follows the credentials; or the error
	}{
		{"records", "read", `{"ids": [1, 2], "fields": ["name"], "context": {"lang": "fr_FR"}}`, 18,
			`"res.partner", "read", [[1, 2]], {"fields": ["name"], "context": {"lang": "fr_FR"}}`},
		{"one record", "read", `{"ids": 1}`, 18, `"res.partner", "read", [1], {}`},
		{"no records", "unlink", `{}`, 18, `"res.partner", "unlink", [[]], {}`},
		{"records that are null", "unlink", `{"ids": null}`, 18, `"res.partner", "unlink", [[]], {}`},
		{"the model", "search", `{"limit": 2, "domain": []}`, 18, `"res.partner", "search", [[]], {"limit": 2}`},
		{"the model, in 15", "search", `{"limit": 2, "domain": []}`, 15, `"res.partner", "search", [[]], {"limit": 2}`},
		{"empty ids for the model", "search_count", `{"ids": [], "domain": []}`, 18, `"res.partner", "search_count", [[]], {}`},
		{"default_get", "default_get", `{"fields": ["a"]}`, 18, `"res.partner", "default_get", [["a"]], {}`},
		{"name_search", "name_search", `{"name": "a", "domain": []}`, 18, `"res.partner", "name_search", [], {"name": "a", "args": []}`},
		{"create", "create", `{"context": {}, "vals_list": {"name": "a"}}`, 18, `"res.partner", "create", [{"name": "a"}], {"context": {}}`},
		{"duplicates", "write", `{"ids": [1], "vals": {"a": 1}, "vals": {"a": 2}, "ids": [2]}`, 18, `"res.partner", "write", [[2], {"a": 2}], {}`},
		{"an escaped name", "write", `{"\u0069ds": [1], "vals": {"\u00e9": 1}}`, 18, `"res.partner", "write", [[1], {"\u00e9": 1}], {}`},
		{"the path outweighs the body", "search", `{"domain": [], "__model__": "res.users"}`, 18, `"res.partner", "search", [[]], {}`},
		{"an unknown method with ids", "action_confirm", `{"ids": [1]}`, 18, `"res.partner", "action_confirm", [[1]], {}`},
		{"an unknown method with no ids", "action_confirm", `{"ids": []}`, 18, `"res.partner", "action_confirm", [[]], {}`},
		{"an unknown method without ids", "find_or_create", `{"email": "a"}`, 18, `"res.partner", "find_or_create", [], {"email": "a"}`},
		{"a method of the model in 15", "has_group", `{"group_ext_id": "a.b"}`, 15, `"res.partner", "has_group", ["a.b"], {}`},
		{"and of records later", "has_group", `{"ids": [2], "group_ext_id": "a.b"}`, 17, `"res.partner", "has_group", [[2], "a.b"], {}`},

		{"ids for the model", "search", `{"ids": [1], "domain": []}`, 18, "422 cannot call res.partner.search with ids"},
		{"a missing argument", "search", `{}`, 18, "422 missing a required argument: 'domain'"},
		{"the name of before", "default_get", `{"fields_list": []}`, 18, "422 missing a required argument: 'fields'"},
		{"both names", "default_get", `{"fields": [], "fields_list": []}`, 18, "422 got an unexpected keyword argument 'fields_list'"},
		{"private", "_search", `{}`, 18, "0 Private methods (such as 'res.partner._search') cannot be called remotely."},
		{"private since 19", "sudo", `{}`, 18, "0 Private methods (such as 'res.partner.sudo') cannot be called remotely."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := json2Call(t, test.method, test.body, test.series)
			named, err := call.Name()
			if err != nil {
				if got := strconv.Itoa(err.Status) + " " + err.Message; got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
				return
			}
			want := `{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute_kw", "args": ["db", 7, "pw", ` + test.want + `]}, "id": null}`
			if got := string(call.RewriteNamed(nil, named, As("db", 7, "pw"))); got != want {
				t.Errorf("Odoo gets %s\nwant     %s", got, want)
			}
		})
	}
}

func TestErrorsOfOlderSeries(t *testing.T) {
	tests := []struct {
		name, method   string
		class, message string // what Odoo said
		want           string // what 19 would have said
	}{
		{"model", "read", "odoo.exceptions.UserError", "Object res.partner doesn't exist", "404 the model 'res.partner' does not exist"},
		{"method", "nope", "builtins.AttributeError", "The method 'nope' does not exist on the model 'res.partner'", "404 The method 'res.partner.nope' does not exist"},
		{"method, 14", "nope", "builtins.AttributeError", "'res.partner' object has no attribute 'nope'", "404 The method 'res.partner.nope' does not exist"},
		{"method, a later 15", "nope", "builtins.AttributeError", "type object 'res.partner' has no attribute 'nope'", "404 The method 'res.partner.nope' does not exist"},
		{"method, 19", "nope", "builtins.AttributeError", "The method 'res.partner.nope' does not exist", "404 The method 'res.partner.nope' does not exist"},
		{"field", "name", "builtins.AttributeError", "'Char' object has no attribute '__name__'", "404 The method 'res.partner.name' does not exist"},
		{"descriptor", "env", "builtins.TypeError", "'member_descriptor' object is not callable", "404 The method 'res.partner.env' does not exist"},
		{"one missing", "foo", "builtins.TypeError", "Partner.foo() missing 1 required positional argument: 'a'", "422 missing a required argument: 'a'"},
		{"two missing", "foo", "builtins.TypeError", "Partner.foo() missing 2 required positional arguments: 'a' and 'b'", "422 missing a required argument: 'a'"},
		{"missing under another name", "search", "builtins.TypeError", "BaseModel.search() missing 1 required positional argument: 'args'", "422 missing a required argument: 'domain'"},
		{"unexpected", "foo", "builtins.TypeError", "foo() got an unexpected keyword argument 'b'", "422 got an unexpected keyword argument 'b'"},
		{"of another function", "foo", "builtins.TypeError", "bar() got an unexpected keyword argument 'b'", "0 bar() got an unexpected keyword argument 'b'"},
		{"another attribute", "foo", "builtins.AttributeError", "'NoneType' object has no attribute 'id'", "0 'NoneType' object has no attribute 'id'"},
		{"user error", "foo", "odoo.exceptions.UserError", "No.", "0 No."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			how := json2Call(t, test.method, `{"domain": []}`, 15).JSON2Answer()
			got := how.Error(&rpc.Error{Class: test.class, Message: test.message})
			if text := strconv.Itoa(got.Status) + " " + got.Message; text != test.want {
				t.Errorf("%s, want %s", text, test.want)
			}
		})
	}
}

func TestCheckNames(t *testing.T) {
	for _, names := range [][2]string{{"..", "read"}, {".", "read"}, {"res.partner", ".."}} {
		var e rpc.Envelope
		if err := e.Parse(rpc.Request{Protocol: rpc.JSON2, Model: names[0], ModelMethod: names[1]}, nil, 19); err != nil {
			t.Fatal(err)
		}
		call, err := Read(&e, 19)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := call.CheckNames(); wrong == nil || wrong.Status != http.StatusNotFound {
			t.Errorf("%v: %v", names, wrong)
		}
	}
	if wrong := json2Call(t, "read", `{}`, 19).CheckNames(); wrong != nil {
		t.Error(wrong)
	}
}
