package bridge

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"unicode/utf8"

	"odoobridge/auth"
	"odoobridge/rpc"
)

// errBadHeader is a credentials header that can't be read one way only.
func errBadHeader(message string) *rpc.Error {
	return &rpc.Error{Class: "werkzeug.exceptions.BadRequest", Message: "400 Bad Request: " + message, Status: http.StatusBadRequest}
}

// errNoKey is Authorization: Bearer and nothing behind it.
var errNoKey = errBadHeader("Authorization: Bearer without a key")

// apiKeyHeader is API-KEY as net/http spells it.
const apiKeyHeader = "Api-Key"

// presented reads the credentials in the request's headers, and believes none of them. API_KEY and other spellings
// with underscores, which a WSGI server could not tell from API-KEY, are other header names here and are never read.
func (b *Bridge) presented(r *http.Request, src netip.Addr) (auth.Presented, error) {
	p := auth.Presented{Source: src}
	switch keys := r.Header[apiKeyHeader]; {
	case len(keys) == 0:
	case !Within(src, b.cfg.TrustedSources):
		b.cfg.Metrics.untrusted.Inc()
	case len(keys) > 1:
		return p, errBadHeader("two API-KEY headers; send one")
	case keys[0] == "":
		return p, errBadHeader("the API-KEY header is empty; send a key or no header")
	default:
		p.APIKey = auth.Secret(keys[0])
	}

	values := r.Header["Authorization"]
	if len(values) > 1 {
		return p, errBadHeader("two Authorization headers; send one")
	}
	if len(values) == 0 {
		return p, nil
	}
	scheme, rest, _ := strings.Cut(strings.ReplaceAll(values[0], "\t", " "), " ") // Odoo takes a tab for a blank
	rest = strings.TrimSpace(rest)
	switch {
	case strings.EqualFold(scheme, "Basic") && b.cfg.Basic:
		login, err := parseBasic(rest)
		if err != nil {
			return p, errBadHeader("Authorization: Basic: " + err.Error())
		}
		p.Basic = login
	case strings.EqualFold(scheme, "Bearer"):
		if rest == "" {
			return p, errNoKey
		}
		p.Bearer = auth.Secret(rest)
	}
	// Another scheme is for someone else, as it is to Odoo.
	return p, nil
}

// parseBasic reads the user-pass of RFC 7617: base64 of UTF-8 text, the login up to the first colon.
func parseBasic(credentials string) (*auth.Login, error) {
	text, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return nil, errors.New("not base64")
	}
	if !utf8.Valid(text) {
		return nil, errors.New("login and password are not UTF-8")
	}
	login, password, found := strings.Cut(string(text), ":")
	if !found {
		return nil, errors.New("no colon between login and password")
	}
	return &auth.Login{Login: login, Password: auth.Secret(password)}, nil
}

// hasHeader tells whether a header names the caller, so that the call need not.
func hasHeader(p auth.Presented) bool { return p.APIKey != "" || p.Basic != nil || p.Bearer != "" }
