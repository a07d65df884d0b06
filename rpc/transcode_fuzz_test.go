package rpc_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"odoobridge/fixtures/conformance"
	"odoobridge/rpc"
)

// FuzzTranscodeCall: a call by XML-RPC that can be said in JSON is read back as the same call, argument by argument.
func FuzzTranscodeCall(f *testing.F) {
	cases, err := conformance.Load(18)
	if err != nil {
		f.Fatal(err)
	}
	for i, c := range cases {
		if strings.HasPrefix(c.Request.Path, "/xmlrpc/2/object") && i%9 == 0 {
			f.Add(c.Request.Body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var fromXML, fromJSON rpc.Envelope
		if fromXML.ParseXML(rpc.XMLRPC2, "object", body, 18) != nil {
			return
		}
		out, ok := rpc.AppendTranscodedCall(nil, "object", "execute_kw", nil, fromXML.Args)
		if !ok {
			return
		}
		if err := fromJSON.ParseJSON(out, 18); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if len(fromJSON.Args) != len(fromXML.Args) {
			t.Fatalf("%d arguments, want %d: %s", len(fromJSON.Args), len(fromXML.Args), out)
		}
		for i, want := range fromXML.Args {
			got := fromJSON.Args[i]
			if got.Kind() != want.Kind() || got.Truthy() != want.Truthy() || got.PyRepr() != want.PyRepr() {
				t.Errorf("argument %d: %s of kind %d, want %s of kind %d", i, got.PyRepr(), got.Kind(), want.PyRepr(), want.Kind())
			}
		}
	})
}

// FuzzTranscodeReply: whatever Odoo answers, the XML is well formed or there is an error; it is the same however the answer
// comes in; and what is answered at all is JSON to the reader of calls too.
func FuzzTranscodeReply(f *testing.F) {
	for _, series := range recordedSeries {
		for i, c := range recorded(f, series) {
			if c.Request.Path == "/jsonrpc" && len(c.Response.Body) < 4000 && i%9 == 0 {
				f.Add(c.Response.Body, series, i%2 == 0)
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, series int, v1 bool) {
		p := rpc.XMLRPC2
		if v1 {
			p = rpc.XMLRPC1
		}
		whole := httptest.NewRecorder()
		err := rpc.TranscodeReply(whole, p, rpc.Series(series), bytes.NewReader(body))
		bytewise := httptest.NewRecorder()
		again := rpc.TranscodeReply(bytewise, p, rpc.Series(series), iotest.OneByteReader(bytes.NewReader(body)))
		if (err == nil) != (again == nil) || !bytes.Equal(whole.Body.Bytes(), bytewise.Body.Bytes()) {
			t.Fatalf("at once: %v, %q; byte by byte: %v, %q", err, whole.Body, again, bytewise.Body)
		}
		if err != nil {
			var e *rpc.Error
			if !errors.As(err, &e) || whole.Body.Len() != 0 {
				t.Fatalf("error %v after %d bytes", err, whole.Body.Len())
			}
			return
		}
		if !utf8.Valid(body) {
			return // Odoo's answers are UTF-8; what is not goes through as it is
		}
		wellFormed(t, whole.Body.Bytes())
		if !bytes.Contains(whole.Body.Bytes(), []byte("<fault>")) { // of an answer that is a fault the rest is not read
			var e rpc.Envelope
			call := append(append([]byte(`{"params": {"service": "s", "method": "m", "args": [`), body...), `]}}`...)
			if err := e.ParseJSON(call, 18); err != nil {
				t.Fatalf("answered, but %v: %q", err, body)
			}
		}
	})
}

// wellFormed reads a document to its end.
func wellFormed(t *testing.T, document []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%q: %v", document, err)
		}
	}
}
