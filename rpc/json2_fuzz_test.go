package rpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"odoobridge/rpc"
)

// FuzzJSON2: a body of JSON-2 is refused with the words of Python's reader, or is the members that Python reads, and the
// call of the older protocol that is made of them has the same ones.
func FuzzJSON2(f *testing.F) {
	for i, c := range recorded(f, 19) {
		if c.Kind == "json2" {
			f.Add(c.Request.Body)
		} else if c.Request.Path == "/jsonrpc" && i%9 == 0 && len(c.Request.Body) < 4000 {
			f.Add(c.Request.Body)
		}
	}
	for _, body := range oddJSON {
		f.Add(body)
	}
	py, noPython := startPython()
	f.Fuzz(func(t *testing.T, body []byte) {
		r := rpc.Request{Protocol: rpc.JSON2, Method: "POST", Model: "res.partner", ModelMethod: "read", ContentType: "application/json"}
		var e rpc.Envelope
		err := e.Parse(r, body, 19)
		if noPython == nil && len(body) > 0 {
			sameJSONError(t, err, py.read(t, 'j', body), body)
		}
		if err != nil {
			var wire *rpc.Error
			if !errors.As(err, &wire) || !json.Valid(rpc.ErrorReply(rpc.JSON2, 19, nil, wire).Body) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		call := rpc.AppendNamedCall(nil, []rpc.Arg{rpc.StringArg("odoo18"), rpc.IntArg(2), rpc.StringArg("secret")}, r.Model, r.ModelMethod, nil, e.Named())
		var again rpc.Envelope
		if err := again.ParseJSON(call, 18); err != nil {
			t.Fatalf("%q: %v", call, err)
		}
		if len(again.Args) != 7 || again.Args[6].Kind() != rpc.Struct {
			t.Fatalf("%q has %d arguments", call, len(again.Args))
		}
	})
}

// sameJSONError compares with Python's word for what is wrong with a text.
func sameJSONError(t *testing.T, err error, want pythonCall, body []byte) {
	t.Helper()
	const prefix = "could not parse the body as json: "
	var wire *rpc.Error
	errors.As(err, &wire)
	switch text, isText := "", wire != nil && strings.HasPrefix(wire.Message, prefix); {
	case want.Class == "builtins.RecursionError", wire != nil && strings.HasPrefix(wire.Class, "builtins.RecursionError"):
		// Python counts its own frames too
	case want.Class == "json.decoder.JSONDecodeError", want.Class == "builtins.ValueError" && strings.HasPrefix(want.Error, "Exceeds"):
		if isText {
			text = strings.TrimPrefix(wire.Message, prefix)
		}
		if text != want.Error {
			t.Fatalf("%q: %v, Python says %q", body, err, want.Error)
		}
	case isText:
		t.Fatalf("%q: %v, Python reads it", body, err)
	}
}

// FuzzTranscodeJSON2: of an answer that is JSON, JSON comes out; it is the same however the answer comes in.
func FuzzTranscodeJSON2(f *testing.F) {
	for _, series := range recordedSeries {
		for i, c := range recorded(f, series) {
			if c.Request.Path == "/jsonrpc" && len(c.Response.Body) < 4000 && i%9 == 0 {
				f.Add(c.Response.Body, i%2 == 0)
			}
		}
	}
	same := func(e *rpc.Error) *rpc.Error { return e }
	f.Fuzz(func(t *testing.T, body []byte, list bool) {
		how := rpc.JSON2Answer{List: list, Error: same}
		whole, bytewise := httptest.NewRecorder(), httptest.NewRecorder()
		err := rpc.TranscodeJSON2(whole, bytes.NewReader(body), how)
		again := rpc.TranscodeJSON2(bytewise, iotest.OneByteReader(bytes.NewReader(body)), how)
		if (err == nil) != (again == nil) || whole.Code != bytewise.Code || !bytes.Equal(whole.Body.Bytes(), bytewise.Body.Bytes()) {
			t.Fatalf("at once: %v, %q; byte by byte: %v, %q", err, whole.Body, again, bytewise.Body)
		}
		if err != nil {
			var e *rpc.Error
			if errors.As(err, &e) && whole.Body.Len() != 0 {
				t.Fatalf("error %v after %d bytes", err, whole.Body.Len())
			}
			return
		}
		if json.Valid(body) && !json.Valid(whole.Body.Bytes()) {
			t.Fatalf("of %q was made %q", body, whole.Body)
		}
	})
}

// TestPythonRefusesTheSame compares what is said of texts that are almost JSON.
func TestPythonRefusesTheSame(t *testing.T) {
	py := python(t)
	g, n := randomValues(5)
	refused := 0
	for range 2 * n {
		body := mutate(g.Rand, []byte(g.json(depth)+g.space()), jsonWords)
		r := rpc.Request{Protocol: rpc.JSON2, Method: "POST", Model: "res.partner", ModelMethod: "read", ContentType: "application/json"}
		var e rpc.Envelope
		err := e.Parse(r, body, 19)
		if len(body) > 0 {
			sameJSONError(t, err, py.read(t, 'j', body), body)
		}
		if err != nil {
			refused++
		}
	}
	if refused < n/4 {
		t.Errorf("only %d of %d were refused", refused, 2*n)
	}
}
