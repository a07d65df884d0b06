package rpc_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"odoobridge/rpc"
)

// What is read and written here, and the target that tries it:
//
//	Envelope.ParseJSON, Value of JSON, Envelope.Append       FuzzJSONEnvelope
//	Envelope.ParseXML, Value of XML                          FuzzXMLEnvelope
//	the encodings that a declaration names                   FuzzXMLEncoding
//	DOCTYPE and entities                                     FuzzXMLDoctype
//	Request.Check, Envelope.Parse, the endpoints under /web  FuzzRequest
//	AppendCall                                               FuzzAppendCall
//	AppendTranscodedCall                                     FuzzTranscodeCall, FuzzAppendCall
//	TranscodeReply, of each series and protocol              FuzzTranscodeReply
//	ResultReply, ErrorReply                                  FuzzReply
//	PageReply, and pages that quote the request              FuzzPage, FuzzRequest
//	Envelope.Parse of JSON-2, Named, AppendNamedCall         FuzzJSON2
//	TranscodeJSON2                                           FuzzTranscodeJSON2
//	CleanPath                                                FuzzCleanPath
//	IsJSON                                                   FuzzContentType

// The property of both targets below: what is accepted is written as a document that means the same call, to Python's readers
// (where there is a python3) and to our own, and writing that again changes nothing. What is refused, Python refuses.

func FuzzJSONEnvelope(f *testing.F) {
	bodies, _ := seeds(f)
	for _, body := range bodies {
		f.Add(body)
	}
	py, noPython := startPython()
	f.Fuzz(func(t *testing.T, body []byte) {
		if noPython == nil {
			agree(t, py, 'j', body)
		}
		for _, series := range []rpc.Series{15, 18, 19} {
			var e rpc.Envelope
			if e.ParseJSON(body, series) == nil {
				written := checkFixedPoint(t, &e, series)
				sameToGo(t, body, written)
			}
		}
	})
}

// sameToGo compares with Go's own reader, as far as it reads what Python does: it knows no NaN, no lone surrogates, and
// its numbers end at float64's.
func sameToGo(t *testing.T, body, written []byte) {
	t.Helper()
	var before, after struct{ Params any }
	if json.Unmarshal(body, &map[string]any{}) != nil || !lowerCase(body) {
		return
	}
	if json.Unmarshal(body, &before) != nil {
		return
	}
	params, ok := before.Params.(map[string]any)
	if !ok {
		return
	}
	if err := json.Unmarshal(written, &after); err != nil {
		t.Fatalf("Go reads %q, but not what was written, %q: %v", body, written, err)
	}
	for name, value := range after.Params.(map[string]any) {
		if !reflect.DeepEqual(params[name], value) {
			t.Fatalf("%s: Go reads %v in %q, and %v in what was written, %q", name, params[name], body, value, written)
		}
	}
}

// lowerCase is true of a body whose "params" Go's reader, which does not mind case, cannot take for another.
func lowerCase(body []byte) bool {
	for _, c := range body {
		if c >= 'A' && c <= 'Z' || c >= 0x80 || c == '\\' {
			return false
		}
	}
	return true
}

func FuzzXMLEnvelope(f *testing.F) {
	_, bodies := seeds(f)
	for _, body := range bodies {
		f.Add(body)
	}
	py, noPython := startPython()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, reader := range []byte("td") {
			if noPython == nil {
				agree(t, py, reader, body)
			}
			if e, err := read(reader, body); err == nil {
				checkFixedPoint(t, e, seriesOf(reader))
			}
		}
	})
}
