package bridge

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"odoobridge/auth"
)

// TestPipeline: what the caller sends, who they turn out to be, what Odoo receives and what they are answered.
func TestPipeline(t *testing.T) {
	denied := &auth.Error{Kind: auth.Denied, Reason: "wrong password"}
	const search = `"res.partner", "search", [[]], {"limit": 1.50}`
	for _, tc := range []struct {
		name    string
		body    string
		header  []string
		err     error
		sent    string // what Odoo receives; "" for nothing
		answer  string // a part of the answer; "" for Odoo's own
		status  int    // 0 is 200
		outcome Outcome
		db      string // where the caller was looked up; "" for nowhere
	}{
		{name: "object with its own credentials", body: call("object", "execute_kw", `["odoo18", 9001, "pw", `+search+`]`),
			sent: `["odoo18", 9001, "minted", ` + search + `]`, outcome: Forwarded, db: "odoo18"},
		{name: "the uid as a string goes out as a number", body: call("object", "execute_kw", `["odoo18", " 9001 ", "pw", `+search+`]`),
			sent: `["odoo18", 9001, "minted", ` + search + `]`, outcome: Forwarded, db: "odoo18"},
		{name: "object by a key alone", body: call("object", "execute", `["", 0, "", "res.partner", "search", []]`), header: []string{"API-KEY", "k"},
			sent: `["odoo18", 9001, "minted", "res.partner", "search", []]`, outcome: Forwarded, db: "odoo18"},
		{name: "object by a key in another database", body: call("object", "execute", `["second", null, null, "res.partner", "search", []]`), header: []string{"API-KEY", "k"},
			sent: `["second", 9001, "minted", "res.partner", "search", []]`, outcome: Forwarded, db: "second"},
		{name: "object by a key in a database that is not served", body: call("object", "execute", `["third", 0, "", "m", "f"]`), header: []string{"API-KEY", "k"},
			answer: "Access Denied", outcome: Denied},
		{name: "a wrong password never reaches Odoo", body: call("object", "execute_kw", `["odoo18", 9001, "pw", `+search+`]`), err: denied,
			answer: "Access Denied", outcome: Denied, db: "odoo18"},
		{name: "unknown database", body: call("object", "execute_kw", `["third", 9001, "pw", `+search+`]`),
			answer: `database \"third\" does not exist`, outcome: Invalid},
		{name: "unknown uid", body: call("object", "execute_kw", `["odoo18", 77, "pw", `+search+`]`), err: &auth.Error{Kind: auth.UnknownUser},
			answer: "(Record: res.users(77,), User: 77)", outcome: Invalid, db: "odoo18"},
		{name: "password no string", body: call("object", "execute_kw", `["odoo18", 9001, 42, `+search+`]`), err: &auth.Error{Kind: auth.NoPassword},
			answer: "secret must be unicode or bytes, not int", outcome: Invalid, db: "odoo18"},
		{name: "password empty", body: call("object", "execute_kw", `["odoo18", 9001, "", `+search+`]`), err: &auth.Error{Kind: auth.NoPassword},
			answer: "Access Denied", outcome: Denied, db: "odoo18"},
		{name: "unknown method of object, once the caller is known", body: call("object", "exec_workflow", `["odoo18", 9001, "pw"]`),
			answer: "Method not available exec_workflow", outcome: Invalid, db: "odoo18"},
		{name: "version needs no one", body: call("common", "version", `[]`), sent: `"version", "args": []`, outcome: Forwarded},
		{name: "version with a key that does not hold", body: call("common", "version", `[]`), header: []string{"API-KEY", "k"}, err: denied,
			answer: "Access Denied", outcome: Denied, db: "odoo18"},
		{name: "login", body: call("common", "login", `["odoo18", "rpcuser", "pw"]`), answer: `"result": 9001`, outcome: Answered, db: "odoo18"},
		{name: "login refused", body: call("common", "authenticate", `["odoo18", "rpcuser", "pw", {}]`), err: denied,
			answer: `"result": false`, outcome: Answered, db: "odoo18"},
		{name: "login with a key and no login", body: call("common", "authenticate", `["odoo18", "", "", {}]`), header: []string{"API-KEY", "k"},
			answer: `"result": 9001`, outcome: Answered, db: "odoo18"},
		{name: "login with a key and a login that is no text", body: call("common", "authenticate", `["odoo18", 5, "", {}]`), header: []string{"API-KEY", "k"},
			answer: `"result": false`, outcome: Answered},
		{name: "list of databases", body: call("db", "list", `[]`), answer: `"result": ["odoo18", "second"]`, outcome: Answered},
		{name: "database exists", body: call("db", "db_exist", `["third"]`), answer: `"result": false`, outcome: Answered},
		{name: "master password", body: call("db", "drop", `["master", "odoo18"]`), answer: "Access Denied", outcome: Denied},
		{name: "unknown service", body: call("report", "x", `[]`), answer: "KeyError", outcome: Invalid},
		{name: "two API-KEY headers", body: call("common", "version", `[]`), header: []string{"API-KEY", "a", "API-KEY", "b"},
			answer: "two API-KEY headers", status: 400, outcome: Invalid},
		{name: "Basic that is no base64", body: call("common", "version", `[]`), header: []string{"Authorization", "Basic ###"},
			answer: "not base64", status: 400, outcome: Invalid},
		{name: "too large a body", body: strings.Repeat(" ", 1<<20) + call("common", "version", `[]`), answer: "larger than 1048576 bytes", status: 413, outcome: Invalid},
		{name: "overloaded", body: call("common", "login", `["odoo18", "rpcuser", "pw"]`), err: &auth.Error{Kind: auth.Overloaded, RetryAfter: 2 * time.Second},
			answer: "503", status: 503, outcome: Overloaded, db: "odoo18"},
		{name: "database away", body: call("object", "execute_kw", `["odoo18", 9001, "pw", `+search+`]`), err: &auth.Error{Kind: auth.Unavailable},
			answer: "503", status: 503, outcome: Unavailable, db: "odoo18"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, nil, nil)
			w.auth.err = tc.err
			res, answer := w.post(t, "/jsonrpc", tc.body, tc.header...)
			if want := max(tc.status, 200); res.StatusCode != want {
				t.Errorf("status %d, want %d", res.StatusCode, want)
			}
			if tc.answer == "" && answer != odooAnswer {
				t.Errorf("answer %s, want Odoo's untouched", answer)
			}
			if !strings.Contains(answer, tc.answer) {
				t.Errorf("answer %s, want %s in it", answer, tc.answer)
			}
			sent := strings.Join(w.sent(), "\n")
			if (tc.sent == "") != (sent == "") || !strings.Contains(sent, tc.sent) {
				t.Errorf("Odoo received %q, want %q in it", sent, tc.sent)
			}
			if rec := <-w.records; rec.Outcome != tc.outcome || rec.Status != res.StatusCode {
				t.Errorf("outcome %s, status %d; want %s, %d", rec.Outcome, rec.Status, tc.outcome, res.StatusCode)
			}
			if w.auth.db != tc.db {
				t.Errorf("the caller was looked up in %q, want %q", w.auth.db, tc.db)
			}
			if tc.status == 503 && res.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

// TestXML: the same pipeline, in the caller's protocol, and in the same to Odoo.
func TestXML(t *testing.T) {
	const body = "<?xml version='1.0'?>\n<methodCall>\n<methodName>execute</methodName>\n<params>\n" +
		"<param>\n<value><string>odoo18</string></value>\n</param>\n<param>\n<value><int>9001</int></value>\n</param>\n" +
		"<param>\n<value><string>pw</string></value>\n</param>\n<param>\n<value>res.partner</value>\n</param>\n" +
		"<param>\n<value><![CDATA[search]]></value>\n</param>\n<param>\n<value><double>1.50</double></value>\n</param>\n</params>\n</methodCall>\n"
	for _, tc := range []struct{ path, fault string }{
		{"/xmlrpc/2/object", "<value><int>3</int></value>"},
		{"/xmlrpc/object", "<value><string>AccessDenied</string></value>"},
		{"//xmlrpc/2//object/", "<value><int>3</int></value>"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			w := start(t, func(c *Config, _ *world) { c.ForwardXML = true }, nil)
			_, _ = w.post(t, tc.path, body, "Content-Type", "text/xml")
			sent := strings.Join(w.sent(), "")
			for _, want := range []string{"<string>minted</string>", "<double>1.50</double>", "<int>9001</int>", "search"} {
				if !strings.Contains(sent, want) {
					t.Errorf("Odoo received %s, want %s in it", sent, want)
				}
			}
			if got := w.received[0].URL.Path; !strings.HasSuffix(got, "/object") || strings.Contains(got, "//") {
				t.Errorf("Odoo was asked at %s", got)
			}
			if strings.Contains(sent, "pw") {
				t.Error("Odoo received the caller's password beside ours")
			}
			w.auth.err = &auth.Error{Kind: auth.Denied}
			res, answer := w.post(t, tc.path, body)
			if res.StatusCode != 200 || !strings.Contains(answer, tc.fault) {
				t.Errorf("refused with %d %s, want %s in it", res.StatusCode, answer, tc.fault)
			}
		})
	}
}

// TestTranscode: XML-RPC callers, and an Odoo that is asked in JSON.
func TestTranscode(t *testing.T) {
	call := func(argument string) string {
		return "<methodCall><methodName>execute</methodName><params><param><value>odoo18</value></param><param><value><int>9001</int></value></param>" +
			"<param><value>pw</value></param><param><value>res.partner</value></param><param><value>search</value></param><param><value>" +
			argument + "</value></param></params></methodCall>"
	}
	answerWith := func(contentType, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(rw, body)
		}
	}
	const jsonType, xmlType = "application/json; charset=utf-8", "text/xml; charset=utf-8"
	long := strings.Repeat("\"0123456789\", ", 200_000)
	for _, tc := range []struct {
		name, argument string
		odoo           http.HandlerFunc
		sent           string
		answer         string
		status         int
		contentType    string
		cut            bool // the answer must break off
		outcome        Outcome
	}{
		{name: "a result", argument: "<array><data><value><i4>5</i4></value></data></array>", odoo: answerWith(jsonType, `{"jsonrpc": "2.0", "id": 1, "result": [{"id": 7, "name": "<é>"}]}`),
			sent: `"args": ["odoo18", 9001, "minted", "res.partner", "search", [5]]`, status: 200, contentType: xmlType, outcome: Forwarded,
			answer: "<value><array><data>\n<value><struct>\n<member>\n<name>id</name>\n<value><int>7</int></value>\n</member>\n<member>\n<name>name</name>\n<value><string>&lt;é&gt;</string></value>\n"},
		{name: "an error", argument: "x", odoo: answerWith(jsonType, `{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.UserError", "message": "no", "arguments": ["no"], "debug": ""}}}`),
			sent: `"search", "x"]`, status: 200, contentType: xmlType, outcome: Forwarded, answer: "<name>faultCode</name>\n<value><int>2</int></value>"},
		{name: "a date is forwarded as it came", argument: "<dateTime.iso8601>20240102T03:04:05</dateTime.iso8601>", odoo: answerWith(xmlType, "<methodResponse/>"),
			sent: "<dateTime.iso8601>20240102T03:04:05</dateTime.iso8601>", status: 200, contentType: xmlType, outcome: Forwarded, answer: "<methodResponse/>"},
		{name: "a page", argument: "x", odoo: answerWith("text/html", "<h1>hello</h1>"),
			sent: `"x"`, status: 200, contentType: "text/html", outcome: Forwarded, answer: "<h1>hello</h1>"},
		{name: "half an answer", argument: "x", odoo: answerWith(jsonType, `{"jsonrpc": "2.0", "id": 1, "result": [1, 2`),
			sent: `"x"`, status: 502, contentType: xmlType, outcome: BadGateway, answer: "The call was carried out"},
		{name: "a large answer", argument: "x", odoo: answerWith(jsonType, `{"jsonrpc": "2.0", "id": 1, "result": [`+long+`1]}`),
			sent: `"x"`, status: 200, contentType: xmlType, outcome: Forwarded, answer: "<value><int>1</int></value>\n</data></array></value>\n</param>\n</params>\n\n</methodResponse>\n"},
		{name: "half a large answer", argument: "x", odoo: answerWith(jsonType, `{"jsonrpc": "2.0", "id": 1, "result": [`+long),
			sent: `"x"`, status: 200, contentType: xmlType, outcome: BadGateway, cut: true},
		{name: "None at the end of a large answer", argument: "x", odoo: answerWith(jsonType, `{"jsonrpc": "2.0", "id": 1, "result": [`+long+`null]}`),
			sent: `"x"`, status: 200, contentType: xmlType, outcome: BadGateway, cut: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, nil, tc.odoo)
			res, err := http.Post(w.url+"/xmlrpc/2/object", "text/xml", strings.NewReader(call(tc.argument)))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			answer, err := io.ReadAll(res.Body)
			if (err != nil) != tc.cut {
				t.Errorf("error %v after %d bytes; to be cut: %v", err, len(answer), tc.cut)
			}
			if res.StatusCode != tc.status || res.Header.Get("Content-Type") != tc.contentType || !strings.Contains(string(answer), tc.answer) {
				t.Errorf("status %d, %s: %.500s; want %d, %s with %s", res.StatusCode, res.Header.Get("Content-Type"), answer, tc.status, tc.contentType, tc.answer)
			}
			if sent := strings.Join(w.sent(), "\n"); len(w.sent()) != 1 || !strings.Contains(sent, tc.sent) {
				t.Errorf("Odoo received %s, want %s in it", sent, tc.sent)
			}
			if rec := <-w.records; rec.Outcome != tc.outcome {
				t.Errorf("outcome %s, want %s", rec.Outcome, tc.outcome)
			}
		})
	}
}

