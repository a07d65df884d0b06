package rpc

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

func same(e *Error) *Error { return e }

func TestTranscodeJSON2(t *testing.T) {
	long := `["` + strings.Repeat("é}\\n ", 50000) + `"]`
	tests := []struct {
		name, answer string
		list         bool
		status       int
		want         string
	}{
		{"result", `{"jsonrpc": "2.0", "id": null, "result": [{"id": 1, "name": "\u00e9"}]}`, false, 200, `[{"id": 1, "name": "\u00e9"}]`},
		{"text that ends in braces", `{"id": 1, "result": "}} "} ` + "\n", false, 200, `"}} "`},
		{"a number", `{"jsonrpc": "2.0", "id": "x", "result": 5 }`, false, 200, `5`},
		{"one id of a list", `{"jsonrpc": "2.0", "id": null, "result": 5}`, true, 200, `[5]`},
		{"ids of a list", `{"jsonrpc": "2.0", "id": null, "result": [5, 6]}`, true, 200, `[5, 6]`},
		{"None (errors.none.json)", `{"jsonrpc": "2.0", "id": null}`, false, 200, `null`},
		{"long", `{"jsonrpc": "2.0", "id": null, "result": ` + long + `}`, false, 200, long},
		{"error", `{"jsonrpc": "2.0", "id": null, "error": {"code": 200, "message": "Odoo Server Error", "data": {"name": "odoo.exceptions.UserError",
			"debug": "Traceback\n", "message": "N\u00f3", "arguments": ["N\u00f3", 1], "context": {}}}}`, false, 422,
			`{"name": "odoo.exceptions.UserError", "message": "Nó", "arguments": ["N\u00f3", 1], "context": {}, "debug": "Traceback\n"}`},
		{"a member behind the result", `{"result": [{"a": "\"}]"}], "id": 1}`, false, 200, `[{"a": "\"}]"}]`},
		{"two results", `{"result": 1, "result": 2}`, false, 502, ""},
		{"a brace too many", `{"id": 1, "result": [1]}}`, false, 502, ""},
		{"no JSON", `<html>`, false, 502, ""},
		{"cut", `{"jsonrpc": "2.0", "id": null, "result": [1, 2`, false, 502, ""},
		{"an error without data", `{"jsonrpc": "2.0", "id": null, "error": {"code": 200}}`, false, 502, ""},
		{"nothing", ``, false, 502, ""},
	}
	for _, test := range tests {
		for name, reader := range map[string]io.Reader{"at once": strings.NewReader(test.answer), "byte by byte": iotest.OneByteReader(strings.NewReader(test.answer))} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				w := httptest.NewRecorder()
				err := TranscodeJSON2(w, reader, JSON2Answer{List: test.list, Error: same})
				if test.status == 502 {
					var e *Error
					if !errors.As(err, &e) || e.Status != http.StatusBadGateway || w.Body.Len() > 0 {
						t.Errorf("%v, and %d bytes are sent", err, w.Body.Len())
					}
					return
				}
				if err != nil || w.Code != test.status || w.Body.String() != test.want {
					t.Errorf("%d %.200s %v, want %d %.200s", w.Code, w.Body, err, test.status, test.want)
				}
				if sniff := w.Header().Get("X-Content-Type-Options"); w.Header().Get("Content-Type") != "application/json; charset=utf-8" || (sniff == "nosniff") != (test.status == 200) {
					t.Errorf("the header is %v", w.Header())
				}
			})
		}
	}
}

// TestTranscodeJSON2Cut has an answer that breaks off after some of it was sent: only a cut connection can still tell.
func TestTranscodeJSON2Cut(t *testing.T) {
	broken := errors.New("broken off")
	tests := []struct {
		name string
		src  io.Reader
	}{
		{"by the connection", io.MultiReader(strings.NewReader(`{"id": 1, "result": "`+strings.Repeat("x", 3*piece)), iotest.ErrReader(broken))},
		{"by its end", strings.NewReader(`{"id": 1, "result": "` + strings.Repeat("x", 3*piece))},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		err := TranscodeJSON2(w, test.src, JSON2Answer{Error: same})
		var e *Error
		if err == nil || errors.As(err, &e) || w.Body.Len() == 0 {
			t.Errorf("%s: %v after %d bytes", test.name, err, w.Body.Len())
		}
	}
}
