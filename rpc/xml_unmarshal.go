package rpc

import "bytes"

// xmlElement is what Python's Unmarshaller has a handler for.
type xmlElement uint8

const (
	elemOther xmlElement = iota
	elemValue
	elemNil
	elemBoolean
	elemInt
	elemDouble
	elemBigDecimal
	elemString
	elemArray
	elemStruct
	elemBase64
	elemDateTime
	elemDateTimeText // <dateTime.iso8601> of a series that keeps the text
	elemParams
	elemFault
	elemMethodName
)

// elementOf looks up an element's name without its prefix: the Unmarshaller takes what stands behind the last colon.
func elementOf(name []byte) xmlElement {
	switch string(name) {
	case "value":
		return elemValue
	case "string", "name":
		return elemString
	case "int", "i4", "i8", "i1", "i2", "biginteger":
		return elemInt
	case "array":
		return elemArray
	case "struct":
		return elemStruct
	case "boolean":
		return elemBoolean
	case "double", "float":
		return elemDouble
	case "nil":
		return elemNil
	case "params":
		return elemParams
	case "methodName":
		return elemMethodName
	case "base64":
		return elemBase64
	case "dateTime.iso8601":
		return elemDateTime
	case "bigdecimal":
		return elemBigDecimal
	case "fault":
		return elemFault
	}
	if i := bytes.LastIndexByte(name, ':'); i >= 0 {
		return elementOf(name[i+1:])
	}
	return elemOther
}

// xmlTag is an open element. Its name starts behind the "<" at start. It is small because each element makes one.
type xmlTag struct {
	start, nameEnd int32
	elem           xmlElement
}

// xmlMark is an open array or struct: a mark on Python's stack.
type xmlMark struct {
	count    int32 // values inside, names of a struct included
	isStruct bool
	key      xmlKey // struct: whether a name is no possible key
	keyKind  Kind   // of that name
	keyElem  xmlElement
}

// xmlKey tells of the names in a struct. Any value may stand for one, even a list, which Python then refuses.
type xmlKey uint8

const (
	keysFine    xmlKey = iota
	keySuspect         // the last value is a name that is no key; without a value behind it, that is another error
	keyUnusable        // a pair has a name that is no key
)

// unmarshaller is Python's xmlrpc.client.Unmarshaller: a stack machine that takes a value wherever its element ends,
// and asks little about what stands around it. The values at the bottom of its stack are the arguments; here they are
// spans, and of what is inside containers only the count is kept.
type unmarshaller struct {
	doc     []byte
	args    []Value
	tags    []xmlTag
	marks   []xmlMark
	data    int32 // behind the last start tag: where the text begins that an end tag decodes
	untyped bool  // the last start tag was <value>
	result  xmlElement
	method  Value
	dates   xmlElement // elemDateTime or elemDateTimeText
	dry     bool       // only match tags: the values are taken in a second pass

	lastArg, lastCall int32 // where the last argument, and the last <params>, <fault> or <methodName> started
}

// start handles a start tag at start whose name ends at nameEnd; the text behind the tag begins at end.
func (u *unmarshaller) start(start, nameEnd, end int) *Error {
	elem := elemOther
	if !u.dry {
		elem = elementOf(u.doc[start+1 : nameEnd])
	}
	if u.untyped && elem == elemOther {
		name := u.doc[start+1 : nameEnd]
		name = name[bytes.LastIndexByte(name, ':')+1:]
		e := pyError("xmlrpc.client.ResponseError", "unknown tag %s", appendPyString(nil, string(name)))
		e.text = "ResponseError(" + string(appendPyString(nil, e.Message)) + ")"
		return e
	}
	if len(u.tags) == MaxXMLDepth {
		return refused("elements nested more than %d deep; send less deep a value", MaxXMLDepth)
	}
	if elem == elemArray || elem == elemStruct {
		u.marks = append(u.marks, xmlMark{isStruct: elem == elemStruct})
	}
	u.tags = append(u.tags, xmlTag{int32(start), int32(nameEnd), elem})
	u.data = int32(end)
	u.untyped = elem == elemValue
	return nil
}

