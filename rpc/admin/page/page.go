// Package page is the administrator's pages on the admin listener: who calls and how it goes, the calls as they end, users
// and their keys. They are for members of Odoo's group base.group_system, who sign in with their Odoo login.
//
// The pages are made on the server and work without JavaScript, but for what is live. They load nothing from elsewhere, and
// the Content-Security-Policy has the browser hold to that. Nothing is served but over TLS or to this machine itself; every
// change is a POST with a token of the session, answered by a redirect, but for the one answer that shows a new key.
package page

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/auth/policy"
	"odoobridge/odoo/keyring"
	"odoobridge/rpc/admin"
	"odoobridge/rpc/traffic"
)

// Authenticator finds out who signs in. *auth.Authenticator is one.
type Authenticator interface {
	SignIn(ctx context.Context, db string, source netip.Addr, l auth.Login) (*auth.Standing, auth.Identity, error)
}

// Groups knows who is in a group of Odoo's. *directory.Directory does.
type Groups interface {
	InGroup(ctx context.Context, db string, uid int64, group string) (bool, error)
}

// Keys are the keys of auth_api_key. *keyring.Keyring manages them.
type Keys interface {
	List(ctx context.Context, db string) ([]keyring.Key, error)
	Users(ctx context.Context, db, text string, limit int) ([]keyring.User, error)
	Groups(ctx context.Context, db string) ([]keyring.Group, error)
	Companies(ctx context.Context, db string) ([]keyring.Company, error)
	Report(ctx context.Context, db string, days int) ([]keyring.Usage, error)
	Audit(ctx context.Context, db string, limit int) ([]keyring.Entry, error)

	Create(ctx context.Context, db string, by keyring.Actor, login, name string) (keyring.Key, auth.Secret, error)
	Rotate(ctx context.Context, db string, by keyring.Actor, ref keyring.Ref, overlap time.Duration) (keyring.Key, auth.Secret, error)
	Revoke(ctx context.Context, db string, by keyring.Actor, ref keyring.Ref) (keyring.Key, error)
	Archive(ctx context.Context, db string, by keyring.Actor, ref keyring.Ref) (keyring.Key, error)
	Restore(ctx context.Context, db string, by keyring.Actor, ref keyring.Ref) (keyring.Key, error)
	Assign(ctx context.Context, db string, by keyring.Actor, ref keyring.Ref, login string) (keyring.Key, error)
	SetGroups(ctx context.Context, db string, by keyring.Actor, ref keyring.Ref, codes []string) (keyring.Key, error)
	SetCompanySetting(ctx context.Context, db string, by keyring.Actor, company int64, disable bool) error
}

// administrators is Odoo's group of those who may change settings: "Administration / Settings".
const administrators = "base.group_system"

// State is what the way to Odoo is like at the moment.
type State struct {
	Working, Places int    // calls at work in Odoo, and how many may be at once; 0 places are any number
	Waiting, Room   int    // calls that wait, and how many may
	Breaker         string // closed, half-open or open
	Series          int    // of Odoo, 0 while it is not known
}

// Config is what a Page is made of. All fields are required unless they say otherwise.
type Config struct {
	Auth           Authenticator
	Groups         Groups
	Keys           Keys
	ArchivedUsers  auth.ArchivedUsers // what decides on the keys of archived users
	Environment    func() []string    // technical names of keys that stand in files of the environment; nil is none
	Policies       func() *policy.Set // those in force; nil is none
	Traffic        *traffic.Traffic
	Databases      []string // those served, the default one first
	State          func() State
	Checks         []admin.Check  // as /readyz asks them
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto are believed; may be empty
	Version        string         // of the bridge
	Settings       string         // in effect, as a YAML file without secrets
	Log            zerolog.Logger
	Now            func() time.Time // default time.Now
}

// Page serves the pages. It is an http.Handler.
type Page struct {
	cfg      Config
	sessions *sessions
	forms    formTokens
	origins  *http.CrossOriginProtection
	views    views
	router   http.Handler

	followers atomic.Int64
	done      chan struct{} // closed by Close
	end       func()
}

//go:embed templates static
var files embed.FS

// New returns the pages cfg describes.
func New(cfg Config) *Page {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Page{cfg: cfg, sessions: newSessions(cfg.Now), forms: newFormTokens(), origins: http.NewCrossOriginProtection(),
		views: parseViews(), done: make(chan struct{})}
	p.end = sync.OnceFunc(func() { close(p.done) })
	p.router = p.routes()
	return p
}

// Close ends what is followed live, so that the listener can be drained.
func (p *Page) Close() { p.end() }

func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.router.ServeHTTP(w, r) }

