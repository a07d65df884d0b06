package sandbox

import (
	"context"
	"net/http"
	"strings"

	"odoobridge/rpc"
)

// addonPrefix is the path of Odoo's add-on for the bridge, odoo/addon/odoobridge, which depends on auth_api_key:
//
//	/odoobridge/version   that it is there, and in which database
//	/odoobridge/call      a call by the user of the API-KEY, archived or not: the params of /jsonrpc, but without the
//	                      database, the uid and the password
//
// As every route with a user it needs to know its database: 19 takes X-Odoo-Database, the others a session, for the Odoo that
// is stood for has several databases. /web/login?db= begins a session that is bound to one and belongs to nobody.
const addonPrefix = "/odoobridge/"

// isAddon tells whether a request is one that belongs to the add-on.
func (s *Sandbox) isAddon(r *http.Request, path string) bool {
	return s.addon && s.registry.column("auth_api_key", "key") &&
		(strings.HasPrefix(path, addonPrefix) || path == "/web/login" && r.URL.Query().Has("db"))
}

func (s *Sandbox) serveAddon(r *http.Request, path string) rpc.Reply {
	if path == "/web/login" {
		return s.bindSession(r)
	}
	if !s.addonBound(r) {
		return s.page(rpc.PageNotFound, r)
	}
	switch path {
	case addonPrefix + "version":
		body := jsonEncoder{series: s.series}
		_ = body.encode(newDict("version", "1.0.0", "series", s.version(), "db", s.database)) // text can be said in JSON
		return okReply("application/json", s.series, body.String())
	case addonPrefix + "call":
		return s.addonCall(r)
	}
	return s.page(rpc.PageNotFound, r)
}

// bindSession begins a session that is bound to the database of the query.
func (s *Sandbox) bindSession(r *http.Request) rpc.Reply {
	if r.URL.Query().Get("db") != s.database {
		return redirect(http.StatusSeeOther, "/web/database/selector")
	}
	reply := redirect(http.StatusFound, r.URL.RequestURI())
	cookie := http.Cookie{Name: sessionCookie, Value: s.sessions.open(nobody), Path: "/", HttpOnly: true}
	reply.Header = append(reply.Header, rpc.Header{Name: "Set-Cookie", Value: cookie.String()})
	return reply
}

func (s *Sandbox) addonBound(r *http.Request) bool {
	if c, err := r.Cookie(sessionCookie); err == nil {
		if _, bound := s.sessions.user(c.Value); bound {
			return true
		}
	}
	return s.series >= 19 && r.Header.Get(databaseHeader) == s.database
}

// addonCall runs the call. Who has no key is refused before the body is read, from 16 on, so that there is no id (measured
// on a real 15 and a real 18).
func (s *Sandbox) addonCall(r *http.Request) rpc.Reply {
	var e rpc.Envelope
	series := rpc.Series(s.series)
	req := rpc.Request{Protocol: rpc.JSONRPC, Path: r.URL.Path, Method: r.Method, ContentType: r.Header.Get("Content-Type"), NoBody: r.ContentLength == 0}
	if err := req.Check(series); err != nil {
		return s.errorReply(&e, r, rpc.JSONRPC, err)
	}
	who, known, err := s.keyUser(r)
	if err != nil {
		return s.errorReply(&e, r, rpc.JSONRPC, err)
	}
	body, err := readBody(r)
	if err != nil {
		return s.page(rpc.PageInternalError, r)
	}
	if known || s.series < 16 {
		if err := e.Parse(req, body, series); err != nil {
			return s.errorReply(&e, r, rpc.JSONRPC, err)
		}
	}
	if !known {
		return s.errorReply(&e, r, rpc.JSONRPC, accessDenied())
	}
	result, err := s.runForAddon(r.Context(), who.UID, &e)
	if err != nil {
		return s.errorReply(&e, r, rpc.JSONRPC, err)
	}
	return s.jsonReply(r, e.ID, result)
}

func (s *Sandbox) runForAddon(ctx context.Context, uid int64, e *rpc.Envelope) (any, error) {
	if e.Service != "object" || e.Method != "execute" && e.Method != "execute_kw" {
		return nil, newError("builtins.NameError", "Method not available "+e.Service+"."+e.Method)
	}
	args, err := decodeArgs(e, s.series >= 16)
	if err != nil {
		return nil, err
	}
	var m modelCall
	if s.series >= 19 {
		m, err = bindObject19(e.Method, args)
	} else {
		m, err = bindObject(e.Method, append([]any{s.database, uid}, args...))
	}
	if err != nil {
		return nil, err
	}
	return s.retried(ctx, caller{uid: uid}, m.name(), m.run)
}
