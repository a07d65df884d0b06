package bridge

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/policy"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// A passage is a request that goes to Odoo as it came, any method, streamed both ways: what a session's cookie or Odoo's
// own controller answers for. It is not a call: nothing in its body is read here.

// Passage is what passages take from the configuration.
type Passage struct {
	URL         *url.URL          // of Odoo, with the path prefix it is served under, if any
	Transport   http.RoundTripper // never sends a request twice; upstream.NewTransport makes one
	Sessions    bool              // /web/session/* and calls of a session are passed on
	Controllers []string          // path prefixes of Odoo's own auth="api_key" controllers: "/shopinvader"
}

// serveSession passes on what belongs to Odoo's sessions, cookies included.
func (b *Bridge) serveSession(w http.ResponseWriter, r *http.Request) {
	if !b.cfg.Passage.Sessions {
		b.notFound(w, r)
		return
	}
	b.serveOpen(w, r)
}

// serveOpen passes on what needs no one.
func (b *Bridge) serveOpen(w http.ResponseWriter, r *http.Request) {
	b.pass(w, r, &gate{service: policy.Session, drop: credentialHeaders})
}

// serveCallKW is an object call for a caller known by a header, and a call of Odoo's session for all others.
func (b *Bridge) serveCallKW(w http.ResponseWriter, r *http.Request) {
	switch {
	case b.showsCredentials(r):
		b.serve(w, r, rpc.Request{Protocol: rpc.JSONRPC, Endpoint: rpc.EndpointCallKW,
			Database: namedDatabase(r)})
	case b.cfg.Passage.Sessions:
		b.serveOpen(w, r)
	default:
		b.pass(w, r, &gate{service: policy.Session, check: func(*exchange) error {
			return &auth.Error{Kind: auth.Denied, Reason: "no header names the caller, and sessions are off; see --web-session"}
		}})
	}
}

// showsCredentials tells whether r has a header that names its caller, or that can't be read one way only, which the
// pipeline refuses.
func (b *Bridge) showsCredentials(r *http.Request) bool {
	p, err := b.presented(r, Source(r, b.cfg.TrustedProxies))
	return err != nil || hasHeader(p)
}

// serveController checks the API-KEY and passes the request on with it, for the controller checks it too. Basic beside
// it must hold as everywhere, and ends here. Other Authorization is the controller's own business: a customer's token.
func (b *Bridge) serveController(w http.ResponseWriter, r *http.Request) {
	g := gate{service: policy.Controller, denied: http.StatusForbidden} // as Odoo words AccessDenied to what is no RPC
	g.check = func(x *exchange) error {
		p, err := b.presented(r, x.rec.Source)
		if err != nil {
			return err
		}
		p.Bearer = ""
		if p.Basic != nil {
			g.drop = append(g.drop, "Authorization")
		}
		if p.APIKey == "" {
			return &auth.Error{Kind: auth.Denied, Reason: "no API-KEY header, or from no trusted source"}
		}
		x.rec.DB = b.defaultDB()
		if name := r.Header.Get(databaseHeader); name != "" {
			x.rec.DB = name // served, or it would not have come here
		}
		x.who, err = b.identify(r.Context(), x.rec, x.rec.DB, p)
		return err
	}
	b.pass(w, r, &g)
}

// databaseHeader selects the database of a request without a session, from 19 on.
const databaseHeader = "X-Odoo-Database"

// credentialHeaders are those that are for the bridge and not for Odoo.
var credentialHeaders = []string{apiKeyHeader, "Authorization"}

// serveVersion passes on a question for Odoo's version, which is the same in every database (version.web.version.dbbad).
func (b *Bridge) serveVersion(w http.ResponseWriter, r *http.Request) {
	b.pass(w, r, &gate{service: policy.Version, drop: credentialHeaders, anyDatabase: true})
}

// gate is what a passage leads through.
type gate struct {
	service     policy.Service        // to policies
	check       func(*exchange) error // whether the caller may pass; nil if everyone may
	drop        []string              // headers that Odoo does not get; check may add to them
	fields      []upstream.Field      // that Odoo gets besides; for check to fill, which may be asked twice
	as          rpc.Protocol          // how errors are worded where that is not told by the Content-Type
	anyDatabase bool                  // it leads to none, whatever the request names
	denied      int                   // status of AccessDenied, 0 for that of the protocol
}

// pass lets a request through g to Odoo.
func (b *Bridge) pass(w http.ResponseWriter, r *http.Request, g *gate) {
	p := rpc.HTTP
	switch {
	case g.as != 0:
		p = g.as
	case rpc.IsJSON(r.Header.Get("Content-Type")):
		p = rpc.JSONRPC // so that its client finds an error where it looks for one
	}
	x := b.begin(w, r, rpc.HTTP)
	defer x.end()
	x.rec.Call, x.denied = cut(r.URL.Path), g.denied
	rules := b.rules()
	err := checkPath(r)
	if err == nil && !g.anyDatabase {
		err = b.checkDatabase(r)
	}
	if err == nil && g.check != nil {
		err = g.check(x)
	}
	var admitted admission
	if err == nil {
		admitted, err = b.admitPassage(x, r, rules, g)
	}
	defer admitted.leave()
	if err == nil {
		err = b.passInTurn(x, r, rules, g)
	}
	x.answer(p, nil, err)
}

