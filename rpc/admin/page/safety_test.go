//go:build unix

package page

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// pages are one of each.
var pages = []string{"/", "/signin", "/calls", "/about", "/keys", "/keys/new", "/keys/501", "/keys/999", "/users", "/user?login=rpcuser", "/settings", "/audit", "/policies"}

func TestHeaders(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	for _, path := range append(pages, "/nothing", "/static/nothing") {
		h := b.get(t, path).Header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, h)
		}
	}
	for _, name := range assetNames {
		a := b.get(t, name)
		a.wants(t, 200)
		if a.Header.Get("Content-Type") == "" || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
}

// TestNothingInline: the policy allows no script and no style in a page, so there must be none.
func TestNothingInline(t *testing.T) {
	w := newWorld(t, 18, nil)
	b := w.administrator(t)
	for _, path := range pages {
		body := b.get(t, path).body
		for _, inline := range []string{"<style", " style=", "<script>", " onclick=", "javascript:", "http://", "https://", "conf-auth-api-key"} {
			if strings.Contains(body, inline) {
				t.Errorf("%s has %q", path, inline)
			}
		}
	}
}

func TestWay(t *testing.T) {
	proxied := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.10/32")}
	for _, tc := range []struct {
		name    string
		peer    string
		host    string
		header  []string
		tls     bool
		proxies []netip.Prefix
		safe    bool
	}{
		{"loopback", "127.0.0.1:1", "127.0.0.1:8078", nil, false, nil, true},
		{"loopback by name", "127.0.0.1:1", "localhost:8078", nil, false, nil, true},
		{"loopback IPv6", "[::1]:1", "[::1]:8078", nil, false, nil, true},
		{"loopback IPv6 without a port", "[::1]:1", "[::1]", nil, false, nil, true},
		{"from elsewhere", "192.0.2.7:1", "localhost:8078", nil, false, nil, false},
		{"from a private network", "10.0.0.7:1", "10.0.0.1:8078", nil, false, nil, false},
		{"from elsewhere with TLS", "192.0.2.7:1", "admin.example.test", nil, true, nil, true},
		{"a name that leads here", "127.0.0.1:1", "evil.test:8078", nil, false, nil, false},
		{"a name that looks like it", "127.0.0.1:1", "localhost.evil.test", nil, false, nil, false},
		{"an unknown proxy here", "127.0.0.1:1", "127.0.0.1:8078", []string{"X-Forwarded-For", "192.0.2.7"}, false, nil, false},
		{"an unknown proxy that says TLS", "127.0.0.1:1", "127.0.0.1:8078", []string{"X-Forwarded-Proto", "https"}, false, nil, false},
		{"a trusted proxy with TLS", "192.0.2.10:1", "admin.example.test", []string{"X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.7"}, false, proxied, true},
		{"a trusted proxy without", "127.0.0.1:1", "localhost", []string{"X-Forwarded-Proto", "http", "X-Forwarded-For", "192.0.2.7"}, false, proxied, false},
		{"one that says it is a proxy", "192.0.2.7:1", "admin.example.test", []string{"X-Forwarded-Proto", "https"}, false, proxied, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := &Page{cfg: Config{TrustedProxies: tc.proxies, Databases: []string{"db"}}, origins: http.NewCrossOriginProtection(),
				sessions: newSessions(nil), views: parseViews()}
			p.cfg.Now = w0
			reached := false
			h := p.open(func(http.ResponseWriter, *http.Request) error { reached = true; return nil })
			r := httptest.NewRequest(http.MethodGet, "/signin", nil)
			r.RemoteAddr, r.Host = tc.peer, tc.host
			for i := 0; i+1 < len(tc.header); i += 2 {
				r.Header.Set(tc.header[i], tc.header[i+1])
			}
			if tc.tls {
				r.TLS = &tls.ConnectionState{}
			}
			rec := httptest.NewRecorder()
			h(rec, r)
			if reached != tc.safe {
				t.Errorf("served: %v, want %v: %d %s", reached, tc.safe, rec.Code, rec.Body)
			}
			if !tc.safe && (rec.Code != http.StatusForbidden || !strings.Contains(rec.Body.String(), "admin_tls_cert")) {
				t.Errorf("refused with %d %s", rec.Code, rec.Body)
			}
		})
	}
}

func TestForgedForms(t *testing.T) {
	w := newWorld(t, 18, nil)
	other := w.administrator(t)
	for _, tc := range []struct {
		name   string
		token  func(own string) string
		header []string
		want   int
	}{
		{"right", func(own string) string { return own }, nil, 303},
		{"right, from this site", func(own string) string { return own }, []string{"Sec-Fetch-Site", "same-origin"}, 303},
		{"missing", func(string) string { return "" }, nil, 403},
		{"wrong", func(own string) string { return own[1:] + "A" }, nil, 403},
		{"another session's", func(string) string { return other.token(t, "/") }, nil, 403},
		{"from another site", func(own string) string { return own }, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"from another port of this machine", func(own string) string { return own }, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"another origin", func(own string) string { return own }, []string{"Origin", "https://evil.test"}, 403},
		{"no origin", func(own string) string { return own }, []string{"Origin", "null"}, 403},
		{"its own origin", func(own string) string { return own }, []string{"Origin", w.url}, 303},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := w.administrator(t)
			a := b.post(t, "/signout", url.Values{"token": {tc.token(b.token(t, "/"))}}, tc.header...)
			a.wants(t, tc.want)
			still := http.StatusSeeOther
			if tc.want == 403 {
				still = http.StatusOK // nothing was done
			}
			b.get(t, "/").wants(t, still)

			// The form of the sign-in likewise, which has no session.
			b = w.browser(t)
			token := b.token(t, "/signin")
			if tc.name == "another session's" {
				token = w.browser(t).token(t, "/signin")
			} else {
				token = tc.token(token)
			}
			b.post(t, "/signin", url.Values{"token": {token}, "login": {"admin"}, "password": {"admin"}}, tc.header...).wants(t, tc.want)
		})
	}
	t.Run("no session", func(t *testing.T) {
		w.browser(t).post(t, "/signout", url.Values{"token": {"x"}}).wants(t, 403)
	})
	t.Run("asked with GET", func(t *testing.T) {
		w.administrator(t).get(t, "/signout").wants(t, 405)
	})
}
