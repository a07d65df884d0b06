package rpc_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"odoobridge/fixtures/conformance"
	"odoobridge/rpc"
)

// pairs are the recorded exchanges by JSON-RPC, each with those of the same call by XML-RPC.
func pairs(t *testing.T, series int, each func(c, xml conformance.Case, p rpc.Protocol)) {
	t.Helper()
	cases, err := conformance.Load(series)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]conformance.Case{}
	for _, c := range cases {
		byID[c.ID] = c
	}
	for _, c := range cases {
		name, ok := strings.CutSuffix(c.ID, ".json")
		if !ok || c.Request.Path != "/jsonrpc" {
			continue
		}
		if xml, ok := byID[name+".xml2"]; ok {
			each(c, xml, rpc.XMLRPC2)
		}
		if xml, ok := byID[name+".xml1"]; ok {
			each(c, xml, rpc.XMLRPC1)
		}
	}
}

// TestRecordedRequestsTranscoded: a recorded XML-RPC call becomes the JSON-RPC call that was recorded beside it.
func TestRecordedRequestsTranscoded(t *testing.T) {
	said, unsaid := 0, 0
	for _, series := range []int{15, 18, 19} {
		pairs(t, series, func(c, xml conformance.Case, p rpc.Protocol) {
			var fromJSON, fromXML rpc.Envelope
			path := strings.Split(xml.Request.Path, "/")
			if fromJSON.ParseJSON(c.Request.Body, rpc.Series(series)) != nil ||
				fromXML.ParseXML(p, path[len(path)-1], xml.Request.Body, rpc.Series(series)) != nil || fromXML.Method != fromJSON.Method {
				return
			}
			got, ok := rpc.AppendTranscodedCall(nil, fromXML.Service, fromXML.Method, nil, fromXML.Args)
			if !ok {
				unsaid++
				if len(got) != 0 {
					t.Errorf("series %d, %s: %d bytes of a call that can't be said", series, xml.ID, len(got))
				}
				return
			}
			said++
			want := rpc.AppendCall(nil, rpc.JSONRPC, nil, fromJSON.Service, fromJSON.Method, nil, fromJSON.Args)
			if c.ID == "values.str.tabs.json" {
				return // XML makes a line feed of its carriage return: another call
			}
			if g, w := arguments(t, got), arguments(t, want); !reflect.DeepEqual(g, w) {
				t.Errorf("series %d, %s: %s, recorded beside it %s", series, xml.ID, got, want)
			}
		})
	}
	if said < 700 {
		t.Errorf("only %d recorded calls could be said in JSON", said)
	}
	t.Logf("%d recorded calls said in JSON, %d not", said, unsaid)
}

// arguments are the arguments of a JSON-RPC call, numbers by value.
func arguments(t *testing.T, body []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var call struct{ Params struct{ Args any } }
	if err := d.Decode(&call); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return byValue(call.Params.Args)
}

func byValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, ok := new(big.Float).SetString(v.String()); ok {
			return f.Text('g', -1)
		}
	case []any:
		for i := range v {
			v[i] = byValue(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = byValue(v[k])
		}
	}
	return v
}

// TestRecordedTriples: an upstream that answers a recorded JSON exchange makes the bridge answer the XML exchanges that
// were recorded of the same call. testdata/triples.json names those that XML-RPC answers otherwise for a reason that JSON
// does not show.
func TestRecordedTriples(t *testing.T) {
	onlyXML, err := conformance.LoadExceptions("testdata/triples.json")
	if err != nil {
		t.Fatal(err)
	}
	tallies := map[int]conformance.Tally{}
	for _, series := range []int{15, 18, 19} {
		var tally conformance.Tally
		pairs(t, series, func(c, xml conformance.Case, p rpc.Protocol) {
			diffs := transcodeDiff(c, xml, p)
			_, excepted := onlyXML.Of(xml)
			switch agrees := diffs == ""; {
			case agrees && excepted:
				t.Errorf("%d %s agrees; take series %d out of its line in testdata/triples.json", series, xml.ID, series)
			case !agrees && !excepted:
				t.Errorf("%d %s: %s", series, xml.ID, diffs)
			}
			tally.Add(conformance.Case{Kind: p.String()}, diffs == "")
		})
		tallies[series] = tally
	}
	t.Logf("recorded JSON answers made XML, those that agree with the XML answer recorded beside them:\n%s",
		conformance.Table("triples", tallies))
}

func transcodeDiff(c, want conformance.Case, p rpc.Protocol) string {
	w := httptest.NewRecorder()
	if err := rpc.TranscodeReply(w, p, rpc.Series(c.Series), iotest.OneByteReader(bytes.NewReader(c.Response.Body))); err != nil {
		return err.Error()
	}
	got := conformance.Answer{Status: w.Code, Body: w.Body.Bytes()}
	for _, name := range []string{"Content-Type", "X-Content-Type-Options"} {
		if v := w.Header().Get(name); v != "" {
			got.Headers = append(got.Headers, conformance.Header{Name: name, Value: v})
		}
	}
	return strings.Join(want.Diff(got), "\n")
}

// TestTranscodedValues: values that Odoo answers seldom, and what XML-RPC makes of them.
func TestTranscodedValues(t *testing.T) {
	tests := []struct{ name, result, want string }{
		{"control characters are left out", `"a\u0000\u001fb\t"`, "<string>ab\t</string>"},
		{"a carriage return stays", `"a\r\n"`, "<string>a\r\n</string>"},
		{"what XML can't have is replaced", `"\ufffe` + "\uFFFE\uFFFF" + `\uffff"`, "<string>\uFFFD\uFFFD\uFFFD\uFFFD</string>"},
		{"its neighbours are not", `"` + "\uF000\uFFBE\uFFFD" + `"`, "<string>\uF000\uFFBE\uFFFD</string>"},
		{"half a character", `"\ud83d"`, "<string>\uFFFD</string>"},
		{"a float of many digits", `123456789012345678901234567890.5`, "<double>1.2345678901234568e+29</double>"},
		{"an integer of many digits", `123456789012345678901234567890`, "OverflowError: int exceeds XML-RPC limits"},
		{"minus nothing", `-0`, "<int>0</int>"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, reader := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
				w := httptest.NewRecorder()
				err := rpc.TranscodeReply(w, rpc.XMLRPC2, 18, reader(strings.NewReader(`{"jsonrpc": "2.0", "id": 1, "result": `+test.result+`}`)))
				if err != nil || !strings.Contains(w.Body.String(), test.want) {
					t.Errorf("%v: %q, want %q in it", err, w.Body, test.want)
				}
			}
		})
	}
	for _, result := range []string{`+5`, `05`, `5.`, `.5`, `0x10`, `1_000`, `inf`, `nan`, `1e`, `--1`, `-`, `truE`} {
		w := httptest.NewRecorder()
		if err := rpc.TranscodeReply(w, rpc.XMLRPC2, 18, strings.NewReader(`{"result": `+result+`}`)); err == nil {
			t.Errorf("%s, which is no JSON, was answered: %q", result, w.Body)
		}
	}
}
