package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"odoobridge/rpc"
)

// What RPC clients use of Odoo's web module: its version, sessions, and calls of a session. Sessions were not recorded;
// they are told from the source of the series.

// webRequest is a request to one of the JSON routes under /web.
type webRequest struct {
	envelope rpc.Envelope // of call_kw and of what stands for a service's method, else good for its id
	params   *dict
	session  string // the id in the cookie, "" if there is none
	opened   string // the id of a session that the answer begins
}

// webRoutes are the JSON routes under /web.
var webRoutes = map[string]struct {
	endpoint rpc.Endpoint
	handle   func(*Sandbox, context.Context, *webRequest) (any, error)
}{
	"/web/webclient/version_info":   {rpc.EndpointVersionInfo, (*Sandbox).serviceMethod},
	"/web/database/list":            {rpc.EndpointDatabaseList, (*Sandbox).serviceMethod},
	"/web/dataset/call_kw":          {rpc.EndpointCallKW, (*Sandbox).sessionCall},
	"/web/session/authenticate":     {rpc.EndpointVersionInfo, (*Sandbox).openSession},
	"/web/session/get_session_info": {rpc.EndpointVersionInfo, (*Sandbox).sessionInfo},
	"/web/session/destroy":          {rpc.EndpointVersionInfo, (*Sandbox).closeSession},
}

const sessionCookie = "session_id"

// serveWeb answers a request to a JSON route; ok is false where path is none.
func (s *Sandbox) serveWeb(r *http.Request, path string) (reply rpc.Reply, ok bool) {
	if strings.HasPrefix(path, "/web/dataset/call_kw/") {
		path = "/web/dataset/call_kw"
	}
	route, ok := webRoutes[path]
	if !ok {
		return rpc.Reply{}, false
	}
	var x webRequest
	req := rpc.Request{Protocol: rpc.JSONRPC, Endpoint: route.endpoint, Path: r.URL.Path, Method: r.Method,
		ContentType: r.Header.Get("Content-Type"), NoBody: r.ContentLength == 0}
	result, err := s.web(r, &x, req, route.handle)
	if err != nil {
		reply = s.errorReply(&x.envelope, r, rpc.JSONRPC, err)
	} else {
		reply = s.jsonReply(r, x.envelope.ID, result)
	}
	if x.opened != "" {
		cookie := http.Cookie{Name: sessionCookie, Value: x.opened, Path: "/", HttpOnly: true}
		reply.Header = append(reply.Header, rpc.Header{Name: "Set-Cookie", Value: cookie.String()})
	}
	return reply, true
}

func (s *Sandbox) web(r *http.Request, x *webRequest, req rpc.Request, handle func(*Sandbox, context.Context, *webRequest) (any, error)) (any, error) {
	if err := req.Check(rpc.Series(s.series)); err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if err := x.envelope.Parse(req, body, rpc.Series(s.series)); err != nil {
		return nil, err
	}
	decoded, err := decodeJSON(body)
	if err != nil {
		return nil, err
	}
	params, _ := decoded.(*dict).get("params") // an object, or Parse had refused it
	x.params, _ = params.(*dict)
	if c, err := r.Cookie(sessionCookie); err == nil {
		x.session = c.Value
	}
	return handle(s, r.Context(), x)
}

func (s *Sandbox) serviceMethod(ctx context.Context, x *webRequest) (any, error) {
	return s.dispatch(ctx, call{service: x.envelope.Service, method: x.envelope.Method, methodType: "str", argsKind: rpc.Array, json: true})
}

// sessionCall is call_kw as the session's user.
func (s *Sandbox) sessionCall(ctx context.Context, x *webRequest) (any, error) {
	uid, err := s.sessionUser(x)
	if err != nil {
		return nil, err
	}
	args, err := decodeArgs(&x.envelope, false)
	if err != nil {
		return nil, err
	}
	m, err := bindObject("execute_kw", append([]any{s.database, uid}, args[3:]...))
	if err != nil {
		return nil, err
	}
	return s.retried(ctx, caller{uid: uid}, m.name(), func(e *env) (any, error) {
		e.session = &openSession{&s.sessions, x.session}
		return m.run(e)
	})
}

