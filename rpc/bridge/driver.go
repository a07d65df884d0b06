package bridge

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"odoobridge/auth"
	"odoobridge/odoo"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// The driver for an Odoo that has nothing but /json/2 left, in front of which callers go on with JSON-RPC and XML-RPC: their
// arguments get names (odoo/naming.go), and what Odoo answers the form that it had before. What the services common and db
// answered is answered here.

// onlyJSON2 tells whether Odoo is called by JSON-2 whatever the caller speaks.
func (b *Bridge) onlyJSON2() bool { return b.cfg.Version().JSON2 }

// serviceGone tells whether the call is one of common or db that Odoo can no longer answer: 20 has no db, and where there is only
// JSON-2 there is neither.
func (b *Bridge) serviceGone(call odoo.Call) bool {
	if call.Kind != odoo.Public && call.Kind != odoo.Master {
		return false
	}
	return b.onlyJSON2() || call.Series >= 20 && call.Envelope.Service == "db"
}

// answerForService answers what a service that Odoo no longer has would have answered.
func (b *Bridge) answerForService(call odoo.Call) (*answer, error) {
	if call.Kind == odoo.Master {
		return nil, &rpc.Error{Class: "odoo.exceptions.UserError",
			Message: "The Odoo behind this address has no service db any more. Use its database manager, /web/database/manager."}
	}
	version := b.cfg.Version()
	if version.Text == "" {
		return nil, &rpc.Error{Class: "werkzeug.exceptions.BadGateway", Status: http.StatusBadGateway,
			Message: "502 Bad Gateway: Odoo has not said its version yet; try again"}
	}
	result, wrong := call.Answer(odoo.Version{Text: version.Text, Serie: version.Serie, Info: version.Info})
	if wrong != nil {
		return nil, wrong
	}
	return &answer{result}, nil
}

// nameArguments says a call of execute or execute_kw as JSON-2 takes it.
func (b *Bridge) nameArguments(ctx context.Context, call odoo.Call, db string) (odoo.JSON2Call, error) {
	if wrong := call.CheckNamable(); wrong != nil {
		return odoo.JSON2Call{}, wrong
	}
	arguments, wrong := call.Arguments()
	if wrong != nil {
		return odoo.JSON2Call{}, wrong
	}
	parameters, known := call.ORMParameters()
	if !known {
		var err error
		if parameters, err = b.documented(ctx, call, db); err != nil {
			// It may be deprecated, which the documentation leaves out.
			if named, ok := call.GuessArguments(arguments); ok {
				return named, nil
			}
			return odoo.JSON2Call{}, err
		}
	}
	named, wrong := call.NameArguments(arguments, parameters)
	if wrong != nil {
		return named, wrong
	}
	return named, nil
}

// rewriteForJSON2 makes the request to Odoo's /json/2. The body of a call that came by JSON-2 is the caller's, the path and the
// header are ours.
func (b *Bridge) rewriteForJSON2(ctx context.Context, s *scratch, call odoo.Call, who caller, key auth.Secret) (sending, error) {
	sent := sending{way: toJSON2, protocol: rpc.JSON2}
	if call.Envelope.Protocol == rpc.JSON2 {
		s.up = json2Request(s, call, who, key, call.Envelope.Params().Raw())
		return sent, nil
	}
	named, err := b.nameArguments(ctx, call, who.DB)
	if err != nil {
		return sent, err
	}
	sent.named = named
	if call.Envelope.Protocol == rpc.JSONRPC {
		s.room(false)
		s.out = rpc.AppendJSON2(s.out[:0], named.Members)
	} else {
		// The members were said in JSON, and the XML that they came in is not needed any more: its buffer is taken for them, so that a
		// large call is not in memory three times.
		xml := s.body
		s.body, s.out = s.out[:0], rpc.AppendJSON2(xml[:0], named.Members)
		clear(xml[min(len(s.out), len(xml)):]) // a password may be in it, see release
	}
	s.up = json2Request(s, call, who, key, s.out)
	return sent, nil
}

func json2Request(s *scratch, call odoo.Call, who caller, key auth.Secret, body []byte) upstream.Request {
	return upstream.Request{
		Path:   rpc.JSON2Path + "/" + url.PathEscape(call.Model) + "/" + url.PathEscape(call.Method),
		Body:   body,
		Fields: append(s.up.Fields[:0], jsonField, bearer(key), upstream.Field{Name: databaseHeader, Value: who.DB}),
	}
}

// tellAsRPC sends Odoo's answer of JSON-2 to a caller who speaks JSON-RPC or XML-RPC. What is no JSON, a page of Odoo's or of a
// proxy before it, goes on as it is.
func (b *Bridge) tellAsRPC(w http.ResponseWriter, call odoo.Call, sent odoo.JSON2Call, a *upstream.Answer) error {
	switch {
	case !hasJSON(a):
		return stream(w, a)
	case a.Status != http.StatusOK:
		e, err := rpc.ParseJSON2Error(a)
		if err != nil {
			return unusable(err)
		}
		env := call.Envelope
		return rpc.ErrorReply(env.Protocol, b.cfg.Series(), env.ID, call.RPCError(e, sent)).Write(w)
	case sent.One:
		one, err := rpc.Unlisted(a)
		if err != nil {
			return unusable(err)
		}
		return b.tellResult(w, call.Envelope, one)
	}
	return b.tellResult(w, call.Envelope, a)
}

// tellResult sends a result, which is JSON, as it comes.
func (b *Bridge) tellResult(w http.ResponseWriter, env *rpc.Envelope, result io.Reader) error {
	whole, err := rpc.AsRPC(env.ID, result)
	if err != nil {
		return unusable(err)
	}
	if env.Protocol != rpc.JSONRPC {
		return rpc.TranscodeReply(w, env.Protocol, b.cfg.Series(), whole)
	}
	for _, h := range rpc.ResultHeader(b.cfg.Series()) {
		w.Header().Set(h.Name, h.Value)
	}
	w.WriteHeader(http.StatusOK)
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{whole}, *buf)
	return err
}

// answerHere sends a result that was found without Odoo.
func (b *Bridge) answerHere(w http.ResponseWriter, env *rpc.Envelope, result any) error {
	if text, ok := result.(json.RawMessage); ok {
		return b.tellResult(w, env, strings.NewReader(string(text)))
	}
	return rpc.ResultReply(env.Protocol, b.cfg.Series(), env.ID, result).Write(w)
}

// unusable is an answer that broke off or is not what JSON-2 answers, before anything of it was passed on.
func unusable(cause error) error {
	e := answerUnusable()
	e.Cause = cause
	return e
}

// hasJSON tells whether an answer is JSON, whatever its status.
func hasJSON(a *upstream.Answer) bool {
	for _, f := range a.Fields {
		if f.Name == "Content-Type" {
			return rpc.IsJSON(f.Value)
		}
	}
	return false
}