// end handles the end of the innermost element: its end tag starts at start, and its text goes on at end. For <x/>
// both are the end.
func (u *unmarshaller) end(start, end int) *Error {
	tag := u.tags[len(u.tags)-1]
	u.tags = u.tags[:len(u.tags)-1]
	switch tag.elem {
	case elemOther:
		return nil
	case elemValue:
		if !u.untyped {
			return nil
		}
		u.untyped = false
		return u.push(Value{raw: u.doc[u.data:start], kind: String, form: xmlUntyped, elem: elemString}, u.data)
	case elemParams, elemFault, elemMethodName:
		u.lastCall = tag.start
		u.result = tag.elem
		if tag.elem == elemMethodName {
			u.method = Value{raw: u.doc[u.data:start], kind: String, form: xmlUntyped, elem: elemString}
		}
		return nil
	}
	v := Value{raw: u.doc[tag.start:end], data: u.data - tag.start, form: xmlTyped, elem: tag.elem}
	switch tag.elem {
	case elemArray, elemStruct:
		mark := u.marks[len(u.marks)-1]
		u.marks = u.marks[:len(u.marks)-1]
		v.kind, v.data = Array, mark.count
		if mark.isStruct {
			v.kind = Struct
			if err := mark.checkPairs(); err != nil {
				return err
			}
		}
	case elemString:
		v.kind = String
	case elemNil:
		v.kind = Null
	default:
		if tag.elem == elemDateTime {
			v.elem = u.dates
		}
		var err *Error
		if v.kind, err = checkXMLScalar(v.elem, u.doc[u.data:start]); err != nil {
			return err
		}
	}
	return u.push(v, tag.start)
}

// push puts a value that starts at start on the stack.
func (u *unmarshaller) push(v Value, start int32) *Error {
	if n := len(u.marks); n > 0 {
		u.marks[n-1].add(v)
		return nil
	}
	// An argument inside another one would be pushed twice when the outer span is sent on, and a <methodName> in it
	// would change the method: what Odoo then reads would not be what was checked here.
	if len(u.args) > 0 && u.lastArg > start {
		return refused("a value inside a scalar; write each argument as one <value> inside <params><param>")
	}
	if u.lastCall > start {
		return refused("<methodName>, <params> or <fault> inside a value; write them around the values only")
	}
	if len(u.args) == maxArgs {
		return tooManyArgs()
	}
	u.lastArg = start
	u.args = append(u.args, v)
	return nil
}

// add counts a value inside a container. In a struct every other one is a name.
func (t *xmlMark) add(v Value) {
	if t.isStruct {
		if t.count%2 == 1 && t.key == keySuspect {
			t.key = keyUnusable
		}
		if t.count%2 == 0 && t.key != keyUnusable && !v.hashable() {
			t.key, t.keyKind, t.keyElem = keySuspect, v.kind, v.elem
		}
	}
	t.count++
}

// checkPairs is what building the dict of a struct raises.
func (t *xmlMark) checkPairs() *Error {
	switch {
	case t.key == keyUnusable:
		return pyError("builtins.TypeError", "unhashable type: '%s'", Value{kind: t.keyKind, elem: t.keyElem}.PyType())
	case t.count%2 == 1: // values.x.twotypes.xml2
		return pyError("builtins.IndexError", "list index out of range")
	}
	return nil
}

// hashable is whether the value can be the key of a dict.
func (v Value) hashable() bool {
	return v.kind != Array && v.kind != Struct && v.kind != Base64 && v.elem != elemDateTimeText
}

// refused is our own answer to a document that Python would read, but whose meaning hangs on what stands around a
// value. No known client writes such; passing it on could mean another call to Odoo than to us.
func refused(format string, args ...any) *Error {
	return pyError("xmlrpc.client.ResponseError", "refused: "+format, args...)
}
