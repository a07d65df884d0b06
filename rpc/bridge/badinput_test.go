package bridge

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"odoobridge/odoo/upstream"
)

// TestBadInput: what is no call is refused in the protocol's own form and reaches nobody.
func TestBadInput(t *testing.T) {
	const deep = 100_000
	inJSON := func(args string) string { return request("/jsonrpc", "1.1", hostJSON, call("object", "execute", args)) }
	inXML := func(body string) string { return request("/xmlrpc/2/object", "1.1", hostXML, body) }
	withDTD := func(dtd, value string) string {
		return inXML("<?xml version='1.0'?><!DOCTYPE x [" + dtd + "]>" + objectXML("<string>"+value+"</string>"))
	}
	laughs := `<!ENTITY a "ha">`
	for c := 'b'; c <= 'k'; c++ {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	const fault = "<methodResponse>\n<fault>"
	for _, tc := range []struct {
		name, request string
		status        int
		says          string
	}{
		{"deep JSON arrays", inJSON(strings.Repeat("[", deep) + strings.Repeat("]", deep)), 200, "RecursionError"},
		{"deep JSON arrays without an end", inJSON(strings.Repeat("[", deep)), 200, "RecursionError"},
		{"deep JSON objects", inJSON("[" + strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep) + "]"), 200, "RecursionError"},
		{"deep XML arrays", inXML(objectXML(strings.Repeat("<array><data><value>", deep) + strings.Repeat("</value></data></array>", deep))), 200, fault},
		{"deep XML arrays without an end", inXML("<methodCall><params><param>" + strings.Repeat("<value><array><data>", deep)), 200, fault},
		{"deep XML of unknown elements", inXML(strings.Repeat("<a>", deep) + strings.Repeat("</a>", deep)), 200, fault},
		{"a billion laughs", withDTD(laughs, "&k;"), 200, fault},
		{"an entity that holds itself", withDTD(`<!ENTITY a "&b;"><!ENTITY b "&a;">`, "&a;"), 200, fault},
		{"a parameter entity", withDTD(`<!ENTITY % p "<!ENTITY a 'x'>">%p;`, "&a;"), 200, fault},
		{"an entity that is not declared", inXML(objectXML("&a;")), 200, fault},
		{"invalid UTF-8 in XML", inXML(objectXML("<string>\xff</string>")), 200, fault},
		{"an overlong character in XML", inXML(objectXML("<string>\xc0\xbc</string>")), 200, fault},
		{"a NUL in XML", inXML(objectXML("<string>\x00</string>")), 200, fault},
		{"a number of 5,000 digits as uid", inJSON(`["odoo18", ` + strings.Repeat("9", 5000) + `, "pw", "m", "f"]`), 400, "Invalid JSON data"},
		{"a uid with an exponent", inJSON(`["odoo18", 1e999, "pw", "m", "f"]`), 200, `"error"`},
		{"an XML integer that is none", inXML(strings.Replace(objectXML("x"), "9001", "9e1", 1)), 200, fault},
		{"a path that is no UTF-8", request("/jsonrpc%ff", "1.1", hostJSON, "{}"), 404, "Not Found"},
		{"over the limit, announced", "POST /jsonrpc" + postHost + jsonType + "Content-Length: 1048577\r\n\r\n", 413, "larger than 1048576 bytes"},
		{"over the limit, in chunks", "POST /jsonrpc" + postHost + jsonType + chunks + "\r\n" + chunked(strings.Repeat(" ", 1<<20), " "), 413, "larger than 1048576 bytes"},
		{"over the limit, XML", "POST /xmlrpc/2/object" + postHost + xmlType + "Content-Length: 1048577\r\n\r\n", 413, fault},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, func(c *Config, _ *world) {
				if !strings.HasPrefix(tc.name, "over the limit") {
					c.MaxBody = 8 << 20
				}
			}, nil)
			c := w.dial(t)
			c.send(tc.request)
			if res, body := c.whole(); res.StatusCode != tc.status || !strings.Contains(body, tc.says) {
				t.Errorf("answered %d %.700s; want %d with %s", res.StatusCode, body, tc.status, tc.says)
			}
			w.receivedOnly(t, nil)
		})
	}
}

