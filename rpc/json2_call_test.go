package rpc

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestInJSON: what JSON has no word for is said by what is nearest, and only where nothing is lost.
func TestInJSON(t *testing.T) {
	tests := []struct{ name, value, want string }{ // "" is refused
		{"an int", `<int>5</int>`, `5`},
		{"an untyped text", `a&lt;b`, `"a<b"`},
		{"a date", `<dateTime.iso8601>20240229T12:34:56</dateTime.iso8601>`, `"2024-02-29 12:34:56"`},
		{"no date", `<dateTime.iso8601>yesterday</dateTime.iso8601>`, ``},
		{"bytes that are text", "<base64>\naMOp\n</base64>", `"hé"`},
		{"bytes that are none", `<base64>/w==</base64>`, ``},
		{"a decimal", `<bigdecimal>2.50</bigdecimal>`, `2.5`},
		{"a list of all", `<array><data><value><base64>YQ==</base64></value><value><dateTime.iso8601>20240229T00:00:00</dateTime.iso8601></value>` +
			`<value><bigdecimal>1e3</bigdecimal></value></data></array>`, `["a", "2024-02-29 00:00:00", 1000.0]`},
		{"bytes deep inside that are no text", `<struct><member><name>a</name><value><base64>/w==</base64></value></member></struct>`, ``},
		{"CDATA", `<array><data><value><string><![CDATA[<b>]]>&amp;c</string></value></data></array>`, `["<b>&c"]`},
		{"a comment", `<array><data><value>a<!-- </value> -->b</value></data></array>`, `["ab"]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var e Envelope
			body := `<?xml version="1.0"?><methodCall><methodName>execute</methodName><params><param><value>` + test.value + `</value></param></params></methodCall>`
			if err := e.Parse(Request{Protocol: XMLRPC2, Service: "object"}, []byte(body), 19); err != nil {
				if test.want == "" {
					return // what Odoo's own parser refuses does not come this far
				}
				t.Fatal(err)
			}
			said, ok := InJSON(e.Args)
			if ok != (test.want != "") {
				t.Fatalf("said %v, want %q", ok, test.want)
			}
			if ok && string(said[0].Raw()) != test.want {
				t.Errorf("got %s, want %s", said[0].Raw(), test.want)
			}
		})
	}
}

func TestAsRPC(t *testing.T) {
	tests := []struct{ name, id, result, want string }{
		{"a list", `7`, `[1, 2]`, `{"jsonrpc": "2.0", "id": 7, "result": [1, 2]}`},
		{"a short one", ``, `5`, `{"jsonrpc": "2.0", "id": null, "result": 5}`},
		{"None", `"a"`, `null`, `{"jsonrpc": "2.0", "id": "a"}`},
		{"a text", `1`, `"null"`, `{"jsonrpc": "2.0", "id": 1, "result": "null"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var id []byte
			if test.id != "" {
				id = []byte(test.id)
			}
			got, err := AsRPC(id, iotest.OneByteReader(strings.NewReader(test.result)))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(got)
			if err != nil || string(text) != test.want {
				t.Errorf("got %s, %v; want %s", text, err, test.want)
			}
		})
	}
	if _, err := AsRPC(nil, strings.NewReader("")); !errors.Is(err, errBrokenJSON) {
		t.Errorf("nothing at all: %v", err)
	}
	gone := errors.New("gone")
	if _, err := AsRPC(nil, iotest.ErrReader(gone)); !errors.Is(err, gone) {
		t.Errorf("an answer that breaks off at once: %v", err)
	}
	got, err := AsRPC(nil, io.MultiReader(strings.NewReader("[1, 2, "), iotest.ErrReader(gone)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(got); !errors.Is(err, gone) {
		t.Errorf("an answer that breaks off later: %v, so that its caller takes it for whole", err)
	}
}

// TestAsRPCWhole: an answer that is not whole can't be read to its end, however it comes.
func TestAsRPCWhole(t *testing.T) {
	tests := []struct {
		result string
		whole  bool
	}{
		{`{"a": "}"}`, true}, {`"a\"b"`, true}, {"  [1]\n ", true}, {`123456`, true}, {`[]`, true},
		{`{"a": "}"`, false}, {`[1, 2`, false}, {`"abcdef`, false}, {`"abc\"`, false}, {`[1] [2]`, false}, {`[1]}`, false}, {`12345, "error": {}`, false},
	}
	for _, test := range tests {
		for name, src := range map[string]io.Reader{
			"at once":   strings.NewReader(test.result),
			"by bytes":  iotest.OneByteReader(strings.NewReader(test.result)),
			"early end": iotest.DataErrReader(strings.NewReader(test.result)),
		} {
			got, err := AsRPC(nil, src)
			if err == nil {
				_, err = io.Copy(io.Discard, got)
			}
			if (err == nil) != test.whole || err != nil && !errors.Is(err, errBrokenJSON) {
				t.Errorf("%s, %s: %v, want whole %v", test.result, name, err, test.whole)
			}
		}
	}
}

func TestUnlisted(t *testing.T) {
	long := "[" + strings.Repeat("1, ", 20000) + "1]"
	for _, test := range []struct{ answer, want string }{
		{"[5]", "5"}, {" [ 5 ] \n", "5"}, {"[5, 6]", "[5, 6]"}, {"[]", "[]"}, {"5", "5"}, {`["a"]`, `["a"]`}, {"[[5]]", "[[5]]"}, {long, long},
	} {
		r, err := Unlisted(strings.NewReader(test.answer))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != test.want {
			t.Errorf("of %.40q: %.40q, %v; want %.40q", test.answer, got, err, test.want)
		}
	}
}

func TestParseJSON2Error(t *testing.T) {
	body := `{"name": "odoo.exceptions.UserError", "message": "No.", "arguments": ["No.", 5], "context": {}, "debug": "Traceback"}`
	e, err := ParseJSON2Error(strings.NewReader(body))
	if err != nil || e.Class != "odoo.exceptions.UserError" || e.Message != "No." || e.Debug != "Traceback" || !bytes.Equal(e.Args, []byte(`["No.", 5]`)) {
		t.Errorf("got %+v, %v", e, err)
	}
	for _, body := range []string{"", "{", "[]", `{"message": "No."}`, `{"name": 5}`} {
		if e, err := ParseJSON2Error(strings.NewReader(body)); err == nil {
			t.Errorf("%q is read as %+v", body, e)
		}
	}
}
