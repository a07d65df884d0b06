package rpc

import "strings"

// Request is an HTTP request to one of the RPC endpoints, as far as Odoo's HTTP layer looks at it before it looks for a
// call in the body.
type Request struct {
	Protocol    Protocol
	Endpoint    Endpoint // JSON-RPC only
	Database    string   // from X-Odoo-Database; looked at where the body names none: EndpointCallKW, JSON-2, pages
	Path        string   // as it stands in the request line, for the pages that quote it
	Service     string   // from the path; XML-RPC only
	Model       string   // from the path; JSON-2 only
	ModelMethod string   // the model's method, from the path; JSON-2 only
	Route       string   // the path as its page quotes it, where that is not a call's; JSON-2 only
	Method      string   // of HTTP
	ContentType string   // "" when absent
	NoBody      bool     // the request announces no body
}

// Check tells whether Odoo would look at the body at all. The error is an *Error for ErrorReply, mostly a page.
func (r Request) Check(s Series) error {
	switch r.Protocol {
	case JSONRPC:
	case JSON2:
		return r.checkJSON2()
	default:
		// OPTIONS is answered as a call without a body from 16 on (px.options.xml2).
		if r.Method != "POST" && (r.Method != "OPTIONS" || s.oldHTTP()) {
			return PageError(PageMethodNotAllowed)
		}
		return nil
	}
	// Any method will do: it is the Content-Type that makes a JSON-RPC request (pj.get.body, pj.put, pj.ct.form).
	switch {
	case IsJSON(r.ContentType):
		return nil
	case r.NoBody && r.ContentType == "":
		return r.pageError(PageContentTypeNoBody)
	}
	return r.pageError(PageContentType)
}

// pageError is PageError of a page that says where it came from.
func (r Request) pageError(page Page) *Error {
	e := PageError(page)
	e.request = r
	return e
}

// Parse reads the call in the body of a request that has passed Check. The error is an *Error.
func (e *Envelope) Parse(r Request, body []byte, s Series) error {
	switch r.Protocol {
	case JSONRPC:
		return e.parseJSON(r, body, s)
	case JSON2:
		return e.parseJSON2(r, body)
	}
	if s.oldHTTP() && IsJSON(r.ContentType) {
		// The first look of 15 is at the Content-Type, and finds JSON where XML is (px.ct.json.xml2).
		if err := e.ParseJSON(body, s); err != nil {
			return err
		}
	}
	if isForm(r.ContentType) {
		body = nil // read as a form before the controller sees it (px.ct.form.xml2, px.ct.multipart.xml2)
	}
	return e.ParseXML(r.Protocol, r.Service, body, s)
}

// IsJSON tells whether Odoo takes a request of this Content-Type for JSON-RPC (pj.ct.*).
func IsJSON(contentType string) bool {
	switch mediaType(contentType) {
	case "application/json", "application/json-rpc":
		return true
	}
	return false
}

func isForm(contentType string) bool {
	switch mediaType(contentType) {
	case "application/x-www-form-urlencoded", "multipart/form-data":
		return true
	}
	return false
}

// mediaType is a Content-Type without its parameters, in small letters.
func mediaType(contentType string) string {
	if contentType == "application/json" || contentType == "text/xml" {
		return contentType
	}
	t, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// CleanPath is a path as Odoo's router takes it: several slashes are one, and one at the end is none (pj.double,
// pj.slash, px.service.slash.xml2).
func CleanPath(path string) string {
	if !strings.Contains(path, "//") && (len(path) < 2 || path[len(path)-1] != '/') {
		return path
	}
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	return "/" + strings.Join(parts, "/")
}
