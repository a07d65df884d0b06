package rpc_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
	"odoobridge/rpc"
)

var recordedSeries = []int{15, 18, 19}

func recorded(tb testing.TB, series int) []conformance.Case {
	tb.Helper()
	cases, err := conformance.Load(series)
	if err != nil {
		tb.Fatal(err)
	}
	return cases
}

// parseCase reads the request of a case as the bridge would; ok is false where it never gets as far as an envelope.
func parseCase(c conformance.Case) (e *rpc.Envelope, err error, ok bool) {
	path, _, _ := strings.Cut(c.Request.Path, "?")
	path = strings.TrimRight("/"+strings.TrimLeft(path, "/"), "/")
	contentType := ""
	for _, h := range c.Request.Headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			contentType = strings.ToLower(h.Value)
		}
	}
	isJSON := strings.HasPrefix(contentType, "application/json")
	isForm := strings.Contains(contentType, "form") // Odoo's request has eaten the body of a form
	e = new(rpc.Envelope)
	s := rpc.Series(c.Series)
	service, isXML2 := strings.CutPrefix(path, "/xmlrpc/2/")
	service1, isXML1 := strings.CutPrefix(path, "/xmlrpc/")
	switch {
	case c.Response.Status == http.StatusNotFound || c.Response.Status == http.StatusMethodNotAllowed:
		return nil, nil, false
	case path == "/jsonrpc" && isJSON, c.Series == 15 && isJSON && isXML1:
		return e, e.ParseJSON(c.Request.Body, s), true
	case path == "/jsonrpc" || isForm:
		return nil, nil, false
	case isXML2:
		return e, e.ParseXML(rpc.XMLRPC2, service, c.Request.Body, s), true
	case isXML1:
		return e, e.ParseXML(rpc.XMLRPC1, service1, c.Request.Body, s), true
	}
	return nil, nil, false
}

// TestRecordedRequests reads every recorded request. Where it is refused the answer must be the recorded one; where it
// is accepted it must read the same after it is written canonically.
func TestRecordedRequests(t *testing.T) {
	for _, series := range recordedSeries {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			refused, accepted := 0, 0
			for _, c := range recorded(t, series) {
				e, err, ok := parseCase(c)
				if !ok {
					continue
				}
				var wire *rpc.Error
				switch {
				case errors.As(err, &wire):
					refused++
					diffReply(t, c, rpc.ErrorReply(e.Protocol, rpc.Series(series), e.ID, wire))
				case failedBeforeTheCall(c):
					t.Errorf("%s: accepted, but Odoo could not read it: %.300s", c.ID, c.Response.Body)
				default:
					accepted++
					checkFixedPoint(t, e, rpc.Series(series))
				}
			}
			t.Logf("%d refused as recorded, %d accepted", refused, accepted)
			if refused < 40 || accepted < 700 {
				t.Errorf("the recordings hold more than %d requests to refuse and %d to accept", refused, accepted)
			}
		})
	}
}

// failedBeforeTheCall tells from the recorded answer that Odoo's reader raised, not the call.
func failedBeforeTheCall(c conformance.Case) bool {
	for _, sign := range []string{"in loads\n", "ExpatError", "Invalid JSON", "RPC.jsonrpc() missing"} {
		if bytes.Contains(c.Response.Body, []byte(sign)) {
			return true
		}
	}
	return false
}

func diffReply(t *testing.T, c conformance.Case, r rpc.Reply) {
	t.Helper()
	got := conformance.Answer{Status: r.Status, Body: r.Body}
	for _, h := range r.Header {
		got.Headers = append(got.Headers, conformance.Header{Name: h.Name, Value: h.Value})
	}
	for _, diff := range c.Diff(got) {
		t.Errorf("%s of %d: %s", c.ID, c.Series, diff)
	}
}

// TestRecordedErrors writes each recorded error anew from its class, message and arguments.
func TestRecordedErrors(t *testing.T) {
	for _, series := range recordedSeries {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			written := 0
			for _, c := range recorded(t, series) {
				e, _, ok := parseCase(c)
				if !ok || c.Response.Status != http.StatusOK {
					continue
				}
				if wire := errorOf(t, e.Protocol, c); wire != nil {
					written++
					diffReply(t, c, rpc.ErrorReply(e.Protocol, rpc.Series(series), e.ID, wire))
				}
			}
			t.Logf("%d errors written as recorded", written)
			if written < 200 {
				t.Errorf("%d errors, the recordings hold more", written)
			}
		})
	}
}

// TestRecordedPages writes the pages of Odoo's HTTP layer.
func TestRecordedPages(t *testing.T) {
	pages := map[string]rpc.Page{
		"pj.ct.none": rpc.PageContentType, "pj.ct.form": rpc.PageContentType, "pj.ct.text": rpc.PageContentType,
		"pj.ct.xml": rpc.PageContentType, "pj.ct.problem": rpc.PageContentType,
		"pj.get": rpc.PageContentTypeNoBody, "pj.options": rpc.PageContentTypeNoBody,
		"pj.options.cors": rpc.PageContentTypeNoBody,
		"pj.case":         rpc.PageNotFound, "pj.sub": rpc.PageNotFound, "pj.unknownpath": rpc.PageNotFound,
		"pj.unknownpath.get": rpc.PageNotFound, "px.v3.xml2": rpc.PageNotFound, "px.bare.xml2": rpc.PageNotFound,
		"px.emptyservice.xml1": rpc.PageNotFound, "px.get.xml1": rpc.PageMethodNotAllowed,
		"px.get.xml2": rpc.PageMethodNotAllowed, "px.put.xml2": rpc.PageMethodNotAllowed,
	}
	seen := map[rpc.Page]int{}
	for _, series := range recordedSeries {
		for _, c := range recorded(t, series) {
			page, ok := pages[c.ID]
			if !ok {
				continue
			}
			seen[page]++
			if series == 15 && page == rpc.PageNotFound && c.Response.Headers[0].Value == "application/json" {
				e := new(rpc.Envelope)
				if err := e.ParseJSON(c.Request.Body, 15); err != nil {
					t.Fatal(err)
				}
				r := rpc.ErrorReply(rpc.JSONRPC, 15, e.ID, rpc.PageError(page))
				// The session's cookie is Odoo's own affair.
				r.Header = append(r.Header, rpc.Header{Name: "Set-Cookie", Value: "session_id=none"})
				diffReply(t, c, r)
				continue
			}
			diffReply(t, c, rpc.PageReply(rpc.Series(series), page, "/jsonrpc"))
		}
	}
	for page := rpc.PageNotFound; page <= rpc.PageContentTypeNoBody; page++ {
		if seen[page] < 3 {
			t.Errorf("page %d was compared with %d recordings, not one of each series", page, seen[page])
		}
	}
}
