package rpc

import (
	"fmt"
	"html"
	"net/http"
	"unicode/utf8"
)

// JSON2Path begins the paths of Odoo 19's /json/2.
const JSON2Path = "/json/2"

// json2Series words all answers of JSON-2, whatever Odoo is behind it: the protocol came with 19.
const json2Series Series = 19

// json2Route is the path of a call as Odoo's page quotes it (json2.ct.form).
const json2Route = "/json/2/<__model__>/<__method__>"

// json2Statuses are those of the exceptions that Odoo 19 gives one, by their attribute http_status; what is not here is 500
// (json2.read.badfield), but for those of werkzeug, which carry their own.
var json2Statuses = map[string]int{
	"odoo.exceptions.UserError":       http.StatusUnprocessableEntity, // json2.user
	"odoo.exceptions.ValidationError": http.StatusUnprocessableEntity, // json2.validation
	"odoo.exceptions.AccessError":     http.StatusForbidden,           // json2.access.read
	"odoo.exceptions.AccessDenied":    http.StatusForbidden,
	"odoo.exceptions.MissingError":    http.StatusNotFound, // json2.write.missingrec
	"odoo.exceptions.LockError":       http.StatusConflict,
	sessionExpired:                    http.StatusForbidden,
}

// httpError is an exception of werkzeug: its arguments are its description and its status (json2.method).
func httpError(class string, status int, description string) *Error {
	e := &Error{Class: "werkzeug.exceptions." + class, Message: description, Status: status,
		text: fmt.Sprintf("%d %s: %s", status, http.StatusText(status), description)}
	e.Args = append(appendJSONString([]byte{'['}, description, false), fmt.Sprintf(", %d]", status)...)
	return e
}

// NotFound is 404 of JSON-2: an unknown model or method (json2.model, json2.method).
func NotFound(description string) *Error {
	return httpError("NotFound", http.StatusNotFound, description)
}

// NotJSON2 is what Odoo says to everything below /json/2 that is no call (json2.get, json2.short).
func NotJSON2() *Error { return NotFound("Did you mean POST /json/2/<model>/<method>?") }

// NotFoundURL is NotFound in werkzeug's own words (doc.model.unknown).
func NotFoundURL() *Error { return NotFound(notFoundText) }

// UnprocessableEntity is 422 of JSON-2: arguments that the method does not take (json2.search.missing).
func UnprocessableEntity(description string) *Error {
	return httpError("UnprocessableEntity", http.StatusUnprocessableEntity, description)
}

// Unauthorized is 401 of JSON-2, with the challenge that Odoo sends, a blank at its end (json2.badbearer).
func Unauthorized(description string) *Error {
	e := httpError("Unauthorized", http.StatusUnauthorized, description)
	e.header = []Header{{"WWW-Authenticate", "Bearer "}}
	return e
}

// InvalidKey is Odoo's answer to a Bearer key that does not hold (json2.badbearer).
func InvalidKey() *Error { return Unauthorized("Invalid apikey") }

// NoBearer is Odoo's answer to a request that shows no Bearer key (json2.emptybearer, json2.basic).
func NoBearer() *Error {
	return Unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
}

// json2Reply is e as an answer of JSON-2: the exception, with a status of its own.
func (e *Error) json2Reply() Reply {
	status := e.Status
	if status == 0 {
		status = json2Statuses[e.Class]
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	body := appendException(nil, json2Series, e)
	return Reply{Status: status, Header: append(jsonHeader(json2Series, false), e.header...), Body: body}
}

// checkJSON2 tells whether Odoo takes the request for a call of JSON-2: JSON, or nothing at all (json2.empty.noct).
func (r Request) checkJSON2() error {
	if r.NoBody || mediaType(r.ContentType) == "application/json" {
		return nil
	}
	return r.pageError(PageContentType)
}

// json2TypePage is the answer to a body that is not JSON, with the route in place of the path (json2.ct.form).
func json2TypePage(r Request) Reply {
	route := r.Route
	if route == "" {
		route = json2Route
	}
	types := "&#39;http&#39;"
	if IsJSON(r.ContentType) {
		types += ", &#39;jsonrpc&#39;"
	}
	return Reply{http.StatusUnsupportedMediaType, append(htmlHeader(false), Header{"Accept", "application/json"}),
		htmlPage(http.StatusUnsupportedMediaType, "Request inferred type is compatible with ["+types+"] but &#39;"+
			html.EscapeString(route)+"&#39; is type=&#39;json2&#39;.<br><br>Please verify the Content-Type request header and try again.")}
}

// parseJSON2 reads a call of JSON-2 as object.execute_kw with null for database, uid and password, which are to come from
// elsewhere, then the path's model and method, and the body's members as one Struct. A body that is JSON but no object says
// nothing (json2.array).
func (e *Envelope) parseJSON2(r Request, body []byte) error {
	e.reset(JSON2)
	e.Service, e.Method = "object", "execute_kw"
	e.ServiceValue, e.MethodValue = stringValue(e.Service), stringValue(e.Method)
	members := Value{raw: []byte("{}"), kind: Struct}
	if len(body) > 0 {
		if !utf8.Valid(body) {
			e.text = appendReplaced(e.text[:0], body)
			body = e.text
		}
		v, err := parseJSON2Body(body)
		if err != nil {
			return err
		}
		if v.kind == Struct {
			members = v
		}
	}
	e.Args = append(e.Args, nullValue, nullValue, nullValue, stringValue(r.Model), stringValue(r.ModelMethod), members)
	if r.Database != "" {
		e.Args[0] = stringValue(r.Database)
	}
	return nil
}

func parseJSON2Body(body []byte) (Value, error) {
	s := jsonScanner{text: body}
	v, fault := s.value(0)
	if fault == 0 {
		if s.peek(); s.pos < len(body) {
			fault = jsonInvalid
		}
	}
	switch fault {
	case 0:
		return v, nil
	case jsonInvalid:
		return v, httpError("BadRequest", http.StatusBadRequest, "could not parse the body as json: "+jsonErrorText(body))
	}
	return v, jsonFaultError(fault, body, json2Series)
}

// Params are the members of a call of JSON-2, one JSON object; Invalid for other protocols.
func (e *Envelope) Params() Value {
	if e.Protocol != JSON2 {
		return Value{}
	}
	return e.Args[len(e.Args)-1]
}

// stringValue is a string of ours as if it had come in JSON.
func stringValue(s string) Value { return Value{raw: appendJSONString(nil, s, false), kind: String} }
