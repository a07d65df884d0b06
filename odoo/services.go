package odoo

import (
	"encoding/json"
	"fmt"

	"odoobridge/rpc"
)

// Version is what Odoo says of itself, as common.version tells it.
type Version struct {
	Text  string          // "19.0"
	Serie string          // "19.0"
	Info  json.RawMessage // [19, 0, 0, "final", 0, ""]
}

var (
	versionSignature       = Signature{Name: "exp_version"}
	aboutSignature         = Signature{Name: "exp_about", Optional: []string{"extended"}}
	logLevelSignature      = Signature{Name: "exp_set_loglevel", Required: []string{"loglevel"}, Optional: []string{"logger"}}
	serverVersionSignature = Signature{Name: "exp_server_version"}
	listLangSignature      = Signature{Name: "exp_list_lang"}
)

// Answer is what an Odoo that has the services would answer to a Public call: JSON, spaced as Python's.
func (c Call) Answer(v Version) (json.RawMessage, *rpc.Error) {
	args := c.Envelope.Args
	var (
		takes  Signature
		result json.RawMessage
	)
	switch c.Envelope.Service + "." + c.Envelope.Method {
	case "common.version":
		takes, result = versionSignature, fmt.Appendf(nil, `{"server_version": %s, "server_version_info": %s, "server_serie": %s, "protocol_version": 1}`,
			asJSON(v.Text), v.Info, asJSON(v.Serie))
	case "common.about":
		const about = "See http://openerp.com"
		takes, result = aboutSignature, asJSON(about)
		if len(args) > 0 && args[0].Truthy() {
			result = fmt.Appendf(nil, "[%s, %s]", asJSON(about), asJSON(v.Text))
		}
	case "common.set_loglevel":
		takes, result = logLevelSignature, asJSON(true) // it does nothing, as Odoo's since 14
	case "db.server_version":
		takes, result = serverVersionSignature, asJSON(v.Text)
	case "db.list_lang":
		takes, result = listLangSignature, languages
	default:
		return nil, c.noCommonMethod()
	}
	switch kind := c.Envelope.ArgsKind; kind {
	case rpc.Array, rpc.Struct, rpc.String:
		return result, takes.Check(len(args))
	default: // pj.params.argsnull
		return nil, exception("builtins.TypeError",
			"odoo.service."+c.Envelope.Service+"."+takes.Name+"() argument after * must be an iterable, not "+pythonType(kind))
	}
}

// noCommonMethod is Odoo's answer to a method that the service common does not have (common.unknown).
func (c Call) noCommonMethod() *rpc.Error {
	if method := c.Envelope.MethodValue; method.Kind() != rpc.String {
		return exception("builtins.TypeError", `can only concatenate str (not "`+method.PyType()+`") to str`)
	}
	return exception("builtins.Exception", "Method not found: "+c.Envelope.Method)
}

// asJSON writes what has always a JSON.
func asJSON(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic("odoo: an answer of ours has no JSON: " + err.Error())
	}
	return text
}
