package rpc_test

import (
	"testing"

	"odoobridge/rpc"
)

func TestAppendCall(t *testing.T) {
	json := `{"id": [1.50, "\u00e9"], "params": {"args": ["db", 2, "old", "res.partner", {"k":[1e5 , "\u00e9"]}], "service": "db", "method": "execute_kw", "service": "object"}}`
	xml := "<methodCall><params><param> <value><string>db</string></value></param><value><int>2</int></value><value>old</value>" +
		"<value><string a='1'>res.partner</string ></value><value>\r\n<struct><member><name>k</name><value>&#233;</value></member></struct></value></params><methodName>execute_kw</methodName></methodCall>"
	for _, c := range []struct {
		reader byte
		body   string
		want   string
	}{
		{'j', json, `{"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute_kw", "args": ` +
			`["d\"b", 7, "k\u0001é", "res.partner", {"k":[1e5 , "\u00e9"]}]}, "id": [1.5, "é"]}`},
		{'d', xml, "<?xml version='1.0'?>\n<methodCall>\n<methodName>execute_kw</methodName>\n<params>\n" +
			"<param>\n<value><string>d\"b</string></value>\n</param>\n<param>\n<value><int>7</int></value>\n</param>\n" +
			"<param>\n<value><string>k\uFFFDé</string></value>\n</param>\n" +
			"<param>\n<value><string a='1'>res.partner</string ></value>\n</param>\n" +
			"<param>\n<value><struct><member><name>k</name><value>&#233;</value></member></struct></value>\n</param>\n" +
			"</params>\n</methodCall>\n"},
	} {
		e, err := read(c.reader, []byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		head := []rpc.Arg{rpc.StringArg(`d"b`), rpc.IntArg(7), rpc.StringArg("k\x01é"), rpc.ValueArg(e.Args[3])}
		got := rpc.AppendCall([]byte("kept "), e.Protocol, e.ID, e.Service, e.Method, head, e.Args[4:])
		if string(got) != "kept "+c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

// A canonical call must read as the strings it was made of, whatever is in them.
func TestAppendCallStrings(t *testing.T) {
	for _, s := range []string{"", "plain", `"\`, "<&>]]>", "\r\n\t", "é€😀", "\u2028", "a]]>b", "&amp;", "</string>"} {
		for _, p := range []rpc.Protocol{rpc.JSONRPC, rpc.XMLRPC1} {
			body := rpc.AppendCall(nil, p, nil, "object", s, []rpc.Arg{rpc.StringArg(s)}, nil)
			var e rpc.Envelope
			var err error
			if p == rpc.JSONRPC {
				err = e.ParseJSON(body, 18)
			} else {
				err = e.ParseXML(p, "object", body, 18)
			}
			if err != nil {
				t.Fatalf("%s %q: %v", p, s, err)
			}
			if got, ok := e.Args[0].Str(); got != s || !ok || e.Method != s {
				t.Errorf("%s: %q reads as %q, and as method %q", p, s, got, e.Method)
			}
		}
	}
}

// An envelope is used again and again; nothing of the last call may shine through.
func TestEnvelopeReuse(t *testing.T) {
	var e rpc.Envelope
	if err := e.ParseXML(rpc.XMLRPC2, "object", []byte(xmlCall("<array><data><value>x</value></data></array>")), 18); err != nil {
		t.Fatal(err)
	}
	if err := e.ParseJSON([]byte(`{"params": {"service": "common", "method": "version", "args": []}}`), 18); err != nil {
		t.Fatal(err)
	}
	if e.Protocol != rpc.JSONRPC || string(e.ID) != "null" || e.Service != "common" || len(e.Args) != 0 {
		t.Errorf("%+v", e)
	}
	if err := e.ParseJSON([]byte(`{"id": 7, "params": {}}`), 18); err == nil || string(e.ID) != "7" {
		t.Errorf("error %v, id %s", err, e.ID)
	}
	if err := e.ParseXML(rpc.XMLRPC1, "db", []byte("<a><array>"), 18); err == nil || e.ID != nil {
		t.Errorf("error %v, id %s", err, e.ID)
	}
	if err := e.ParseXML(rpc.XMLRPC1, "db", []byte("<methodCall><methodName>list</methodName></methodCall>"), 18); err != nil || e.Method != "list" || len(e.Args) != 0 {
		t.Errorf("%v %+v", err, e)
	}
}