func (p *Page) routes() http.Handler {
	r := mux.NewRouter()
	get, post := []string{http.MethodGet, http.MethodHead}, []string{http.MethodPost}
	r.HandleFunc("/static/{name}", p.open(p.static)).Methods(get...)
	r.HandleFunc("/signin", p.open(p.signInForm)).Methods(get...)
	r.HandleFunc("/signin", p.open(p.signIn)).Methods(post...)
	r.HandleFunc("/signout", p.signedIn(p.signOut)).Methods(post...)
	r.HandleFunc("/", p.signedIn(p.overview)).Methods(get...)
	r.HandleFunc("/live/overview", p.watching(p.overviewPart)).Methods(get...)
	r.HandleFunc("/calls", p.signedIn(p.calls)).Methods(get...)
	r.HandleFunc("/live/calls", p.watching(p.followCalls)).Methods(get...)
	r.HandleFunc("/keys", p.signedIn(p.keys)).Methods(get...)
	r.HandleFunc("/keys", p.signedIn(p.createKey)).Methods(post...)
	r.HandleFunc("/keys/new", p.signedIn(p.newKey)).Methods(get...)
	r.HandleFunc("/keys/{id:[0-9]{1,18}}", p.signedIn(p.key)).Methods(get...)
	r.HandleFunc("/keys/{id:[0-9]{1,18}}/{action:rotate|revoke|archive|restore|assign|groups}", p.signedIn(p.changeKey)).Methods(post...)
	r.HandleFunc("/users", p.signedIn(p.users)).Methods(get...)
	r.HandleFunc("/user", p.signedIn(p.user)).Methods(get...)
	r.HandleFunc("/settings", p.signedIn(p.settings)).Methods(get...)
	r.HandleFunc("/settings/company", p.signedIn(p.setCompany)).Methods(post...)
	r.HandleFunc("/audit", p.signedIn(p.audit)).Methods(get...)
	r.HandleFunc("/policies", p.signedIn(p.policies)).Methods(get...)
	r.HandleFunc("/about", p.signedIn(p.about)).Methods(get...)
	r.NotFoundHandler = p.open(func(http.ResponseWriter, *http.Request) error {
		return &pageError{http.StatusNotFound, "No such page", "There is nothing at this address."}
	})
	r.MethodNotAllowedHandler = p.open(func(http.ResponseWriter, *http.Request) error {
		return &pageError{http.StatusMethodNotAllowed, "Not like this", "This address is not asked in this way."}
	})
	return r
}

// handler serves a page; its error is shown as one.
type handler func(http.ResponseWriter, *http.Request) error

// sessionHandler serves a page to one who is signed in.
type sessionHandler func(http.ResponseWriter, *http.Request, *session) error

// longestForm bounds, in bytes, what is read of a form.
const longestForm = 64 << 10

// open serves to anyone who comes on a safe way.
func (p *Page) open(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		r.Body = http.MaxBytesReader(w, r.Body, longestForm)
		err := p.checkWay(r)
		if err == nil {
			err = p.checkOrigin(r)
		}
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			p.fail(w, r, err)
		}
	}
}

// signedIn serves to an administrator, whom it asks to sign in if need be.
func (p *Page) signedIn(h sessionHandler) http.HandlerFunc { return p.withSession(h, true) }

// watching is signedIn for what a page asks for by itself, which does not keep a session from ending.
func (p *Page) watching(h sessionHandler) http.HandlerFunc { return p.withSession(h, false) }

func (p *Page) withSession(h sessionHandler, active bool) http.HandlerFunc {
	return p.open(func(w http.ResponseWriter, r *http.Request) error {
		s, err := p.session(r, active)
		var ended *sessionEnded
		switch {
		case errors.As(err, &ended) && r.Method != http.MethodPost && active:
			http.Redirect(w, r, signInURL(r), http.StatusSeeOther)
			return nil
		case err != nil:
			return err
		}
		if r.Method == http.MethodPost {
			if err := s.checkToken(r); err != nil {
				return err
			}
		}
		return h(w, r, s)
	})
}

// session is that of the request. It is asked anew, each time, whether the user is an administrator still.
func (p *Page) session(r *http.Request, active bool) (*session, error) {
	s := p.sessions.find(sessionToken(r), active)
	if s == nil {
		return nil, &sessionEnded{}
	}
	err := p.checkAdministrator(r.Context(), s)
	var ended *sessionEnded
	if errors.As(err, &ended) {
		p.sessions.end(s)
		p.cfg.Log.Warn().Str("db", s.db).Str("login", s.login).Str("reason", ended.why).Msg("admin page: session ended")
	}
	return s, err
}

// checkAdministrator tells whether the user of a session still may be here.
func (p *Page) checkAdministrator(ctx context.Context, s *session) error {
	if err := s.standing.Check(ctx); auth.KindOf(err) == auth.Denied {
		return &sessionEnded{why: err.Error()}
	} else if err != nil {
		return unavailable(err)
	}
	member, err := p.cfg.Groups.InGroup(ctx, s.db, s.uid, administrators)
	if err != nil {
		return unavailable(err)
	}
	if !member {
		return &sessionEnded{why: "the user is in " + administrators + " no more"}
	}
	return nil
}
