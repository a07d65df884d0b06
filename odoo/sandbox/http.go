package sandbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"odoobridge/rpc"
)

// maxBody bounds a request; Odoo's own limit is the web server's before it.
const maxBody = 128 << 20

func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.control != nil {
		s.control.ServeHTTP(w, r)
		return
	}
	s.serve(w, r)
}

// serve routes as Odoo does: a slash at the end and doubled slashes do not count. A call whose caller goes away is carried out
// all the same: a worker of Odoo's does not look for its client before it answers.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(context.WithoutCancel(r.Context()))
	path := rpc.CleanPath(r.URL.Path)
	rest, isXML := strings.CutPrefix(path, "/xmlrpc/")
	service, isV2 := strings.CutPrefix(rest, "2/")
	var reply rpc.Reply
	switch {
	case s.noLegacy && (path == "/jsonrpc" || isXML):
		reply = s.page(rpc.PageNotFound, r)
	case path == "/jsonrpc":
		reply = s.serveRPC(r, rpc.JSONRPC, "")
	case isXML && rest != "" && !strings.Contains(service, "/"):
		protocol := rpc.XMLRPC1
		if isV2 {
			protocol = rpc.XMLRPC2
		}
		reply = s.serveRPC(r, protocol, service)
	case strings.HasPrefix(path, ControllerPrefix) && s.registry.column("auth_api_key", "key"):
		if err := s.serveController(w, r, path); err != nil {
			s.log.Debug().Err(err).Str("path", path).Msg("the controller failed")
			panic(http.ErrAbortHandler) // something may have been answered
		}
		return
	case path == "/web/health":
		reply = healthReply(s.series)
	case s.isAddon(r, path):
		reply = s.serveAddon(r, path)
	case s.series >= 19 && (path == "/web/version" || path == "/json/version"):
		reply = s.serveVersion(r)
	default:
		reply = s.serveOther(r, path)
	}
	if err := reply.Write(w); err != nil {
		s.log.Debug().Err(err).Str("path", path).Msg("the client went away before the answer was written")
	}
}

func (s *Sandbox) serveOther(r *http.Request, path string) rpc.Reply {
	reply, known := s.serveWeb(r, path)
	route, isJSON2 := json2Routes(r.Method, path)
	switch {
	case known:
		return reply
	case isJSON2 && s.series >= 19:
		return s.serveJSON2(r, route)
	case s.series >= 19 && isPage(path):
		return s.servePage(r)
	case s.series < 16 && rpc.IsJSON(r.Header.Get("Content-Type")):
		return s.notFoundJSON(r)
	}
	return s.page(rpc.PageNotFound, r)
}

func (s *Sandbox) page(page rpc.Page, r *http.Request) rpc.Reply {
	req := rpc.Request{Path: r.URL.Path}
	if _, bound := s.boundTo(r); bound {
		req.Database = s.database
	}
	return rpc.PageReply(rpc.Series(s.series), page, req)
}

// notFoundJSON is the answer to a JSON request of an unknown path, which some series word as JSON, with the id.
func (s *Sandbox) notFoundJSON(r *http.Request) rpc.Reply {
	var e rpc.Envelope
	if body, err := readBody(r); err == nil {
		_ = e.ParseJSON(body, rpc.Series(s.series)) // the id is all that is wanted
	}
	return rpc.ErrorReply(rpc.JSONRPC, rpc.Series(s.series), e.ID, rpc.PageError(rpc.PageNotFound))
}

func readBody(r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
}

// serveRPC answers a request to one of the RPC endpoints.
func (s *Sandbox) serveRPC(r *http.Request, p rpc.Protocol, service string) rpc.Reply {
	series := rpc.Series(s.series)
	req := rpc.Request{Protocol: p, Path: rpc.CleanPath(r.URL.Path), Service: service, Method: r.Method, ContentType: r.Header.Get("Content-Type"), NoBody: r.ContentLength == 0}
	var e rpc.Envelope
	if err := req.Check(series); err != nil {
		return s.errorReply(&e, r, p, err)
	}
	body, err := readBody(r)
	if err != nil {
		return s.page(rpc.PageInternalError, r)
	}
	if err := e.Parse(req, body, series); err != nil {
		return s.errorReply(&e, r, p, err)
	}
	return s.serveCall(r, &e, p)
}

// serveCall runs the call and encodes its result.
func (s *Sandbox) serveCall(r *http.Request, e *rpc.Envelope, p rpc.Protocol) rpc.Reply {
	args, err := decodeArgs(e, s.series >= 16)
	if err != nil {
		return s.errorReply(e, r, p, err)
	}
	result, err := s.dispatch(r.Context(), call{
		service: e.Service, serviceValue: e.ServiceValue, argsKind: e.ArgsKind, method: e.Method, methodType: e.MethodValue.PyType(), methodText: e.MethodValue.PyStr(),
		args: args, json: p == rpc.JSONRPC,
	})
	if err != nil {
		return s.errorReply(e, r, p, err)
	}
	if p == rpc.JSONRPC {
		return s.jsonReply(r, e.ID, result)
	}
	body := xmlEncoder{series: s.series}
	if err := body.response(result); err != nil {
		return s.errorReply(e, r, p, err)
	}
	return okReply("text/xml; charset=utf-8", s.series, body.String())
}

func (s *Sandbox) jsonReply(r *http.Request, id []byte, result any) rpc.Reply {
	body := jsonEncoder{series: s.series}
	if err := body.response(id, result); err != nil {
		return s.page(rpc.PageInternalError, r) // json.dumps fails outside of Odoo's error handling
	}
	contentType := "application/json"
	if s.series >= 16 {
		contentType += "; charset=utf-8"
	}
	return okReply(contentType, s.series, body.String())
}

// errorReply is the answer to a call that failed. An error that is no *rpc.Error is a fault of the sandbox.
func (s *Sandbox) errorReply(e *rpc.Envelope, r *http.Request, p rpc.Protocol, err error) rpc.Reply {
	var known *rpc.Error
	if !errors.As(err, &known) {
		s.log.Error().Err(err).Str("path", r.URL.Path).Str("service", e.Service).Str("method", e.Method).Msg("call failed")
		return s.page(rpc.PageInternalError, r)
	}
	return rpc.ErrorReply(p, rpc.Series(s.series), e.ID, known)
}

func okReply(contentType string, series int, body string) rpc.Reply {
	header := []rpc.Header{{Name: "Content-Type", Value: contentType}}
	if series >= 16 {
		header = append(header, rpc.Header{Name: "X-Content-Type-Options", Value: "nosniff"})
	}
	return rpc.Reply{Status: http.StatusOK, Header: header, Body: []byte(body)}
}

// healthReply is what Odoo's web module answers to who asks whether it runs, since series 15 (by its source).
func healthReply(series int) rpc.Reply {
	reply := okReply("application/json", series, `{"status": "pass"}`)
	reply.Header = append(reply.Header, rpc.Header{Name: "Cache-Control", Value: "no-store"})
	return reply
}