// TestTruncated: no beginning of a call is a call.
func TestTruncated(t *testing.T) {
	for _, tc := range []struct{ path, header, body, says string }{
		{"/jsonrpc", hostJSON, call("object", "execute", `["odoo18", 9001, "pw", "m", "é", {"a": [1.5e3, null]}]`), "Invalid JSON data"},
		{"/xmlrpc/2/object", hostXML, objectXML("<array><data><value><i4>1</i4></value><value>&lt;é</value></data></array>"), "<methodResponse>\n<fault>"},
		{"/xmlrpc/object", hostXML, objectXML("<struct><member><name>a</name><value><![CDATA[x]]></value></member></struct>"), "<methodResponse>\n<fault>"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			w := start(t, func(_ *Config, w *world) { w.records = make(chan *Record, 1000) }, nil)
			c := w.dial(t)
			for n := range tc.body {
				c.send(request(tc.path, "1.1", tc.header, tc.body[:n]))
				if _, answer := c.whole(); !strings.Contains(answer, tc.says) {
					t.Errorf("the first %d bytes are answered %s", n, answer)
				}
			}
			w.receivedOnly(t, nil)
			c.send(request(tc.path, "1.1", tc.header, tc.body))
			c.whole()
			w.receivedOnly(t, []string{"minted"})
		})
	}
}

