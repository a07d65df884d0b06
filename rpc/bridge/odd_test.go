package bridge

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func chunked(pieces ...string) string {
	var b strings.Builder
	for _, p := range pieces {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(p), p)
	}
	return b.String() + "0\r\n\r\n"
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

// heard is one answer as the client must hear it.
type heard struct {
	status int
	says   string // a part of its body
}

var fromOdoo = heard{200, "from Odoo"}

// TestOddRequests: what the client sends byte for byte, what it hears in which order, and all that Odoo receives of it.
func TestOddRequests(t *testing.T) {
	version, list := call("common", "version", `[]`), call("db", "list", `[]`)
	const sentVersion = `"service": "common", "method": "version", "args": []`
	const xmlVersion = "<methodCall><methodName>version</methodName></methodCall>"
	for _, tc := range []struct {
		name    string
		request string
		heard   []heard
		sent    []string // parts of the bodies that Odoo receives, in their order
		closes  bool     // the bridge ends the connection
	}{
		// Versions and connections.
		{"HTTP/1.0", request("/jsonrpc", "1.0", hostJSON, version), []heard{fromOdoo}, []string{sentVersion}, true},
		{"HTTP/1.0 without Host", request("/jsonrpc", "1.0", jsonType, version), []heard{fromOdoo}, []string{sentVersion}, true},
		{"HTTP/1.0 that keeps its connection", request("/jsonrpc", "1.0", jsonType+"Connection: keep-alive\r\n", version) + request("/jsonrpc", "1.0", jsonType+"Connection: keep-alive\r\n", list),
			[]heard{fromOdoo, {200, `"result": ["odoo18", "second"]`}}, []string{sentVersion}, false},
		{"HTTP/1.0 and a second request on a connection that is not kept", request("/jsonrpc", "1.0", jsonType, version) + request("/jsonrpc", "1.0", jsonType, list),
			[]heard{fromOdoo}, []string{sentVersion}, true},
		{"HTTP/1.1 without Host", request("/jsonrpc", "1.1", jsonType, version), []heard{{400, "missing required Host header"}}, nil, true},
		{"HTTP/1.1 with two", request("/jsonrpc", "1.1", host+hostJSON, version), []heard{{400, ""}}, nil, true},
		{"HTTP/1.1 that closes", request("/jsonrpc", "1.1", hostJSON+"Connection: close\r\n", version), []heard{fromOdoo}, []string{sentVersion}, true},
		{"HTTP/2.0 said over HTTP/1", request("/jsonrpc", "2.0", hostJSON, version), []heard{{505, ""}}, nil, true},
		{"pipelined", request("/jsonrpc", "1.1", hostJSON, version) + request("/jsonrpc", "1.1", hostJSON, list) + request("/jsonrpc", "1.1", hostJSON, call("none", "x", `[]`)) +
			request("/xmlrpc/2/common", "1.1", hostXML, xmlVersion) + request("/nowhere", "1.1", hostXML, xmlVersion) + request("/jsonrpc", "1.1", hostJSON, list),
			[]heard{fromOdoo, {200, `"result": ["odoo18", "second"]`}, {200, "KeyError"}, fromOdoo, {404, "Not Found"}, {200, `["odoo18", "second"]`}},
			[]string{sentVersion, "<methodName>version</methodName>"}, false},
		{"an empty line between two requests", request("/jsonrpc", "1.1", hostJSON, version) + "\r\n" + request("/jsonrpc", "1.1", hostJSON, list),
			[]heard{fromOdoo, {200, `["odoo18", "second"]`}}, []string{sentVersion}, false},

		// Framing.
		{"chunked", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + chunks + "\r\n" + chunked(version[:1], version[1:10], version[10:]), []heard{fromOdoo}, []string{sentVersion}, true},
		{"chunked, and larger than a first buffer", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + chunks + "\r\n" + chunked(version[:10], strings.Repeat(" ", 100_000), version[10:]),
			[]heard{fromOdoo}, []string{sentVersion}, true},
		{"chunked, with extensions and trailers", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "TE: trailers\r\nTrailer: Api-Key\r\n" + chunks + "\r\n" +
			fmt.Sprintf("%X;a=b;c=\"d\"\r\n%s\r\n000\r\nApi-Key: canary\r\n\r\n", len(version), version), []heard{fromOdoo}, []string{sentVersion}, true},
		{"chunked, in one piece with its header, to a controller", "POST /shopinvader/x HTTP/1.1\r\n" + host + "API-KEY: k\r\n" + chunks + "\r\n" + chunked("a body") + request("/jsonrpc", "1.1", hostJSON, version),
			[]heard{fromOdoo}, []string{"a body"}, true},
		{"chunked over HTTP/1.0", "POST /jsonrpc HTTP/1.0\r\n" + hostJSON + chunks + "\r\n" + chunked(version), []heard{{400, ""}}, nil, true},
		{"Transfer-Encoding: gzip", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Transfer-Encoding: gzip\r\n\r\n" + gzipped(version), []heard{{501, ""}}, nil, true},
		{"Transfer-Encoding: gzip, chunked", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(gzipped(version)), []heard{{501, ""}}, nil, true},
		{"two Transfer-Encodings", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + chunks + chunks + "\r\n" + chunked(version), []heard{{501, ""}}, nil, true},
		{"Content-Length and Transfer-Encoding, a second request in what the length covers", request("/jsonrpc", "1.1", hostJSON+chunks, chunked(version)+request("/jsonrpc", "1.1", hostJSON, call("common", "about", "[]"))),
			[]heard{fromOdoo}, []string{sentVersion}, true},
		{"two Content-Lengths", request("/jsonrpc", "1.1", hostJSON+"Content-Length: 5\r\n", version), []heard{{400, ""}}, nil, true},
		{"two Content-Lengths in one line", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Content-Length: 5, 6\r\n\r\n" + version, []heard{{400, ""}}, nil, true},
		{"a negative Content-Length", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Content-Length: -1\r\n\r\n" + version, []heard{{400, ""}}, nil, true},
		{"a signed Content-Length", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + fmt.Sprintf("Content-Length: +%d\r\n\r\n", len(version)) + version, []heard{{400, ""}}, nil, true},
		{"a Content-Length over 64 bits", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Content-Length: 99999999999999999999\r\n\r\n" + version, []heard{{400, ""}}, nil, true},
		{"neither length nor chunks", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "\r\n", []heard{{400, "Invalid JSON data"}}, nil, false},
		{"a length too short: the rest is no request", "POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Content-Length: 10\r\n\r\n" + version + "\r\n\r\n",
			[]heard{{400, "Invalid JSON data"}, {400, ""}}, nil, true},
		{"Expect of something else", request("/jsonrpc", "1.1", hostJSON+"Expect: a-miracle\r\n", version), []heard{{417, ""}}, nil, true},

		// Header fields.
		{"a space before the colon", request("/jsonrpc", "1.1", hostJSON+"API-KEY : k\r\n", version), []heard{{400, ""}}, nil, true},
		{"a line that is no field", request("/jsonrpc", "1.1", hostJSON+"hello\r\n", version), []heard{{400, ""}}, nil, true},
		{"a NUL in a field", request("/jsonrpc", "1.1", hostJSON+"User-Agent: a\x00b\r\n", version), []heard{{400, ""}}, nil, true},
		{"line ends without CR", strings.ReplaceAll(request("/jsonrpc", "1.1", hostJSON, version), "\r\n", "\n"), []heard{fromOdoo}, []string{sentVersion}, false},
		{"two API-KEYs", request("/jsonrpc", "1.1", hostJSON+"API-KEY: a\r\napi-key: a\r\n", version), []heard{{400, "two API-KEY headers"}}, nil, false},
		{"two API-KEYs to XML-RPC", request("/xmlrpc/2/common", "1.1", hostXML+"API-KEY: a\r\nAPI-KEY: a\r\n", xmlVersion), []heard{{400, "two API-KEY headers"}}, nil, false},
		{"a form to /jsonrpc", request("/jsonrpc", "1.1", host+"Content-Type: application/x-www-form-urlencoded\r\n", version), []heard{{400, "Request inferred type is compatible with"}}, nil, false},
		{"a form to /xmlrpc/2", request("/xmlrpc/2/common", "1.1", host+"Content-Type: application/x-www-form-urlencoded\r\n", xmlVersion), []heard{{200, "ExpatError: no element found: line 1, column 0"}}, nil, false},
		{"gzip to /jsonrpc", request("/jsonrpc", "1.1", hostJSON+"Content-Encoding: gzip\r\n", gzipped(version)), []heard{{400, "Invalid JSON data"}}, nil, false},
		{"gzip to /xmlrpc", request("/xmlrpc/common", "1.1", hostXML+"Content-Encoding: gzip\r\n", gzipped(xmlVersion)), []heard{{200, "not well-formed (invalid token): line 1, column 0"}}, nil, false},

		// Targets.
		{"a slash at the end", request("/jsonrpc/", "1.1", hostJSON, version), []heard{fromOdoo}, []string{sentVersion}, false},
		{"two slashes", request("//jsonrpc", "1.1", hostJSON, version), []heard{fromOdoo}, []string{sentVersion}, false},
		{"no service behind /xmlrpc/2", request("/xmlrpc/2", "1.1", hostXML, xmlVersion), []heard{{200, "KeyError"}}, nil, false},
		{"percent-encoded", request("/%6Asonrpc", "1.1", hostJSON, version), []heard{fromOdoo}, []string{sentVersion}, false},
		{"percent-encoded slashes", request("/xmlrpc%2f2%2Fcommon", "1.1", hostXML, xmlVersion), []heard{fromOdoo}, []string{"<methodName>version</methodName>"}, false},
		{"percent-encoded badly", request("/%zzjsonrpc", "1.1", hostJSON, version), []heard{{400, ""}}, nil, true},
		{"the absolute form", request("http://other.example/jsonrpc", "1.1", hostJSON, version), []heard{fromOdoo}, []string{sentVersion}, false},
		{"a query", request("/jsonrpc?db=second", "1.1", hostJSON, version), []heard{fromOdoo}, []string{sentVersion}, false},
		{"dots", request("/web/../jsonrpc", "1.1", hostJSON, version), []heard{{404, "Not Found"}}, nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil, nil)
			c := w.dial(t)
			c.send(tc.request)
			for i, want := range tc.heard {
				res, body := c.whole()
				if res.StatusCode != want.status || !strings.Contains(strings.ReplaceAll(body, "&#39;", "'"), want.says) {
					t.Errorf("answer %d is %d %s; want %d with %s", i, res.StatusCode, body, want.status, want.says)
				}
			}
			w.quiet(t, c, tc.closes)
			w.receivedOnly(t, tc.sent)
		})
	}
}

// quiet: nothing more is answered on c, which the bridge ends or keeps, as is proven with a request of its own.
func (w *world) quiet(t *testing.T, c *wire, closes bool) {
	t.Helper()
	if !closes {
		c.send(request("/jsonrpc", "1.1", hostJSON, call("last", "x", "[]")))
		if res, body := c.whole(); res.StatusCode != 200 || !strings.Contains(body, `"last"`) {
			t.Errorf("the connection has %d %s left, which nobody was to be answered", res.StatusCode, body)
		}
		return
	}
	if rest, err := io.ReadAll(c.reader); len(rest) != 0 || (err != nil && strings.Contains(err.Error(), "timeout")) {
		t.Errorf("the connection was to be closed, and has %q, %v", rest, err)
	}
}

// receivedOnly compares what Odoo received, with no header in it that is not for Odoo.
func (w *world) receivedOnly(t *testing.T, want []string) {
	t.Helper()
	got := w.sent()
	if len(got) != len(want) {
		t.Fatalf("Odoo received %d requests, want %d: %q", len(got), len(want), got)
	}
	for i := range got {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("Odoo received %s, want %s in it", got[i], want[i])
		}
		for name := range w.received[i].Header {
			if name == "Api-Key" && strings.HasPrefix(w.received[i].URL.Path, "/shopinvader/") {
				continue // whose controller checks it too
			}
			if strings.Contains(strings.ToLower(name), "key") || strings.ContainsRune(name, '_') || name == "Te" || name == "Trailer" || name == "Expect" {
				t.Errorf("Odoo received the header %s", name)
			}
		}
	}
}

// TestExpectContinue: the client keeps its body back until it is asked for it, once.
func TestExpectContinue(t *testing.T) {
	body := call("common", "version", `[]`)
	for _, tc := range []struct{ name, header, body string }{
		{"chunked", chunks, chunked(body[:20], body[20:])},
		{"with a length", fmt.Sprintf("Content-Length: %d\r\n", len(body)), body},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, nil, nil)
			c := w.dial(t)
			c.send("POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Expect: 100-continue\r\n" + tc.header + "\r\n")
			const interim = "HTTP/1.1 100 Continue\r\n\r\n"
			if got, err := c.reader.Peek(len(interim)); string(got) != interim {
				t.Fatalf("asked for its body with %q, %v", got, err)
			}
			_, _ = c.reader.Discard(len(interim))
			if n := len(w.sent()); n != 0 {
				t.Errorf("Odoo received %d requests before there was a body", n)
			}
			c.send(tc.body)
			if res, answer := c.whole(); res.StatusCode != 200 || answer != odooAnswer {
				t.Errorf("answered %d %s", res.StatusCode, answer)
			}
			w.receivedOnly(t, []string{`"method": "version"`})
		})
	}
	t.Run("of a call that is refused", func(t *testing.T) {
		w := start(t, nil, nil)
		c := w.dial(t)
		c.send("POST /jsonrpc HTTP/1.1\r\n" + hostJSON + "Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n")
		if res, answer := c.whole(); res.StatusCode != 413 || !strings.Contains(answer, "larger than 1048576 bytes") {
			t.Errorf("answered %d %s", res.StatusCode, answer)
		}
		w.quiet(t, c, true)
	})
}

