package bridge

import (
	"mime"
	"net/http"
	"strings"
)

// mergeSlashes makes one slash of several and drops the one at the end, as Odoo's router takes them (pj.double,
// pj.slash, px.service.slash.xml2), without the redirect that a POST would not survive.
func mergeSlashes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if strings.Contains(path, "//") || (len(path) > 1 && strings.HasSuffix(path, "/")) {
			parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
			url := *r.URL
			url.Path, url.RawPath = "/"+strings.Join(parts, "/"), ""
			clone := *r
			clone.URL = &url
			r = &clone
		}
		next.ServeHTTP(w, r)
	})
}

// isJSON tells whether Odoo takes a request of this Content-Type for JSON-RPC (pj.ct.*).
func isJSON(contentType string) bool {
	switch mediaType(contentType) {
	case "application/json", "application/json-rpc":
		return true
	}
	return false
}

// isForm tells whether Odoo has read the body as a form before the XML-RPC controller sees it, which then finds an empty
// one (px.ct.form.xml2, px.ct.multipart.xml2).
func isForm(contentType string) bool {
	switch mediaType(contentType) {
	case "application/x-www-form-urlencoded", "multipart/form-data":
		return true
	}
	return false
}

func mediaType(contentType string) string {
	if t, _, err := mime.ParseMediaType(contentType); err == nil {
		return t
	}
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// cut bounds what a caller can put into a log line.
func cut(s string) string {
	const longest = 128
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}
