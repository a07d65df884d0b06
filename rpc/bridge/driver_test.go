package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"odoobridge/auth"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// onlyJSON2 makes Odoo a 19 that has /json/2 alone.
func onlyJSON2(c *Config, _ *world) {
	c.Series = func() rpc.Series { return 19 }
	c.Version = func() upstream.Version {
		return upstream.Version{Series: 19, Text: "19.0+e", Serie: "19.0", Info: json.RawMessage(`[19, 0, 0, "final", 0, "e"]`), JSON2: true}
	}
}

// answers is an Odoo that answers each call with status and body.
func answers(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func onPartner(method, rest string) string {
	return call("object", "execute_kw", fmt.Sprintf(`["odoo18", 9001, "pw", "res.partner", %q, %s]`, method, rest))
}

func TestDriverRequest(t *testing.T) {
	w := start(t, onlyJSON2, answers(200, "application/json; charset=utf-8", `[{"id": 1, "name": "A"}]`))
	res, body := w.post(t, "/jsonrpc", onPartner("read", `[[1.0, 2], ["name"]], {"context": {"a" : 1}}`))
	if want := `{"jsonrpc": "2.0", "id": 1, "result": [{"id": 1, "name": "A"}]}`; res.StatusCode != 200 || body != want {
		t.Errorf("answered %d %s, want %s", res.StatusCode, body, want)
	}
	r := w.received[0]
	if r.URL.Path != "/json/2/res.partner/read" || r.Header.Get("Authorization") != "Bearer key" || r.Header.Get("X-Odoo-Database") != "odoo18" {
		t.Errorf("Odoo got %s with %v", r.URL, r.Header)
	}
	if got, want := w.sent()[0], `{"ids": [1.0, 2], "fields": ["name"], "context": {"a" : 1}}`; got != want {
		t.Errorf("Odoo got %s, want %s", got, want)
	}
	if strings.Contains(w.sent()[0], "pw") {
		t.Error("Odoo got the caller's password")
	}
}

func TestDriverAnswers(t *testing.T) {
	const jsonType = "application/json; charset=utf-8"
	tests := []struct {
		name, method, args string
		status             int
		contentType, odoo  string
		want               string // in the answer
	}{
		{"one created", "create", `[{"name": "A"}]`, 200, jsonType, `[7]`, `"result": 7}`},
		{"a list created", "create", `[[{"name": "A"}]]`, 200, jsonType, `[7]`, `"result": [7]}`},
		{"copied", "copy", `[1]`, 200, jsonType, `[7]`, `"result": [7]}`},
		{"None", "unlink", `[[1]]`, 200, jsonType, `null`, `{"jsonrpc": "2.0", "id": 1}`},
		{"an exception", "unlink", `[[1]]`, 422, jsonType, `{"name": "odoo.exceptions.UserError", "message": "No.", "arguments": ["No."], "context": {}, "debug": "T"}`,
			`"data": {"name": "odoo.exceptions.UserError", "message": "No.", "arguments": ["No."], "context": {}, "debug": "T"}`},
		{"no model", "unlink", `[[1]]`, 404, jsonType, `{"name": "werkzeug.exceptions.NotFound", "message": "the model 'res.partner' does not exist", "arguments": [], "debug": ""}`,
			`"name": "odoo.exceptions.UserError", "message": "Object res.partner doesn't exist"`},
		{"a page", "unlink", `[[1]]`, 500, "text/html", `<h1>Internal Server Error</h1>`, `<h1>Internal Server Error</h1>`},
		{"an error that is none", "unlink", `[[1]]`, 500, jsonType, `{"oops": 1}`, `"name": "werkzeug.exceptions.BadGateway"`},
		{"nothing", "unlink", `[[1]]`, 200, jsonType, ``, `"name": "werkzeug.exceptions.BadGateway"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, onlyJSON2, answers(test.status, test.contentType, test.odoo))
			if _, body := w.post(t, "/jsonrpc", onPartner(test.method, test.args)); !strings.Contains(body, test.want) {
				t.Errorf("got  %s\nwant %s", body, test.want)
			}
			if n := len(w.sent()); n != 1 {
				t.Errorf("Odoo was called %d times", n)
			}
		})
	}
}

// TestDriverCut: an answer that breaks off does not look whole.
func TestDriverCut(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	long := "[" + strings.Repeat(`"0123456789", `, 200_000)
	tests := []struct {
		name, answer string
		json, xml    string // what is said; "" where the answer is cut
	}{
		{"with a length", head + "Content-Length: 500\r\n\r\n[1, 2, 3", "", "The call was carried out"},
		{"until close", head + "\r\n[1, 2, 3", "", "The call was carried out"},
		{"late, until close", head + "\r\n" + long, "", ""},
		{"at once", head + "Content-Length: 500\r\n\r\n", "may have been carried out", "may have been carried out"},
		{"in an error", "HTTP/1.1 422 No\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"name\": ", "may have been carried out", "may have been carried out"},
	}
	for _, test := range tests {
		for _, way := range []struct{ name, request, says string }{
			{"JSON", request("/jsonrpc", "1.1", hostJSON, onPartner("search", "[[]]")), test.json},
			{"XML", request("/xmlrpc/2/object", "1.1", hostXML, xmlSearch), test.xml},
		} {
			t.Run(test.name+", "+way.name, func(t *testing.T) {
				odoo, requests := answering(t, test.answer)
				w := start(t, func(c *Config, w *world) {
					onlyJSON2(c, w)
					c.Upstream = upstream.New(upstream.Config{URL: odoo})
				}, nil)
				c := w.dial(t)
				c.send(way.request)
				_, body, err := c.answer()
				if (err != nil) != (way.says == "") || !strings.Contains(body, way.says) {
					t.Errorf("error %v, %.300s; want %q", err, body, way.says)
				}
				if rec := <-w.records; rec.Outcome != BadGateway {
					t.Errorf("outcome %s", rec.Outcome)
				}
				if n := requests.Load(); n != 1 {
					t.Errorf("Odoo received the request %d times", n)
				}
			})
		}
	}
}

const xmlSearch = `<?xml version="1.0"?><methodCall><methodName>execute</methodName><params><param><value>odoo18</value></param>` +
	`<param><value><int>9001</int></value></param><param><value>pw</value></param><param><value>res.partner</value></param>` +
	`<param><value>search</value></param><param><value><array><data/></array></value></param></params></methodCall>`

// TestDriverXML: a caller who speaks XML-RPC gets XML, and its dates arrive.
func TestDriverXML(t *testing.T) {
	w := start(t, onlyJSON2, answers(200, "application/json", `["a<b", 1.5, false]`))
	_, body := w.post(t, "/xmlrpc/2/object", `<?xml version="1.0"?><methodCall><methodName>execute</methodName><params>`+
		`<param><value>odoo18</value></param><param><value><int>9001</int></value></param><param><value>pw</value></param>`+
		`<param><value>res.partner</value></param><param><value>search</value></param><param><value><array><data/></array></value></param>`+
		`<param><value><dateTime.iso8601>20240229T12:34:56</dateTime.iso8601></value></param></params></methodCall>`, "Content-Type", "text/xml")
	if want := "<value><string>a&lt;b</string></value>\n<value><double>1.5</double></value>\n<value><boolean>0</boolean></value>"; !strings.Contains(body, want) {
		t.Errorf("got %s, want %s", body, want)
	}
	if got, want := w.sent()[0], `{"domain": [], "offset": "2024-02-29 12:34:56"}`; got != want {
		t.Errorf("Odoo got %s, want %s", got, want)
	}
}

// TestDriverServices: what common and db answered is answered without Odoo.
func TestDriverServices(t *testing.T) {
	w := start(t, onlyJSON2, nil)
	tests := []struct{ service, method, args, want string }{
		{"common", "version", `[]`, `"result": {"server_version": "19.0+e", "server_version_info": [19, 0, 0, "final", 0, "e"], "server_serie": "19.0", "protocol_version": 1}}`},
		{"common", "about", `[true]`, `["See http://openerp.com", "19.0+e"]`},
		{"common", "nope", `[]`, `Method not found: nope`},
		{"db", "server_version", `[]`, `"result": "19.0+e"`},
		{"db", "list_lang", `[]`, `["fr_FR", "French / Français"], [`},
		{"db", "list", `[]`, `["odoo18", "second"]`},
		{"db", "drop", `["x", "odoo18"]`, `"name": "odoo.exceptions.AccessDenied"`},
	}
	for _, test := range tests {
		if _, body := w.post(t, "/jsonrpc", call(test.service, test.method, test.args)); !strings.Contains(body, test.want) {
			t.Errorf("%s.%s: got %.300s, want %s", test.service, test.method, body, test.want)
		}
	}
	if len(w.sent()) > 0 {
		t.Errorf("Odoo got %v", w.sent())
	}
}

// TestDatabaseServiceGone: 20 has common and no db.
func TestDatabaseServiceGone(t *testing.T) {
	w := start(t, func(c *Config, _ *world) {
		c.Series = func() rpc.Series { return 20 }
		c.Version = func() upstream.Version { return upstream.Version{Series: 20, Text: "20.0", Serie: "20.0"} }
		c.DBServiceFull = true
	}, nil)
	for _, test := range []struct{ service, method, args, want string }{
		{"db", "server_version", `[]`, `"result": "20.0"`},
		{"db", "list_lang", `[]`, `["fr_FR", "French / Français"], [`},
		{"db", "drop", `["x", "odoo18"]`, `no service db any more`},
		{"common", "version", `[]`, `"result": "from Odoo"`},
	} {
		if _, body := w.post(t, "/jsonrpc", call(test.service, test.method, test.args)); !strings.Contains(body, test.want) {
			t.Errorf("%s.%s: got %.300s, want %s", test.service, test.method, body, test.want)
		}
	}
	if sent := w.sent(); len(sent) != 1 || !strings.Contains(sent[0], `"version"`) {
		t.Errorf("Odoo got %v, want common.version alone", sent)
	}
}

// TestDriverDocumentation: the names of a method that is in no table come from Odoo's documentation, which is read once, as the
// user who may.
func TestDriverDocumentation(t *testing.T) {
	w := start(t, withDocKey, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasPrefix(r.URL.Path, "/doc-bearer/") {
			_, _ = io.WriteString(w, `true`)
			return
		}
		_, _ = io.WriteString(w, `{"model": "res.partner", "methods": {"send": {"parameters": {"zebra": {}, "apple": {"default": null}, "mode": {"kind": "KEYWORD_ONLY"}}},
			"find": {"api": ["model", "readonly"], "parameters": {"email": {"annotation": "str"}}},
			"sum": {"api": ["model"], "parameters": {"numbers": {}}}}}`)
	})
	tests := []struct{ method, args, sent, answer string }{
		{"send", `[[1], "z", 5]`, `{"ids": [1], "zebra": "z", "apple": 5}`, `"result": true`},
		{"find", `["a@b.c"]`, `{"email": "a@b.c"}`, `"result": true`},
		{"send", `[[1], 2, 3, 4]`, ``, `ResPartner.send() takes from 2 to 3 positional arguments but 4 were given`},
		{"sum", `[[1, 2]]`, `{"numbers": [1, 2]}`, `"result": true`},
		{"deprecated", `[[1]]`, `{"ids": [1]}`, `"result": true`},
		{"gone", `[[1], 2]`, ``, `The method 'res.partner.gone' does not exist`},
	}
	for _, test := range tests {
		before := len(w.sent())
		if _, body := w.post(t, "/jsonrpc", onPartner(test.method, test.args)); !strings.Contains(body, test.answer) {
			t.Errorf("%s%s: got %s, want %s", test.method, test.args, body, test.answer)
		}
		if sent := w.sent(); test.sent != "" && sent[len(sent)-1] != test.sent {
			t.Errorf("%s%s: Odoo got %s, want %s", test.method, test.args, sent[len(sent)-1], test.sent)
		} else if test.sent == "" && len(sent) != before {
			t.Errorf("%s%s: Odoo got %v", test.method, test.args, sent[before:])
		}
	}
	documents := 0
	for _, r := range w.received {
		if r.URL.Path == "/doc-bearer/res.partner.json" {
			documents++
			if r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer doc key of odoo18" {
				t.Errorf("the documentation was asked for by %s with %v", r.Method, r.Header)
			}
		}
	}
	if documents != 1 {
		t.Errorf("the documentation was read %d times", documents)
	}
}

// withDocKey is an Odoo whose documentation may be read.
func withDocKey(c *Config, w *world) {
	onlyJSON2(c, w)
	c.DocKey = func(_ context.Context, db string) (auth.Secret, error) { return auth.Secret("doc key of " + db), nil }
}

// TestDriverWithoutDocumentation: where it can't be read the caller is told the remedy and the log why, and it is not asked for
// with every call.
func TestDriverWithoutDocumentation(t *testing.T) {
	for status, why := range map[int]string{403: "Technical Documentation", 500: "status 500", 200: "it has no methods"} {
		w := start(t, withDocKey, answers(status, "application/json", `{}`))
		for range 3 {
			if _, body := w.post(t, "/jsonrpc", onPartner("do_it", `["a"]`)); !strings.Contains(body, "doc_user") {
				t.Errorf("%d: got %s, want the remedy", status, body)
			}
		}
		if !strings.Contains(w.log.String(), why) {
			t.Errorf("%d: the log does not say %s", status, why)
		}
		if n := len(w.sent()); n != 1 {
			t.Errorf("%d: the documentation was asked for %d times", status, n)
		}
	}
}
