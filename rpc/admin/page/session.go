package page

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"sync"
	"time"

	"odoobridge/auth"
)

const (
	sessionLifetime = 8 * time.Hour    // after which one signs in again
	sessionIdle     = 30 * time.Minute // without a page being asked for
	maxSessions     = 1000
	maxNotices      = 10
	maxOnce         = 200
)

// session is one administrator who is signed in. It is kept here alone; the browser has a random name for it.
type session struct {
	db, login string
	uid       int64
	standing  *auth.Standing
	token     string // that the session's forms carry
	name      digest
	began     time.Time

	ended chan struct{} // closed at the end

	mu      sync.Mutex
	seen    time.Time
	notices []notice
	once    []string // of the forms that may be sent once, those that were made and not sent yet
}

// notice is something to be told once, on the next page.
type notice struct {
	Text    string
	Warning bool
}

type digest [sha256.Size]byte

// sessions are those of all administrators, by the digest of what the browser has for it: what is in memory is of no use as a
// cookie.
type sessions struct {
	now func() time.Time

	mu     sync.Mutex
	byName map[digest]*session
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, byName: map[digest]*session{}}
}

// open begins a session and returns what the browser is to have for it.
func (ss *sessions) open(db string, id auth.Identity, standing *auth.Standing) (cookie string) {
	cookie = rand.Text() + rand.Text()
	now := ss.now()
	s := &session{db: db, login: id.Login, uid: id.UID, standing: standing, token: rand.Text(), name: sha256.Sum256([]byte(cookie)),
		began: now, seen: now, ended: make(chan struct{})}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	var oldest *session
	for _, other := range ss.byName {
		if other.expired(now) {
			ss.endLocked(other)
		} else if oldest == nil || other.began.Before(oldest.began) {
			oldest = other
		}
	}
	if len(ss.byName) >= maxSessions {
		ss.endLocked(oldest)
	}
	ss.byName[s.name] = s
	return cookie
}

// find returns the session of a cookie, nil if there is none or it has expired. It goes on for as long as an active one does.
func (ss *sessions) find(cookie string, active bool) *session {
	if cookie == "" {
		return nil
	}
	now := ss.now()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.byName[sha256.Sum256([]byte(cookie))]
	switch {
	case s == nil:
		return nil
	case s.expired(now):
		ss.endLocked(s)
		return nil
	}
	if active {
		s.mu.Lock()
		s.seen = now
		s.mu.Unlock()
	}
	return s
}

func (ss *sessions) end(s *session) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.endLocked(s)
}

func (ss *sessions) endLocked(s *session) {
	if ss.byName[s.name] == s {
		delete(ss.byName, s.name)
		close(s.ended)
	}
}

func (s *session) expired(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.began) >= sessionLifetime || now.Sub(s.seen) >= sessionIdle
}

// tell has the next page say something.
func (s *session) tell(n notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notices) < maxNotices {
		s.notices = append(s.notices, n)
	}
}

func (s *session) takeNotices() []notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.notices
	s.notices = nil
	return n
}

// formOnce is what a form carries that may be sent once: one that shows a new key would make another when it is loaded again.
func (s *session) formOnce() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	once := rand.Text()
	s.once = append(s.once, once)
	if len(s.once) > maxOnce {
		s.once = s.once[1:]
	}
	return once
}

// takeOnce refuses a form that was sent already.
func (s *session) takeOnce(r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.once, r.PostFormValue("once"))
	if i < 0 {
		return &pageError{http.StatusConflict, "Done already", "The form was sent before, or is too old, so nothing more was done. A key is shown once: " +
			"rotate it if it was not kept."}
	}
	s.once = slices.Delete(s.once, i, i+1)
	return nil
}

// checkToken refuses a form that is none of this session's.
func (s *session) checkToken(r *http.Request) error {
	if subtle.ConstantTimeCompare([]byte(r.PostFormValue(tokenField)), []byte(s.token)) != 1 {
		return wrongToken()
	}
	return nil
}

// tokenField is the field of every form that tells whose it is.
const tokenField = "token"

func wrongToken() error {
	return &pageError{http.StatusForbidden, "The form is too old", "The form was not made for this session, so nothing was done. Go back, load the page again and repeat it."}
}

// sessionCookie is the name of the cookie. With TLS, browsers take the prefix to mean that no other host or path set it.
func sessionCookie(encrypted bool) string {
	if encrypted {
		return "__Host-odoobridge_admin"
	}
	return "odoobridge_admin"
}

func (p *Page) setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: p.encrypted(r), MaxAge: int(life / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (ss *sessions) count() int {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return len(ss.byName)
}