// TestWhatIsPresented: the headers as the authenticator sees them.
func TestWhatIsPresented(t *testing.T) {
	untrusting := func(c *Config, _ *world) { c.TrustedSources = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }
	behindProxy := func(c *Config, _ *world) {
		untrusting(c, nil)
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	for _, tc := range []struct {
		name      string
		change    func(*Config, *world)
		header    []string
		want      func(auth.Presented) bool
		untrusted float64
	}{
		{"API-KEY", nil, []string{"API-KEY", "k"}, func(p auth.Presented) bool { return p.APIKey.Reveal() == "k" && p.Basic == nil }, 0},
		{"api-key in small letters", nil, []string{"api-key", "k"}, func(p auth.Presented) bool { return p.APIKey.Reveal() == "k" }, 0},
		{"an underscore is no dash", nil, []string{"API_KEY", "k"}, func(p auth.Presented) bool { return p.APIKey == "" }, 0},
		{"HTTP_API_KEY", nil, []string{"HTTP_API_KEY", "k"}, func(p auth.Presented) bool { return p.APIKey == "" }, 0},
		{"API-KEY from elsewhere", untrusting, []string{"API-KEY", "k"}, func(p auth.Presented) bool { return p.APIKey == "" }, 1},
		{"behind a proxy, a trusted client", behindProxy, []string{"API-KEY", "k", "X-Forwarded-For", "192.0.2.7"},
			func(p auth.Presented) bool { return p.APIKey.Reveal() == "k" && p.Source.String() == "192.0.2.7" }, 0},
		{"behind a proxy, a client that lies", behindProxy, []string{"API-KEY", "k", "X-Forwarded-For", "192.0.2.7, 198.51.100.1"},
			func(p auth.Presented) bool { return p.APIKey == "" && p.Source.String() == "198.51.100.1" }, 1},
		{"X-Forwarded-For without a proxy", untrusting, []string{"API-KEY", "k", "X-Forwarded-For", "192.0.2.7"},
			func(p auth.Presented) bool { return p.APIKey == "" && p.Source.String() == "127.0.0.1" }, 1},
		{"Basic, with a colon in the password", nil, []string{"Authorization", "Basic w7xuw69jb2RlOnA6dw=="},
			func(p auth.Presented) bool {
				return p.Basic != nil && p.Basic.Login == "ünïcode" && p.Basic.Password.Reveal() == "p:w"
			}, 0},
		{"bAsIc", nil, []string{"Authorization", "bAsIc YTpi"}, func(p auth.Presented) bool { return p.Basic != nil && p.Basic.Login == "a" }, 0},
		{"Basic switched off", func(c *Config, _ *world) { c.Basic = false }, []string{"Authorization", "Basic YTpi"},
			func(p auth.Presented) bool { return p.Basic == nil }, 0},
		{"Bearer", nil, []string{"Authorization", "Bearer k"}, func(p auth.Presented) bool { return p.Bearer.Reveal() == "k" }, 0},
		{"another scheme", nil, []string{"Authorization", "Digest x"}, func(p auth.Presented) bool { return p.Bearer == "" && p.Basic == nil }, 0},
		{"both", nil, []string{"API-KEY", "k", "Authorization", "Basic YTpi"},
			func(p auth.Presented) bool { return p.APIKey.Reveal() == "k" && p.Basic.Login == "a" }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, tc.change, nil)
			w.post(t, "/jsonrpc", call("object", "execute", `["odoo18", 9001, "pw", "m", "f"]`), tc.header...)
			if w.auth.called != 1 || !tc.want(w.auth.asked) {
				t.Errorf("asked %d times, last with %+v", w.auth.called, w.auth.asked)
			}
			if got := testutil.ToFloat64(w.metrics.untrusted); got != tc.untrusted {
				t.Errorf("%v headers counted as untrusted, want %v", got, tc.untrusted)
			}
			for name := range w.received[0].Header {
				if strings.Contains(strings.ToLower(name), "key") || strings.Contains(name, "_") || name == "Authorization" || name == "Cookie" {
					t.Errorf("Odoo received the header %s", name)
				}
			}
		})
	}
}

