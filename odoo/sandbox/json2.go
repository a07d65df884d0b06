package sandbox

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"odoobridge/rpc"
)

// What series 19 has beside /jsonrpc: calls at /json/2/{model}/{method}, whose arguments are named, whose caller shows a
// Bearer key, and whose errors have a status. Odoo finds the route first, then looks at the Content-Type, then who calls,
// then reads the body.

// databaseHeader selects the database of a request without a session.
const databaseHeader = "X-Odoo-Database"

// json2Route is where a request of JSON-2's kind leads.
type json2Route struct {
	path   string // as the page of a wrong Content-Type quotes it; "" for a call's
	auth   authMethod
	answer func(s *Sandbox, r *http.Request, uid int64) (rpc.Reply, error)
}

// authMethod is how a route finds its user, in Odoo's words.
type authMethod uint8

const (
	authBearer authMethod = iota // a native key, or a browser's session
	authUser                     // a session
	authPublic                   // nobody
)

// json2Routes finds the route of a path; ok is false where Odoo has none of this kind there.
func json2Routes(method, path string) (route json2Route, ok bool) {
	switch {
	case path == rpc.JSON2Path:
		return json2Route{path: path, auth: authPublic, answer: notJSON2}, true
	case strings.HasPrefix(path, rpc.JSON2Path+"/"):
		if _, _, isCall := cutCall(path); isCall && (method == http.MethodPost || method == http.MethodOptions) {
			return json2Route{answer: (*Sandbox).json2Call}, true
		}
		return json2Route{path: rpc.JSON2Path, auth: authPublic, answer: notJSON2}, true
	}
	return docRoute(path)
}

// cutCall is the model and the method of a call's path.
func cutCall(path string) (model, method string, ok bool) {
	model, method, ok = strings.Cut(strings.TrimPrefix(path, rpc.JSON2Path+"/"), "/")
	return model, method, ok && !strings.Contains(method, "/")
}

func notJSON2(*Sandbox, *http.Request, int64) (rpc.Reply, error) { return rpc.Reply{}, rpc.NotJSON2() }

// serveJSON2 answers a request to a route of JSON-2's kind.
func (s *Sandbox) serveJSON2(r *http.Request, route json2Route) rpc.Reply {
	series := rpc.Series(s.series)
	req := rpc.Request{Protocol: rpc.JSON2, Path: r.URL.Path, Route: route.path, ContentType: r.Header.Get("Content-Type"), NoBody: r.ContentLength <= 0}
	session, bound := s.boundTo(r)
	if !bound {
		return s.page(rpc.PageNotFound, r)
	}
	if strings.Contains(r.URL.Path, "//") { // unlike the server-wide endpoints, which take it
		return redirect(http.StatusPermanentRedirect, "http://"+r.Host+rpc.CleanPath(r.URL.Path))
	}
	body, err := readBody(r)
	if err != nil {
		return s.internalError()
	}
	reply, err := s.json2(withBody(r, body), req, route, session)
	var known *rpc.Error
	switch {
	case errors.As(err, &known):
		return rpc.ErrorReply(rpc.JSON2, series, nil, known)
	case err != nil:
		s.log.Error().Err(err).Str("path", r.URL.Path).Msg("request failed")
		return s.internalError()
	}
	return reply
}

func (s *Sandbox) json2(r *http.Request, req rpc.Request, route json2Route, session int64) (rpc.Reply, error) {
	if err := req.Check(rpc.Series(s.series)); err != nil {
		return rpc.Reply{}, err
	}
	uid, err := s.authenticated(r, route.auth, session)
	if err != nil {
		return rpc.Reply{}, err
	}
	return route.answer(s, r, uid)
}

func (s *Sandbox) authenticated(r *http.Request, auth authMethod, session int64) (int64, error) {
	switch {
	case auth == authPublic:
		return 0, nil
	case auth == authBearer:
		return s.bearer(r, session)
	case session == 0:
		return 0, rpc.SessionExpired()
	}
	return session, nil
}

