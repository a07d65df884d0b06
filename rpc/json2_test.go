package rpc

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func parseJSON2(t *testing.T, body string) (*Envelope, error) {
	t.Helper()
	var e Envelope
	r := Request{Protocol: JSON2, Method: http.MethodPost, Model: "res.partner", ModelMethod: "read", ContentType: "application/json", NoBody: body == ""}
	if err := r.Check(19); err != nil {
		t.Fatalf("Check: %v", err)
	}
	return &e, e.Parse(r, []byte(body), 19)
}

func TestJSON2Envelope(t *testing.T) {
	tests := []struct{ name, body, params string }{
		{"members", `{"ids": [1], "ids": [2]}`, `{"ids": [1], "ids": [2]}`},
		{"blanks around", " {\"a\": 1}\n", `{"a": 1}`},
		{"nothing", ``, `{}`},
		{"a list says nothing (json2.array)", `[91001]`, `{}`},
		{"null says nothing", `null`, `{}`},
		{"not UTF-8", "{\"name\": \"\xff\"}", "{\"name\": \"\uFFFD\"}"},
		{"NaN (json2.bigint.nan)", `{"v": NaN}`, `{"v": NaN}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, err := parseJSON2(t, test.body)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(e.Params().Raw()); got != test.params {
				t.Errorf("Params: %s, want %s", got, test.params)
			}
			model, _ := e.Args[3].Str()
			method, _ := e.Args[4].Str()
			if e.Service != "object" || e.Method != "execute_kw" || model != "res.partner" || method != "read" || len(e.Args) != 6 {
				t.Errorf("the envelope is %s.%s with %d arguments, for %s.%s", e.Service, e.Method, len(e.Args), model, method)
			}
		})
	}
}

// TestJSON2InvalidBody has the texts of Python 3.11.7's json.
func TestJSON2InvalidBody(t *testing.T) {
	tests := []struct{ body, want string }{
		{`{"ids": `, "Expecting value: line 1 column 9 (char 8)"}, // json2.invalid
		{" ", "Expecting value: line 1 column 2 (char 1)"},
		{`not json`, "Expecting value: line 1 column 1 (char 0)"},
		{`{"a": 1,}`, "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"},
		{`{"a" 1}`, "Expecting ':' delimiter: line 1 column 6 (char 5)"},
		{"{\"é\": 1\n \"b\"}", "Expecting ',' delimiter: line 2 column 2 (char 9)"},
		{`[1,]`, "Expecting value: line 1 column 4 (char 3)"},
		{`{} {}`, "Extra data: line 1 column 4 (char 3)"},
		{`{"a": "b}`, "Unterminated string starting at: line 1 column 7 (char 6)"},
		{"{\"a\": \"\n\"}", "Invalid control character at: line 1 column 8 (char 7)"},
		{`{"a": "\x"}`, `Invalid \escape: line 1 column 8 (char 7)`},
		{`{"a": "\u12g4"}`, `Invalid \uXXXX escape: line 1 column 9 (char 8)`},
		{"\ufeff{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"},
		{`{"a": ` + strings.Repeat("9", 4301) + `}`,
			"Exceeds the limit (4300 digits) for integer string conversion: value has 4301 digits; use sys.set_int_max_str_digits() to increase the limit"},
	}
	for _, test := range tests {
		_, err := parseJSON2(t, test.body)
		var e *Error
		if want := "could not parse the body as json: " + test.want; !errors.As(err, &e) || e.Message != want || e.Status != http.StatusBadRequest {
			t.Errorf("%.40q: %v, want 400 %s", test.body, err, want)
		}
	}
}

func TestJSON2ErrorReply(t *testing.T) {
	tests := []struct {
		name, body string
		err        *Error
		status     int
	}{
		{"werkzeug's", `{"name": "werkzeug.exceptions.NotFound", "message": "no", "arguments": ["no", 404], "context": {}, ` +
			`"debug": "Traceback (most recent call last):\nwerkzeug.exceptions.NotFound: 404 Not Found: no\n"}`, NotFound("no"), 404},
		{"Odoo's", `{"name": "odoo.exceptions.UserError", "message": "no", "arguments": ["no"], "context": {}, ` +
			`"debug": "Traceback (most recent call last):\nodoo.exceptions.UserError: no\n"}`, pyError("odoo.exceptions.UserError", "no"), 422},
		{"denied", "", AccessDenied(), 403},
		{"locked", "", pyError("odoo.exceptions.LockError", "no"), 409},
		{"Python's", "", ValueError("no"), 500},
		{"with a status", "", &Error{Class: "werkzeug.exceptions.BadGateway", Status: 502}, 502},
	}
	for _, test := range tests {
		for _, series := range []Series{15, 19} { // worded as 19 does, whatever is behind it
			r := ErrorReply(JSON2, series, nil, test.err)
			if r.Status != test.status || test.body != "" && string(r.Body) != test.body {
				t.Errorf("%s: %d %s\nwant %d %s", test.name, r.Status, r.Body, test.status, test.body)
			}
		}
	}
}

func TestJSON2ContentType(t *testing.T) {
	tests := []struct {
		contentType string
		noBody      bool
		want        string // in the page; "" if there is none
	}{
		{"application/json", false, ""},
		{"application/json; charset=utf-8", false, ""},
		{"", true, ""},
		{"text/plain", true, ""},
		{"text/plain", false, "[&#39;http&#39;] but &#39;/json/2/&lt;__model__&gt;/&lt;__method__&gt;&#39; is type=&#39;json2&#39;"},
		{"application/json-rpc", false, "[&#39;http&#39;, &#39;jsonrpc&#39;] but"},
	}
	for _, test := range tests {
		err := Request{Protocol: JSON2, ContentType: test.contentType, NoBody: test.noBody}.Check(18)
		if test.want == "" {
			if err != nil {
				t.Errorf("%q: %v", test.contentType, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%q: %v", test.contentType, err)
		}
		if r := ErrorReply(JSON2, 18, nil, e); r.Status != http.StatusUnsupportedMediaType || !strings.Contains(string(r.Body), test.want) {
			t.Errorf("%q: %d %s", test.contentType, r.Status, r.Body)
		}
	}
}

// TestChallengeEndsBlank reads the answer itself: net/http drops the blank on both sides.
func TestChallengeEndsBlank(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = ErrorReply(JSON2, 19, nil, NoBearer()).Write(w)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\r\nWWW-Authenticate: Bearer \r\n") {
		t.Errorf("no challenge with a blank at its end in %q", text)
	}
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(text))), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(r.Body); err != nil || r.StatusCode != 401 || !strings.Contains(string(body), "User not authenticated") {
		t.Errorf("%d %s %v", r.StatusCode, body, err)
	}
}