// openSession checks db, login and password, and answers what get_session_info does.
func (s *Sandbox) openSession(ctx context.Context, x *webRequest) (any, error) {
	args, err := authenticateSession.bind(nil, x.params)
	if err != nil {
		return nil, err
	}
	if err := s.checkDatabase(args["db"]); err != nil {
		return nil, err
	}
	uid, err := s.login(ctx, args["login"], args["password"])
	if err != nil {
		return nil, err
	}
	x.opened = s.sessions.open(uid)
	x.session = x.opened
	return s.sessionInfo(ctx, x)
}

var authenticateSession = parseSignature("authenticate(db, login, password, base_location=None)")

func (s *Sandbox) sessionInfo(ctx context.Context, x *webRequest) (any, error) {
	uid, err := s.sessionUser(x)
	if err != nil {
		return nil, err
	}
	var login, name, lang, tz string
	var partner int64
	err = s.db.QueryRowContext(ctx, `SELECT u.login, p.name, p.id, coalesce(p.lang, 'en_US'), coalesce(p.tz, '')
		FROM res_users u JOIN res_partner p ON p.id = u.partner_id WHERE u.id = $1`, uid).Scan(&login, &name, &partner, &lang, &tz)
	if err != nil {
		return nil, fmt.Errorf("the user of a session: %w", err)
	}
	var zone any = false
	if tz != "" {
		zone = tz
	}
	return newDict(
		"uid", uid, "db", s.database, "username", login, "name", name, "partner_id", partner,
		"user_context", newDict("lang", lang, "tz", zone, "uid", uid),
		"server_version", s.version(),
		"server_version_info", s.versionInfo(),
	), nil
}

func (s *Sandbox) closeSession(_ context.Context, x *webRequest) (any, error) {
	_, err := s.sessionUser(x)
	s.sessions.close(x.session)
	return nil, err
}

func (s *Sandbox) sessionUser(x *webRequest) (int64, error) {
	uid, ok := s.sessions.user(x.session)
	if !ok || uid == nobody {
		return 0, rpc.SessionExpired()
	}
	return uid, nil
}

// nobody is the user of a session that is only bound to a database.
const nobody = 0

// sessions are the open ones; they end with the sandbox.
type sessions struct {
	mu        sync.Mutex
	uids      map[string]int64
	confirmed map[string]time.Time // when the user of a session last showed the password again
}

// openSession is one of them.
type openSession struct {
	of *sessions
	id string
}

// confirmedFor is how long a session is not asked again.
const confirmedFor = 10 * time.Minute

func (s *openSession) confirmed() bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return time.Since(s.of.confirmed[s.id]) < confirmedFor
}

func (s *openSession) confirm() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.confirmed[s.id] = time.Now()
}

func (s *sessions) open(uid int64) string {
	id := sessionID()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uids[id] = uid
	return id
}

func sessionID() string {
	b := make([]byte, 20)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func (s *sessions) user(id string) (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	uid, ok := s.uids[id]
	return uid, ok
}

func (s *sessions) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.uids)
	clear(s.confirmed)
}

func (s *sessions) close(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uids, id)
	delete(s.confirmed, id)
}

// serveVersion is 19's /web/version and /json/version, which begin a session unless the request names its database, and
// send whoever posts to them to choose one (version.web.version.postjson).
func (s *Sandbox) serveVersion(r *http.Request) rpc.Reply {
	var reply rpc.Reply
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		body := jsonEncoder{series: s.series}
		// Scalars and lists of them: nothing that can't be said in JSON.
		_ = body.encode(newDict("version_info", s.versionInfo(), "version", s.version()))
		reply = okReply("application/json; charset=utf-8", s.series, body.String())
	default:
		reply = redirect(http.StatusSeeOther, "/web/database/selector")
		reply.Header = append(reply.Header, rpc.Header{Name: "X-Content-Type-Options", Value: "nosniff"})
	}
	if r.Header.Get(databaseHeader) == "" {
		cookie := http.Cookie{Name: sessionCookie, Value: sessionID(), MaxAge: 7 * 24 * 3600, Path: "/", HttpOnly: true}
		reply.Header = append(reply.Header, rpc.Header{Name: "Set-Cookie", Value: cookie.String()})
	}
	return reply
}