// TestSlowClient: a request that comes byte by byte is the same request.
func TestSlowClient(t *testing.T) {
	w := start(t, nil, nil)
	c := w.dial(t)
	if err := c.SetNoDelay(true); err != nil {
		t.Fatal(err)
	}
	for _, b := range []byte(request("/jsonrpc", "1.1", hostJSON, call("common", "version", `[]`))) {
		c.send(string(b))
	}
	if res, answer := c.whole(); res.StatusCode != 200 || answer != odooAnswer {
		t.Errorf("answered %d %s", res.StatusCode, answer)
	}
	w.receivedOnly(t, []string{`"method": "version"`})
}

// TestSlowReader: a client that takes a large answer slowly gets all of it.
func TestSlowReader(t *testing.T) {
	large := `{"jsonrpc": "2.0", "id": 1, "result": "` + strings.Repeat("0123456789", 800_000) + `"}`
	w := start(t, nil, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, large)
	})
	for name, r := range map[string]string{
		"as it is":   request("/jsonrpc", "1.1", hostJSON, call("common", "version", `[]`)),
		"transcoded": request("/xmlrpc/2/object", "1.1", hostXML, objectXML("x")),
	} {
		t.Run(name, func(t *testing.T) {
			c := w.dial(t)
			if err := c.SetReadBuffer(64 << 10); err != nil {
				t.Fatal(err)
			}
			c.send(r)
			time.Sleep(50 * time.Millisecond) // all buffers between here and Odoo are full by then, or soon
			res, answer := c.whole()
			if res.StatusCode != 200 || !strings.Contains(answer, large[len(large)/2:len(large)-2]) || strings.Count(answer, "0123456789") != 800_000 {
				t.Errorf("answered %d with %d bytes", res.StatusCode, len(answer))
			}
		})
	}
}

