package rpc

import (
	"fmt"
	"html"
	"math"
	"net/http"
	"strconv"
	"time"
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
	if r.endsBlank() {
		if done, err := r.writeRaw(w); done {
			return err
		}
	}
	h := w.Header()
	for _, f := range r.Header {
		h.Set(f.Name, f.Value)
	}
	h.Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	if len(r.Body) == 0 {
		return nil // there are statuses that allow none
	}
	_, err := w.Write(r.Body)
	return err
}

// ErrorReply is e as an answer in protocol p of series s: a JSON-RPC error, an XML-RPC fault, JSON-2's exception with its
// status, or an HTML page. A nil id is null; only JSON-RPC has one.
func ErrorReply(p Protocol, s Series, id []byte, e *Error) Reply {
	if p == JSON2 {
		s = json2Series
	}
	if e.page != 0 {
		return e.pageReply(p, s, id)
	}
	if p == JSON2 {
		return retryAfter(e.json2Reply(), e)
	}
	r := Reply{Status: e.Status}
	if r.Status == 0 {
		r.Status = http.StatusOK
	}
	switch p {
	case JSONRPC:
		r.Body = appendJSONError(nil, s, id, e, odooServerError(e, s), "")
		r.Header = jsonHeader(s, false)
	case HTTP:
		if e.Status == 0 {
			r.Status = http.StatusForbidden // all that is refused without a status of its own is AccessDenied
		}
		r.Body = htmlPage(r.Status, html.EscapeString(e.Message))
		r.Header = htmlHeader(true)
	default:
		r.Body = appendFault(nil, p, s, e)
		// A fault is marked in 18 only: 19 makes it a plain response of werkzeug (common.version.extra.xml2), and 17, tried
		// but not recorded, raises past the place that marks.
		r.Header = xmlHeader(s, s.orDefault() == 18)
	}
	return retryAfter(r, e)
}

func retryAfter(r Reply, e *Error) Reply {
	if e.RetryAfter > 0 {
		seconds := (e.RetryAfter + time.Second - 1) / time.Second
		r.Header = append(r.Header, Header{"Retry-After", strconv.FormatInt(int64(seconds), 10)})
	}
	return r
}

// ResultReply is a small answer made here. result is nil, a bool, int, int64, string or []string; anything else is a
// mistake of the program and panics. JSON-RPC answers None without a "result" (errors.none.json); XML-RPC answers it
// with a fault from 18 on and <nil/> before (errors.none.xml1), and an integer over 32 bits with a fault.
func ResultReply(p Protocol, s Series, id []byte, result any) Reply {
	if p == JSONRPC {
		body := appendJSONHead(nil, id)
		if result != nil {
			body = appendJSONResult(append(body, `, "result": `...), s, result)
		}
		return Reply{http.StatusOK, jsonHeader(s, true), append(body, '}')}
	}
	if result == nil && !s.oldXML() {
		return ErrorReply(p, s, nil, TypeError("cannot marshal None unless allow_none is enabled"))
	}
	if n, ok := asInt(result); ok && (n > math.MaxInt32 || n < math.MinInt32) {
		return ErrorReply(p, s, nil, pyError("builtins.OverflowError", "int exceeds XML-RPC limits"))
	}
	body := appendXMLHead(nil, s)
	body = append(body, "<params>\n<param>\n"...)
	body = appendXMLResult(body, s, result)
	body = append(body, "</param>\n</params>\n"...)
	return Reply{http.StatusOK, xmlHeader(s, true), appendXMLEnd(body, s)}
}

func asInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}

func jsonHeader(s Series, noSniff bool) []Header {
	if s.oldHTTP() {
		return []Header{{"Content-Type", "application/json"}}
	}
	return markNoSniff([]Header{{"Content-Type", "application/json; charset=utf-8"}}, noSniff)
}

func xmlHeader(s Series, noSniff bool) []Header {
	return markNoSniff([]Header{{"Content-Type", "text/xml; charset=utf-8"}}, noSniff && !s.oldHTTP())
}

func htmlHeader(noSniff bool) []Header {
	return markNoSniff([]Header{{"Content-Type", "text/html; charset=utf-8"}}, noSniff)
}

func markNoSniff(h []Header, mark bool) []Header {
	if mark {
		h = append(h, Header{"X-Content-Type-Options", "nosniff"})
	}
	return h
}

func appendJSONHead(dst, id []byte) []byte {
	if id == nil {
		id = null
	}
	dst = append(dst, `{"jsonrpc": "2.0", "id": `...)
	return append(dst, id...)
}

func appendJSONResult(dst []byte, s Series, result any) []byte {
	switch v := result.(type) {
	case bool:
		return strconv.AppendBool(dst, v)
	case int, int64:
		n, _ := asInt(v)
		return strconv.AppendInt(dst, n, 10)
	case string:
		return appendJSONString(dst, v, s.oldHTTP())
	case []string:
		dst = append(dst, '[')
		for i, element := range v {
			dst = appendComma(dst, i)
			dst = appendJSONString(dst, element, s.oldHTTP())
		}
		return append(dst, ']')
	}
	panic(fmt.Sprintf("rpc: ResultReply cannot write a %T; it writes nil, bool, int, int64, string and []string", result))
}

func appendXMLResult(dst []byte, s Series, result any) []byte {
	switch v := result.(type) {
	case nil:
		return append(dst, "<value><nil/></value>"...) // without a line end, as xmlrpc.client writes it
	case bool:
		n := byte('0')
		if v {
			n = '1'
		}
		return append(append(append(dst, "<value><boolean>"...), n), "</boolean></value>\n"...)
	case int, int64:
		n, _ := asInt(v)
		dst = strconv.AppendInt(append(dst, "<value><int>"...), n, 10)
		return append(dst, "</int></value>\n"...)
	case string:
		return appendXMLStringValue(dst, v)
	case []string:
		dst = append(dst, "<value><array><data>\n"...)
		for _, element := range v {
			dst = appendXMLStringValue(dst, element)
		}
		return append(dst, "</data></array></value>\n"...)
	}
	panic(fmt.Sprintf("rpc: ResultReply cannot write a %T; it writes nil, bool, int, int64, string and []string", result))
}
