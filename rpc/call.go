package rpc

import (
	"strconv"
	"unicode/utf8"
)

// Arg is one argument of a canonical envelope: a string or an integer of ours, or a caller's span.
type Arg struct {
	value Value
	str   string
	num   int64
	form  argForm
}

type argForm uint8

const (
	argString argForm = iota
	argInt
	argValue
)

// StringArg is a string of ours.
func StringArg(s string) Arg { return Arg{str: s, form: argString} }

// IntArg is an integer of ours.
func IntArg(n int64) Arg { return Arg{num: n, form: argInt} }

// ValueArg is an argument as its caller wrote it. It must come from an envelope of the protocol it is written in.
func ValueArg(v Value) Arg { return Arg{value: v, form: argValue} }

// AppendCall appends the canonical request body of a call to dst: first the arguments in head, then those in rest, which
// must come from an envelope of the same protocol. JSON is written in the key order and spacing of Python's json.dumps,
// XML as xmlrpc.client.dumps writes it. For XML-RPC the service is in the URL's path, not in the body, and id is ignored;
// for JSON-RPC a nil id is null. Characters that XML cannot carry, and bytes that are not UTF-8, are written as U+FFFD.
func AppendCall(dst []byte, p Protocol, id []byte, service, method string, head []Arg, rest []Value) []byte {
	if p == JSONRPC {
		dst = append(dst, `{"jsonrpc": "2.0", "method": "call", "params": {"service": `...)
		dst = appendJSONString(dst, service, false)
		dst = append(dst, `, "method": `...)
		dst = appendJSONString(dst, method, false)
		dst = append(dst, `, "args": [`...)
		n := 0
		for i := range head {
			dst = appendComma(dst, n)
			dst = appendJSONArg(dst, &head[i])
			n++
		}
		for i := range rest {
			dst = appendComma(dst, n)
			dst = append(dst, rest[i].raw...)
			n++
		}
		return appendJSONEnd(append(dst, ']'), id)
	}
	dst = append(dst, "<?xml version='1.0'?>\n<methodCall>\n<methodName>"...)
	dst = appendXMLText(dst, method)
	dst = append(dst, "</methodName>\n<params>\n"...)
	for i := range head {
		dst = append(dst, "<param>\n<value>"...)
		dst = appendXMLArg(dst, &head[i])
		dst = append(dst, "</value>\n</param>\n"...)
	}
	dst = appendXMLParams(dst, rest)
	return append(dst, "</params>\n</methodCall>\n"...)
}

// Append appends the canonical body of the call as its caller made it, with a service, method and "args" of any type:
// what is forwarded when nothing is put into the call.
func (e *Envelope) Append(dst []byte) []byte {
	if e.Protocol == JSONRPC {
		dst = append(dst, `{"jsonrpc": "2.0", "method": "call", "params": {"service": `...)
		dst = append(dst, e.ServiceValue.raw...)
		dst = append(dst, `, "method": `...)
		dst = append(dst, e.MethodValue.raw...)
		dst = append(dst, `, "args": `...)
		dst = append(dst, e.args.raw...)
		return appendJSONEnd(dst, e.ID)
	}
	dst = append(dst, "<?xml version='1.0'?>\n<methodCall>\n"...)
	if e.MethodValue.kind == String {
		dst = append(dst, "<methodName>"...)
		dst = appendXMLText(dst, e.Method)
		dst = append(dst, "</methodName>\n"...)
	}
	dst = append(dst, "<params>\n"...)
	dst = appendXMLParams(dst, e.Args)
	return append(dst, "</params>\n</methodCall>\n"...)
}

func appendComma(dst []byte, n int) []byte {
	if n == 0 {
		return dst
	}
	return append(dst, ", "...)
}

func appendJSONEnd(dst, id []byte) []byte {
	if id == nil {
		id = null
	}
	dst = append(dst, `}, "id": `...)
	dst = append(dst, id...)
	return append(dst, '}')
}

func appendJSONArg(dst []byte, a *Arg) []byte {
	switch a.form {
	case argString:
		return appendJSONString(dst, a.str, false)
	case argInt:
		return strconv.AppendInt(dst, a.num, 10)
	}
	return append(dst, a.value.raw...)
}

func appendXMLArg(dst []byte, a *Arg) []byte {
	switch a.form {
	case argString:
		dst = append(dst, "<string>"...)
		dst = appendXMLText(dst, a.str)
		return append(dst, "</string>"...)
	case argInt:
		dst = append(dst, "<int>"...)
		dst = strconv.AppendInt(dst, a.num, 10)
		return append(dst, "</int>"...)
	}
	return append(dst, a.value.raw...)
}

func appendXMLParams(dst []byte, values []Value) []byte {
	for i := range values {
		dst = append(dst, "<param>\n<value>"...)
		dst = append(dst, values[i].raw...)
		dst = append(dst, "</value>\n</param>\n"...)
	}
	return dst
}

// appendXMLText appends s as character data of a call, that reads as s again; a carriage return would read as a line feed.
func appendXMLText(dst []byte, s string) []byte {
	plain := 0 // where what is written as it stands begins
	for i := 0; i < len(s); {
		c := s[i]
		n := 1
		var escape string
		switch {
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF {
				escape = "\uFFFD"
			}
		case c == '<':
			escape = "&lt;"
		case c == '>':
			escape = "&gt;"
		case c == '&':
			escape = "&amp;"
		case c == '\r':
			escape = "&#13;"
		case c < ' ' && c != '\t' && c != '\n':
			escape = "\uFFFD"
		}
		if escape != "" {
			dst = append(append(dst, s[plain:i]...), escape...)
			plain = i + n
		}
		i += n
	}
	return append(dst, s[plain:]...)
}
