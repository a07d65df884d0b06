//go:build unix

package page

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/keyring"
	"odoobridge/rpc/admin"
	"odoobridge/rpc/traffic"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

const (
	role         = "pages"
	rolePassword = "canary-role-password-91d2"
)

// world is the pages over HTTP, on a database in the state of the recordings that is read with the rights of Grants.
type world struct {
	db      string
	super   *sql.DB
	traffic *traffic.Traffic
	page    *Page
	url     string
	log     *safeBuffer

	mu  sync.Mutex
	now time.Time // of the sessions
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newWorld(t *testing.T, series int, change func(*Config)) *world {
	t.Helper()
	return newWorldWith(t, series, change, keyring.Schema(role)+directory.Grants(role)+keyring.Grants(role))
}

// newWorldWith is newWorld where the role has but the rights of grants.
func newWorldWith(t *testing.T, series int, change func(*Config), grants string) *world {
	t.Helper()
	template := postgrestest.Template(t, fmt.Sprintf("odoo%d_%d", series, len(grants)), func(dsn string) error {
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		if err := fixtures.Load(context.Background(), db, series); err != nil {
			return err
		}
		_, err = db.Exec(`DO $$ BEGIN CREATE ROLE pages LOGIN PASSWORD '` + rolePassword + `'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
		if err == nil {
			_, err = db.Exec(grants)
		}
		return err
	})
	u, err := url.Parse(postgrestest.DB(t, template))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{db: strings.TrimPrefix(u.Path, "/"), log: &safeBuffer{}, now: time.Now()}
	if w.super, err = sql.Open("postgres", u.String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.super.Close() })
	u.User = url.UserPassword(role, rolePassword)
	dir, err := directory.Open(directory.Options{DSN: auth.Secret(u.String())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	keys, err := keyring.Open(keyring.Options{DSN: auth.Secret(u.String())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	w.traffic = traffic.New([]string{w.db})
	cfg := Config{
		Auth:      auth.New(auth.Config{Directory: dir, Minter: dir}), // strict
		Groups:    dir,
		Keys:      keys,
		Traffic:   w.traffic,
		Databases: []string{w.db},
		State: func() State {
			return State{Working: 3, Places: 8, Waiting: 2, Room: 50, Breaker: "closed", Series: series}
		},
		Checks: []admin.Check{
			{Name: "odoo", Ask: func(context.Context) error { return nil }},
			{Name: "database", Ask: func(ctx context.Context) error { return dir.Ping(ctx, w.db) }},
		},
		ArchivedUsers: auth.ArchivedBySetting,
		Version:       "test",
		Settings:      "listen: \":8079\" # default\n",
		Log:           zerolog.New(w.log),
		Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
	}
	if change != nil {
		change(&cfg)
	}
	w.page = New(cfg)
	srv := httptest.NewServer(w.page)
	t.Cleanup(srv.Close)
	t.Cleanup(w.page.Close)
	w.url = srv.URL
	return w
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := w.super.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// browser is one that follows no redirects, so that a test sees them.
type browser struct {
	*http.Client
	w *world
}

func (w *world) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, w}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	res, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (b *browser) get(t *testing.T, path string, header ...string) answer {
	t.Helper()
	return b.do(t, b.request(t, http.MethodGet, path, nil, header...))
}

func (b *browser) request(t *testing.T, method, path string, form url.Values, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, b.w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func (b *browser) post(t *testing.T, path string, form url.Values, header ...string) answer {
	t.Helper()
	return b.do(t, b.request(t, http.MethodPost, path, form, header...))
}

var tokenOf = regexp.MustCompile(`name="token" value="([^"]+)"`)

// token is that of the forms of a page.
func (b *browser) token(t *testing.T, path string) string {
	t.Helper()
	a := b.get(t, path)
	m := tokenOf.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("GET %s: %d without a token:\n%s", path, a.StatusCode, a.body)
	}
	return m[1]
}

// signIn fills in the form and sends it.
func (b *browser) signIn(t *testing.T, login, password string, fields ...string) answer {
	t.Helper()
	form := url.Values{"token": {b.token(t, "/signin")}, "login": {login}, "password": {password}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post(t, "/signin", form)
}

// administrator is a browser that is signed in.
func (w *world) administrator(t *testing.T) *browser {
	t.Helper()
	b := w.browser(t)
	if a := b.signIn(t, "admin", "admin"); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("the sign-in was answered %d:\n%s", a.StatusCode, a.body)
	}
	return b
}

// wants fails the test unless the answer has the status and all of the texts.
func (a answer) wants(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s: %d, want %d:\n%.2000s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
		return
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s %s: no %q in\n%.6000s", a.Request.Method, a.Request.URL.Path, text, a.body)
		}
	}
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")