// TestBrokenAnswer: an answer that breaks off at Odoo breaks off at the client, whether its length was announced or not.
func TestBrokenAnswer(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer func(http.ResponseWriter)
	}{
		{"with a length", func(rw http.ResponseWriter) {
			rw.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(rw, `{"result": `)
		}},
		{"chunked", func(rw http.ResponseWriter) { _, _ = io.WriteString(rw, `{"result": `) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, nil, func(rw http.ResponseWriter, _ *http.Request) {
				tc.answer(rw)
				_ = http.NewResponseController(rw).Flush()
				panic(http.ErrAbortHandler)
			})
			res, err := http.Post(w.url+"/jsonrpc", "application/json", strings.NewReader(call("common", "version", `[]`)))
			if err == nil {
				_, err = io.ReadAll(res.Body)
				res.Body.Close()
			}
			if err == nil {
				t.Error("the client was given a broken answer as a whole one")
			}
			if rec := <-w.records; rec.Outcome != BadGateway {
				t.Errorf("outcome %s, want %s", rec.Outcome, BadGateway)
			}
			if n := len(w.sent()); n != 1 {
				t.Errorf("Odoo received the call %d times", n)
			}
		})
	}
}

// TestLogLine: one line per call, with what an operator looks for and no secret.
func TestLogLine(t *testing.T) {
	w := start(t, nil, nil)
	w.auth.id.KeyName = "shop"
	w.auth.id.Via = auth.ViaAPIKey
	w.post(t, "/jsonrpc", call("object", "execute_kw", `["odoo18", 9001, "canary-password", "res.partner", "read", []]`),
		"API-KEY", "canary-key", "X-Request-Id", "order-4711")
	<-w.records
	w.auth.err = &auth.Error{Kind: auth.Denied, Reason: "wrong password"}
	w.post(t, "/jsonrpc", call("object", "execute_kw", `["odoo18", 9001, "canary-password", "res.partner", "read", []]`))
	<-w.records
	var lines []string
	for s := bufio.NewScanner(strings.NewReader(w.log.String())); s.Scan(); {
		lines = append(lines, s.Text())
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines for 2 calls: %s", len(lines), lines)
	}
	for i, wants := range [][]string{
		{`"request_id":"order-4711"`, `"source":"127.0.0.1"`, `"service":"object"`, `"call":"execute_kw"`, `"model":"res.partner"`,
			`"method":"read"`, `"db":"odoo18"`, `"login":"rpcuser"`, `"key":"shop"`, `"uid":9001`, `"status":200`, `"outcome":"forwarded"`,
			`"protocol":"jsonrpc"`, `"via":"api-key"`, `"bytes_in"`, `"bytes_out"`, `"total_ms"`, `"upstream_ms"`},
		{`"outcome":"denied"`, `wrong password`, `"level":"warn"`},
	} {
		for _, want := range wants {
			if !strings.Contains(lines[i], want) {
				t.Errorf("line %d lacks %s: %s", i, want, lines[i])
			}
		}
	}
	if strings.Contains(w.log.String(), "canary") {
		t.Error("the log tells a secret")
	}
}

