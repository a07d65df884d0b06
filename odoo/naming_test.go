package odoo

import (
	"strings"
	"testing"

	"odoobridge/rpc"
)

// execute is a call of object.execute_kw, or of another method of object, on res.partner in 19. args is what follows the
// credentials.
func execute(t *testing.T, function, args string) Call {
	t.Helper()
	var env rpc.Envelope
	body := `{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "` + function + `", "args": ["db", 2, "pw", ` + args + `]}}`
	if err := env.ParseJSON([]byte(body), 19); err != nil {
		t.Fatal(err)
	}
	call, wrong := Read(&env, 19)
	if wrong != nil {
		t.Fatal(wrong)
	}
	return call
}

// said is a call in JSON-2, or the error in its place.
func said(call Call, parameters func() (Parameters, bool)) string {
	if wrong := call.CheckNamable(); wrong != nil {
		return wrong.Error()
	}
	arguments, wrong := call.Arguments()
	if wrong != nil {
		return wrong.Error()
	}
	p, known := parameters()
	if !known {
		named, ok := call.GuessArguments(arguments)
		if !ok {
			return call.NoNames().Error()
		}
		return string(rpc.AppendJSON2(nil, named.Members))
	}
	named, wrong := call.NameArguments(arguments, p)
	if wrong != nil {
		return wrong.Error()
	}
	text := string(rpc.AppendJSON2(nil, named.Members))
	if named.One {
		text += " one"
	}
	return text
}

