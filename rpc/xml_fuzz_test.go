package rpc_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"odoobridge/rpc"
)

// FuzzXMLEncoding: a document in a declared encoding, in UTF-16 or in none of these is read as what it says in UTF-8, or
// refused; what is written of it is UTF-8.
func FuzzXMLEncoding(f *testing.F) {
	for _, encoding := range []string{"", "utf-8", "UTF-16", "iso-8859-1", "ISO-8859-15", "windows-1251", "windows-1252", "koi8-r", "us-ascii", "utf8", "cp437", "klingon"} {
		f.Add(encoding, []byte("caf\xe9 \x80"), uint8(0))
		f.Add(encoding, []byte("café €"), uint8(0))
		f.Add(encoding, []byte("café €"), uint8(1))
		f.Add(encoding, []byte("caf\u00e9 \U0001f600"), uint8(2))
	}
	py, noPython := startPython()
	f.Fuzz(func(t *testing.T, encoding string, text []byte, form uint8) {
		document := []byte("<methodCall><methodName>m</methodName><params><param><value>")
		document = append(append(document, text...), "</value></param></params></methodCall>"...)
		if encoding != "" {
			document = append([]byte("<?xml version='1.0' encoding='"+encoding+"'?>"), document...)
		}
		switch form % 4 {
		case 1:
			document = append([]byte("\xff\xfe"), utf16Bytes(document, 1)...)
		case 2:
			document = append([]byte("\xfe\xff"), utf16Bytes(document, 0)...)
		case 3:
			document = append([]byte("\ufeff"), document...)
		}
		if noPython == nil {
			agree(t, py, 'd', document)
		}
		e, err := read('d', document)
		if err != nil {
			return
		}
		if written := checkFixedPoint(t, e, 18); !utf8.Valid(written) {
			t.Fatalf("%q is written as %q", document, written)
		}
	})
}

// utf16Bytes writes the characters of the BMP in two bytes each, the low one first if low is 1. Others are cut.
func utf16Bytes(document []byte, low int) []byte {
	var out []byte
	for _, r := range string(document) {
		pair := [2]byte{byte(r >> 8), byte(r)}
		out = append(out, pair[low], pair[1-low])
	}
	return out
}

// FuzzXMLDoctype: a document with a DOCTYPE is read as Python reads it or refused, and no entity makes more of it than the
// bound on expansions allows.
func FuzzXMLDoctype(f *testing.F) {
	for _, subset := range []string{
		``, `<!ENTITY e "v">`, `<!ENTITY e "&#38;amp;">`, `<!ENTITY a "&b;&b;"><!ENTITY b "&c;&c;"><!ENTITY c "text"><!ENTITY e "&a;">`,
		`<!ENTITY e "&f;"><!ENTITY f "&e;">`, `<!ENTITY e SYSTEM "file:///etc/passwd">`, `<!ENTITY e PUBLIC "p" "u" NDATA n>`,
		`<!ENTITY e "<string>v</string>">`, `<!ENTITY % p "x"><!ENTITY e "v">%p;`, `<!ELEMENT a ANY><!ATTLIST a b CDATA #IMPLIED><!-- c --><?p i?><!ENTITY e 'q'>`,
		`<!NOTATION n SYSTEM "n"><!ENTITY e "&#0;">`,
	} {
		f.Add(subset, "a&e;b")
		f.Add(subset, "&e;&e;&e;<![CDATA[&e;]]>")
	}
	py, noPython := startPython()
	f.Fuzz(func(t *testing.T, subset, text string) {
		document := []byte("<!DOCTYPE m [" + subset + "]><methodCall><methodName>m</methodName><params><param><value>" +
			text + "</value></param></params></methodCall>")
		if noPython == nil {
			agree(t, py, 'd', document)
		}
		e, err := read('d', document)
		if err != nil {
			return
		}
		const bound = 64 << 10
		written := checkFixedPoint(t, e, 18)
		if len(written) > 2*len(document)+8*bound || bytes.Contains(written, []byte("<!")) && !bytes.Contains(document, []byte("<![CDATA[")) &&
			!bytes.Contains(document, []byte("<!--")) {
			t.Fatalf("%q is written as %.2000q (%d bytes)", document, written, len(written))
		}
	})
}

// FuzzAppendCall: a call that is written is read back with the words and the number it was written with.
func FuzzAppendCall(f *testing.F) {
	for _, call := range [][3]string{{"object", "execute_kw", "odoo18"}, {"", "", ""}, {"a\x00b", "<&>]]>", "\r\n\t \u2028\U0001f600"}, {"\xff", "\ufffe", "\\\"/"}} {
		f.Add(call[0], call[1], call[2], int64(len(call[0]))<<33)
	}
	f.Fuzz(func(t *testing.T, service, method, word string, number int64) {
		head := []rpc.Arg{rpc.StringArg(word), rpc.IntArg(number)}
		var rest rpc.Envelope
		if err := rest.ParseXML(rpc.XMLRPC2, "object", []byte("<methodCall><methodName>m</methodName><params><param><value>x</value></param></params></methodCall>"), 18); err != nil {
			t.Fatal(err)
		}
		transcoded, ok := rpc.AppendTranscodedCall(nil, service, method, head, rest.Args)
		if !ok {
			t.Fatal("a string can't be said in JSON")
		}
		for _, body := range []struct {
			protocol rpc.Protocol
			text     []byte
		}{
			{rpc.JSONRPC, rpc.AppendCall(nil, rpc.JSONRPC, []byte("7"), service, method, head, nil)},
			{rpc.JSONRPC, transcoded},
			{rpc.XMLRPC2, rpc.AppendCall(nil, rpc.XMLRPC2, nil, service, method, head, rest.Args)},
		} {
			var e rpc.Envelope
			var err error
			carried := func(s string) string { return string([]rune(s)) } // what is not UTF-8 becomes U+FFFD
			if body.protocol == rpc.JSONRPC {
				err = e.ParseJSON(body.text, 18)
			} else {
				carried = xmlCarries
				err = e.ParseXML(rpc.XMLRPC2, carried(service), body.text, 18)
			}
			if err != nil {
				t.Fatalf("%q: %v", body.text, err)
			}
			gotWord, _ := e.Args[0].Str()
			gotNumber, _ := e.Args[1].Int()
			if e.Service != carried(service) || e.Method != carried(method) || gotWord != carried(word) || gotNumber != number {
				t.Fatalf("%q reads as %q %q %q %d, want %q %q %q %d", body.text, e.Service, e.Method, gotWord, gotNumber,
					carried(service), carried(method), carried(word), number)
			}
		}
	})
}

// xmlCarries is what is left of a string in XML: U+FFFD stands for what XML can't have.
func xmlCarries(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			runes[i] = utf8.RuneError
		}
	}
	return string(runes)
}
