// Package bridge is the product: the routes, and the way of a call through the stages
//
//	request bytes -> Envelope -> Call -> Identity -> policy check -> place -> Secret -> upstream -> Reply bytes
//
// which are called in this order in one place, (*Bridge).call. Each stage takes the last one's value and never reaches
// back; every one of them may end the call with an error, and one place turns errors into answers.
package bridge

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/auth/limit"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// Authenticator finds out who calls, and what to send to Odoo for them. *auth.Authenticator is one.
type Authenticator interface {
	Identify(ctx context.Context, db string, p auth.Presented) (auth.Identity, error)
	Secret(ctx context.Context, id auth.Identity) (auth.Secret, error)
	Key(ctx context.Context, id auth.Identity) (auth.Secret, error)
	Addon(id auth.Identity) (key auth.Secret, ok bool)
}

// Upstream is Odoo. *upstream.Client is one.
type Upstream interface {
	// Post sends one request and returns the answer, which is to be read and closed. It never sends twice.
	Post(ctx context.Context, r *upstream.Request) (*upstream.Answer, error)
}

// Addon knows Odoo's add-on. *upstream.Addon does.
type Addon interface {
	Fields(db string) []upstream.Field // that name the database to Odoo
	Gone(db string)                    // Odoo knew no add-on there
}

// Config is what a Bridge is made of. All fields are required unless they say otherwise.
type Config struct {
	Auth     Authenticator
	Upstream Upstream
	Policies Policies                                                  // nil where there are none
	Limits   limit.Limiter                                             // what the limits of rules are counted by; may be nil without Policies
	Queue    *Queue                                                    // of the calls that go to Odoo, passages included
	Addon    Addon                                                     // for identities that Auth says so of
	Series   func() rpc.Series                                         // what Odoo said of itself last; 0 while it has not
	Version  func() upstream.Version                                   // likewise, and whether it is called by /json/2 alone
	DocKey   func(ctx context.Context, db string) (auth.Secret, error) // of who may read Odoo's API documentation; nil where no one is named
	Observer Observer
	Tracer   Tracer // nil where no one follows calls
	Metrics  *Metrics
	Log      zerolog.Logger // for what belongs to no single call

	Databases      []string       // those served, the default one first
	TrustedSources []netip.Prefix // whose API-KEY header is honoured
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; may be empty
	Basic          bool           // Authorization: Basic is an Odoo login
	DBServiceFull  bool           // db methods that need the master password are passed on
	ForwardXML     bool           // XML-RPC calls go to Odoo's /xmlrpc rather than, transcoded, to its quicker /jsonrpc
	MaxBody        int64          // largest request body in bytes
	BodyMemory     int64          // that the bodies of all requests together may take, in bytes
	BodyTimeout    time.Duration  // longest pause between two pieces of a request body; 0 is any
	Passage        Passage        // what goes to Odoo as it came
}

// Bridge answers RPC calls. It is an http.Handler.
type Bridge struct {
	cfg    Config
	direct map[string]http.HandlerFunc // by path as it is usually spelt, see endpoints
	router http.Handler

	documents documents
	memory    memory
}

// New returns the bridge cfg describes.
func New(cfg Config) *Bridge {
	b := &Bridge{cfg: cfg, memory: memory{limit: cfg.BodyMemory}}
	b.direct = b.endpoints()
	b.router = b.routes()
	return b
}

func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		b.pace().next(w)
	}
	if r.TransferEncoding != nil {
		// It may have had a Content-Length too, which net/http drops without telling. Then what follows could be a request
		// to us and a part of the body to a proxy before us, and no more may be read (RFC 9112, section 6.1).
		w.Header().Set("Connection", "close")
	}
	if serve, ok := b.direct[r.URL.Path]; ok {
		serve(w, r)
		return
	}
	b.router.ServeHTTP(w, r)
}

func (b *Bridge) pace() pace { return pace(b.cfg.BodyTimeout) }

