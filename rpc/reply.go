package rpc

import (
	"net/http"
	"strconv"
)

// Header is one response header.
type Header struct{ Name, Value string }

// Reply is a whole HTTP answer made here, not by Odoo.
type Reply struct {
	Status int
	Header []Header
	Body   []byte
}

// Write sends the reply. The error is the connection's.
func (r Reply) Write(w http.ResponseWriter) error {
	h := w.Header()
	for _, f := range r.Header {
		h.Set(f.Name, f.Value)
	}
	h.Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, err := w.Write(r.Body)
	return err
}

// ErrorReply is e as an answer in protocol p of series s: a JSON-RPC error, an XML-RPC fault or an HTML page.
func ErrorReply(p Protocol, s Series, id []byte, e *Error) Reply { return Reply{} }

// ResultReply is a small answer made here. result is nil, a bool, int, int64, string or []string.
func ResultReply(p Protocol, s Series, id []byte, result any) Reply { return Reply{} }

// Page is an answer of Odoo's HTTP layer, which knows neither JSON-RPC nor XML-RPC.
type Page uint8

const (
	PageNotFound         Page = iota + 1 // no such path
	PageMethodNotAllowed                 // another method than POST to /xmlrpc
	PageContentType                      // another Content-Type than JSON to /jsonrpc
	PageInternalError                    // an exception outside the protocol's own error handling
)

// PageReply is page as series s words it for a request of path, which some pages quote.
func PageReply(s Series, page Page, path string) Reply { return Reply{} }