// passInTurn waits for a place at Odoo and lets the request through. Who waited is checked again, for what was known of them
// may have changed meanwhile.
func (b *Bridge) passInTurn(x *exchange, r *http.Request, rules *policy.Set, g *gate) error {
	if err := b.await(r.Context(), x.rec); err != nil {
		return err
	}
	defer b.cfg.Queue.Leave()
	if x.rec.Queued > 0 && g.check != nil {
		if err := g.check(x); err != nil {
			return err
		}
		if err := b.recheckPassage(x, r, rules, g); err != nil {
			return err
		}
	}
	return b.proxy(x, r, g)
}

// checkPath refuses a path that a server behind us could take for another one.
func checkPath(r *http.Request) error {
	for segment := range strings.SplitSeq(r.URL.Path, "/") {
		if segment == "." || segment == ".." {
			return errBadHeader("the path has a segment " + segment + "; ask for the path it leads to")
		}
	}
	return nil
}

// checkDatabase refuses a database that is not served.
func (b *Bridge) checkDatabase(r *http.Request) error {
	switch names := r.Header.Values(databaseHeader); {
	case len(names) > 1:
		return errBadHeader("two " + databaseHeader + " headers; send one")
	case len(names) == 1 && names[0] != "" && !b.serves(names[0]):
		return &auth.Error{Kind: auth.Denied, Reason: "the database in " + databaseHeader + " is not served here; see --db"}
	}
	return nil
}

// proxy sends the request to Odoo and its answer back. What fails behind the header of the answer cuts the connection.
func (b *Bridge) proxy(x *exchange, r *http.Request, g *gate) error {
	begin := time.Now()
	trace := x.rec.sendTrace(r.Method, r.URL.EscapedPath())
	paced := &pacedBody{ReadCloser: http.MaxBytesReader(x.w.ResponseWriter, r.Body, b.cfg.MaxBody), pace: b.pace(), w: x.w.ResponseWriter}
	body := &countingBody{ReadCloser: paced}
	defer func() { x.rec.Upstream, x.rec.BytesIn = time.Since(begin), body.bytes.Load() }()
	if r.ContentLength > b.cfg.MaxBody {
		return &http.MaxBytesError{Limit: b.cfg.MaxBody}
	}
	var failed error
	proxy := httputil.ReverseProxy{
		Rewrite:   func(out *httputil.ProxyRequest) { b.rewriteRequest(out, x.rec, trace, g) },
		Transport: b.cfg.Passage.Transport,
		ModifyResponse: func(res *http.Response) error {
			x.rec.UpstreamStatus = res.StatusCode
			return nil
		},
		FlushInterval: -1, // a controller may stream
		BufferPool:    proxyBuffers{},
		// What fails behind the header of the answer is told nowhere else.
		ErrorLog:     log.New(b.cfg.Log.With().Str("request_id", x.rec.RequestID).Logger(), "", 0),
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
	}
	in := *r
	if r.ContentLength != 0 {
		in.Body = body
	}
	x.rec.Outcome = Forwarded
	proxy.ServeHTTP(&x.w, &in)
	if err := paced.failure(); failed != nil && err != nil {
		return err
	}
	var away *upstream.Error
	if failed != nil && !errors.As(failed, &away) {
		return fmt.Errorf("%w: %w", answerUnusable(), failed) // it came, and httputil has something against it
	}
	return failed
}

// rewriteRequest makes the request that Odoo gets.
func (b *Bridge) rewriteRequest(p *httputil.ProxyRequest, rec *Record, trace TraceContext, g *gate) {
	p.SetURL(b.cfg.Passage.URL)
	p.Out.URL.RawQuery = p.In.URL.RawQuery
	header := p.Out.Header
	for name := range header {
		// A WSGI server takes API_KEY for API-KEY.
		if strings.Contains(name, "_") || slices.Contains(g.drop, name) {
			delete(header, name)
		}
	}
	delete(header, "Expect") // answered here
	header.Del("Traceparent")
	header.Del("Tracestate")
	for _, f := range trace.appendTo(g.fields) {
		header.Set(f.Name, f.Value)
	}
	header.Set("X-Request-Id", rec.RequestID)
	header.Set("X-Forwarded-For", rec.Source.String())
	header.Set("X-Forwarded-Host", p.In.Host)
	header.Set("X-Forwarded-Proto", scheme(p.In))
}

// countingBody counts what was read of a request's body. net/http may still read on when the answer has ended.
type countingBody struct {
	io.ReadCloser
	bytes atomic.Int64
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	return n, err
}

// proxyBuffers lends the buffers of stream to httputil.
type proxyBuffers struct{}

func (proxyBuffers) Get() []byte  { return *copyBuffers.Get().(*[]byte) }
func (proxyBuffers) Put(b []byte) { copyBuffers.Put(&b) }
