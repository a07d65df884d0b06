//go:build unix

package page

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"odoobridge/auth"
	"odoobridge/auth/policy"
	"odoobridge/odoo/directory"
)

var (
	onceOf   = regexp.MustCompile(`name="once" value="([^"]+)"`)
	secretOf = regexp.MustCompile(`id="secret" class="mono" readonly value="([^"]+)"`)
	keyOf    = regexp.MustCompile(`href="/keys/([0-9]+)">I have it`)
)

// send sends a form of a page, with its token and what lets it be sent once.
func (b *browser) send(t *testing.T, page, to string, fields ...string) answer {
	t.Helper()
	a := b.get(t, page)
	form := url.Values{}
	for name, pattern := range map[string]*regexp.Regexp{"token": tokenOf, "once": onceOf} {
		if m := pattern.FindStringSubmatch(a.body); m != nil {
			form.Set(name, m[1])
		}
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.post(t, to, form)
}

// create makes a key, and returns it with the address of its page.
func (b *browser) create(t *testing.T, login, name string) (key, page string) {
	t.Helper()
	a := b.send(t, "/keys/new", "/keys", "login", login, "name", name)
	a.wants(t, 200, "nowhere again")
	secret, id := secretOf.FindStringSubmatch(a.body), keyOf.FindStringSubmatch(a.body)
	if secret == nil || id == nil {
		t.Fatalf("no key is shown:\n%s", a.body)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Location") != "" {
		t.Errorf("the answer with the key may be kept: %v", a.Header)
	}
	return secret[1], "/keys/" + id[1]
}

// works tells whether a caller with the key is let in.
func (w *world) works(t *testing.T, key string) bool {
	t.Helper()
	a := w.page.cfg.Auth.(*auth.Authenticator)
	_, err := a.Identify(context.Background(), w.db, auth.Presented{APIKey: auth.Secret(key)})
	if err != nil && auth.KindOf(err) != auth.Denied {
		t.Fatal(err)
	}
	return err == nil
}

func (w *world) wantsWorks(t *testing.T, what, key string, want bool) {
	t.Helper()
	if got := w.works(t, key); got != want {
		t.Errorf("%s: the key works is %v, want %v", what, got, want)
	}
}

// TestLifeOfAKey: created, rotated, archived, restored, assigned and revoked, each seen by callers.
func TestLifeOfAKey(t *testing.T) {
	for _, series := range []int{18, 19} {
		w := newWorld(t, series, nil)
		b := w.administrator(t)
		key, at := b.create(t, "rpcuser", "webshop")
		w.wantsWorks(t, "created", key, true)
		b.get(t, "/keys").wants(t, 200, "webshop", "works")
		b.get(t, at).wants(t, 200, "webshop", "rpcuser")
		b.get(t, "/user?login=rpcuser").wants(t, 200, "webshop")

		a := b.send(t, at, at+"/rotate", "overlap", "1h")
		a.wants(t, 200, "works until")
		second := secretOf.FindStringSubmatch(a.body)[1]
		w.wantsWorks(t, "the old value in the overlap", key, true)
		w.wantsWorks(t, "the new value", second, true)

		b.send(t, at, at+"/rotate", "overlap", "0s").wants(t, 200, "without an overlap?", "stops working at once")
		w.wantsWorks(t, "rotation not confirmed", second, true)
		a = b.send(t, at, at+"/rotate", "overlap", "0s", "confirm", "yes")
		a.wants(t, 200, "does not work any more")
		third := secretOf.FindStringSubmatch(a.body)[1]
		w.wantsWorks(t, "the first value after a rotation without overlap", key, false)
		w.wantsWorks(t, "the second value after it", second, false)
		w.wantsWorks(t, "the third value", third, true)

		b.send(t, at, at+"/archive").wants(t, 200, "Archive webshop?")
		w.wantsWorks(t, "archiving not confirmed", third, true)
		b.send(t, at, at+"/archive", "confirm", "yes").wants(t, 303)
		w.wantsWorks(t, "archived", third, false)
		b.get(t, at).wants(t, 200, "was archived", "auth_api_key.active")
		b.send(t, at, at+"/restore").wants(t, 303)
		w.wantsWorks(t, "restored", third, true)

		b.send(t, at, at+"/assign", "login", "keyuser").wants(t, 303)
		b.get(t, at).wants(t, 200, "is now keyuser&#39;s", "/user?login=keyuser")
		b.send(t, at, at+"/assign", "login", "nobody").wants(t, 303)
		b.get(t, at).wants(t, 200, "no user with the login", "/user?login=keyuser")

		b.send(t, at, at+"/revoke").wants(t, 200, "Revoke webshop?", "Leave it")
		w.wantsWorks(t, "revoking not confirmed", third, true)
		b.send(t, at, at+"/revoke", "confirm", "yes").wants(t, 303)
		w.wantsWorks(t, "revoked", third, false)
		b.get(t, "/keys").wants(t, 200, "webshop was revoked")
		b.get(t, at).wants(t, 404)
		b.get(t, "/audit").wants(t, 200, "create", "rotate", "archive", "restore", "assign", "revoke", "webshop", "127.0.0.1", "admin")

		for _, page := range []string{"/keys", "/audit", "/users", "/user?login=keyuser", "/calls", "/"} {
			for _, secret := range []string{key, second, third} {
				if strings.Contains(b.get(t, page).body, secret) || strings.Contains(w.log.String(), secret) {
					t.Errorf("%s or the log has a key", page)
				}
			}
		}
	}
}

// TestSentOnce: loading the page that shows a key again makes no other one.
func TestSentOnce(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	form := b.get(t, "/keys/new").body
	values := url.Values{"token": {tokenOf.FindStringSubmatch(form)[1]}, "once": {onceOf.FindStringSubmatch(form)[1]}, "login": {"rpcuser"}, "name": {"first"}}
	b.post(t, "/keys", values).wants(t, 200)
	values.Set("name", "second")
	b.post(t, "/keys", values).wants(t, 409, "Done already")
	if strings.Contains(b.get(t, "/keys").body, "second") {
		t.Error("another key was made")
	}
}

func TestNewKeyMistakes(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	for _, tc := range []struct{ name, login, key, want string }{
		{"no such user", "nobody", "x", "There is no user with the login"},
		{"a name that is taken", "rpcuser", "conf rpcuser", "There is a key named"},
		{"no name", "rpcuser", " ", "A key needs a name"},
		{"markup", "rpcuser", "\x01" + markup, "can&#39;t be shown"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := b.send(t, "/keys/new", "/keys", "login", tc.login, "name", tc.key)
			a.wants(t, 422, tc.want)
		})
	}
	if _, page := b.create(t, "rpcuser", markup); strings.Contains(b.get(t, page).body+b.get(t, "/keys").body+b.get(t, "/audit").body+b.get(t, "/user?login=rpcuser").body, "<img") {
		t.Error("the name of a key is markup")
	}
	w.exec(t, `UPDATE res_users SET login = $1 WHERE id = 9001`, markup)
	for _, page := range []string{"/users", "/keys", "/keys/501", "/user?login=" + url.QueryEscape(markup), "/keys/new?user=" + url.QueryEscape(markup)} {
		a := b.get(t, page)
		a.wants(t, 200)
		if strings.Contains(a.body, "<img") {
			t.Errorf("%s: the login is markup", page)
		}
	}
}

