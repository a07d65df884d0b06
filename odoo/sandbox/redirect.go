package sandbox

import (
	"html"
	"net/http"
	"net/url"

	"odoobridge/rpc"
)

// redirect is werkzeug's page that sends a browser elsewhere.
func redirect(status int, location string) rpc.Reply {
	target := html.EscapeString(location)
	return rpc.Reply{
		Status: status,
		Header: []rpc.Header{{Name: "Content-Type", Value: "text/html; charset=utf-8"}, {Name: "Location", Value: location}},
		Body: []byte("<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n" +
			"<p>You should be redirected automatically to the target URL: <a href=\"" + target + "\">" + target + "</a>. If not, click the link.\n"),
	}
}

// toLogin sends who has no session to the login page, and from there back (doc.doc).
func toLogin(r *http.Request) rpc.Reply {
	from := r.URL.Path + "?" + r.URL.RawQuery // werkzeug's full_path, which always has the "?"
	return redirect(http.StatusSeeOther, "/web/login?redirect="+url.QueryEscape(from))
}
