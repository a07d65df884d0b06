package sandbox

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
)

// xmlEncoder writes a methodResponse as the Marshaller of Python's xmlrpc.client does, with Odoo's additions.
type xmlEncoder struct {
	strings.Builder
	series int
}

// response writes the whole document of a result. The error is the Python exception that the caller gets as a fault.
func (e *xmlEncoder) response(v any) error {
	if e.series < 16 {
		e.WriteString("<?xml version='1.0'?>\n")
	} else {
		e.WriteString("<?xml version=\"1.0\"?>\n")
	}
	e.WriteString("<methodResponse>\n<params>\n<param>\n")
	if err := e.encode(v); err != nil {
		return err
	}
	e.WriteString("</param>\n</params>\n")
	if e.series >= 16 {
		e.WriteByte('\n') // the later series build the document from a template
	}
	e.WriteString("</methodResponse>\n")
	return nil
}

func (e *xmlEncoder) encode(v any) error {
	switch v := v.(type) {
	case nil:
		if e.series >= 16 {
			return typeError("cannot marshal None unless allow_none is enabled")
		}
		e.WriteString("<value><nil/></value>")
	case bool:
		n := 0
		if v {
			n = 1
		}
		fmt.Fprintf(e, "<value><boolean>%d</boolean></value>\n", n)
	case int64:
		if v > 1<<31-1 || v < -1<<31 {
			return newError("builtins.OverflowError", "int exceeds XML-RPC limits")
		}
		fmt.Fprintf(e, "<value><int>%d</int></value>\n", v)
	case *big.Int:
		return newError("builtins.OverflowError", "int exceeds XML-RPC limits")
	case float64:
		fmt.Fprintf(e, "<value><double>%s</double></value>\n", floatRepr(v))
	case string:
		e.str(v)
	case binary:
		fmt.Fprintf(e, "<value><base64>\n%s\n</base64></value>\n", base64.StdEncoding.EncodeToString(v))
	case bytes:
		text, err := v.text(e.series)
		if err != nil {
			return err
		}
		e.str(text)
	case dateTime:
		fmt.Fprintf(e, "<value><dateTime.iso8601>%s</dateTime.iso8601></value>\n", v.text)
	case []any:
		return e.array(v)
	case tuple:
		return e.array(v)
	case *dict:
		return e.structure(v)
	default:
		return typeError("cannot marshal <class 'odoo.api." + typeName(v) + "'> objects")
	}
	return nil
}

func (e *xmlEncoder) array(list []any) error {
	e.WriteString("<value><array><data>\n")
	for _, v := range list {
		if err := e.encode(v); err != nil {
			return err
		}
	}
	e.WriteString("</data></array></value>\n")
	return nil
}

func (e *xmlEncoder) structure(d *dict) error {
	e.WriteString("<value><struct>\n")
	for _, k := range d.keys {
		if strings.HasPrefix(k, intKey) {
			return typeError("dictionary key must be string")
		}
		fmt.Fprintf(e, "<member>\n<name>%s</name>\n", xmlText(k))
		if err := e.encode(d.values[k]); err != nil {
			return err
		}
		e.WriteString("</member>\n")
	}
	e.WriteString("</struct></value>\n")
	return nil
}

func (e *xmlEncoder) str(s string) {
	e.WriteString("<value><string>" + xmlText(s) + "</string></value>\n")
}

// xmlText escapes as Python does, and leaves out the control characters that XML has no way to write.
func xmlText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' {
			return -1
		}
		return r
	}, s)
	return xmlEscapes.Replace(s)
}

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