// TestArchivedUsers: how the key of an archived user is treated, by each rule, and what the company's setting changes.
func TestArchivedUsers(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	const archived = "conf-auth-api-key-archived"
	w.wantsWorks(t, "before", archived, true)
	b.get(t, "/keys?state=differs").wants(t, 200, "None of the keys")
	b.get(t, "/settings").wants(t, 200, "go on working")
	var company string
	if err := w.super.QueryRow(`SELECT company_id FROM res_users WHERE id = 9002`).Scan(&company); err != nil {
		t.Fatal(err)
	}
	b.send(t, "/settings", "/settings/company", "company", company, "disable", "yes").wants(t, 303)
	b.get(t, "/settings").wants(t, 200, "are disabled", "disables the keys of archived users now")
	w.wantsWorks(t, "disabled", archived, false)
	b.get(t, "/keys?state=differs").wants(t, 200, "conf archived user", "differs from Odoo", "their company disables API keys")
	b.get(t, "/keys/502").wants(t, 200, "in force", "archived_users is deny")
	b.get(t, "/users?q=archived").wants(t, 200, "Archived User", "New key for archived")
	b.send(t, "/settings", "/settings/company", "company", company, "disable", "no").wants(t, 303)
	w.wantsWorks(t, "not disabled any more", archived, true)
	b.send(t, "/settings", "/settings/company", "company", "999999", "disable", "no").wants(t, 303)
	b.get(t, "/settings").wants(t, 200, "There is no company of id 999999")
}

// TestWithoutRights: where the role may not write keys, each page says so and names the command.
func TestWithoutRights(t *testing.T) {
	w := newWorldWith(t, 18, nil, directory.Grants(role))
	b := w.administrator(t)
	for _, page := range []string{"/keys", "/users", "/settings"} {
		b.get(t, page).wants(t, 200, "odoobridge grants --keys")
	}
	b.send(t, "/keys/new", "/keys", "login", "rpcuser", "name", "x").wants(t, 422, "odoobridge grants --keys")
	b.get(t, "/audit").wants(t, 200, "odoobridge keys init")
}

// TestWithoutModule: series 15 was recorded without auth_api_key.
func TestWithoutModule(t *testing.T) {
	w := newWorld(t, 15, nil)
	b := w.administrator(t)
	for _, page := range []string{"/keys", "/users", "/settings"} {
		b.get(t, page).wants(t, 200, "install OCA&#39;s module auth_api_key")
	}
}

// TestKeyFormsAreGuarded: none of the forms does anything without its token.
func TestKeyFormsAreGuarded(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	for _, path := range []string{"/keys", "/keys/501/revoke", "/keys/501/archive", "/keys/501/restore", "/keys/501/rotate", "/keys/501/assign",
		"/keys/501/groups", "/settings/company"} {
		form := url.Values{"confirm": {"yes"}, "overlap": {"0s"}, "login": {"admin"}, "name": {"x"}, "company": {"1"}, "disable": {"yes"}}
		b.post(t, path, form).wants(t, 403)
		form.Set("token", b.token(t, "/keys/new"))
		b.post(t, path, form, "Sec-Fetch-Site", "cross-site").wants(t, 403)
		w.browser(t).post(t, path, form).wants(t, 403)
		if a := b.get(t, path); path != "/keys" && a.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, a.StatusCode)
		}
	}
	w.wantsWorks(t, "after all that", "conf-auth-api-key-rpcuser", true)
}

func TestPolicies(t *testing.T) {
	set, _, err := policy.Parse("rules.yaml", []byte("rules:\n  - id: no-accounting\n    models: [account.*]\n    effect: deny\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, 18, func(c *Config) { c.Policies = func() *policy.Set { return set } })
	b := w.administrator(t)
	b.get(t, "/policies").wants(t, 200, "no-accounting", "refuses", "rules.yaml:2")
}