// TestDoubtfulInput: what Python reads in one way is forwarded so that it can be read in no other.
func TestDoubtfulInput(t *testing.T) {
	for _, tc := range []struct{ name, request, sent string }{
		{"duplicate keys of the envelope", request("/jsonrpc", "1.1", hostJSON, `{"params": {"service": "db", "method": "drop", "args": ["x"], "service": "common", "method": "version", "args": []}}`),
			`"params": {"service": "common", "method": "version", "args": []}`},
		{"duplicate keys of an argument", request("/jsonrpc", "1.1", hostJSON, call("object", "execute", `["odoo18", 9001, "pw", "m", "f", {"a": 1, "a": 2}]`)),
			`["odoo18", 9001, "minted", "m", "f", {"a": 1, "a": 2}]`},
		{"invalid UTF-8 in JSON", request("/jsonrpc", "1.1", hostJSON, `{"id": 1, "params": {"service": "object", "method": "execute", "args": ["odoo18", 9001, "pw", "m", "f", "a`+"\xff"+`b"]}}`),
			`["odoo18", 9001, "minted", "m", "f", "a�b"]`},
		{"a number of 4,000 digits", request("/jsonrpc", "1.1", hostJSON, call("object", "execute", `["odoo18", 9001, "pw", "m", "f", `+strings.Repeat("9", 4000)+`]`)),
			`"f", ` + strings.Repeat("9", 4000) + `]`},
		{"a field that is no UTF-8", request("/jsonrpc", "1.1", hostJSON+"User-Agent: \xff\r\n", call("common", "version", "[]")), `"method": "version"`},
		{"an external entity", request("/xmlrpc/2/object", "1.1", hostXML, "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"+objectXML("<string>[&a;]</string>")),
			`"search", "[]"]`},
		{"an external subset", request("/xmlrpc/2/object", "1.1", hostXML, "<!DOCTYPE x SYSTEM 'http://192.0.2.1/x.dtd'>"+objectXML("x")), `"search", "x"]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := start(t, nil, nil)
			c := w.dial(t)
			c.send(tc.request)
			if res, answer := c.whole(); res.StatusCode != http.StatusOK || !strings.Contains(answer, "from Odoo") {
				t.Errorf("answered %d %s", res.StatusCode, answer)
			}
			w.receivedOnly(t, []string{tc.sent})
			if got := w.sent()[0]; !utf8.ValidString(got) {
				t.Errorf("Odoo received %q", got)
			}
		})
	}
}

// TestMemory: no body makes the bridge allocate more than 2.5 times its size and 12 MB; its size in UTF-8, where that is
// not how it comes. It is all that was ever allocated that is counted, TotalAlloc, which no garbage collection can hide
// and which bounds any peak. The 12 MB are what 65,536 arguments take, the most that a call has.
func TestMemory(t *testing.T) {
	const size = 4 << 20
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (size-len(before)-len(after))/len(unit)) + after
	}
	jsonIn := func(open, unit, end string) string {
		return fill(`{"id": 1, "params": {"service": "object", "method": "execute", "args": ["odoo18", 9001, "pw", "m", "f", `+open, unit, end+`]}}`)
	}
	before, after, _ := strings.Cut(objectXML("HERE"), "HERE")
	xmlIn := func(open, unit, end string) string { return fill(before+open, unit, end+after) }
	for _, tc := range []struct {
		name, path, body string
		utf8             int // its size in UTF-8, if that is another
	}{
		{"one text", "/jsonrpc", jsonIn(`"`, "x", `"`), 0},
		{"one text of escapes", "/jsonrpc", jsonIn(`"`, `\u00e9`, `"`), 0},
		{"one text that is no UTF-8", "/jsonrpc", jsonIn(`"`, "\xff", `"`), 3 * size},
		{"deep nesting", "/jsonrpc", jsonIn("", "[", ""), 0},
		{"tiny values", "/jsonrpc", jsonIn("[", "0,", "0]"), 0},
		{"tiny values as arguments", "/jsonrpc", jsonIn("", "0,", "0"), 0},
		{"empty structs", "/jsonrpc", jsonIn("[", "{},", "0]"), 0},
		{"empty structs as arguments", "/jsonrpc", jsonIn("", "{},", "0"), 0},
		{"args that are one text", "/jsonrpc", fill(`{"id": 1, "params": {"service": "common", "method": "login", "args": "`, "x", `"}}`), 0},
		{"args that are an object", "/jsonrpc", fill(`{"id": 1, "params": {"service": "common", "method": "login", "args": {`, `"":0,`, `"a":1}}}`), 0},
		{"params that are pairs", "/jsonrpc", fill(`{"id": 1, "params": [`, `["",0],`, `["a",1]]}`), 0},
		{"keys of the envelope", "/jsonrpc", fill("{", `"":0,`, `"id":1}`), 0},
		{"no JSON", "/jsonrpc", fill("", "x", ""), 0},
		{"one text", "/xmlrpc/2/object", xmlIn("<string>", "x", "</string>"), 0},
		{"one text of quotes", "/xmlrpc/2/object", xmlIn("<string>", `"`, "</string>"), 0},
		{"one text in Latin-1", "/xmlrpc/2/object", fill("<?xml version='1.0' encoding='iso-8859-1'?>"+before+"<string>", "\xe9", "</string>"+after), 2 * size},
		{"one text in UTF-16", "/xmlrpc/2/object", utf16Text(fill(before+"<string>", "\u20ac", "</string>"+after)), 0},
		{"one text of references", "/xmlrpc/2/object", xmlIn("<string>", "&#65;", "</string>"), 0},
		{"deep nesting", "/xmlrpc/2/object", xmlIn("", "<array><data><value>", ""), 0},
		{"tiny values", "/xmlrpc/2/object", xmlIn("<array><data>", "<value>0</value>", "</data></array>"), 0},
		{"tiny values as arguments", "/xmlrpc/2/object", xmlIn("0</value></param>", "<param><value/></param>", "<param><value>"), 0},
		{"empty structs", "/xmlrpc/2/object", xmlIn("<array><data>", "<value><struct/></value>", "</data></array>"), 0},
		{"attributes", "/xmlrpc/2/object", fill("<methodCall", ` a=""`, "/>"), 0},
		{"entities of text", "/xmlrpc/2/object", fill("<!DOCTYPE x [<!ENTITY a '"+strings.Repeat("x", 30<<10)+"'>]>"+before+"<string>", "&a;", "</string>"+after), 0},
		{"entity declarations", "/xmlrpc/2/object", fill("<!DOCTYPE x [", "<!ENTITY a ''>", "]>"+objectXML("x")), 0},
		{"comments", "/xmlrpc/2/object", fill(before, "<!---->", after), 0},
	} {
		t.Run(tc.path+" "+tc.name, func(t *testing.T) {
			odoo, _ := answering(t, "HTTP/1.1 204 No Content\r\n\r\n")
			w := start(t, func(c *Config, _ *world) {
				c.MaxBody = 2 * size
				c.Upstream = upstream.New(upstream.Config{URL: odoo})
			}, nil)
			c := w.dial(t)
			header := hostJSON
			if tc.path != "/jsonrpc" {
				header = hostXML
			}
			head := fmt.Sprintf("POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n", tc.path, header, len(tc.body))
			var begin, end runtime.MemStats
			runtime.ReadMemStats(&begin)
			c.send(head)
			c.send(tc.body)
			res, _ := c.whole()
			<-w.records
			runtime.ReadMemStats(&end)
			if grown, most := end.TotalAlloc-begin.TotalAlloc, uint64(max(len(tc.body), tc.utf8))*5/2+12<<20; grown > most {
				t.Errorf("%d bytes took %d bytes, %.1f times; at most %d (status %d)", len(tc.body), grown, float64(grown)/float64(len(tc.body)), most, res.StatusCode)
			}
		})
	}
}

// utf16Text is s in UTF-16, with its mark.
func utf16Text(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return b.String()
}
