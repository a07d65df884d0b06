package rpc_test

import (
	"errors"
	"strings"
	"testing"

	"odoobridge/rpc"
)

// TestRefusedXML are documents that Python reads, and whose spans would mean something else in the document we write:
// they must not be passed on.
func TestRefusedXML(t *testing.T) {
	deep := strings.Repeat("<x>", rpc.MaxXMLDepth+1) + strings.Repeat("</x>", rpc.MaxXMLDepth)
	attributes := "<string"
	for i := range 33 {
		attributes += " a" + strings.Repeat("x", i) + "=''"
	}
	for _, c := range []struct{ name, body, want string }{
		{"method in an array", `<methodCall><params><value><array><data><methodName>login</methodName></data></array></value></params><methodName>execute_kw</methodName></methodCall>`, "<methodName>, <params> or <fault> inside a value"},
		{"method in a string", `<methodCall><params><value><string><methodName>login</methodName>x</string></value></params><methodName>execute_kw</methodName></methodCall>`, "<methodName>, <params> or <fault> inside a value"},
		{"fault in a struct", `<methodCall><params><value><struct><fault/></struct></value></params><methodName>execute_kw</methodName></methodCall>`, "<methodName>, <params> or <fault> inside a value"},
		{"scalar in a scalar", xmlCall(`<int>1<int>2</int></int>`), "a value inside a scalar"},
		{"array in a scalar", xmlCall(`<string><array/>x</string>`), "a value inside a scalar"},
		{"value in a scalar", xmlCall(`<string><value>a</value>b</string>`), "a value inside a scalar"},
		{"too deep", deep, "nested more than"},
		{"too many attributes", xmlCall(attributes + "/>"), "more than 32 attributes"},
		{"element type", `<!DOCTYPE m [<!ELEMENT m ANY>]><m/>`, "declares more than general entities"},
		{"parameter entity", `<!DOCTYPE m [<!ENTITY % p "x">]><m/>`, "parameter entity"},
		{"markup in an entity", `<!DOCTYPE m [<!ENTITY e "<x/>">]><methodCall><methodName>&e;</methodName></methodCall>`, "an entity with markup"},
		{"entities that grow", `<!DOCTYPE m [<!ENTITY a "` + strings.Repeat("x", 1024) + `">` + doubling("abcdefgh") + `]><methodCall><methodName>&h;</methodName></methodCall>`, "amplification"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e rpc.Envelope
			err := e.ParseXML(rpc.XMLRPC2, "object", []byte(c.body), 18)
			var wire *rpc.Error
			if !errors.As(err, &wire) || !strings.Contains(wire.Message, c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// doubling declares entities that each stand for the one before, twice.
func doubling(names string) string {
	var b strings.Builder
	for i := 1; i < len(names); i++ {
		before := string(names[i-1])
		b.WriteString(`<!ENTITY ` + string(names[i]) + ` "&` + before + `;&` + before + `;">`)
	}
	return b.String()
}

// A deep document is read without a deep stack, up to the bound.
func TestDeepXML(t *testing.T) {
	const levels = (rpc.MaxXMLDepth - 5) / 3
	var e rpc.Envelope
	body := xmlCall(strings.Repeat("<array><data><value>", levels) + strings.Repeat("</value></data></array>", levels))
	if err := e.ParseXML(rpc.XMLRPC2, "object", []byte(body), 18); err != nil {
		t.Fatal(err)
	}
	checkFixedPoint(t, &e, 18)
}
