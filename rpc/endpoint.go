package rpc

import "fmt"

// Endpoint is one of Odoo's JSON-RPC endpoints. They share the envelope and differ in what "params" hold. Those under
// /web stand for a call of one of the services, and are read as that call, so that what is behind the envelope need not
// know them.
type Endpoint uint8

const (
	// EndpointRPC is /jsonrpc: {"service": ..., "method": ..., "args": [...]}.
	EndpointRPC Endpoint = iota
	// EndpointVersionInfo is /web/webclient/version_info: common.version. Its parameters are ignored.
	EndpointVersionInfo
	// EndpointDatabaseList is /web/database/list: db.list. Its parameters are ignored.
	EndpointDatabaseList
	// EndpointCallKW is /web/dataset/call_kw and everything below it, which Odoo takes for decoration:
	// {"model": ..., "method": ..., "args": [...], "kwargs": {...}} is object.execute_kw of Request.Database, null where that
	// is not given, with null for uid and password, which are to come from elsewhere.
	EndpointCallKW
)

// endpoint is what distinguishes an Endpoint.
type endpoint struct {
	class, function string   // Odoo's controller, for its error messages
	params          []string // required members of "params"
	service, method string   // the call that it stands for; "" when that is in the parameters
}

var endpoints = [...]endpoint{
	EndpointRPC:          {class: "RPC", function: "jsonrpc", params: []string{"service", "method", "args"}},
	EndpointVersionInfo:  {class: "WebClient", function: "version_info", service: "common", method: "version"},
	EndpointDatabaseList: {class: "Database", function: "list", service: "db", method: "list"},
	EndpointCallKW: {class: "DataSet", function: "call_kw", params: []string{"model", "method", "args", "kwargs"},
		service: "object", method: "execute_kw"},
}

// qualname is the controller's function as Python names it. The class behind /jsonrpc has another name in 19
// (pj.params.noservice, pj.object.empty).
func (e Endpoint) qualname(s Series) string {
	d := &endpoints[e]
	class := d.class
	if e == EndpointRPC && s.orDefault() >= 19 {
		class = "JSONRPC"
	}
	return class + "." + d.function
}

func (e Endpoint) String() string { return fmt.Sprintf("Endpoint(%s)", e.qualname(0)) }

var (
	nullValue  = Value{raw: null, kind: Null}
	emptyValue = Value{raw: []byte("[]"), kind: Array}
)

// setCall fills e with the call that an endpoint under /web stands for.
func (e *Envelope) setCall(r Request, params []Value) {
	d := &endpoints[r.Endpoint]
	e.Service, e.Method = d.service, d.method
	e.ServiceValue = Value{raw: []byte(`"` + d.service + `"`), kind: String}
	e.MethodValue = Value{raw: []byte(`"` + d.method + `"`), kind: String}
	e.args = emptyValue // of calls that are forwarded as they are, which have none
	if r.Endpoint == EndpointCallKW {
		e.Args = append(append(e.Args[:0], nullValue, nullValue, nullValue), params...)
		if r.Database != "" {
			e.Args[0] = Value{raw: appendJSONString(nil, r.Database, false), kind: String}
		}
	}
}
