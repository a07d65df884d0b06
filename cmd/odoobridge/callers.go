package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/kolo/xmlrpc"
)

// longestAnswer bounds, in bytes, what a command reads of an answer.
const longestAnswer = 1 << 30

// remoteError is an error that Odoo or the bridge answered.
type remoteError struct {
	Name    string `json:"name"` // the class of the exception
	Message string `json:"message"`
}

func (e *remoteError) Error() string {
	if e.Name == "" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

// jsonCaller speaks JSON-RPC 2.0.
type jsonCaller struct {
	url string
	who presented
	id  int64 // the uid of a login, once known
}

func (c *jsonCaller) call(ctx context.Context, model, method string, a arguments) (json.RawMessage, error) {
	uid, err := c.caller(ctx)
	if err != nil {
		return nil, err
	}
	return c.service(ctx, "object", "execute_kw", c.who.db, uid, c.who.password.Reveal(), model, method, list(a.positional), object(a.named))
}

// caller is the uid in the call: that of a login, else 0, for a header says who it is.
func (c *jsonCaller) caller(ctx context.Context) (int64, error) {
	if c.who.login == "" || c.id != 0 {
		return c.id, nil
	}
	var err error
	c.id, err = c.uid(ctx)
	return c.id, err
}

func (c *jsonCaller) uid(ctx context.Context) (int64, error) {
	text, err := c.service(ctx, "common", "authenticate", c.who.db, c.who.login, c.who.password.Reveal(), map[string]any{})
	if err != nil {
		return 0, err
	}
	var uid int64
	if json.Unmarshal(text, &uid) != nil {
		return 0, errDenied
	}
	return uid, nil
}

var errDenied = errors.New("access denied: the login and the password, or the key, do not hold")

func (c *jsonCaller) service(ctx context.Context, service, method string, args ...any) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "method": "call", "id": 1,
		"params": map[string]any{"service": service, "method": method, "args": args},
	})
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	status, text, err := c.who.post(ctx, c.url+"/jsonrpc", header, body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Result json.RawMessage
		Error  *struct {
			Message string
			Data    *remoteError
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, unreadable(status, text)
	}
	switch {
	case answer.Error == nil:
		return answer.Result, nil
	case answer.Error.Data == nil:
		return nil, &remoteError{Message: answer.Error.Message}
	}
	return nil, answer.Error.Data
}

// json2Caller speaks JSON-2.
type json2Caller struct {
	url string
	who presented
}

func (c *json2Caller) call(ctx context.Context, model, method string, a arguments) (json.RawMessage, error) {
	if len(a.positional) > 0 {
		return nil, usageError{fmt.Errorf("json2 knows arguments by name only: write NAME=%s", a.positional[0])}
	}
	body, err := json.Marshal(object(a.named))
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if c.who.db != "" {
		header.Set("X-Odoo-Database", c.who.db)
	}
	if c.who.login != "" {
		r := http.Request{Header: header}
		r.SetBasicAuth(c.who.login, c.who.password.Reveal())
	}
	status, text, err := c.who.post(ctx, c.url+"/json/2/"+url.PathEscape(model)+"/"+url.PathEscape(method), header, body)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusOK && json.Valid(text):
		return text, nil
	}
	refusal := new(remoteError)
	if json.Unmarshal(text, refusal) != nil || refusal.Message == "" {
		return nil, unreadable(status, text)
	}
	return nil, refusal
}

// post sends a request with the key, if there is one.
func (who presented) post(ctx context.Context, url string, header http.Header, body []byte) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header = header
	who.sign(r)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	return res.StatusCode, answer, err
}

func (who presented) sign(r *http.Request) {
	if who.key != "" {
		r.Header.Set("API-KEY", who.key.Reveal())
	}
}

func unreadable(status int, text []byte) error {
	const enough = 200
	return fmt.Errorf("the answer, with status %d, is none of the protocol's: %.*s", status, enough, bytes.TrimSpace(text))
}

// xmlCaller speaks XML-RPC.
type xmlCaller struct {
	url string
	who presented
	id  int64
}

func (c *xmlCaller) call(ctx context.Context, model, method string, a arguments) (json.RawMessage, error) {
	args, err := forXML(list(a.positional))
	if err != nil {
		return nil, usageError{err}
	}
	kwargs, err := forXML(object(a.named))
	if err != nil {
		return nil, usageError{err}
	}
	if c.who.login != "" && c.id == 0 {
		if c.id, err = c.uid(ctx); err != nil {
			return nil, err
		}
	}
	result, err := c.service(ctx, "object", "execute_kw", c.who.db, c.id, c.who.password.Reveal(), model, method, args, kwargs)
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

func (c *xmlCaller) uid(ctx context.Context) (int64, error) {
	result, err := c.service(ctx, "common", "authenticate", c.who.db, c.who.login, c.who.password.Reveal(), map[string]any{})
	if err != nil {
		return 0, err
	}
	uid, ok := result.(int64)
	if !ok {
		return 0, errDenied
	}
	return uid, nil
}

func (c *xmlCaller) service(ctx context.Context, service, method string, args ...any) (any, error) {
	client, err := xmlrpc.NewClient(c.url+"/xmlrpc/2/"+service, signing{ctx, c.who})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var result any
	if err = client.Call(method, args, &result); err == nil {
		return result, nil
	}
	// The client tells a fault as a text. Of a traceback in it the last line says what it is.
	if fault := faultText.FindStringSubmatch(err.Error()); fault != nil {
		lines := strings.Split(strings.TrimSpace(fault[1]), "\n")
		return nil, &remoteError{Message: lines[len(lines)-1]}
	}
	return nil, err
}

var faultText = regexp.MustCompile(`^(?s)Fault\(-?\d+\): (.*)$`)

// signing sends requests with the key, until ctx ends.
type signing struct {
	ctx context.Context
	who presented
}

func (s signing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(s.ctx)
	s.who.sign(r)
	return http.DefaultTransport.RoundTrip(r)
}

// list and object are never nil: null is no list to Odoo.
func list(l []json.RawMessage) []json.RawMessage { return append([]json.RawMessage{}, l...) }

func object(m map[string]json.RawMessage) map[string]json.RawMessage {
	if m == nil {
		return map[string]json.RawMessage{}
	}
	return m
}

// forXML is a JSON value as the XML-RPC client takes it.
func forXML(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var decoded any
	if err := d.Decode(&decoded); err != nil {
		return nil, err
	}
	return withoutNumbers(decoded)
}

func withoutNumbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return nil, errors.New("null can't be said by XML-RPC: use --protocol jsonrpc")
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		switch {
		case err != nil:
			return v.Float64()
		case n < math.MinInt32 || n > math.MaxInt32:
			return nil, fmt.Errorf("%s is too large for an integer of XML-RPC: use --protocol jsonrpc", v)
		}
		return n, nil
	case []any:
		for i := range v {
			if v[i], err = withoutNumbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = withoutNumbers(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
