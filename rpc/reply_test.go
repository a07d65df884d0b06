package rpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"odoobridge/rpc"
)

// TestRecordedResults writes each recorded result that is small enough for ResultReply, and compares the bytes.
func TestRecordedResults(t *testing.T) {
	for _, series := range recordedSeries {
		seen := map[string]int{}
		for _, c := range recorded(t, series) {
			e, err, ok := parseCase(c)
			if !ok || err != nil || c.Response.Status != http.StatusOK {
				continue
			}
			result, kind := resultOf(e.Protocol, c.Response.Body)
			if kind == "" {
				continue
			}
			seen[kind]++
			r := rpc.ResultReply(e.Protocol, rpc.Series(series), e.ID, result)
			if !bytes.Equal(r.Body, c.Response.Body) {
				t.Errorf("%s of %d: %s, recorded %s", c.ID, series, r.Body, c.Response.Body)
			}
			diffReply(t, c, r)
		}
		for _, kind := range []string{"nil", "bool", "int", "string", "strings"} {
			if seen[kind] == 0 && (kind != "nil" || series != 19) {
				t.Errorf("series %d: no result of kind %s among %v", series, kind, seen)
			}
		}
	}
}

// resultOf reads a small result back from the wire; kind is "" for all others.
func resultOf(p rpc.Protocol, body []byte) (result any, kind string) {
	if p != rpc.JSONRPC {
		return xmlResultOf(string(body))
	}
	var answer map[string]any
	if json.Unmarshal(body, &answer) != nil || answer["error"] != nil {
		return nil, ""
	}
	switch v := answer["result"].(type) {
	case nil:
		_, present := answer["result"]
		if present {
			return nil, ""
		}
		return nil, "nil"
	case bool:
		return v, "bool"
	case float64:
		if bytes.ContainsAny(body[bytes.Index(body, []byte(`"result"`)):], ".e") && v != float64(int64(v)) {
			return nil, ""
		}
		return int64(v), "int"
	case string:
		return v, "string"
	case []any:
		list := make([]string, 0, len(v))
		for _, element := range v {
			s, ok := element.(string)
			if !ok {
				return nil, ""
			}
			list = append(list, s)
		}
		return list, "strings"
	}
	return nil, ""
}

func xmlResultOf(body string) (result any, kind string) {
	value := between(body, "<params>\n<param>\n<value>", "</value>\n</param>")
	switch {
	case strings.Contains(body, "<param>\n<value><nil/></value></param>"):
		return nil, "nil"
	case strings.HasPrefix(value, "<boolean>"):
		return value == "<boolean>1</boolean>", "bool"
	case strings.HasPrefix(value, "<int>"):
		var n int
		if json.Unmarshal([]byte(between(value, "<int>", "</int>")), &n) != nil {
			return nil, ""
		}
		return n, "int"
	case strings.HasPrefix(value, "<string>"):
		return xmlText(between(value, "<string>", "</string>")), "string"
	}
	return nil, ""
}

func TestUnknownServiceAsRecorded(t *testing.T) {
	compared := 0
	for _, series := range recordedSeries {
		for _, c := range recorded(t, series) {
			if !strings.HasPrefix(c.ID, "pj.service.") && !strings.HasPrefix(c.ID, "px.unknownservice") &&
				!strings.HasPrefix(c.ID, "px.report") && !strings.HasPrefix(c.ID, "px.service.case") {
				continue
			}
			compared++
			e, err, _ := parseCase(c)
			if err != nil {
				t.Fatal(c.ID, err)
			}
			diffReply(t, c, rpc.ErrorReply(e.Protocol, rpc.Series(series), e.ID, rpc.UnknownService(e.ServiceValue, rpc.Series(series))))
		}
	}
	if compared < 20 {
		t.Errorf("%d recordings of an unknown service", compared)
	}
}

func TestKeyErrorAsRecorded(t *testing.T) {
	for _, series := range recordedSeries {
		for _, c := range recorded(t, series) {
			if c.ID == "pj.params.argsobject" {
				diffReply(t, c, rpc.ErrorReply(rpc.JSONRPC, rpc.Series(series), []byte("1"), rpc.KeyErrorInt(0)))
			}
		}
	}
}

// TestOverloaded is an answer of our own: the protocol's form, a status that says it to proxies, and when to come back.
func TestOverloaded(t *testing.T) {
	e := &rpc.Error{Class: "odoo.exceptions.UserError", Message: "too busy", Status: http.StatusServiceUnavailable, RetryAfter: 1500 * time.Millisecond}
	for _, c := range []struct {
		protocol rpc.Protocol
		body     string
	}{
		{rpc.JSONRPC, `"message": "too busy"`},
		{rpc.XMLRPC2, "<int>2</int>"},
		{rpc.XMLRPC1, "warning -- UserError\n\ntoo busy"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if err := rpc.ErrorReply(c.protocol, 18, nil, e).Write(w); err != nil {
				t.Error(err)
			}
		}))
		response, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		server.Close()
		if err != nil || response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "2" ||
			!strings.Contains(string(body), c.body) || response.ContentLength != int64(len(body)) {
			t.Errorf("%s: %v, %d %v %s", c.protocol, err, response.StatusCode, response.Header, body)
		}
	}
}

func TestErrorTellsNoSecret(t *testing.T) {
	const secret = "canary-0123456789"
	var e rpc.Envelope
	err := e.ParseJSON([]byte(`{"params": {"args": ["db", 2, "`+secret+`"`), 15)
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v", err)
	}
}

func TestErrorUnwraps(t *testing.T) {
	cause := errors.New("connection refused")
	e := &rpc.Error{Class: "odoo.exceptions.UserError", Message: "Odoo is away", Cause: cause}
	if !errors.Is(e, cause) || strings.Contains(e.Error(), cause.Error()) {
		t.Errorf("%v", e)
	}
	for _, p := range []rpc.Protocol{rpc.JSONRPC, rpc.XMLRPC2, rpc.XMLRPC1} {
		if r := rpc.ErrorReply(p, 18, nil, e); bytes.Contains(r.Body, []byte(cause.Error())) {
			t.Errorf("%s tells the private cause: %s", p, r.Body)
		}
	}
}

func TestResultReplyLimits(t *testing.T) {
	for _, c := range []struct {
		series rpc.Series
		result any
		want   string
	}{
		{18, nil, "TypeError: cannot marshal None unless allow_none is enabled"},
		{15, nil, "<value><nil/></value>"},
		{18, int64(1) << 31, "OverflowError: int exceeds XML-RPC limits"},
		{18, int64(-1) << 31, "<int>-2147483648</int>"},
		{0, []string{"a<b"}, "<array><data>\n<value><string>a&lt;b</string></value>\n</data></array>"},
	} {
		if r := rpc.ResultReply(rpc.XMLRPC2, c.series, nil, c.result); !strings.Contains(string(r.Body), c.want) {
			t.Errorf("%v of %d: %s", c.result, c.series, r.Body)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a result of another type did not panic")
		}
	}()
	rpc.ResultReply(rpc.JSONRPC, 18, nil, 1.5)
}