func TestNameArguments(t *testing.T) {
	tests := []struct{ name, function, args, want string }{
		{"of the model", "execute_kw", `"res.partner", "search", [[["a", "=", 1.50]], 0, 5], {"order": "id"}`,
			`{"domain": [["a", "=", 1.50]], "offset": 0, "limit": 5, "order": "id"}`},
		{"of records", "execute_kw", `"res.partner", "read", [[1, 2], ["name"]]`, `{"ids": [1, 2], "fields": ["name"]}`},
		{"one record", "execute_kw", `"res.partner", "write", [1, {"a": 1}]`, `{"ids": 1, "vals": {"a": 1}}`},
		{"execute", "execute", `"res.partner", "read", [1], ["name"]`, `{"ids": [1], "fields": ["name"]}`},
		{"a dict at the end of execute", "execute", `"res.partner", "search", [], {"limit": 1}`, `{"domain": [], "offset": {"limit": 1}}`},
		{"the context", "execute_kw", `"res.partner", "unlink", [[1]], {"context": {"lang": "fr_FR"}}`, `{"ids": [1], "context": {"lang": "fr_FR"}}`},
		{"no context", "execute_kw", `"res.partner", "unlink", [[1]], {"context": false}`, `{"ids": [1]}`},
		{"one to create", "execute_kw", `"res.partner", "create", [{"a": 1}]`, `{"vals_list": {"a": 1}} one`},
		{"a list to create", "execute_kw", `"res.partner", "create", [[{"a": 1}]]`, `{"vals_list": [{"a": 1}]}`},
		{"a copy", "execute_kw", `"res.partner", "copy", [1, {"a": 1}]`, `{"ids": 1, "default": {"a": 1}}`},
		{"has_group is of records in 19", "execute_kw", `"res.users", "has_group", [[2], "base.group_user"]`, `{"ids": [2], "group_ext_id": "base.group_user"}`},
		{"keywords that are null", "execute_kw", `"res.partner", "search", [[]], null`, `{"domain": []}`},
		{"keywords in pairs", "execute_kw", `"res.partner", "search", [[]], [["limit", 1]]`, `{"domain": [], "limit": 1}`},
		{"arguments in a string", "execute_kw", `"res.partner", "search", "é1"`, `{"domain": "é", "offset": "1"}`},
		{"a name that Odoo may know", "execute_kw", `"res.partner", "search", [[]], {"bypass": 1}`, `{"domain": [], "bypass": 1}`},
		{"an argument that is missing", "execute_kw", `"res.partner", "write", [[1]]`, `{"ids": [1]}`},

		{"no ids", "execute_kw", `"res.partner", "read", []`, "builtins.IndexError: list index out of range"},
		{"create by name", "execute_kw", `"res.partner", "create", [], {"vals_list": {}}`, "builtins.IndexError: list index out of range"},
		{"too many", "execute_kw", `"res.partner", "search_count", [[], 1, 2]`,
			"builtins.TypeError: BaseModel.search_count() takes from 2 to 3 positional arguments but 4 were given"},
		{"too many, of records", "execute_kw", `"res.partner", "unlink", [[1], 2]`,
			"builtins.TypeError: BaseModel.unlink() takes 1 positional argument but 2 were given"},
		{"twice", "execute_kw", `"res.partner", "search", [[]], {"domain": []}`, "builtins.TypeError: BaseModel.search() got multiple values for argument 'domain'"},
		{"ids by name", "execute_kw", `"res.partner", "read", [[1]], {"ids": [2]}`, "builtins.TypeError: BaseModel.read() got an unexpected keyword argument 'ids'"},
		{"JSON-2's own names", "execute_kw", `"res.partner", "read", [[1]], {"__model__": "res.users"}`,
			"builtins.TypeError: BaseModel.read() got an unexpected keyword argument '__model__'"},
		{"arguments that are none", "execute_kw", `"res.partner", "read", 5`, "builtins.TypeError: Value after * must be an iterable, not int"},
		{"keywords that are none", "execute_kw", `"res.partner", "read", [], 5`, "builtins.TypeError: 'int' object is not iterable"},
		{"keywords that are no pairs", "execute_kw", `"res.partner", "read", [], ["a"]`,
			"builtins.ValueError: dictionary update sequence element #0 has length 1; 2 is required"},

		{"private", "execute_kw", `"res.partner", "_search", [[]]`, "odoo.exceptions.AccessError: Private methods (such as 'res.partner._search') cannot be called remotely."},
		{"a step in a path for a model", "execute_kw", `"..", "search", [[]]`, "odoo.exceptions.UserError: Object .. doesn't exist"},
		{"a path for a model", "execute_kw", `"a/b", "search", [[]]`, "odoo.exceptions.UserError: Object a/b doesn't exist"},
		{"a step in a path for a method", "execute_kw", `"res.partner", "..", [[]]`, "builtins.AttributeError: The method 'res.partner...' does not exist"},
		{"a query for a method", "execute_kw", `"res.partner", "read?db=x", [[1]]`, "builtins.AttributeError: The method 'res.partner.read?db=x' does not exist"},
		{"a number for a method", "execute_kw", `"res.partner", 5, [[]]`, "builtins.AttributeError: 'int' object has no attribute 'startswith'"},

		{"an unknown one with ids", "execute_kw", `"sale.order", "action_confirm", [[1]], {"force": true}`, `{"ids": [1], "force": true}`},
		{"an unknown one with an id", "execute_kw", `"sale.order", "action_confirm", [7]`, `{"ids": 7}`},
		{"an unknown one without arguments", "execute_kw", `"sale.order", "get_it", []`, `{}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := execute(t, test.function, test.args)
			if got := said(call, call.ORMParameters); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestNoNames: where a guess could run something else than what was asked for, there is none.
func TestNoNames(t *testing.T) {
	for _, args := range []string{`[[1], "a"]`, `[[]]`, `["a"]`, `[["a"]]`, `[[1], {}]`, `[{"a": 1}]`, `[0]`, `[true]`} {
		call := execute(t, "execute_kw", `"sale.order", "do_it", `+args)
		got := said(call, call.ORMParameters)
		for _, want := range []string{"odoo.exceptions.UserError", "sale.order.do_it", "doc_user"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want it to have %s", args, got, want)
			}
		}
	}
}

func TestOwnParameters(t *testing.T) {
	call := execute(t, "execute_kw", `"sale.order_line", "do_it", [[1], "a"], {"c": 3}`)
	known := func() (Parameters, bool) { return call.OwnParameters([]string{"a", "b"}, []string{"c"}, false), true }
	if got, want := said(call, known), `{"ids": [1], "a": "a", "c": 3}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestRPCError: what JSON-2 finds itself is told as execute tells it, all else as it is.
func TestRPCError(t *testing.T) {
	tests := []struct{ name, method, args, class, message, want string }{
		{"no model", "search", `[[]]`, "werkzeug.exceptions.NotFound", "the model 'res.partner' does not exist",
			"odoo.exceptions.UserError: Object res.partner doesn't exist"},
		{"no method", "read", `[[1]]`, "werkzeug.exceptions.NotFound", "The method 'res.partner.read' does not exist",
			"builtins.AttributeError: The method 'res.partner.read' does not exist"},
		{"missing", "write", `[[1]]`, "werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'vals'",
			"builtins.TypeError: ResPartner.write() missing 1 required positional argument: 'vals'"},
		{"two missing", "load", `[]`, "werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'fields'",
			"builtins.TypeError: BaseModel.load() missing 2 required positional arguments: 'fields' and 'data'"},
		{"missing to a method of the model's own", "do_it", `[[1]]`, "werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'a'",
			"builtins.TypeError: ResPartner.do_it() missing 1 required positional argument: 'a'"},
		{"unexpected", "search", `[[]]`, "werkzeug.exceptions.UnprocessableEntity", "got an unexpected keyword argument 'count'",
			"builtins.TypeError: BaseModel.search() got an unexpected keyword argument 'count'"},
		{"a key that does not hold", "search", `[[]]`, "werkzeug.exceptions.Unauthorized", "Invalid apikey", "odoo.exceptions.AccessDenied: Access Denied"},
		{"Odoo's own", "search", `[[]]`, "odoo.exceptions.MissingError", "gone", "odoo.exceptions.MissingError: gone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			call := execute(t, "execute_kw", `"res.partner", "`+test.method+`", `+test.args)
			arguments, _ := call.Arguments()
			var named JSON2Call
			if p, known := call.ORMParameters(); known {
				named, _ = call.NameArguments(arguments, p)
			} else {
				named, _ = call.GuessArguments(arguments)
			}
			if got := call.RPCError(&rpc.Error{Class: test.class, Message: test.message}, named).Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	call := execute(t, "execute_kw", `"res.partner", "do_it", [[1]]`)
	refused := &rpc.Error{Class: "werkzeug.exceptions.UnprocessableEntity", Message: "cannot call res.partner.do_it with ids"}
	if got := call.RPCError(refused, JSON2Call{}).Error(); got != call.NoNames().Error() {
		t.Errorf("ids for a method of the model: %s", got)
	}
}
