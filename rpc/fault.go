package rpc

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The integer fault codes of /xmlrpc/2.
const (
	faultApplicationError = 1
	faultWarning          = 2
	faultAccessDenied     = 3
	faultAccessError      = 4
)

// faultOf is how XML-RPC tells of one class of exception. JSON-RPC tells of all alike: "Odoo Server Error", and the
// class in data.name.
type faultOf struct {
	code int    // /xmlrpc/2: faultCode; faultString is the message
	word string // /xmlrpc: "AccessDenied" alone as faultCode, with the message as faultString; others as a warning
}

// faults are the exceptions XML-RPC tells apart. A subclass of UserError without a row of its own in Odoo's controller
// is told of as UserError (write.create.missing.xml1). Every other class is an application error: faultString is the
// traceback, and the string code is the message (px.trunc.xml1).
var faults = map[string]faultOf{
	"odoo.exceptions.AccessDenied":    {faultAccessDenied, "AccessDenied"}, // db.drop.xml2, db.countries.xml1
	"odoo.exceptions.AccessError":     {faultAccessError, "AccessError"},   // read.read.strid.xml2, errors.private.xml1
	"odoo.exceptions.MissingError":    {faultWarning, "MissingError"},      // auth.wronguid.xml2, auth.wronguid.xml1
	"odoo.exceptions.UserError":       {faultWarning, "UserError"},         // read.search.badorder.xml2
	"odoo.exceptions.ValidationError": {faultWarning, "UserError"},         // write.create.missing.xml1
	"odoo.exceptions.LockError":       {faultWarning, "UserError"},         // 19, a UserError; not recorded
	"odoo.exceptions.RedirectWarning": {faultWarning, "Warning"},           // not recorded
}

// appendFault appends the methodResponse of e.
func appendFault(dst []byte, p Protocol, s Series, e *Error) []byte {
	dst = appendXMLHead(dst, s)
	dst = append(dst, "<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n"...)
	f, known := faults[e.Class]
	text := e.Message
	switch {
	case p == XMLRPC2 && known:
		dst = appendIntValue(dst, f.code)
	case p == XMLRPC2:
		dst = appendIntValue(dst, faultApplicationError)
		text = e.traceback()
	case !known:
		dst = appendXMLStringValue(dst, e.Message)
		text = e.traceback()
	case f.code == faultAccessDenied:
		dst = appendXMLStringValue(dst, f.word)
	default:
		dst = appendXMLStringValue(dst, "warning -- "+f.word+"\n\n"+e.Message)
		text = ""
	}
	dst = append(dst, "</member>\n<member>\n<name>faultString</name>\n"...)
	dst = appendXMLStringValue(dst, text)
	dst = append(dst, "</member>\n</struct></value>\n</fault>\n"...)
	return appendXMLEnd(dst, s)
}

func appendXMLHead(dst []byte, s Series) []byte {
	if s.oldXML() {
		return append(dst, "<?xml version='1.0'?>\n<methodResponse>\n"...)
	}
	return append(dst, "<?xml version=\"1.0\"?>\n<methodResponse>\n"...)
}

func appendXMLEnd(dst []byte, s Series) []byte {
	if !s.oldXML() {
		dst = append(dst, '\n')
	}
	return append(dst, "</methodResponse>\n"...)
}

func appendIntValue(dst []byte, n int) []byte {
	dst = strconv.AppendInt(append(dst, "<value><int>"...), int64(n), 10)
	return append(dst, "</int></value>\n"...)
}

func appendXMLStringValue(dst []byte, text string) []byte {
	dst = append(dst, "<value><string>"...)
	dst = appendAnswerText(dst, text)
	return append(dst, "</string></value>\n"...)
}

// appendAnswerText appends s as character data as Odoo's marshaller writes it: escaped, a carriage return as it is, and
// without the control characters that XML can't have (write.read.control.xml2). Whatever else XML can't have becomes
// U+FFFD; Odoo lets it through, and the client finds the answer unreadable.
func appendAnswerText(dst []byte, s string) []byte {
	for _, r := range s {
		dst = appendAnswerRune(dst, r)
	}
	return dst
}

func appendAnswerRune(dst []byte, r rune) []byte {
	switch {
	case r == '<':
		return append(dst, "&lt;"...)
	case r == '>':
		return append(dst, "&gt;"...)
	case r == '&':
		return append(dst, "&amp;"...)
	case r < ' ' && r != '\t' && r != '\n' && r != '\r':
		return dst
	case utf16.IsSurrogate(r), r == 0xFFFE, r == 0xFFFF:
		r = utf8.RuneError
	}
	return utf8.AppendRune(dst, r)
}

// jsonMessage is the code and message of a JSON-RPC error.
type jsonMessage struct {
	code    int
	message string
}

// odooServerError is what every exception of a call is, but that of a session that is none. JSON-RPC's own codes are
// never used; 19 moved from 200 to 0.
func odooServerError(e *Error, s Series) jsonMessage {
	if e.Class == sessionExpired {
		return jsonMessage{100, "Odoo Session Expired"}
	}
	if s.orDefault() >= 19 {
		return jsonMessage{0, "Odoo Server Error"}
	}
	return jsonMessage{200, "Odoo Server Error"}
}

// appendJSONError appends the JSON-RPC answer of e; tail stands behind "data".
func appendJSONError(dst []byte, s Series, id []byte, e *Error, m jsonMessage, tail string) []byte {
	ascii := s.oldHTTP()
	dst = appendJSONHead(dst, id)
	dst = append(dst, `, "error": {"code": `...)
	dst = strconv.AppendInt(dst, int64(m.code), 10)
	dst = append(dst, `, "message": `...)
	dst = appendJSONString(dst, m.message, ascii)
	dst = append(dst, `, "data": `...)
	dst = appendException(dst, s, e)
	dst = append(dst, tail...)
	return append(dst, "}}"...)
}

// appendException appends an exception as Odoo's serialize_exception says it: "data" of a JSON-RPC error, and the whole
// body of one of JSON-2. The order of its members is the series'.
func appendException(dst []byte, s Series, e *Error) []byte {
	ascii := s.oldHTTP()
	dst = append(dst, `{"name": `...)
	dst = appendJSONString(dst, e.Class, ascii)
	debugFirst := s.orDefault() < 19
	if debugFirst {
		dst = appendJSONString(append(dst, `, "debug": `...), e.traceback(), ascii)
	}
	dst = append(dst, `, "message": `...)
	dst = appendJSONString(dst, e.Message, ascii)
	dst = append(dst, `, "arguments": `...)
	if e.Args != nil {
		dst = append(dst, e.Args...)
	} else {
		dst = append(dst, '[')
		dst = appendJSONString(dst, e.Message, ascii)
		dst = append(dst, ']')
	}
	dst = append(dst, `, "context": {}`...)
	if !debugFirst {
		dst = appendJSONString(append(dst, `, "debug": `...), e.traceback(), ascii)
	}
	return append(dst, '}')
}
