//go:build unix

package sandbox_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
)

// TestOddBodies sends recorded requests in which a word or two are others, of any of the recordings or odd ones. Whatever
// they mean, they are answered, by something that their client can read.
func TestOddBodies(t *testing.T) {
	requests := 3000
	if testing.Short() {
		requests = 300
	}
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			t.Parallel()
			h := newSandbox(t, series)
			cases, err := conformance.Load(series)
			if err != nil {
				t.Fatal(err)
			}
			odd := conformance.NewMutator(uint64(series), cases)
			for range requests {
				answered(t, h, odd.Next())
			}
		})
	}
}

// answered makes a case's request, and looks only at the form of the answer.
func answered(t *testing.T, h http.Handler, c conformance.Case) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			t.Fatalf("%v, for %s with the body\n%s", p, c.ID, c.Request.Body)
		}
	}()
	r := httptest.NewRequest(c.Request.Method, "/", bytes.NewReader(c.Request.Body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(c.Request.Path, "?")
	for _, header := range c.Request.Headers {
		r.Header.Add(header.Name, header.Value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	contentType, body := w.Header().Get("Content-Type"), w.Body.Bytes()
	switch {
	case strings.HasPrefix(contentType, "application/json") && !validJSON(body),
		strings.HasPrefix(contentType, "text/xml") && !validXML(body):
		t.Fatalf("%s with the body\n%s\nis answered\n%q", c.ID, c.Request.Body, body)
	}
}

// validJSON reads NaN and the infinities, as Python's clients do.
func validJSON(body []byte) bool {
	for _, word := range []string{"NaN", "Infinity"} {
		body = bytes.ReplaceAll(body, []byte(word), []byte("1"))
	}
	return json.Valid(body)
}

func validXML(body []byte) bool {
	for d := xml.NewDecoder(bytes.NewReader(body)); ; {
		if _, err := d.Token(); err == io.EOF {
			return true
		} else if err != nil {
			return false
		}
	}
}

// TestOddArguments are such requests that once were answered by nothing.
func TestOddArguments(t *testing.T) {
	tests := []struct {
		name      string
		series    int
		arguments string
		want      string // the exception
	}{
		{"a uid of more than 64 bits", 19, `99999999999999999999, "admin", "res.partner", "search", [[]]`, "odoo.exceptions.AccessDenied"},
		{"half a character, stored", 18, `2, "admin", "res.partner", "write", [[91006], {"street": "a\ud800b"}]`, "builtins.UnicodeEncodeError"},
		{"a whole one after another, stored", 18, `2, "admin", "res.partner", "write", [[91006], {"street": "\ud83d\ude00\udc00"}]`, "builtins.UnicodeEncodeError"},
		{"a copy of no record", 15, `2, "admin", "res.partner.category", "copy", [[""]]`, "builtins.IndexError"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := ask(t, newSandbox(t, test.series), test.series, test.arguments); got.Error == nil || got.Error.Data.Name != test.want {
				t.Errorf("%s %v, want %s", got.Result, got.Error, test.want)
			}
		})
	}
}
