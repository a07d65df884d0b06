//go:build unix

package integration

import (
	"fmt"
	"strings"
	"testing"
)

// xml and jsonType are the Content-Types of requests of other clients.
const (
	xmlType  = "text/xml"
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// params are the <param>s of a methodCall.
func params(values ...string) string {
	return "<params><param>" + strings.Join(values, "</param><param>") + "</param></params>"
}

func methodCall(name string, values ...string) string {
	return "<?xml version='1.0'?><methodCall><methodName>" + name + "</methodName>" + params(values...) + "</methodCall>"
}

func xmlText(s string) string { return "<value><string>" + s + "</string></value>" }

// wild are requests as clients send them that are not among ours (clients/README.md), with what is special about each. {db}
// stands for the database, {key} for a native key of rpcuser.
var wild = []struct {
	client, what            string
	path, contentType, body string
	headers                 []string
	want                    string // in the answer
}{
	{"odooly", "its first question, with an id that is text", "/web/database/list", jsonType,
		`{"jsonrpc": "2.0", "method": "call", "params": {}, "id": "04d2012345abcd"}`, nil, `"id": "04d2012345abcd", "result": ["{db}"]`},
	{"odooly", "login", "/jsonrpc", jsonType,
		`{"jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "login", "args": ["{db}", "rpcuser", "rpcuser-pw"]}, "id": "04d2012345abce"}`,
		nil, `"result": 9001`},
	{"odooly", "execute_kw without options", "/jsonrpc", jsonType,
		`{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute_kw", "args": ["{db}", 9001, "rpcuser-pw", "res.partner", "search", [[["ref", "=", "CONF"], ["id", "<", 91003]]]]}, "id": "04d2012345abcf"}`,
		nil, `"result": [91001, 91002]`},
	{"odooly", "a call of a session, with a key in its place", "/web/dataset/call_kw/res.partner/read", jsonType,
		`{"jsonrpc": "2.0", "method": "call", "params": {"model": "res.partner", "method": "read", "args": [[91001], ["name"]], "kwargs": {}}, "id": "04d2012345abd0"}`,
		[]string{"API-KEY", "{key}"}, `"result": [{"id": 91001, "name": "Conf Alpha"}]`},
	{"erppeek", "login by the old path", "/xmlrpc/common", xmlType,
		methodCall("login", xmlText("{db}"), xmlText("rpcuser"), xmlText("rpcuser-pw")), nil, "<int>9001</int>"},
	{"erppeek", "whether the password holds: None in a list", "/xmlrpc/object", xmlType,
		methodCall("execute", xmlText("{db}"), "<value><int>9001</int></value>", xmlText("rpcuser-pw"), xmlText("res.partner"), xmlText("fields_get"),
			"<value><array><data><value><nil/></value></data></array></value>"), nil, "<params>"},
	{"go-odoo", "user_agent_env is a text", "/xmlrpc/2/common", xmlType,
		methodCall("authenticate", xmlText("{db}"), xmlText("rpcuser"), xmlText("rpcuser-pw"), xmlText("")), nil, "<int>9001</int>"},
	{"go-odoo", "options that are nil are an empty value", "/xmlrpc/2/object", xmlType,
		methodCall("execute_kw", xmlText("{db}"), "<value><int>9001</int></value>", xmlText("rpcuser-pw"), xmlText("res.partner"), xmlText("search_count"),
			"<value><array><data><value><array><data><value><array><data>"+xmlText("ref")+xmlText("=")+xmlText("CONF")+
				"</data></array></value></data></array></value></data></array></value>", "<value/>"), nil, "<int>5</int>"},
	{"ripcord", "user_agent_env is a list", "/xmlrpc/2/common", xmlType,
		methodCall("authenticate", xmlText("{db}"), xmlText("rpcuser"), xmlText("rpcuser-pw"), "<value><array><data/></array></value>"), nil, "<int>9001</int>"},
	{"ripcord", "over curl, which says that it is a form", "/xmlrpc/2/common", formType, methodCall("version"), nil, "no element found: line 1, column 0"},
	{"n8n", "login", "/jsonrpc", jsonType,
		`{"jsonrpc":"2.0","method":"call","params":{"service":"common","method":"login","args":["{db}","rpcuser","rpcuser-pw"]},"id":42}`, nil, `"result": 9001`},
	{"n8n", "the fields, and attributes that there are not", "/jsonrpc", jsonType,
		`{"jsonrpc":"2.0","method":"call","params":{"service":"object","method":"execute","args":["{db}",9001,"rpcuser-pw","res.partner","fields_get",["name"],["string","type","help","required","name"]]},"id":42}`,
		nil, `"type": "char"`},
	{"n8n", "all records: the limit is 0", "/jsonrpc", jsonType,
		`{"jsonrpc":"2.0","method":"call","params":{"service":"object","method":"execute","args":["{db}",9001,"rpcuser-pw","res.partner","search_read",[["ref","=","CONF"],["id","<","91003"]],["id"],0,0]},"id":42}`,
		nil, `"result": [{"id": 91001}, {"id": 91002}]`},
	{".NET", "a key in place of the password", "/jsonrpc", "application/json; charset=utf-8",
		`{"jsonrpc":"2.0","method":"call","params":{"service":"common","method":"login","args":["{db}","rpcuser","{key}"]},"id":1234567890}`, nil, `"result": 9001`},
	{".NET", "and in its calls", "/jsonrpc", "application/json; charset=utf-8",
		`{"jsonrpc":"2.0","method":"call","params":{"service":"object","method":"execute_kw","args":["{db}",9001,"{key}","res.partner","read",[[91001],["name"]],{}]},"id":1234567890}`,
		nil, `"name": "Conf Alpha"`},
	{"odoo-jsonrpc", "a session that has ended, by cookie and header", "/web/dataset/call_kw", jsonType,
		`{"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"model": "res.partner", "method": "read", "args": [[91001], ["name"]], "kwargs": {"context": {}}}}`,
		[]string{"Cookie", "session_id=0123456789abcdef0123456789abcdef01234567", "X-Openerp-Session-Id", "0123456789abcdef0123456789abcdef01234567"},
		`"code": 100, "message": "Odoo Session Expired"`},
}

// TestOtherClients sends these requests to the sandbox and to the bridge.
func TestOtherClients(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		fill := strings.NewReplacer("{db}", database(series), "{key}", "9bc000010123456789abcdef0123456789abcdef").Replace
		for _, server := range []string{"sandbox", "bridge"} {
			for _, w := range wild {
				t.Run(fmt.Sprintf("%d/%s/%s: %s", series, server, w.client, w.what), func(t *testing.T) {
					headers := make([]string, len(w.headers))
					byKey := false
					for i := range w.headers {
						headers[i] = fill(w.headers[i])
						byKey = byKey || w.headers[i] == "API-KEY"
					}
					if byKey && server == "sandbox" {
						t.Skip("Odoo knows no such header")
					}
					a := post(t, demo(t, series).ready[server]+w.path, w.contentType, fill(w.body), headers...)
					if a.status != 200 || !strings.Contains(a.body, fill(w.want)) {
						t.Errorf("%d %s, want %s in it", a.status, a.body, fill(w.want))
					}
				})
			}
		}
	}
}
