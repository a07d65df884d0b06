package rpc_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"odoobridge/fixtures/conformance"
	"odoobridge/rpc"
)

// errorOf is the error that a recorded answer tells of, read back from the wire; nil when it tells of none.
func errorOf(t *testing.T, p rpc.Protocol, c conformance.Case) *rpc.Error {
	t.Helper()
	if p == rpc.JSONRPC {
		return jsonErrorOf(t, c)
	}
	if !bytes.Contains(c.Response.Body, []byte("<fault>")) {
		return nil
	}
	code := between(string(c.Response.Body), "<name>faultCode</name>\n<value>", "</value>")
	text := xmlText(between(string(c.Response.Body), "<name>faultString</name>\n<value><string>", "</string></value>"))
	class, message := "builtins.Exception", xmlText(between(code, "<string>", "</string>"))
	switch {
	case code == "<int>2</int>":
		class, message = "odoo.exceptions.UserError", text
	case code == "<int>3</int>":
		class, message = "odoo.exceptions.AccessDenied", text
	case code == "<int>4</int>":
		class, message = "odoo.exceptions.AccessError", text
	case message == "AccessDenied" && !strings.HasPrefix(text, "Traceback"):
		class, message = "odoo.exceptions.AccessDenied", text
	case strings.HasPrefix(message, "warning -- "):
		word, rest, _ := strings.Cut(strings.TrimPrefix(message, "warning -- "), "\n\n")
		class, message = "odoo.exceptions."+word, rest
	}
	return &rpc.Error{Class: class, Message: message, Debug: text}
}

func jsonErrorOf(t *testing.T, c conformance.Case) *rpc.Error {
	t.Helper()
	var answer struct {
		Error *struct {
			Data struct {
				Name, Message, Debug string
				Arguments            json.RawMessage
				Context              json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(c.Response.Body, &answer); err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	if answer.Error == nil {
		return nil
	}
	data := answer.Error.Data
	return &rpc.Error{Class: data.Name, Message: data.Message, Debug: data.Debug, Args: data.Arguments}
}

// between is what stands between two marks of s, "" where they are missing.
func between(s, open, end string) string {
	_, rest, _ := strings.Cut(s, open)
	inside, _, found := strings.Cut(rest, end)
	if !found {
		return ""
	}
	return inside
}

func xmlText(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
