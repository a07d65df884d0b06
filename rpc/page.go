package rpc

import (
	"crypto/rand"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
)

// Page is an answer of Odoo's HTTP layer, which knows neither JSON-RPC nor XML-RPC.
type Page uint8

const (
	PageNotFound          Page = iota + 1 // no such path (pj.case, px.v3.xml2)
	PageMethodNotAllowed                  // another method than POST or OPTIONS to /xmlrpc (px.get.xml1)
	PageContentType                       // a body without a JSON Content-Type to /jsonrpc (pj.ct.form)
	PageContentTypeNoBody                 // no Content-Type and no body to /jsonrpc (pj.get, pj.options)
	PageInvalidJSON                       // a body that is no JSON (pj.invalid)
	PageInvalidCall                       // JSON that is no object, from 16 on (pj.array)
	PageInternalError                     // an exception outside of the protocol's error handling (pj.array of 15)
)

// pageOf is the usual form of a page.
type pageOf struct {
	status int
	class  string // in werkzeug.exceptions
	text   string // one paragraph, as HTML
}

var pages = [...]pageOf{
	PageNotFound: {http.StatusNotFound, "NotFound", notFoundText},
	PageMethodNotAllowed: {http.StatusMethodNotAllowed, "MethodNotAllowed",
		"The method is not allowed for the requested URL."},
	PageContentType:       {http.StatusBadRequest, "BadRequest", ""}, // see contentTypePage
	PageContentTypeNoBody: {http.StatusBadRequest, "BadRequest", ""},
	PageInvalidJSON:       {http.StatusBadRequest, "BadRequest", "Invalid JSON data"},
	PageInvalidCall:       {http.StatusBadRequest, "BadRequest", "Invalid JSON-RPC data"},
	PageInternalError: {http.StatusInternalServerError, "InternalServerError",
		"The server encountered an internal error and was unable to complete your request. " +
			"Either the server is overloaded or there is an error in the application."},
}

const notFoundText = "The requested URL was not found on the server. " +
	"If you entered the URL manually please check your spelling and try again."

// noDatabaseText is 19's page for a path it does not know and a request that is bound to no database.
const noDatabaseText = "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n" +
	"<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n" +
	"<p>Please verify the hostname, <a href=/web/login>login</a> and try again.</p>\n\n" +
	"<!-- Alternatively, use the X-Odoo-Database header. -->\n"

// PageError is a request that gets page whatever its body says; ErrorReply writes the answer.
func PageError(page Page) *Error {
	return pageError(page, http.StatusText(pages[page].status))
}

// NoSuchPage is PageNotFound for a request that belongs to database, "" where that is none: 19 says so.
func NoSuchPage(database string) *Error { return Request{Database: database}.pageError(PageNotFound) }

// PageReply is page as series s words it for request r, which some pages quote.
func PageReply(s Series, page Page, r Request) Reply {
	p := pages[page]
	reply := Reply{Status: p.status, Header: htmlHeader(false)}
	text := p.text
	switch page {
	case PageNotFound:
		if s.orDefault() >= 19 && r.Database == "" { // else as ever: doc.bare
			reply.Body = []byte(noDatabaseText)
			return reply
		}
	case PageMethodNotAllowed:
		allow := "OPTIONS, POST"
		if s.oldHTTP() {
			allow = "POST"
		}
		reply.Header = append(reply.Header, Header{"Allow", allow})
	case PageContentType, PageContentTypeNoBody:
		if r.Protocol == JSON2 {
			return json2TypePage(r)
		}
		return contentTypePage(s, page, r)
	case PageInvalidJSON, PageInvalidCall:
		if !s.oldHTTP() { // a bare text, and marked
			return Reply{p.status, htmlHeader(true), []byte(text)}
		}
	}
	reply.Body = htmlPage(p.status, text)
	return reply
}

