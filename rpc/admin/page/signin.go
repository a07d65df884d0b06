package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"odoobridge/auth"
)

// formTokens make and know the token of the one form that is there without a session. It belongs to a cookie that the browser
// got with the form, so that no one signs another's browser in.
type formTokens [sha256.Size]byte

func newFormTokens() (f formTokens) {
	_, _ = rand.Read(f[:]) // never fails
	return f
}

func (f *formTokens) of(cookie string) string {
	mac := hmac.New(sha256.New, f[:])
	mac.Write([]byte(cookie))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (f *formTokens) match(cookie, token string) bool {
	return cookie != "" && hmac.Equal([]byte(f.of(cookie)), []byte(token))
}

const formLifetime = time.Hour

func formCookie(encrypted bool) string {
	if encrypted {
		return "__Host-odoobridge_form"
	}
	return "odoobridge_form"
}

func cookieValue(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

// signInPage is what the form shows.
type signInPage struct {
	Login, Database string
	Databases       []string
	Next, Error     string
}

func (p *Page) signInForm(w http.ResponseWriter, r *http.Request) error {
	return p.showSignIn(w, r, http.StatusOK, signInPage{Next: r.URL.Query().Get("next")})
}

func (p *Page) showSignIn(w http.ResponseWriter, r *http.Request, status int, in signInPage) error {
	name := formCookie(p.encrypted(r))
	cookie := cookieValue(r, name)
	if cookie == "" {
		cookie = rand.Text()
	}
	p.setCookie(w, r, name, cookie, formLifetime)
	in.Databases, in.Next = p.cfg.Databases, ownPath(in.Next)
	if in.Database == "" {
		in.Database = p.cfg.Databases[0]
	}
	return p.show(w, r, status, "signin", view{Title: "Sign in", Token: p.forms.of(cookie), Page: in})
}

func (p *Page) signIn(w http.ResponseWriter, r *http.Request) error {
	if !p.forms.match(cookieValue(r, formCookie(p.encrypted(r))), r.PostFormValue(tokenField)) {
		return wrongToken()
	}
	in := signInPage{Login: r.PostFormValue("login"), Database: r.PostFormValue("database"), Next: r.PostFormValue("next")}
	if len(p.cfg.Databases) == 1 {
		in.Database = p.cfg.Databases[0]
	}
	if !slices.Contains(p.cfg.Databases, in.Database) {
		in.Database, in.Error = "", "Choose one of the databases."
		return p.showSignIn(w, r, http.StatusBadRequest, in)
	}
	cookie, err := p.admit(r, in, auth.Secret(r.PostFormValue("password")))
	var refused *refusal
	if errors.As(err, &refused) {
		if refused.retry > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(int(refused.retry.Seconds())+1))
		}
		in.Error = refused.text
		return p.showSignIn(w, r, refused.status, in)
	} else if err != nil {
		return err
	}
	if old := p.sessions.find(sessionToken(r), false); old != nil {
		p.sessions.end(old)
	}
	p.setCookie(w, r, sessionCookie(p.encrypted(r)), cookie, sessionLifetime)
	p.setCookie(w, r, formCookie(p.encrypted(r)), "", 0)
	http.Redirect(w, r, ownPath(in.Next), http.StatusSeeOther)
	return nil
}

// refusal is a login that is told why in the form.
type refusal struct {
	status int
	text   string
	retry  time.Duration
}

func (e *refusal) Error() string { return e.text }

// admit finds out whether an administrator signs in, and opens a session for them.
func (p *Page) admit(r *http.Request, in signInPage, password auth.Secret) (cookie string, err error) {
	log := p.cfg.Log.With().Str("db", in.Database).Stringer("source", p.source(r)).Logger()
	standing, id, err := p.cfg.Auth.SignIn(r.Context(), in.Database, p.source(r), auth.Login{Login: in.Login, Password: password})
	switch kind := auth.KindOf(err); kind {
	case 0:
		if err != nil {
			return "", unavailable(err)
		}
	case auth.Denied, auth.NoPassword, auth.UnknownUser, auth.Cooldown, auth.Overloaded:
		// The log has the reason, and not what was typed for a login: it may be a password.
		log.Warn().Stringer("kind", kind).Msg("admin page: sign-in refused")
		var e *auth.Error
		errors.As(err, &e)
		return "", refusedSignIn(e)
	default:
		return "", unavailable(err)
	}
	member, err := p.cfg.Groups.InGroup(r.Context(), in.Database, id.UID, administrators)
	if err != nil {
		return "", unavailable(err)
	}
	if !member {
		log.Warn().Str("login", id.Login).Int64("uid", id.UID).Msg("admin page: sign-in refused: not in " + administrators)
		return "", &refusal{status: http.StatusForbidden, text: "You are who you say, but not in Odoo's group Administration / Settings (" +
			administrators + "), which this page is for."}
	}
	log.Info().Str("login", id.Login).Int64("uid", id.UID).Stringer("by", id.Method).Msg("admin page: signed in")
	return p.sessions.open(in.Database, id, standing), nil
}

func refusedSignIn(e *auth.Error) *refusal {
	switch e.Kind {
	case auth.Cooldown:
		return &refusal{http.StatusTooManyRequests, fmt.Sprintf("Too many login failures. Wait for %d seconds and try again.",
			int(e.RetryAfter.Seconds())+1), e.RetryAfter}
	case auth.Overloaded:
		return &refusal{http.StatusServiceUnavailable, "Too many passwords are being checked. Try again in a moment.", e.RetryAfter}
	}
	return &refusal{http.StatusUnauthorized, "The login or the password is wrong. Whoever has two-factor authentication in Odoo signs in with an " +
		"API key of their Odoo preferences in place of the password.", 0}
}

func (p *Page) signOut(w http.ResponseWriter, r *http.Request, s *session) error {
	p.sessions.end(s)
	p.setCookie(w, r, sessionCookie(p.encrypted(r)), "", 0)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	p.cfg.Log.Info().Str("db", s.db).Str("login", s.login).Stringer("source", p.source(r)).Msg("admin page: signed out")
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
	return nil
}

// sessionToken is what the browser has for a session, "" if it has none.
func sessionToken(r *http.Request) string {
	for _, encrypted := range []bool{true, false} {
		if v := cookieValue(r, sessionCookie(encrypted)); v != "" {
			return v
		}
	}
	return ""
}

// signInURL leads back, after the sign-in, to what was asked for.
func signInURL(r *http.Request) string {
	if r.URL.Path == "/" {
		return "/signin"
	}
	return "/signin?next=" + url.QueryEscape(r.URL.RequestURI())
}

// ownPath is next if it is a path of this server's, else "/".
func ownPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