// endpoints are the paths that nearly all calls come to. They go past the router, which makes two copies of a request and
// matches expressions for what can be looked up: a thirtieth of what a small call costs.
func (b *Bridge) endpoints() map[string]http.HandlerFunc {
	m := map[string]http.HandlerFunc{"/jsonrpc": b.serveJSON}
	for _, service := range []string{"common", "object", "db"} {
		m["/xmlrpc/2/"+service] = b.serveXML(rpc.XMLRPC2, service)
		m["/xmlrpc/"+service] = b.serveXML(rpc.XMLRPC1, service)
	}
	return m
}

// routes are all paths, those of endpoints in other spellings too.
func (b *Bridge) routes() http.Handler {
	r := mux.NewRouter().SkipClean(true)
	r.HandleFunc("/jsonrpc", b.serveJSON)
	r.HandleFunc("/xmlrpc/2/{service}", b.serveService(rpc.XMLRPC2))
	r.HandleFunc("/xmlrpc/{service}", b.serveService(rpc.XMLRPC1)) // /xmlrpc/2 too: its service is "2", as in Odoo (px.noservice.xml2)
	r.HandleFunc("/web/webclient/version_info", b.serveWeb(rpc.EndpointVersionInfo))
	r.HandleFunc("/web/database/list", b.serveWeb(rpc.EndpointDatabaseList))
	r.HandleFunc("/web/dataset/call_kw", b.serveCallKW)
	r.PathPrefix("/web/dataset/call_kw/").HandlerFunc(b.serveCallKW)
	r.HandleFunc("/web/session/{method:authenticate|get_session_info|destroy}", b.serveSession)
	r.HandleFunc("/json/2/{model}/{method}", b.serveJSON2).Methods(http.MethodPost)
	r.HandleFunc("/json/2", b.serveNoJSON2)
	r.PathPrefix("/json/2/").HandlerFunc(b.serveNoJSON2)
	r.HandleFunc("/doc-bearer/{document}", b.serveDoc)
	r.HandleFunc("/web/version", b.serveVersion)
	r.HandleFunc("/json/version", b.serveVersion)
	for _, prefix := range b.cfg.Passage.Controllers {
		r.HandleFunc(prefix, b.serveController)
		r.PathPrefix(prefix + "/").HandlerFunc(b.serveController)
	}
	r.NotFoundHandler = http.HandlerFunc(b.notFound)
	return cleanPaths(r)
}

func (b *Bridge) serveJSON(w http.ResponseWriter, r *http.Request) {
	b.serve(w, r, rpc.Request{Protocol: rpc.JSONRPC})
}

func (b *Bridge) serveXML(p rpc.Protocol, service string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.serve(w, r, rpc.Request{Protocol: p, Service: service})
	}
}

// serveService is serveXML for the service that the path names.
func (b *Bridge) serveService(p rpc.Protocol) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.serveXML(p, mux.Vars(r)["service"])(w, r)
	}
}

func (b *Bridge) serveWeb(at rpc.Endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.serve(w, r, rpc.Request{Protocol: rpc.JSONRPC, Endpoint: at})
	}
}

// notFound answers what is none of our endpoints, as Odoo answers what is none of its: what came as JSON with an error
// that carries its id, in the series that do so.
func (b *Bridge) notFound(w http.ResponseWriter, r *http.Request) {
	b.cfg.Log.Debug().Str("method", r.Method).Str("path", cut(r.URL.Path)).Msg("no such path")
	s := b.scratch()
	defer s.release()
	p := rpc.HTTP
	if rpc.IsJSON(r.Header.Get("Content-Type")) {
		p = rpc.JSONRPC
		if s.read(w, r, longestUnknown, b.pace()) == nil {
			_ = s.env.ParseJSON(s.body, b.cfg.Series()) // the id is all that is wanted
		}
	}
	// The error is the connection's: there is no one left to tell.
	_ = rpc.ErrorReply(p, b.cfg.Series(), s.env.ID, rpc.NoSuchPage(b.databaseOf(r))).Write(w)
}

// longestUnknown bounds, in bytes, what is read to an unknown path only to find the id in it.
const longestUnknown = 64 << 10

// serves tells whether db is a database of ours.
func (b *Bridge) serves(db string) bool { return slices.Contains(b.cfg.Databases, db) }

func (b *Bridge) defaultDB() string { return b.cfg.Databases[0] }
