package rpc_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"regexp"
	"strings"
	"testing"

	"odoobridge/rpc"
)

// FuzzReply: an answer that is made here is well formed and says what it was made of, in each protocol.
func FuzzReply(f *testing.F) {
	for _, series := range recordedSeries {
		for i, c := range recorded(f, series) {
			if i%40 != 0 {
				continue
			}
			var answer struct {
				Error struct {
					Data struct{ Name, Message string }
				}
			}
			if json.Unmarshal(c.Response.Body, &answer) == nil && answer.Error.Data.Name != "" {
				f.Add(series, answer.Error.Data.Name, answer.Error.Data.Message, int64(i))
			}
		}
	}
	f.Add(15, "builtins.ValueError", "a\x00\x1b\r\n<&>\u2028\ufffe\U0001f600\xff", int64(1)<<40)
	f.Fuzz(func(t *testing.T, series int, class, message string, number int64) {
		s := rpc.Series(series)
		e := &rpc.Error{Class: class, Message: message}
		var answer struct {
			ID     json.RawMessage
			Result any
			Error  struct {
				Data struct{ Name, Message, Debug string }
			}
		}
		decode := func(r rpc.Reply) {
			if err := json.Unmarshal(r.Body, &answer); err != nil {
				t.Fatalf("%q: %v", r.Body, err)
			}
		}
		said := string([]rune(message)) // what is not UTF-8 becomes U+FFFD
		decode(rpc.ErrorReply(rpc.JSONRPC, s, []byte("7"), e))
		if answer.Error.Data.Message != said || answer.Error.Data.Name != string([]rune(class)) || string(answer.ID) != "7" {
			t.Fatalf("read as %+v, want %q and %q", answer, class, said)
		}
		decode(rpc.ResultReply(rpc.JSONRPC, s, nil, message))
		if answer.Result != said || string(answer.ID) != "null" {
			t.Fatalf("read as %q, want %q", answer.Result, said)
		}
		for _, p := range []rpc.Protocol{rpc.XMLRPC2, rpc.XMLRPC1} {
			for _, r := range []rpc.Reply{rpc.ErrorReply(p, s, nil, e), rpc.ResultReply(p, s, nil, number),
				rpc.ResultReply(p, s, nil, []string{class, message})} {
				wellFormed(t, r.Body)
			}
			var value struct {
				Text string `xml:"params>param>value>string"`
			}
			if err := xml.Unmarshal(rpc.ResultReply(p, s, nil, message).Body, &value); err != nil || value.Text != xmlAnswers(message) {
				t.Fatalf("%v: read as %q, want %q", err, value.Text, xmlAnswers(message))
			}
		}
	})
}

// xmlAnswers is what a client reads of a string in an XML answer: line feeds for carriage returns, no control characters.
func xmlAnswers(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return -1
		}
		return r
	}, string([]rune(s)))
	return strings.ReplaceAll(strings.ReplaceAll(xmlCarries(s), "\r\n", "\n"), "\r", "\n")
}

// FuzzPage: nothing of a request that a page quotes is markup in it.
func FuzzPage(f *testing.F) {
	for page := rpc.PageNotFound; page <= rpc.PageInternalError; page++ {
		f.Add(uint8(page), 15, "/jsonrpc")
		f.Add(uint8(page), 18, "/<script>alert(1)</script>")
		f.Add(uint8(page), 19, "/xmlrpc/2/\"'&amp;\x00\xff")
	}
	f.Fuzz(func(t *testing.T, page uint8, series int, path string) {
		p := rpc.Page(page)
		if p < rpc.PageNotFound || p > rpc.PageInternalError {
			return
		}
		r := rpc.Request{Path: path, Method: "POST"}
		got, plain := rpc.PageReply(rpc.Series(series), p, r), rpc.PageReply(rpc.Series(series), p, rpc.Request{Path: "/", Method: "POST"})
		if got.Status != plain.Status || len(got.Header) != len(plain.Header) || markup(got.Body) != markup(plain.Body) {
			t.Fatalf("%d %q; of a plain path %d %q", got.Status, got.Body, plain.Status, plain.Body)
		}
	})
}

// markup counts what begins or ends a tag.
func markup(page []byte) (n int) {
	return strings.Count(string(page), "<") + strings.Count(string(page), ">")
}

