package rpc_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"odoobridge/fixtures/conformance"
	"odoobridge/rpc"
)

var recordedSeries = []int{15, 18, 19}

var loadRecorded = map[int]func() ([]conformance.Case, error){
	15: sync.OnceValues(func() ([]conformance.Case, error) { return conformance.Load(15) }),
	18: sync.OnceValues(func() ([]conformance.Case, error) { return conformance.Load(18) }),
	19: sync.OnceValues(func() ([]conformance.Case, error) { return conformance.Load(19) }),
}

func recorded(tb testing.TB, series int) []conformance.Case {
	tb.Helper()
	cases, err := loadRecorded[series]()
	if err != nil {
		tb.Fatal(err)
	}
	return cases
}

// parseCase reads the request of a case as the bridge would; ok is false where it is for no RPC endpoint.
func parseCase(c conformance.Case) (e *rpc.Envelope, err error, ok bool) {
	path, _, _ := strings.Cut(c.Request.Path, "?")
	path, err = url.PathUnescape(rpc.CleanPath(path))
	if err != nil || c.Response.Status == http.StatusNotFound {
		return nil, err, false
	}
	r := rpc.Request{Method: c.Request.Method, Path: path, NoBody: len(c.Request.Body) == 0}
	for _, h := range c.Request.Headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			r.ContentType = h.Value
		}
	}
	if service, found := strings.CutPrefix(path, "/xmlrpc/2/"); found {
		r.Protocol, r.Service = rpc.XMLRPC2, service
	} else if service, found := strings.CutPrefix(path, "/xmlrpc/"); found {
		r.Protocol, r.Service = rpc.XMLRPC1, service
	} else if path != "/jsonrpc" {
		return nil, nil, false
	}
	e = &rpc.Envelope{Protocol: r.Protocol}
	s := rpc.Series(c.Series)
	if err := r.Check(s); err != nil {
		return e, err, true
	}
	return e, e.Parse(r, c.Request.Body, s), true
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
					r := rpc.ErrorReply(e.Protocol, rpc.Series(series), e.ID, wire)
					if c.Request.Method == http.MethodHead { // net/http sends no body then
						r.Body = nil
					}
					diffReply(t, c, r)
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
				diffReply(t, c, rpc.ErrorReply(rpc.JSONRPC, 15, e.ID, rpc.PageError(page)))
				continue
			}
			diffReply(t, c, rpc.PageReply(rpc.Series(series), page, rpc.Request{Path: "/jsonrpc"}))
		}
	}
	for page := rpc.PageNotFound; page <= rpc.PageContentTypeNoBody; page++ {
		if seen[page] < 3 {
			t.Errorf("page %d was compared with %d recordings, not one of each series", page, seen[page])
		}
	}
}
