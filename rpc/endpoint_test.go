package rpc

import (
	"errors"
	"strings"
	"testing"
)

// TestEndpoint: each endpoint under /web is read as the call it stands for.
func TestEndpoint(t *testing.T) {
	for _, tc := range []struct {
		name     string
		endpoint Endpoint
		database string
		params   string
		call     string // service, method and arguments
	}{
		{"version_info", EndpointVersionInfo, "", `{"service": "object", "args": [1]}`, "common.version"},
		{"database list", EndpointDatabaseList, "", `{}`, "db.list"},
		{"call_kw", EndpointCallKW, "", `{"kwargs": {"limit": 1.50}, "args": [[]], "method": "search", "model": "res.partner"}`,
			`object.execute_kw null null null "res.partner" "search" [[]] {"limit": 1.50}`},
		{"call_kw, the last of two members holds", EndpointCallKW, "", `{"model": "a", "method": "m", "args": [], "kwargs": {}, "model": "b"}`,
			`object.execute_kw null null null "b" "m" [] {}`},
		{"call_kw, parameters as pairs", EndpointCallKW, "", `[["model", "a"], ["method", "m"], ["args", []], ["kwargs", {}]]`,
			`object.execute_kw null null null "a" "m" [] {}`},
		{"call_kw, database of the header", EndpointCallKW, `od"oo`, `{"model": "a", "method": "m", "args": [], "kwargs": {}, "path": 1}`,
			`object.execute_kw "od\"oo" null null "a" "m" [] {}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var e Envelope
			r := Request{Protocol: JSONRPC, Endpoint: tc.endpoint, Database: tc.database, Method: "POST", ContentType: "application/json"}
			if err := r.Check(18); err != nil {
				t.Fatal(err)
			}
			if err := e.Parse(r, []byte(`{"id": "x", "params": `+tc.params+`}`), 18); err != nil {
				t.Fatal(err)
			}
			call := e.Service + "." + e.Method
			for _, arg := range e.Args {
				call += " " + string(arg.Raw())
			}
			if call != tc.call || string(e.ID) != `"x"` {
				t.Errorf("id %s, call %s; want %s", e.ID, call, tc.call)
			}
			if service, _ := e.ServiceValue.Str(); service != e.Service {
				t.Errorf("service value %q, want %q", service, e.Service)
			}
		})
	}
}

// TestEndpointMissing: what Python says of a controller called without all of its arguments.
func TestEndpointMissing(t *testing.T) {
	for _, tc := range []struct {
		endpoint Endpoint
		series   Series
		params   string
		want     string
	}{
		{EndpointRPC, 18, `{"service": "common", "method": "version"}`, "RPC.jsonrpc() missing 1 required positional argument: 'args'"},
		{EndpointRPC, 19, `{"args": []}`, "JSONRPC.jsonrpc() missing 2 required positional arguments: 'service' and 'method'"},
		{EndpointRPC, 18, `{}`, "RPC.jsonrpc() missing 3 required positional arguments: 'service', 'method', and 'args'"},
		{EndpointCallKW, 19, `{}`, "DataSet.call_kw() missing 4 required positional arguments: 'model', 'method', 'args', and 'kwargs'"},
		{EndpointVersionInfo, 18, `{}`, ""},
	} {
		var e Envelope
		err := e.Parse(Request{Protocol: JSONRPC, Endpoint: tc.endpoint}, []byte(`{"params": `+tc.params+`}`), tc.series)
		var wire *Error
		if tc.want == "" {
			if err != nil {
				t.Errorf("%s: %v, want no error", tc.endpoint, err)
			}
		} else if !errors.As(err, &wire) || wire.Message != tc.want {
			t.Errorf("%s, series %d, %s: %v, want %s", tc.endpoint, tc.series, tc.params, err, tc.want)
		}
	}
}

// TestHTTPErrors: who sends no RPC gets a page, and nothing of the caller's in it is taken for HTML.
func TestHTTPErrors(t *testing.T) {
	reply := ErrorReply(HTTP, 18, nil, &Error{Message: "<script>"})
	if reply.Status != 403 || !strings.Contains(string(reply.Body), "&lt;script&gt;") || strings.Contains(string(reply.Body), "<script>") {
		t.Errorf("status %d: %s", reply.Status, reply.Body)
	}
}
