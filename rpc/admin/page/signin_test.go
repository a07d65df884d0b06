//go:build unix

package page

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSignIn(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		w := newWorld(t, series, nil)
		system := `(SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'group_system')`
		w.exec(t, `INSERT INTO res_groups_users_rel (uid, gid) VALUES (9003, `+system+`), (9002, `+system+`)`)
		for _, tc := range []struct {
			name, login, password string
			status                int
			text                  string
		}{
			{"password", "admin", "admin", 303, ""},
			{"native key", "admin", "ad31a0000123456789abcdef0123456789abcdef", 303, ""},
			{"wrong password", "admin", "canary-wrong-pw", 401, "login or the password is wrong"},
			{"no password", "admin", "", 401, "login or the password is wrong"},
			{"other case", "ADMIN", "admin", 401, "login or the password is wrong"},
			{"no such user", "nobody", "admin", 401, "login or the password is wrong"},
			{"a user who is no administrator", "rpcuser", "rpcuser-pw", 403, "base.group_system"},
			{"no administrator, with a native key", "keyuser", "5e5000010123456789abcdef0123456789abcdef", 403, "base.group_system"},
			{"archived administrator", "archived", "archived-pw", 401, "login or the password is wrong"},
			{"two-factor, password", "totpuser", "totpuser-pw", 401, "login or the password is wrong"},
			{"two-factor, native key", "totpuser", "707900010123456789abcdef0123456789abcdef", 303, ""},
			{"markup for a login", `"><script>alert(1)</script>`, "canary-other-pw", 401, `&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;`},
		} {
			t.Run(tc.name, func(t *testing.T) {
				b := w.browser(t)
				a := b.signIn(t, tc.login, tc.password)
				a.wants(t, tc.status, tc.text)
				if strings.Contains(a.body, "<script>alert") {
					t.Error("the login is markup")
				}
				if tc.password != "" && tc.password != "admin" && (strings.Contains(a.body, tc.password) || strings.Contains(w.log.String(), tc.password)) {
					t.Error("the password is in the answer or in the log")
				}
				want := http.StatusSeeOther
				if tc.status == 303 {
					want = http.StatusOK
				}
				if a := b.get(t, "/"); a.StatusCode != want {
					t.Errorf("the overview is answered %d, want %d", a.StatusCode, want)
				}
			})
		}
	}
}

func TestCooldown(t *testing.T) {
	w := newWorld(t, 18, nil)
	w.exec(t, `INSERT INTO ir_config_parameter (key, value) VALUES ('base.login_cooldown_after', '3')
		ON CONFLICT (key) DO UPDATE SET value = '3'`)
	b := w.browser(t)
	for range 3 {
		b.signIn(t, "admin", "wrong").wants(t, 401)
	}
	a := b.signIn(t, "admin", "admin")
	a.wants(t, 429, "Too many login failures")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestCookie(t *testing.T) {
	for _, tc := range []struct {
		name   string
		header []string
		cookie string
		secure bool
	}{
		{"on this machine", nil, "odoobridge_admin", false},
		{"behind a proxy with TLS", []string{"X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.1"}, "__Host-odoobridge_admin", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, 18, func(c *Config) { c.TrustedProxies = []netip.Prefix{loopback} })
			b := w.browser(t)
			form := b.get(t, "/signin", tc.header...)
			values := url.Values{"token": {tokenOf.FindStringSubmatch(form.body)[1]}, "login": {"admin"}, "password": {"admin"}}
			r := b.request(t, http.MethodPost, "/signin", values, tc.header...)
			for _, c := range form.Cookies() { // the jar gives Secure ones to https alone
				r.AddCookie(c)
			}
			a := b.do(t, r)
			a.wants(t, http.StatusSeeOther)
			i := -1
			for j, c := range a.Cookies() {
				if c.Name == tc.cookie {
					i = j
				}
			}
			if i < 0 {
				t.Fatalf("no cookie %s: %v", tc.cookie, a.Header["Set-Cookie"])
			}
			c := a.Cookies()[i]
			if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure != tc.secure || c.Path != "/" || c.Domain != "" ||
				c.MaxAge != int(sessionLifetime.Seconds()) || len(c.Value) < 40 {
				t.Errorf("the cookie is %v", c)
			}
			if strings.Contains(a.Header.Get("Location"), c.Value) || strings.Contains(w.log.String(), c.Value) {
				t.Error("the session's name is in the address or in the log")
			}
		})
	}
}

