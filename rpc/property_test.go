package rpc_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"odoobridge/rpc"
)

// checkFixedPoint: what was written canonically reads as the same call, and is written the same again.
func checkFixedPoint(t *testing.T, e *rpc.Envelope, s rpc.Series) []byte {
	t.Helper()
	written := e.Append(nil)
	var again rpc.Envelope
	var err error
	if e.Protocol == rpc.JSONRPC {
		err = again.ParseJSON(written, s)
	} else {
		err = again.ParseXML(e.Protocol, e.Service, written, s)
	}
	if err != nil {
		t.Fatalf("%s: what was written cannot be read: %v\n%.2000s", e.Protocol, err, written)
	}
	if again.Service != e.Service || again.Method != e.Method || !bytes.Equal(again.ID, e.ID) || len(again.Args) != len(e.Args) {
		t.Fatalf("%s: %q %q %q with %d arguments reads again as %q %q %q with %d\n%.2000s", e.Protocol,
			e.Service, e.Method, e.ID, len(e.Args), again.Service, again.Method, again.ID, len(again.Args), written)
	}
	for i := range e.Args {
		if !bytes.Equal(e.Args[i].Raw(), again.Args[i].Raw()) {
			t.Fatalf("argument %d, %q, reads again as %q", i, e.Args[i].Raw(), again.Args[i].Raw())
		}
	}
	if twice := again.Append(nil); !bytes.Equal(written, twice) {
		t.Fatalf("written twice:\n%.2000s\n%.2000s", written, twice)
	}
	return written
}

// agree compares what was made of body with what Python's reader makes of it: the error, or the call and each of its
// arguments, then the call once more after it was written canonically. It reports whether body was accepted.
func agree(t *testing.T, py *pythonReader, reader byte, body []byte) bool {
	t.Helper()
	e, err := read(reader, body)
	want := py.read(t, reader, body)
	if err != nil {
		agreeError(t, reader, body, err, want)
		return false
	}
	if want.Error != "" || want.Class != "" {
		if want.Class == "builtins.RecursionError" { // Python counts its own frames too; we leave it to Odoo
			return true
		}
		t.Fatalf("accepted, Python raises %s: %s\n%q", want.Class, want.Error, body)
	}
	agreeValues(t, e, want, body)
	written := checkFixedPoint(t, e, seriesOf(reader))
	got := py.read(t, reader, written)
	if got.Method != want.Method || got.Args != want.Args || got.Service != want.Service || got.ID != want.ID || got.Error != "" {
		t.Fatalf("Python reads\n%q\nas %+v, and what was written\n%q\nas %+v", body, want, written, got)
	}
	if e.ArgsKind == rpc.Array && e.ServiceValue.Kind() == rpc.String && e.MethodValue.Kind() == rpc.String && !surrogate(want) {
		call := rpc.AppendCall(nil, e.Protocol, e.ID, e.Service, e.Method, nil, e.Args)
		if e.Protocol != rpc.JSONRPC && !bytes.Equal(call, written) {
			t.Fatalf("AppendCall wrote\n%q\nAppend\n%q", call, written)
		}
		if got := py.read(t, reader, call); got.Method != want.Method || got.Args != want.Args || got.Service != want.Service {
			t.Fatalf("Python reads\n%q\nas %+v, and what AppendCall wrote\n%q\nas %+v", body, want, call, got)
		}
	}
	return true
}

func seriesOf(reader byte) rpc.Series {
	if reader == 't' {
		return 15
	}
	return 18
}

func read(reader byte, body []byte) (*rpc.Envelope, error) {
	e := new(rpc.Envelope)
	if reader == 'j' {
		return e, e.ParseJSON(body, seriesOf(reader))
	}
	return e, e.ParseXML(rpc.XMLRPC2, "object", body, seriesOf(reader))
}

// surrogate is true of a call with lone surrogates, which Go's strings cannot hold.
func surrogate(c pythonCall) bool {
	return strings.Contains(c.Service+c.Method, `\ud`)
}

// agreeError compares errors. Python's JSON reader tells nothing that Odoo would pass on.
func agreeError(t *testing.T, reader byte, body []byte, err error, want pythonCall) {
	t.Helper()
	var wire *rpc.Error
	if !errors.As(err, &wire) {
		t.Fatalf("%T is no *rpc.Error", err)
	}
	switch {
	case strings.HasPrefix(wire.Message, "refused: "), strings.Contains(wire.Message, "refused: an entity"):
		return // documented: Python reads some documents that we do not pass on
	case wire.Class == "builtins.LookupError" && want.Class != wire.Class:
		return // Python knows more encodings
	case reader != 'j' && bytes.IndexByte(body, 0) >= 0:
		return // expat takes a high surrogate of UTF-16 with anything behind it
	case want.Class == "":
		t.Fatalf("refused with %v, Python reads %+v\n%q", wire, want, body)
	case reader == 'j', bytes.Contains(body, []byte("<!DOCTYPE")), bytes.Contains(body, []byte("encoding=")):
		return // only that it is refused: of JSON Odoo tells no more, and of broken DTDs and encodings no client wants to know
	case wire.Class != want.Class || wire.Message != want.Error:
		t.Fatalf("refused with %s: %q, Python raises %s: %q\n%q", wire.Class, wire.Message, want.Class, want.Error, body)
	}
}

func agreeValues(t *testing.T, e *rpc.Envelope, want pythonCall, body []byte) {
	t.Helper()
	if e.Protocol == rpc.JSONRPC && !strings.Contains(want.ID, `\ud`) && string(e.ID) != want.ID && !surrogateID(want.ID) {
		t.Fatalf("id %s, Python prints %s\n%q", e.ID, want.ID, body)
	}
	if got := e.MethodValue.PyRepr(); e.MethodValue.Kind() < rpc.Array && got != want.Method && !surrogate(want) {
		t.Fatalf("method %s, Python reads %s\n%q", got, want.Method, body)
	}
	if len(e.Args) != len(want.Values) {
		t.Fatalf("%d arguments, Python reads %d: %s\n%q", len(e.Args), len(want.Values), want.Args, body)
	}
	for i, v := range e.Args {
		name, repr, truth := want.Values[i][0].(string), want.Values[i][1].(string), want.Values[i][2].(bool)
		if v.PyType() != name || v.Truthy() != truth || repr != "" && v.PyRepr() != repr && !strings.Contains(repr, `\ud`) {
			t.Fatalf("argument %d: %s %s %t, Python reads %s %s %t\n%q", i, v.PyType(), v.PyRepr(), v.Truthy(), name, repr, truth, body)
		}
	}
}

// surrogateID is true of an id that Odoo fails to print; we print its escapes.
func surrogateID(id string) bool {
	for _, r := range id {
		if r == '\uFFFD' { // what a lone surrogate becomes on the way through Go's JSON reader
			return true
		}
	}
	return false
}
