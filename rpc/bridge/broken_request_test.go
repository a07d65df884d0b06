package bridge

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestBrokenBody: a body that is not whole is no call, and one who still listens is told, never given an empty answer.
func TestBrokenBody(t *testing.T) {
	const says = "400 Bad Request: the body ends before its Content-Length says"
	const chunked = "Transfer-Encoding: chunked\r\n\r\n"
	for _, tc := range []struct {
		name, request string
		halfClose     bool
		says          string
		outcome       Outcome
	}{
		{"Content-Length too long", "POST /jsonrpc" + postHost + jsonType + "Content-Length: 500\r\n\r\n" + call("common", "version", `[]`), true, says, Canceled},
		{"Content-Length too long, XML", "POST /xmlrpc/2/common" + postHost + xmlType + "Content-Length: 500\r\n\r\n<methodCall>", true, "<string>Traceback", Canceled},
		{"Content-Length too long, to a controller", "POST /shopinvader/x" + postHost + "API-KEY: k\r\nContent-Length: 500\r\n\r\nabc", true, says, Canceled},
		{"no last chunk", "POST /jsonrpc" + postHost + jsonType + chunked + "2\r\n{}\r\n", true, says, Canceled},
		{"half a chunk", "POST /jsonrpc" + postHost + jsonType + chunked + "ff\r\n{}\r\n", true, says, Canceled},
		{"a chunk's length that is no number", "POST /jsonrpc" + postHost + jsonType + chunked + "zz\r\n{}\r\n0\r\n\r\n", false, says, Invalid},
		{"a chunk's length that is too large a number", "POST /jsonrpc" + postHost + jsonType + chunked + "fffffffffffffffff\r\n{}\r\n0\r\n\r\n", false, says, Invalid},
		{"a chunk longer than its length", "POST /jsonrpc" + postHost + jsonType + chunked + "1\r\n{}\r\n0\r\n\r\n", false, says, Invalid},
		{"a chunk that makes no sense, to a controller", "POST /shopinvader/x" + postHost + "API-KEY: k\r\n" + chunked + "zz\r\n{}\r\n0\r\n\r\n", false, says, Invalid},
		{"a trailer that makes no sense", "POST /jsonrpc" + postHost + jsonType + chunked + "2\r\n{}\r\n0\r\nno field\r\n\r\n", false, says, Invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil, nil)
			c := w.dial(t)
			c.send(tc.request)
			if tc.halfClose {
				if err := c.CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			res, body := c.whole()
			if res.StatusCode != 400 || !strings.Contains(strings.ReplaceAll(body, "&#39;", "'"), tc.says) {
				t.Errorf("answered %d %s; want 400 with %s", res.StatusCode, body, tc.says)
			}
			if (!res.Close && !tc.halfClose) || !c.ended() {
				t.Error("the connection was to be closed")
			}
			if rec := <-w.records; rec.Outcome != tc.outcome {
				t.Errorf("outcome %s, want %s", rec.Outcome, tc.outcome)
			}
			if got := w.sent(); len(got) != 0 {
				t.Errorf("Odoo received %q", got)
			}
		})
	}
}

// TestHalfClosed: a client that ends its sending behind a whole call looks as if it had gone away, which ends its call.
// It must see a broken answer then, not an empty one.
func TestHalfClosed(t *testing.T) {
	body := call("common", "version", `[]`)
	for _, header := range []string{"POST /jsonrpc" + postHost + jsonType, "POST /shopinvader/x" + postHost + "API-KEY: k\r\n"} {
		w := start(t, nil, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c := w.dial(t)
		c.send(header, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c.reader); err != nil || len(got) != 0 {
			t.Errorf("answered %q, %v", got, err)
		}
		if rec := <-w.records; rec.Outcome != Canceled {
			t.Errorf("outcome %s, want %s", rec.Outcome, Canceled)
		}
		if n := len(w.sent()); n > 1 {
			t.Errorf("Odoo received the call %d times", n)
		}
	}
}