// objectXML is a call of execute in XML-RPC whose last argument is value, as it stands within <value>.
func objectXML(value string) string {
	return "<methodCall><methodName>execute</methodName><params><param><value>odoo18</value></param><param><value><int>9001</int></value></param>" +
		"<param><value>pw</value></param><param><value>res.partner</value></param><param><value>search</value></param><param><value>" +
		value + "</value></param></params></methodCall>"
}

// TestOddBodies: the odd but real ways to write a call, what Odoo receives for them, or what is answered here.
func TestOddBodies(t *testing.T) {
	const envelope = `["odoo18", 9001, "minted", "res.partner", "search", `
	const version = `"service": "common", "method": "version", "args": []`
	inXML := func(value string) string { return request("/xmlrpc/2/object", "1.1", hostXML, objectXML(value)) }
	inJSON := func(body string) string { return request("/jsonrpc", "1.1", hostJSON, body) }
	asJSON := func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, odooAnswer)
	}
	for _, tc := range []struct {
		name, request string
		sent          string // a part of what Odoo receives; "" for nothing
		says          string
	}{
		{"untyped", inXML("text"), envelope + `"text"]`, "from Odoo"},
		{"untyped and empty", inXML(""), envelope + `""]`, "from Odoo"},
		{"<i4>", inXML("<i4>-7</i4>"), envelope + `-7]`, "from Odoo"},
		{"<nil/>", inXML("<nil/>"), envelope + `null]`, "from Odoo"},
		{"CDATA", inXML("<string><![CDATA[<&]]></string>"), envelope + `"<&"]`, "from Odoo"},
		{"CDATA in pieces", inXML("<string>a<![CDATA[]]]]><![CDATA[>]]>b</string>"), envelope + `"a]]>b"]`, "from Odoo"},
		{"numeric references", inXML("<string>&#233;&#xE9;&#128512;&#10;&amp;&quot;</string>"), envelope + `"éé😀\n&\""]`, "from Odoo"},
		{"CRLF", inXML("<string>a\r\nb&#13;</string>"), envelope + `"a\nb\r"]`, "from Odoo"},
		{"CRLF between the elements", request("/xmlrpc/2/object", "1.1", hostXML, "<?xml version=\"1.0\"?>\r\n"+strings.ReplaceAll(objectXML("<i4>1</i4>"), "><", ">\r\n<")+"\r\n"), envelope + `1]`, "from Odoo"},
		{"self-closed <data/>", inXML("<array><data/></array>"), envelope + `[]]`, "from Odoo"},
		{"self-closed <struct/>", inXML("<struct/>"), envelope + `{}]`, "from Odoo"},
		{"self-closed <string/>", inXML("<string/>"), envelope + `""]`, "from Odoo"},
		{"comments", inXML("<!-- <i4>8</i4> --><i4>7<!-- 5 --></i4>"), envelope + `7]`, "from Odoo"},
		{"Latin-1", request("/xmlrpc/2/object", "1.1", hostXML, "<?xml version='1.0' encoding='iso-8859-1'?>"+objectXML("<string>\xe9</string>")), envelope + `"é"]`, "from Odoo"},
		{"no <params>", request("/xmlrpc/2/common", "1.1", hostXML, "<methodCall><methodName>version</methodName></methodCall>"), "<methodName>version</methodName>", "from Odoo"},
		{"the uid as a string, XML", request("/xmlrpc/2/object", "1.1", hostXML, strings.Replace(objectXML("x"), "<int>9001</int>", "<string>9001</string>", 1)), envelope + `"x"]`, "from Odoo"},

		{"the uid as a string, JSON", inJSON(call("object", "execute", `["odoo18", "9001", "pw", "res.partner", "search", 1e2]`)), envelope + `1e2]`, "from Odoo"},
		{"an empty array as user_agent_env", inJSON(call("common", "authenticate", `["odoo18", "rpcuser", "pw", []]`)), "", `"result": 9001`},
		{"an empty string as user_agent_env", inJSON(call("common", "authenticate", `["odoo18", "rpcuser", "pw", ""]`)), "", `"result": 9001`},
		{"a string as id", inJSON(`{"id": "a-1", "params": {"service": "db", "method": "list", "args": []}}`), "", `{"jsonrpc": "2.0", "id": "a-1", "result": ["odoo18", "second"]}`},
		{"no id", inJSON(`{"params": {"service": "db", "method": "list", "args": []}}`), "", `{"jsonrpc": "2.0", "id": null, "result": ["odoo18", "second"]}`},
		{"a string as id, forwarded", inJSON(`{"id": "a-1", "params": {"service": "common", "method": "version", "args": []}}`), version + `}, "id": "a-1"}`, "from Odoo"},
		{"no id, forwarded", inJSON(`{"params": {"service": "common", "method": "version", "args": []}}`), version, "from Odoo"},
		{"white space and CRLF around everything", inJSON("\r\n\t {\r\n\"id\" : 1 , \"params\":{\"service\":\"common\",\"method\":\"version\",\"args\":[ ]\r\n}}\r\n "), `"method": "version", "args": [ ]`, "from Odoo"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil, asJSON)
			c := w.dial(t)
			c.send(tc.request)
			if res, answer := c.whole(); res.StatusCode != 200 || !strings.Contains(answer, tc.says) {
				t.Errorf("answered %d %s, want %s", res.StatusCode, answer, tc.says)
			}
			var sent []string
			if tc.sent != "" {
				sent = []string{tc.sent}
			}
			w.receivedOnly(t, sent)
			w.quiet(t, c, false)
		})
	}
}

