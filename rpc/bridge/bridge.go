// Package bridge is the product: the routes, and the way of a call through the stages
//
//	request bytes -> Envelope -> Call -> Identity -> policy check -> Secret -> upstream -> Reply bytes
//
// which are called in this order in one place, (*Bridge).call. Each stage takes the last one's value and never reaches
// back; every one of them may end the call with an error, and one place turns errors into answers.
package bridge

import (
	"context"
	"net/http"
	"net/netip"
	"slices"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// Authenticator finds out who calls, and what to send to Odoo for them. *auth.Authenticator is one.
type Authenticator interface {
	Identify(ctx context.Context, db string, p auth.Presented) (auth.Identity, error)
	Secret(ctx context.Context, id auth.Identity) (auth.Secret, error)
}

// Upstream is Odoo. *upstream.Client is one.
type Upstream interface {
	// Post sends one request and returns the answer, which is to be read and closed. It never sends twice.
	Post(ctx context.Context, r *upstream.Request) (*upstream.Answer, error)
}

// Config is what a Bridge is made of. All fields are required unless they say otherwise.
type Config struct {
	Auth     Authenticator
	Upstream Upstream
	Series   func() rpc.Series // what Odoo said of itself last; 0 while it has not
	Observer Observer
	Metrics  *Metrics
	Log      zerolog.Logger // for what belongs to no single call

	Databases      []string       // those served, the default one first
	TrustedSources []netip.Prefix // whose API-KEY header is honoured
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; may be empty
	Basic          bool           // Authorization: Basic is an Odoo login
	DBServiceFull  bool           // db methods that need the master password are passed on
	ForwardXML     bool           // XML-RPC calls go to Odoo's /xmlrpc rather than, transcoded, to its quicker /jsonrpc
	MaxBody        int64          // largest request body in bytes
}

// Bridge answers RPC calls. It is an http.Handler.
type Bridge struct {
	cfg    Config
	router http.Handler
}

// New returns the bridge cfg describes.
func New(cfg Config) *Bridge {
	b := &Bridge{cfg: cfg}
	b.router = b.routes()
	return b
}

func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.router.ServeHTTP(w, r) }

func (b *Bridge) routes() http.Handler {
	r := mux.NewRouter().SkipClean(true)
	r.HandleFunc("/jsonrpc", b.serveJSON)
	r.HandleFunc("/xmlrpc/2/{service}", b.serveXML(rpc.XMLRPC2))
	r.HandleFunc("/xmlrpc/{service}", b.serveXML(rpc.XMLRPC1)) // /xmlrpc/2 too: its service is "2", as in Odoo (px.noservice.xml2)
	r.NotFoundHandler = http.HandlerFunc(b.notFound)
	return cleanPaths(r)
}

func (b *Bridge) serveJSON(w http.ResponseWriter, r *http.Request) {
	b.serve(w, r, rpc.Request{Protocol: rpc.JSONRPC})
}

func (b *Bridge) serveXML(p rpc.Protocol) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.serve(w, r, rpc.Request{Protocol: p, Service: mux.Vars(r)["service"]})
	}
}

// notFound answers what is none of our endpoints, as Odoo answers what is none of its.
func (b *Bridge) notFound(w http.ResponseWriter, r *http.Request) {
	b.cfg.Log.Debug().Str("method", r.Method).Str("path", cut(r.URL.Path)).Msg("no such path")
	// The error is the connection's: there is no one left to tell.
	_ = rpc.PageReply(b.cfg.Series(), rpc.PageNotFound, r.URL.Path).Write(w)
}

// serves tells whether db is a database of ours.
func (b *Bridge) serves(db string) bool { return slices.Contains(b.cfg.Databases, db) }

func (b *Bridge) defaultDB() string { return b.cfg.Databases[0] }
