package sandbox

import (
	"errors"
	"testing"

	"odoobridge/rpc"
)

// TestBind: the texts are Python's own; those with a case id are recorded.
func TestBind(t *testing.T) {
	tests := []struct {
		name, signature string
		args            []any
		kwargs          *dict
		want            string // the TypeError, "" for none
	}{
		{"all given", "f(a, b=2)", []any{1, 2}, nil, ""},
		{"default", "f(a, b=2)", []any{1}, nil, ""},
		{"by keyword", "f(a, b=2)", nil, newDict("a", 1), ""},
		{"one too many (common.version.extra)", "exp_version()", []any{1}, nil, "exp_version() takes 0 positional arguments but 1 was given"},
		{"too many for one", "f(a)", []any{1, 2}, nil, "f() takes 1 positional argument but 2 were given"},
		{"too many with a default (common.about.two)", "exp_about(extended=False)", []any{1, 2}, nil,
			"exp_about() takes from 0 to 1 positional arguments but 2 were given"},
		{"one missing (common.login.short)", "exp_login(db, login, password)", []any{1, 2}, nil,
			"exp_login() missing 1 required positional argument: 'password'"},
		{"two missing (auth.args.model)", "execute_kw(db, uid, obj, method, args, kw=None)", []any{1, 2, 3}, nil,
			"execute_kw() missing 2 required positional arguments: 'method' and 'args'"},
		{"four missing (common.auth.none)", "exp_authenticate(db, login, password, user_agent_env)", nil, nil,
			"exp_authenticate() missing 4 required positional arguments: 'db', 'login', 'password', and 'user_agent_env'"},
		{"unknown keyword (read.read.extra)", "BaseModel.read(self, fields=None)", []any{1}, newDict("no_such", 1),
			"BaseModel.read() got an unexpected keyword argument 'no_such'"},
		{"other keywords", "f(a, **more)", []any{1}, newDict("b", 2), ""},
		{"other keywords are none by position", "f(a, **more)", []any{1, 2}, nil, "f() takes 1 positional argument but 2 were given"},
		{"given twice (errors.typeerror.twice)", "BaseModel.search(self, domain)", []any{1, 2}, newDict("domain", 3),
			"BaseModel.search() got multiple values for argument 'domain'"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseSignature(test.signature).bind(test.args, test.kwargs)
			if got := message(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestBindDefaults(t *testing.T) {
	bound, err := parseSignature("f(self, domain=None, offset=0, load='_classic_read', flag=True)").bind([]any{"me"}, newDict("offset", int64(7)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"self": "me", "domain": nil, "offset": int64(7), "load": "_classic_read", "flag": true} {
		if bound[name] != want {
			t.Errorf("%s = %v, want %v", name, bound[name], want)
		}
	}
}

func message(err error) string {
	var known *rpc.Error
	if errors.As(err, &known) {
		return known.Message
	}
	if err != nil {
		return "not an *rpc.Error: " + err.Error()
	}
	return ""
}

// TestParseDomain: what is no domain, in the words of each series (cases read.search.baddomain, baddomain2, badop).
func TestParseDomain(t *testing.T) {
	tests := []struct {
		name   string
		domain any
		want   map[int]string
	}{
		{"empty", []any{}, map[int]string{15: "", 18: "", 19: ""}},
		{"a string", "[]", map[int]string{
			15: "Domains to normalize must have a 'domain' form: a list or tuple of domain components",
			18: "Domains to normalize must have a 'domain' form: a list or tuple of domain components",
			19: "Domain() invalid argument type for domain: '[]'",
		}},
		{"a short leaf", []any{[]any{"id", "="}}, map[int]string{
			15: "Invalid leaf ('id', '=')",
			18: "not enough values to unpack (expected 3, got 2)",
			19: "Domain() invalid item in domain: ['id', '=']",
		}},
		{"an unknown operator", []any{[]any{"id", "foo", int64(1)}}, map[int]string{
			15: "Invalid leaf ('id', 'foo', 1)",
			18: "Invalid leaf ('id', 'foo', 1)",
			19: "Invalid operator in condition ('id', 'foo', 1)",
		}},
		{"an operator without operands", []any{"|", []any{"id", "=", int64(1)}}, map[int]string{
			15: "This domain is syntactically not correct: ['|', ['id', '=', 1]]",
			18: "Domain ['|', ['id', '=', 1]] is syntactically not correct.",
			19: "Domain() malformed domain ['|', ['id', '=', 1]]",
		}},
	}
	for _, test := range tests {
		for series, want := range test.want {
			t.Run(test.name, func(t *testing.T) {
				_, err := parseDomain(test.domain, series)
				if got := message(err); got != want {
					t.Errorf("series %d: got %q, want %q", series, got, want)
				}
			})
		}
	}
}

func TestEvaluateRule(t *testing.T) {
	names := map[string]any{"company_ids": []any{int64(1), int64(2)}, "user.id": int64(7), "False": false}
	tests := []struct{ text, want string }{
		{"[('id','in', company_ids)]", "[['id', 'in', [1, 2]]]"},
		{"[(1,'=',1)]", "[[1, '=', 1]]"},
		{"\n ['|', ('a', '=', False), ('c', 'in', company_ids + [False])]\n ", "['|', ['a', '=', False], ['c', 'in', [1, 2, False]]]"},
		{"[('user_id', '=', user.id)]", "[['user_id', '=', 7]]"},
	}
	for _, test := range tests {
		got, err := evaluate(test.text, names)
		if err != nil || repr(got) != test.want {
			t.Errorf("%q = %s, %v, want %s", test.text, repr(got), err, test.want)
		}
	}
	for _, bad := range []string{"", "[('id'", "[('id', '=', nobody)]", "[1] [2]", "['a"} {
		if v, err := evaluate(bad, names); err == nil {
			t.Errorf("%q is %s, want an error", bad, repr(v))
		}
	}
}

func TestRepr(t *testing.T) {
	tests := []struct {
		value any
		want  string
	}{
		{nil, "None"}, {true, "True"}, {int64(-3), "-3"}, {1.0, "1.0"}, {1e16, "1e+16"}, {1e-5, "1e-05"}, {0.0001, "0.0001"},
		{"it's", `"it's"`}, {`"it's"`, `'"it\'s"'`}, {"a\n\x01é\u200b😀", `'a\n\x01é\u200b😀'`},
		{[]any{int64(1), "a"}, "[1, 'a']"}, {tuple{int64(1)}, "(1,)"}, {newDict("b", nil, "a", 1.5), "{'b': None, 'a': 1.5}"},
		{bytes("a\xff'"), `b'a\xff\''`},
	}
	for _, test := range tests {
		if got := repr(test.value); got != test.want {
			t.Errorf("repr = %s, want %s", got, test.want)
		}
	}
}