// TestPages: what is no call is answered as Odoo's HTTP layer answers it.
func TestPages(t *testing.T) {
	w := start(t, nil, nil)
	for _, tc := range []struct {
		method, path, contentType string
		status                    int
		allow                     string
	}{
		{"GET", "/xmlrpc/2/common", "", 405, "OPTIONS, POST"},
		{"PUT", "/xmlrpc/common", "text/xml", 405, "OPTIONS, POST"},
		{"POST", "/jsonrpc", "text/plain", 400, ""},
		{"GET", "/jsonrpc", "", 400, ""},
		{"POST", "/xmlrpc", "text/xml", 404, ""},
		{"POST", "/xmlrpc/3/common", "text/xml", 404, ""},
		{"POST", "/web/login", "text/xml", 404, ""},
		{"POST", "/JSONRPC", "application/json", 404, ""},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			req, err := http.NewRequest(tc.method, w.url+tc.path, strings.NewReader(call("common", "version", `[]`)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", tc.contentType)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != tc.status || res.Header.Get("Allow") != tc.allow {
				t.Errorf("status %d, Allow %q; want %d, %q", res.StatusCode, res.Header.Get("Allow"), tc.status, tc.allow)
			}
		})
	}
	if len(w.sent()) != 0 {
		t.Errorf("Odoo received %q", w.sent())
	}
}

// TestClientGoesAway: a body that breaks off is no call, and nobody is answered.
func TestClientGoesAway(t *testing.T) {
	w := start(t, nil, nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, "POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
	c.Close()
	if rec := <-w.records; rec.Outcome != Canceled {
		t.Errorf("outcome %s, want %s", rec.Outcome, Canceled)
	}
	if len(w.sent()) != 0 {
		t.Errorf("Odoo received %q", w.sent())
	}
}