// ownTags are those of the pages.
var ownTags = regexp.MustCompile(`</?(!doctype|!DOCTYPE|html|title|h1|p|br|a)[^<>]*>|<!--[^<>]*-->`)

// FuzzRequest: whatever comes over HTTP is a call or an error of Odoo's that can be answered, and a page that quotes it
// has no other tags for it than its own.
func FuzzRequest(f *testing.F) {
	for _, series := range recordedSeries {
		for i, c := range recorded(f, series) {
			if i%12 != 0 || len(c.Request.Body) > 5000 {
				continue
			}
			contentType := ""
			for _, h := range c.Request.Headers {
				if strings.EqualFold(h.Name, "Content-Type") {
					contentType = h.Value
				}
			}
			f.Add(series, uint8(i), c.Request.Method, contentType, c.Request.Path, c.Request.Body)
		}
	}
	endpoints := []rpc.Endpoint{rpc.EndpointRPC, rpc.EndpointVersionInfo, rpc.EndpointDatabaseList, rpc.EndpointCallKW}
	f.Fuzz(func(t *testing.T, series int, which uint8, method, contentType, path string, body []byte) {
		s := rpc.Series(series)
		r := rpc.Request{Method: method, ContentType: contentType, Path: path, Service: "object", Database: "odoo18", NoBody: len(body) == 0}
		if strings.HasPrefix(path, "/xmlrpc") {
			r.Protocol = rpc.XMLRPC2
		} else {
			r.Endpoint = endpoints[int(which)%len(endpoints)]
		}
		var e rpc.Envelope
		err := r.Check(s)
		if err == nil {
			err = e.Parse(r, body, s)
		}
		if err == nil {
			if e.ArgsKind == rpc.Array && e.ServiceValue.Kind() == rpc.String && e.MethodValue.Kind() == rpc.String {
				rpc.AppendCall(nil, e.Protocol, e.ID, e.Service, e.Method, nil, e.Args)
			}
			return
		}
		var wire *rpc.Error
		if !errors.As(err, &wire) {
			t.Fatalf("%T is no *rpc.Error: %v", err, err)
		}
		reply := rpc.ErrorReply(r.Protocol, s, e.ID, wire)
		if reply.Status < 200 || len(reply.Header) == 0 {
			t.Fatalf("%v is answered %d %v", wire, reply.Status, reply.Header)
		}
		text := string(reply.Body)
		switch {
		case strings.HasPrefix(text, "<?xml"):
			wellFormed(t, reply.Body)
		case strings.HasPrefix(text, "{"):
			if !json.Valid(reply.Body) {
				t.Fatalf("%q is no JSON", text)
			}
		case strings.Contains(ownTags.ReplaceAllString(text, ""), "<"):
			t.Fatalf("a page has markup of the request in it: %q", text)
		}
	})
}

// FuzzCleanPath: a clean path has no empty segment but that of "/", its other segments are those it had, and it is clean.
func FuzzCleanPath(f *testing.F) {
	for _, path := range []string{"", "/", "//", "/jsonrpc", "//jsonrpc", "/jsonrpc/", "/xmlrpc//2///object/", "jsonrpc", "/a/../b", "/%2f/"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		clean := rpc.CleanPath(path)
		segments := func(s string) string {
			return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '/' }), "/")
		}
		if segments(clean) != segments(path) || strings.Contains(clean, "//") || len(clean) > 1 && strings.HasSuffix(clean, "/") || rpc.CleanPath(clean) != clean {
			t.Fatalf("%q is cleaned to %q, and that to %q", path, clean, rpc.CleanPath(clean))
		}
	})
}

// FuzzContentType: case, spaces around it and parameters make no difference to what a Content-Type says.
func FuzzContentType(f *testing.F) {
	for _, contentType := range []string{"", "application/json", "application/json-rpc; charset=utf-8", "text/xml", "Application/JSON;x", " application/json ", "application/jsonx", ";"} {
		f.Add(contentType)
	}
	f.Fuzz(func(t *testing.T, contentType string) {
		want := rpc.IsJSON(contentType)
		for _, same := range []string{contentType + "; charset=utf-8", " " + contentType, "\t" + contentType + " "} {
			if rpc.IsJSON(same) != want {
				t.Fatalf("%q is JSON: %t, %q: %t", contentType, want, same, !want)
			}
		}
		if want && !strings.Contains(strings.ToLower(contentType), "application/json") {
			t.Fatalf("%q is taken for JSON", contentType)
		}
	})
}
