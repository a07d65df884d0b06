package bridge

import (
	"net/http"
	"strings"

	"odoobridge/rpc"
)

// cleanPaths spells paths the plain way for the router, without the redirect that a POST would not survive.
func cleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := rpc.CleanPath(r.URL.Path); path != r.URL.Path {
			url, clone := *r.URL, *r
			url.Path, url.RawPath = path, ""
			clone.URL = &url
			r = &clone
		}
		next.ServeHTTP(w, r)
	})
}

// cut bounds what a caller can put into a log line.
func cut(s string) string {
	const longest = 128
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}