// TestFolded: a field that goes on in the next line is one field, with a space where it was folded (RFC 9112, section
// 5.2), and no second one.
func TestFolded(t *testing.T) {
	w := start(t, nil, nil)
	c := w.dial(t)
	c.send(request("/jsonrpc", "1.1", hostJSON+"API-KEY: k\r\n Authorization: Bearer b\r\n", call("common", "version", `[]`)))
	if res, _ := c.whole(); res.StatusCode != 200 {
		t.Errorf("answered %d", res.StatusCode)
	}
	if p := w.auth.asked; p.APIKey.Reveal() != "k Authorization: Bearer b" || p.Bearer != "" {
		t.Errorf("presented %q and %q", p.APIKey.Reveal(), p.Bearer.Reveal())
	}
	w.receivedOnly(t, []string{`"method": "version"`})
}

// TestUnderscores: what a WSGI server would take for API-KEY is neither believed nor passed on, to no kind of path.
func TestUnderscores(t *testing.T) {
	for _, path := range []string{"/jsonrpc", "/shopinvader/x", "/web/session/get_session_info"} {
		w := start(t, nil, nil)
		c := w.dial(t)
		c.send(request(path, "1.1", hostJSON+"API_KEY: canary\r\nApi_Key: canary\r\nHTTP_API_KEY: canary\r\nX_Forwarded_For: 192.0.2.1\r\n", call("common", "version", `[]`)))
		res, _ := c.whole()
		want := []string{`"method": "`}
		if path == "/shopinvader/x" {
			want = nil
		}
		if refused := res.StatusCode == 403; refused != (want == nil) {
			t.Errorf("%s answered %d", path, res.StatusCode)
		}
		if w.auth.called != 0 {
			t.Errorf("%s: somebody was looked for, %+v", path, w.auth.asked)
		}
		w.receivedOnly(t, want)
	}
}
