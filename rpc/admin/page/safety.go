package page

import (
	"net/http"
	"net/netip"
	"strings"

	"odoobridge/rpc/bridge"
)

// contentPolicy has the browser load nothing but what this server has, and no script or style that stands in a page.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// setHeaders are the headers of every answer.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: that has browsers send "Origin: null" with the page's own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// checkWay refuses a request that could be read on its way: a password and a session's cookie are in them.
func (p *Page) checkWay(r *http.Request) error {
	if p.encrypted(r) {
		return nil
	}
	peer, ok := peerOf(r)
	switch {
	case !ok || !peer.IsLoopback():
		return unsafeWay("This came from " + peer.String() + " without TLS.")
	case throughProxy(r):
		return unsafeWay("This came through a reverse proxy that is not named in trusted_proxies, or that does not say X-Forwarded-Proto: https.")
	case !loopbackName(r.Host):
		// A page from elsewhere could have its name lead here, and ask in the name of its visitor.
		return unsafeWay("This asked for " + r.Host + " without TLS, which is not a name of this machine itself.")
	}
	return nil
}

func unsafeWay(why string) error {
	return &pageError{http.StatusForbidden, "Only over TLS, or on this machine",
		why + " Passwords and sessions would be readable on the way, so nothing is served. Set admin_tls_cert and admin_tls_key, " +
			"or open an SSH tunnel (ssh -L 8078:127.0.0.1:8078 this-machine) and go to http://localhost:8078/, " +
			"or put a reverse proxy with TLS in front and name it in trusted_proxies."}
}

// encrypted tells whether the browser's connection is: the one to here, or the one to a trusted proxy that says so.
func (p *Page) encrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, ok := peerOf(r)
	return ok && bridge.Within(peer, p.cfg.TrustedProxies) && r.Header.Get("X-Forwarded-Proto") == "https"
}

func (p *Page) source(r *http.Request) netip.Addr { return bridge.Source(r, p.cfg.TrustedProxies) }

func peerOf(r *http.Request) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr().Unmap(), err == nil
}

func throughProxy(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// loopbackName tells whether host, with or without a port, is a name that leads to this machine only.
func loopbackName(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name = host[:i]
	}
	name = strings.Trim(name, "[]")
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr.IsLoopback()
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// checkOrigin refuses what a page of another site has the browser send. What no browser sends carries no session either,
// which the form's token is asked for besides.
func (p *Page) checkOrigin(r *http.Request) error {
	if err := p.origins.Check(r); err != nil {
		return &pageError{http.StatusForbidden, "From another site", "A page of another site had your browser send this, so it was not done."}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && strings.HasPrefix(r.URL.Path, "/live/") {
		return &pageError{http.StatusForbidden, "From another site", "This is for the pages of this server alone."}
	}
	return nil
}
