package sandbox

import (
	stdbytes "bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"odoobridge/rpc"
)

// unmarshaller reads the XML of one value as the Unmarshaller of Python's xmlrpc.client does: a machine with a stack,
// in which an end tag acts on the text since the last start tag. What odd documents mean follows from that.
type unmarshaller struct {
	builtin bool // series 16 and later read dateTime.iso8601 as datetime objects
	stack   []any
	marks   []int
	data    strings.Builder
	value   bool // the last start tag was <value>
}

// valueTags are the tags that the machine acts on at their end.
var valueTags = map[string]bool{
	"nil": true, "boolean": true, "int": true, "i1": true, "i2": true, "i4": true, "i8": true, "biginteger": true,
	"double": true, "float": true, "bigdecimal": true, "string": true, "name": true, "array": true, "struct": true,
	"base64": true, "dateTime.iso8601": true, "value": true, "member": false, "data": false,
}

// decodeXML reads what stands inside a <value> element.
func decodeXML(inner []byte, builtin bool) (any, error) {
	u := unmarshaller{builtin: builtin}
	d := xml.NewDecoder(io.MultiReader(strings.NewReader("<value>"), stdbytes.NewReader(inner), strings.NewReader("</value>")))
	d.Strict = false // <ex:nil/> has a prefix that no one declares
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("argument: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			err = u.start(token.Name.Local)
		case xml.EndElement:
			err = u.end(token.Name.Local)
		case xml.CharData:
			u.data.Write(token)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(u.stack) == 0 {
		return nil, indexError("list index out of range")
	}
	return u.stack[0], nil
}

func (u *unmarshaller) start(tag string) error {
	if tag == "array" || tag == "struct" {
		u.marks = append(u.marks, len(u.stack))
	}
	u.data.Reset()
	if u.value && !valueTags[tag] {
		return newError("xmlrpc.client.ResponseError", "ResponseError(\"unknown tag "+stringRepr(tag)+"\")")
	}
	u.value = tag == "value"
	return nil
}

func (u *unmarshaller) end(tag string) error {
	text := u.data.String()
	switch tag {
	case "nil":
		u.push(nil)
	case "boolean":
		if text != "0" && text != "1" {
			return typeError("bad boolean value")
		}
		u.push(text == "1")
	case "int", "i1", "i2", "i4", "i8", "biginteger":
		n, err := toInt(text)
		if err != nil {
			return err
		}
		u.push(n)
	case "double", "float", "bigdecimal":
		f, err := toFloat(text)
		if err != nil {
			return err
		}
		u.push(f)
	case "string":
		u.push(text)
	case "name":
		u.stack, u.value = append(u.stack, text), false
	case "base64":
		u.push(binary(lenientBase64(text)))
	case "dateTime.iso8601":
		at, err := u.dateTime(text)
		if err != nil {
			return err
		}
		u.push(at)
	case "array", "struct":
		if len(u.marks) == 0 {
			return indexError("pop from empty list")
		}
		mark := u.marks[len(u.marks)-1]
		u.marks = u.marks[:len(u.marks)-1]
		inside := append([]any{}, u.stack[mark:]...)
		u.stack = u.stack[:mark]
		if tag == "array" {
			u.push(inside)
			return nil
		}
		d := newDict()
		for i := 0; i < len(inside); i += 2 {
			if i+1 == len(inside) {
				return indexError("list index out of range")
			}
			key, ok := inside[i].(string)
			if !ok {
				key = intKey + repr(inside[i])
			}
			d.set(key, inside[i+1])
		}
		u.push(d)
	case "value":
		if u.value {
			u.push(text)
		}
	}
	return nil
}

func (u *unmarshaller) push(v any) { u.stack, u.value = append(u.stack, v), false }

func (u *unmarshaller) dateTime(text string) (any, error) {
	if !u.builtin {
		return dateTime{text: text, str: text}, nil
	}
	at, err := time.Parse("20060102T15:04:05", text)
	if err != nil {
		return nil, valueError("time data " + stringRepr(text) + " does not match format '%Y%m%dT%H:%M:%S'")
	}
	return dateTime{text: text, str: at.Format("2006-01-02 15:04:05")}, nil
}

// lenientBase64 decodes as Python's binascii does: what is not of the alphabet is skipped.
func lenientBase64(text string) []byte {
	clean := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '+', r == '/':
			return r
		}
		return -1
	}, text)
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	content, _ := base64.RawStdEncoding.DecodeString(clean) // only alphabet left, and a length that fits
	return content
}

// decodeArgs are the positional arguments of a call as Python values.
func decodeArgs(e *rpc.Envelope, builtin bool) ([]any, error) {
	args := make([]any, len(e.Args))
	for i, v := range e.Args {
		var err error
		if e.Protocol == rpc.JSONRPC {
			args[i], err = decodeJSON(v.Raw())
		} else {
			args[i], err = decodeXML(v.Raw(), builtin)
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}