// contentTypePage is the answer of a JSON-RPC endpoint to a request that is not JSON: each series has its own idea of what
// is wrong.
func contentTypePage(s Series, page Page, r Request) Reply {
	path := html.EscapeString(r.Path)
	noBody := page == PageContentTypeNoBody
	switch series := s.orDefault(); {
	case series >= 19:
		types := "&#39;http&#39;"
		if noBody { // what has no body could be a call of /json/2
			types += ", &#39;json2&#39;"
		}
		header := append(htmlHeader(false), Header{"Accept", "application/json, application/json-rpc"})
		return Reply{http.StatusUnsupportedMediaType, header, htmlPage(http.StatusUnsupportedMediaType,
			"Request inferred type is compatible with ["+types+"] but &#39;"+path+"&#39; is type=&#39;jsonrpc&#39;."+
				"<br><br>Please verify the Content-Type request header and try again.")}
	case series >= 16:
		return Reply{http.StatusBadRequest, htmlHeader(false), htmlPage(http.StatusBadRequest,
			"Request inferred type is compatible with [&#39;http&#39;] but &#39;"+path+"&#39; is type=&#39;json&#39;.")}
	case noBody:
		return Reply{http.StatusBadRequest, htmlHeader(false), htmlPage(http.StatusBadRequest,
			"&lt;function "+r.Endpoint.qualname(s)+" at 0x000000000000&gt;, "+path+": Function declared as capable of handling request "+
				"of type &#39;json&#39; but called with a request of type &#39;http&#39;")}
	}
	return Reply{http.StatusBadRequest, htmlHeader(false),
		htmlPage(http.StatusBadRequest, "Session expired (invalid CSRF token)")}
}

func htmlPage(status int, text string) []byte {
	name := http.StatusText(status)
	return fmt.Appendf(nil, "<!doctype html>\n<html lang=en>\n<title>%d %s</title>\n<h1>%s</h1>\n<p>%s</p>\n",
		status, name, name, text)
}

// maxQuote bounds what a page quotes of a body that is no JSON. Odoo 15 quotes all of it; an answer that grows with bad
// input serves nobody.
const maxQuote = 64 << 10

// pageReply is the answer to an error that is a page. Up to 15, a request that came as JSON gets its 404 as a JSON-RPC
// error with a cookie (pj.case), and invalid JSON is quoted as Python's repr (pj.invalid).
func (e *Error) pageReply(p Protocol, s Series, id []byte) Reply {
	switch {
	case e.page == PageNotFound && p == JSONRPC && s.oldHTTP():
		err := &Error{Class: e.Class, Message: "404 Not Found: " + notFoundText, Args: []byte("[]")}
		return Reply{http.StatusNotFound, append(jsonHeader(s, false), sessionCookie()),
			appendJSONError(nil, s, id, err, jsonMessage{404, "404: Not Found"}, `, "http_status": 404`)}
	case e.quote != nil && s.oldHTTP():
		quote := strings.ToValidUTF8(string(e.quote[:min(len(e.quote), maxQuote)]), "")
		text := html.EscapeString(string(appendPyString(nil, quote)))
		return Reply{http.StatusBadRequest, htmlHeader(false), htmlPage(http.StatusBadRequest, "Invalid JSON data: "+text)}
	}
	return PageReply(s, e.page, e.request)
}

// sessionCookie is the cookie of a session that has just begun, as up to 15 every look for a path outside of the
// server-wide ones begins one (pj.unknownpath). There is no such session: sent back to Odoo it begins another.
func sessionCookie() Header {
	const life = 90 * 24 * time.Hour
	id := make([]byte, 20)
	rand.Read(id) // never fails, says its documentation
	return Header{"Set-Cookie", fmt.Sprintf("session_id=%x; Expires=%s; Max-Age=%d; HttpOnly; Path=/",
		id, time.Now().Add(life).UTC().Format(http.TimeFormat), int(life.Seconds()))}
}
