package rpc_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
	"odoobridge/rpc"
)

// benchmarked are recorded calls, from the smallest to what a client sends most.
var benchmarked = []string{"common.version", "common.auth.ok", "auth.pw", "read.search", "read.read", "read.search_read", "write.create"}

// small are the recorded calls of 18 that are benchmarked, by name: the first of each kind.
func small(tb testing.TB, transport string) []conformance.Case {
	tb.Helper()
	var found []conformance.Case
	cases := recorded(tb, 18)
	for _, name := range benchmarked {
		for _, c := range cases {
			if strings.HasPrefix(c.ID, name) && strings.HasSuffix(c.ID, transport) && len(c.Request.Body) > 0 {
				found = append(found, c)
				break
			}
		}
	}
	if len(found) < len(benchmarked)-1 {
		tb.Fatalf("%d of %v are recorded as %s", len(found), benchmarked, transport)
	}
	return found
}

// identity decodes what says who calls: db, then uid or login, then password.
func identity(e *rpc.Envelope) (db, login, password string, uid int64) {
	if len(e.Args) < 3 {
		return
	}
	db, _ = e.Args[0].Str()
	if n, ok := e.Args[1].Int(); ok {
		uid = n
	} else {
		login, _ = e.Args[1].Str()
	}
	password, _ = e.Args[2].Str()
	return db, login, password, uid
}

// BenchmarkEnvelope is the work on each call: read it, decode who calls, write it canonically with a secret of ours.
func BenchmarkEnvelope(b *testing.B) {
	for _, p := range []struct {
		name, transport string
		reader          byte
	}{{"json", ".json", 'j'}, {"xml", ".xml2", 'd'}} {
		for _, c := range small(b, p.transport) {
			b.Run(fmt.Sprintf("%s/%s", p.name, c.ID), func(b *testing.B) {
				var e rpc.Envelope
				var out []byte
				b.SetBytes(int64(len(c.Request.Body)))
				b.ReportAllocs()
				for b.Loop() {
					out = rewrite(b, &e, out[:0], p.reader, c.Request.Body)
				}
			})
		}
	}
}

func rewrite(tb testing.TB, e *rpc.Envelope, out []byte, reader byte, body []byte) []byte {
	var err error
	if reader == 'j' {
		err = e.ParseJSON(body, 18)
	} else {
		err = e.ParseXML(rpc.XMLRPC2, "object", body, 18)
	}
	if err != nil {
		tb.Fatal(err)
	}
	db, _, _, uid := identity(e)
	if len(e.Args) < 3 {
		return rpc.AppendCall(out, e.Protocol, e.ID, e.Service, e.Method, nil, e.Args)
	}
	head := [3]rpc.Arg{rpc.StringArg(db), rpc.IntArg(uid), rpc.StringArg("0123456789abcdef0123456789abcdef01234567")}
	return rpc.AppendCall(out, e.Protocol, e.ID, e.Service, e.Method, head[:], e.Args[3:])
}

// TestRewriteAllocates at most three times for a small call, once the envelope and the buffer are there.
func TestRewriteAllocates(t *testing.T) {
	for _, transport := range []string{".json", ".xml2"} {
		reader := transport[1]
		for _, c := range small(t, transport) {
			var e rpc.Envelope
			out := make([]byte, 0, 4096)
			allocs := testing.AllocsPerRun(100, func() { rewrite(t, &e, out, reader, c.Request.Body) })
			if allocs > 3 {
				t.Errorf("%s: %v allocations", c.ID, allocs)
			}
		}
	}
}

// BenchmarkLarge is a call with an attachment of 8 MiB, and one with 20,000 small values.
func BenchmarkLarge(b *testing.B) {
	attachment := strings.Repeat("QUJD", 2<<20)
	values := strings.Repeat(`["name", "=", "x"], `, 20000)
	for _, l := range []struct {
		name   string
		reader byte
		body   string
	}{
		{"json/attachment", 'j', `{"params": {"service": "object", "method": "execute_kw", "args": ["db", 2, "pw", "m", "create", [{"datas": "` + attachment + `"}]]}, "id": 1}`},
		{"json/values", 'j', `{"params": {"service": "object", "method": "execute_kw", "args": ["db", 2, "pw", "m", "search", [[` + values + `1]]]}, "id": 1}`},
		{"xml/attachment", 'd', xmlCall(`<string>` + attachment + `</string>`)},
		{"xml/base64", 'd', xmlCall(`<base64>` + attachment + `</base64>`)},
		{"xml/values", 'd', xmlCall(`<array><data>` + strings.Repeat("<value><string>name</string></value>\n<value><int>1</int></value>\n", 20000) + `</data></array>`)},
	} {
		b.Run(l.name, func(b *testing.B) {
			body := []byte(l.body)
			var e rpc.Envelope
			out := make([]byte, 0, len(body)+4096)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				rewrite(b, &e, out, l.reader, body)
			}
		})
	}
}

func xmlCall(value string) string {
	return `<methodCall><methodName>execute_kw</methodName><params><param><value>` + value + `</value></param></params></methodCall>`
}

// TestLargeBodyAllocatesNothing: memory goes with the number of arguments, not with what is in them.
func TestLargeBodyAllocatesNothing(t *testing.T) {
	inside := bytes.Repeat([]byte(`["a", {"b": [1, 2.5, null, "c"]}], `), 10000)
	json := append(append([]byte(`{"params": {"service": "object", "method": "execute_kw", "args": ["db", 2, "pw", [`), inside...), `0]]}, "id": 1}`...)
	xml := []byte(xmlCall(`<array><data>` + strings.Repeat("<value><struct><member><name>a</name><value><double>2.5e1</double></value></member></struct></value>", 10000) + `</data></array>`))
	for _, l := range []struct {
		reader byte
		body   []byte
	}{{'j', json}, {'d', xml}} {
		var e rpc.Envelope
		out := make([]byte, 0, len(l.body)+4096)
		if allocs := testing.AllocsPerRun(5, func() { rewrite(t, &e, out, l.reader, l.body) }); allocs > 4 {
			t.Errorf("%c: %v allocations for a body of %d bytes", l.reader, allocs, len(l.body))
		}
	}
}
