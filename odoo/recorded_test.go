package odoo_test

import (
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
	"odoobridge/odoo"
	"odoobridge/rpc"
)

// TestRecorded: whatever Read refuses, it refuses in the words of the series that was recorded, for every recorded call;
// and what it takes for a call with credentials is one to which Odoo answered a result or an error of later stages.
func TestRecorded(t *testing.T) {
	refused := 0
	for _, series := range []int{15, 18, 19} {
		cases, err := conformance.Load(series)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			env, protocol, ok := parse(c, rpc.Series(series))
			if !ok {
				continue
			}
			_, wrong := odoo.Read(env, rpc.Series(series))
			if wrong == nil {
				continue
			}
			refused++
			reply := rpc.ErrorReply(protocol, rpc.Series(series), env.ID, wrong)
			got := conformance.Answer{Status: reply.Status, Body: reply.Body}
			for _, h := range reply.Header {
				got.Headers = append(got.Headers, conformance.Header{Name: h.Name, Value: h.Value})
			}
			if diffs := c.Diff(got); diffs != nil {
				t.Errorf("series %d, %s: %s", series, c.ID, strings.Join(diffs, "\n"))
			}
		}
	}
	if refused < 60 {
		t.Errorf("only %d recorded calls were refused; the test no longer sees what it is for", refused)
	}
	t.Logf("%d recorded calls refused before their credentials were looked at", refused)
}

// parse reads the envelope of a recorded request to one of the RPC endpoints, where its path is spelt the plain way: the
// others are the router's business.
func parse(c conformance.Case, s rpc.Series) (*rpc.Envelope, rpc.Protocol, bool) {
	var env rpc.Envelope
	path, body := c.Request.Path, c.Request.Body
	service := path[strings.LastIndexByte(path, '/')+1:]
	switch {
	case c.Request.Method != "POST", strings.ContainsAny(path, "?%"), service == "", service == "2":
		return nil, 0, false
	case path == "/jsonrpc":
		return &env, rpc.JSONRPC, env.ParseJSON(body, s) == nil
	case strings.HasPrefix(path, "/xmlrpc/2/"):
		return &env, rpc.XMLRPC2, env.ParseXML(rpc.XMLRPC2, service, body, s) == nil
	case strings.HasPrefix(path, "/xmlrpc/"):
		return &env, rpc.XMLRPC1, env.ParseXML(rpc.XMLRPC1, service, body, s) == nil
	}
	return nil, 0, false
}

// TestNoDatabase: recorded for 15, 18 and 19 (auth.db.empty, auth.db.null); tried on a 17.
func TestNoDatabase(t *testing.T) {
	for _, tc := range []struct {
		series rpc.Series
		db     string
		class  string
	}{
		{15, `""`, "psycopg2.OperationalError"}, {15, `null`, "builtins.AttributeError"},
		{17, `""`, "psycopg2.OperationalError"}, {17, `null`, "psycopg2.OperationalError"}, {17, `false`, "psycopg2.OperationalError"},
		{18, `""`, "builtins.AssertionError"}, {18, `null`, "builtins.AssertionError"}, {19, `false`, "builtins.AssertionError"},
		{15, `1`, "builtins.AttributeError"}, {17, `1`, "builtins.AttributeError"}, {19, `1`, "builtins.AttributeError"},
		{15, `[]`, "builtins.TypeError"}, {18, `[]`, "builtins.AssertionError"}, {19, `{"a": 1}`, "builtins.TypeError"},
	} {
		var env rpc.Envelope
		body := `{"params": {"service": "common", "method": "login", "args": [` + tc.db + `, "admin", "admin"]}}`
		if err := env.ParseJSON([]byte(body), tc.series); err != nil {
			t.Fatal(err)
		}
		call, wrong := odoo.Read(&env, tc.series)
		if wrong != nil {
			t.Fatal(wrong)
		}
		if _, err := call.DBName(); err == nil || err.Class != tc.class {
			t.Errorf("series %d, database %s: %v, want %s", tc.series, tc.db, err, tc.class)
		}
	}
}

// TestNoMethodOfDB: a method of the service db that is no text can't be looked for (pj.method.int is the same of common).
func TestNoMethodOfDB(t *testing.T) {
	for method, want := range map[string]string{
		`"nope"`: "Method not found: nope", `null`: `can only concatenate str (not "NoneType") to str`, `[1]`: `can only concatenate str (not "list") to str`,
	} {
		var env rpc.Envelope
		if err := env.ParseJSON([]byte(`{"params": {"service": "db", "method": `+method+`, "args": []}}`), 18); err != nil {
			t.Fatal(err)
		}
		if _, wrong := odoo.Read(&env, 18); wrong == nil || wrong.Message != want {
			t.Errorf("%s: %v, want %s", method, wrong, want)
		}
	}
}