// boundTo tells whether a request is for the sandbox's database, and the user of its session, 0 if there is none. A request
// that names no database has to belong to a session: the recorded Odoo had several.
func (s *Sandbox) boundTo(r *http.Request) (session int64, ok bool) {
	if c, err := r.Cookie(sessionCookie); err == nil {
		session, ok = s.sessions.user(c.Value)
	}
	if names := r.Header.Values(databaseHeader); len(names) > 0 {
		ok = strings.Join(names, ",") == s.database
	}
	return session, ok
}

// bearerKey finds the key in an Authorization header as Odoo does.
var bearerKey = regexp.MustCompile(`(?i)^bearer\s+(.+)$`)

// bearer finds the user of a request by its Bearer key or, from a browser that says where it navigates from, its session.
func (s *Sandbox) bearer(r *http.Request, session int64) (int64, error) {
	if found := bearerKey.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		uid, err := s.keyOwner(r.Context(), found[1])
		switch {
		case err != nil:
			return 0, err
		case uid == 0:
			return 0, rpc.InvalidKey()
		case session != 0 && session != uid:
			return 0, newError("odoo.exceptions.AccessDenied", "Session user does not match the used apikey")
		}
		return uid, nil
	}
	switch {
	case session == 0:
		return 0, rpc.NoBearer()
	case !navigates(r.Header):
		return 0, newError("odoo.exceptions.AccessDenied", `Missing "Authorization" or Sec-headers for interactive usage`)
	}
	return session, nil
}

// navigates tells whether a browser says that its user navigates here, and no page of another site asks behind their back.
func navigates(h http.Header) bool {
	site := h.Get("Sec-Fetch-Site")
	return h.Get("Sec-Fetch-Dest") == "document" && h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-User") == "?1" &&
		(site == "none" || site == "same-origin")
}

// keyOwner is the active user whose native key, good for RPC and not expired, this is; 0 if there is none.
func (s *Sandbox) keyOwner(ctx context.Context, key string) (int64, error) {
	index := []rune(key)
	index = index[:min(len(index), keyIndexSize)]
	rows, err := s.db.QueryContext(ctx, `SELECT k.key, k.user_id FROM res_users_apikeys k JOIN res_users u ON u.id = k.user_id
		WHERE u.active AND k.index = $1 AND (k.scope IS NULL OR k.scope = 'rpc')
		AND (k.expiration_date IS NULL OR k.expiration_date >= now() AT TIME ZONE 'utc') ORDER BY k.id`, string(index))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var hash string
		var uid int64
		if err := rows.Scan(&hash, &uid); err != nil {
			return 0, err
		}
		if s.proofs.verify(hash, key) {
			return uid, nil
		}
	}
	return 0, rows.Err()
}

// json2Call runs the call of a request.
func (s *Sandbox) json2Call(r *http.Request, uid int64) (rpc.Reply, error) {
	model, method, _ := cutCall(rpc.CleanPath(r.URL.Path))
	req := rpc.Request{Protocol: rpc.JSON2, Model: model, ModelMethod: method}
	body, err := readBody(r)
	if err != nil {
		return rpc.Reply{}, err
	}
	var e rpc.Envelope
	if err := e.Parse(req, body, rpc.Series(s.series)); err != nil {
		return rpc.Reply{}, err
	}
	decoded, err := decodeJSON(e.Params().Raw())
	if err != nil {
		return rpc.Reply{}, err
	}
	call := namedCall{model: model, method: method, members: decoded.(*dict)}
	result, err := s.retried(r.Context(), caller{uid: uid}, call.name(), call.run)
	if err != nil {
		return rpc.Reply{}, err
	}
	return s.json2Reply(result)
}

// json2Reply is a result, which JSON-2 has without an envelope.
func (s *Sandbox) json2Reply(result any) (rpc.Reply, error) {
	text := jsonEncoder{series: s.series}
	if err := text.encode(result); err != nil {
		return s.internalError(), nil // json.dumps fails outside of Odoo's error handling (json2.read.raw)
	}
	return okReply("application/json; charset=utf-8", s.series, text.String()), nil
}

func (s *Sandbox) internalError() rpc.Reply {
	return rpc.PageReply(rpc.Series(s.series), rpc.PageInternalError, rpc.Request{})
}