func TestSessionsEnd(t *testing.T) {
	in := func(t *testing.T, b *browser, path string, want int) {
		t.Helper()
		if a := b.get(t, path); a.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, a.StatusCode, want)
		}
	}
	t.Run("idle", func(t *testing.T) {
		w := newWorld(t, 18, nil)
		b := w.administrator(t)
		w.pass(sessionIdle - time.Second)
		in(t, b, "/", 200)
		w.pass(sessionIdle - time.Second)
		in(t, b, "/live/overview", 200) // what asks by itself
		w.pass(time.Second)
		in(t, b, "/", 303)
		in(t, b, "/live/overview", 403)
	})
	t.Run("lifetime", func(t *testing.T) {
		w := newWorld(t, 18, nil)
		b := w.administrator(t)
		for range int(sessionLifetime/sessionIdle)*2 - 1 {
			w.pass(sessionIdle / 2)
			in(t, b, "/", 200)
		}
		w.pass(sessionIdle / 2)
		in(t, b, "/", 303)
	})
	t.Run("signed out", func(t *testing.T) {
		w := newWorld(t, 18, nil)
		b := w.administrator(t)
		other := w.administrator(t)
		stolen := b.Jar.Cookies(mustURL(t, w.url))
		b.post(t, "/signout", url.Values{"token": {b.token(t, "/")}}).wants(t, http.StatusSeeOther)
		b.Jar.SetCookies(mustURL(t, w.url), stolen)
		in(t, b, "/", 303)
		in(t, other, "/", 200)
	})
	t.Run("signed in again", func(t *testing.T) {
		w := newWorld(t, 18, nil)
		b := w.administrator(t)
		first := b.Jar.Cookies(mustURL(t, w.url))
		b.signIn(t, "admin", "admin").wants(t, 303)
		b.Jar.SetCookies(mustURL(t, w.url), first)
		in(t, b, "/", 303)
	})
	for name, change := range map[string]string{
		"demoted":          `DELETE FROM res_groups_users_rel WHERE uid = 2`,
		"archived":         `UPDATE res_users SET active = false WHERE id = 2`,
		"password changed": `UPDATE res_users SET password = 'other' WHERE id = 2`,
		"deleted":          `UPDATE res_users SET id = 20002 WHERE id = 2`,
		"login changed":    `UPDATE res_users SET login = 'boss' WHERE id = 2`,
		"two-factor":       `UPDATE res_users SET totp_secret = 'JBSWY3DPEHPK3PXP' WHERE id = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 18, nil)
			b := w.administrator(t)
			token := b.token(t, "/")
			if name == "deleted" {
				w.exec(t, `SET session_replication_role = replica; `+change)
			} else {
				w.exec(t, change)
			}
			b.post(t, "/signout", url.Values{"token": {token}}).wants(t, 403, "Your session has ended")
			in(t, b, "/", 303)
		})
	}
	t.Run("database away", func(t *testing.T) {
		w := newWorld(t, 18, nil)
		b := w.administrator(t)
		w.exec(t, `ALTER TABLE res_groups_users_rel RENAME TO gone`)
		b.get(t, "/").wants(t, 503, "The database can&#39;t be asked")
		w.exec(t, `ALTER TABLE gone RENAME TO res_groups_users_rel`)
		in(t, b, "/", 200)
	})
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestNext: a sign-in leads back to where it was asked for, and nowhere else.
func TestNext(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.browser(t)
	a := b.get(t, "/calls?q=x")
	a.wants(t, 303)
	if to := a.Header.Get("Location"); to != "/signin?next=%2Fcalls%3Fq%3Dx" {
		t.Errorf("asked to sign in at %s", to)
	}
	for next, want := range map[string]string{
		"/calls?q=x": "/calls?q=x", "": "/", "//evil.test/": "/", "https://evil.test/": "/", `/\evil.test`: "/", "javascript:alert(1)": "/",
		"/\r\nX: y": "/", "evil.test": "/",
	} {
		if a := b.signIn(t, "admin", "admin", "next", next); a.Header.Get("Location") != want {
			t.Errorf("next %q leads to %q, want %q", next, a.Header.Get("Location"), want)
		}
	}
}

// TestSeveralDatabases: which one is chosen at the sign-in, and an administrator of one is none of the other.
func TestSeveralDatabases(t *testing.T) {
	w := newWorld(t, 18, nil)
	cfg := w.page.cfg
	cfg.Databases = []string{w.db, "other<db>"}
	several := New(cfg)
	w.page.router = several.router
	b := w.browser(t)
	b.get(t, "/signin").wants(t, 200, `<option selected>`+w.db+`</option>`, `<option>other&lt;db&gt;</option>`)
	b.signIn(t, "admin", "admin", "database", "postgres").wants(t, 400, "Choose one of the databases")
	b.signIn(t, "admin", "admin", "database", "other<db>").wants(t, 503)
	b.signIn(t, "admin", "admin", "database", w.db).wants(t, 303)
	b.get(t, "/").wants(t, 200, "on "+w.db)
}
