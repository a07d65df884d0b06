package rpc

import "bytes"

// ParseXML reads the body of POST /xmlrpc/2/{service} or /xmlrpc/{service}. The error is an *Error, worded as Python's
// expat and xmlrpc.client word it for series s.
func (e *Envelope) ParseXML(p Protocol, service string, body []byte, s Series) error {
	e.reset(p)
	e.Service, e.ServiceValue = service, serviceValue(service)
	if err := e.parseXML(body, s); err != nil {
		return err
	}
	e.Method = word(e.MethodValue)
	return nil
}

func (e *Envelope) parseXML(body []byte, s Series) *Error {
	dates := elemDateTime
	if s.oldXML() {
		dates = elemDateTimeText
	}
	x := xmlScanner{unmarshaller: unmarshaller{doc: body, args: e.Args, tags: e.tags, marks: e.marks, dates: dates}}
	err := e.readXML(&x)
	e.Args, e.tags, e.marks = x.args, x.tags[:0], x.marks[:0]
	if err != nil {
		return err
	}
	e.MethodValue = x.method
	switch x.result {
	case elemOther: // neither methodName nor params nor fault (px.root.xml1)
		return &Error{Class: "xmlrpc.client.ResponseError", Message: "ResponseError()", text: "ResponseError()"}
	case elemFault:
		return faultError(e.Args)
	}
	return nil
}

// readXML reads the document; one with entities of its own is read twice, the second time without them.
func (e *Envelope) readXML(x *xmlScanner) *Error {
	text, utf16 := fromUTF16(e.text[:0], x.doc)
	if utf16 {
		e.text, x.doc = text, text
	} else if cutOffBOM(x.doc) {
		return x.fail(0, unclosedToken)
	}
	x.pos = len(x.doc) - len(bytes.TrimPrefix(x.doc, []byte("\uFEFF")))
	encoding, at, standalone, err := x.declaration()
	if err != nil {
		return err
	}
	if e.text, err = x.decode(encoding, at, utf16, e.text); err != nil {
		return err
	}
	if err := x.prolog(); err != nil {
		return err
	}
	if x.entities != nil {
		x.entities.lenient = x.entities.lenient && !standalone
		x.dry = true
	}
	root := x.pos
	if err := x.document(); err != nil {
		return err
	}
	if !x.dry {
		return nil
	}
	x.doc, x.pos, x.dry = x.doc[root:], 0, false
	if x.entities.used {
		x.entities.size = 0
		x.doc = x.entities.rewrite(nil, x.doc)
	}
	return x.document()
}

// cutOffBOM is true of a body that is the beginning of a byte order mark, or of UTF-16, and no more.
func cutOffBOM(body []byte) bool {
	switch string(body) {
	case "\x00", "\xFE", "\xFF", "\xEF", "\xEF\xBB":
		return true
	}
	return false
}

// document reads from the root element on.
func (x *xmlScanner) document() *Error {
	if len(x.doc) > maxXMLBody {
		return pyError("builtins.OverflowError", "the document has %d bytes; at most %d can be read", len(x.doc), maxXMLBody)
	}
	if err := x.content(); err != nil {
		return err
	}
	return x.epilog()
}

// serviceValue is a service of the URL's path as a value.
func serviceValue(service string) Value {
	switch service {
	case "common":
		return Value{raw: commonText, kind: String}
	case "object":
		return Value{raw: objectText, kind: String}
	case "db":
		return Value{raw: dbText, kind: String}
	}
	return Value{raw: appendJSONString(nil, service, false), kind: String}
}

var commonText, objectText, dbText = []byte(`"common"`), []byte(`"object"`), []byte(`"db"`)

// xmlItems are the values directly inside a checked array, or the names and values inside a struct.
func xmlItems(v Value) []Value {
	open := tagEnd(v.raw)
	if v.raw[open-1] == '/' {
		return nil
	}
	inside := v.raw[open+1 : bytes.LastIndex(v.raw, []byte("</"))]
	doc := append(append([]byte("<data>"), inside...), "</data>"...)
	x := xmlScanner{unmarshaller: unmarshaller{doc: doc, dates: elemDateTimeText}}
	if x.content() != nil {
		return nil
	}
	return x.args
}

// tagEnd is where the ">" of the start tag is that b begins with; a quoted one is none.
func tagEnd(b []byte) int {
	quote := byte(0)
	for i, c := range b {
		switch {
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i
		}
	}
	return len(b)
}

// faultError is what a fault sent as a request raises (px.fault.xml1): Fault(**stack[0]).
func faultError(args []Value) *Error {
	if len(args) == 0 {
		return pyError("builtins.IndexError", "list index out of range")
	}
	if args[0].kind != Struct {
		return pyError("builtins.TypeError", "xmlrpc.client.Fault() argument after ** must be a mapping, not %s", args[0].PyType())
	}
	var code, text Value
	items := xmlItems(args[0])
	for i := 0; i+1 < len(items); i += 2 {
		switch name, _ := items[i].Str(); name {
		case "faultCode":
			code = items[i+1]
		case "faultString":
			text = items[i+1]
		}
	}
	switch {
	case code.kind == Invalid && text.kind == Invalid:
		return pyError("builtins.TypeError",
			"Fault.__init__() missing 2 required positional arguments: 'faultCode' and 'faultString'")
	case code.kind == Invalid:
		return pyError("builtins.TypeError", "Fault.__init__() missing 1 required positional argument: 'faultCode'")
	case text.kind == Invalid:
		return pyError("builtins.TypeError", "Fault.__init__() missing 1 required positional argument: 'faultString'")
	}
	return pyError("xmlrpc.client.Fault", "<Fault %s: %s>", code.PyStr(), text.PyRepr())
}
