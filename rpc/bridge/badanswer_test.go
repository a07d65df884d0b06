package bridge

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"odoobridge/odoo/upstream"
)

// answering is an Odoo that gives every request the same bytes for an answer and closes, and counts the requests.
func answering(t *testing.T, answer string) (*url.URL, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	requests := new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				requests.Add(1)
				_, _ = io.WriteString(c, answer)
			}()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}, requests
}

// TestBadAnswers: whatever comes back from Odoo, it was asked once, and the client sees a whole answer that is true or
// one that is broken.
func TestBadAnswers(t *testing.T) {
	const ok, jsonHead = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(odooAnswer))
	large := `{"jsonrpc": "2.0", "id": 1, "result": [` + strings.Repeat(`"0123456789", `, 200_000)
	type hears struct {
		status int
		says   string
		cut    bool // the answer breaks off, maybe before its header
	}
	broke := hears{502, "502 Bad Gateway: Odoo broke off before it answered. The call may have been carried out", false}
	unusable := hears{502, "answer could not be passed on", false}
	torn := hears{200, "", true}
	carriedOut := hears{502, "The call was carried out", false}
	for _, tc := range []struct {
		name, answer    string
		json, xml, page hears // to a call over JSON-RPC, to one over XML-RPC that is transcoded, to a controller's client
	}{
		{"breaks off, with a length", jsonHead + "Content-Length: 500\r\n\r\n" + odooAnswer, torn, carriedOut, torn},
		{"breaks off, in chunks", jsonHead + chunks + "\r\n32\r\n" + odooAnswer[:20], torn, carriedOut, torn},
		{"breaks off, between chunks", jsonHead + chunks + "\r\n14\r\n" + odooAnswer[:20] + "\r\n", torn, carriedOut, torn},
		{"breaks off, before the last chunk's end", jsonHead + chunks + "\r\n32\r\n" + odooAnswer + "\r\n0\r\n", torn, carriedOut, torn},
		{"breaks off late, with a length", jsonHead + "Content-Length: 9999999\r\n\r\n" + large, torn, torn, torn},
		{"breaks off late, in chunks", jsonHead + chunks + fmt.Sprintf("\r\n%x\r\n", len(large)) + large + "\r\n", torn, torn, torn},
		// Where only the connection's end is the answer's, nobody can tell that it came too early but by what is said.
		{"breaks off, until close", jsonHead + "\r\n" + odooAnswer[:40], hears{200, odooAnswer[:40], false}, carriedOut, hears{200, odooAnswer[:40], false}},
		{"breaks off late, until close", jsonHead + "\r\n" + large, hears{200, large[:100], false}, torn, hears{200, large[:100], false}},
		{"whole, until close", jsonHead + "\r\n" + odooAnswer, hears{200, odooAnswer, false}, hears{200, "from Odoo", false}, hears{200, odooAnswer, false}},
		{"a chunk's length that is no number", jsonHead + chunks + "\r\n14\r\n" + odooAnswer[:20] + "\r\nxyz\r\n", torn, carriedOut, torn},
		{"breaks off in its header", jsonHead + "Content-Le", broke, broke, broke},
		{"not a byte", "", broke, broke, broke},
		{"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", broke, broke, broke},
		{"no status", "HTTP/1.1 OK\r\n\r\n", broke, broke, broke},
		{"a header of a megabyte", ok + "X-Long: " + strings.Repeat("x", 1<<20) + "\r\n" + length + odooAnswer, broke, broke, broke},
		{"a header of a megabyte, in many fields", ok + strings.Repeat("X-Long: "+strings.Repeat("x", 100)+"\r\n", 10_000) + length + odooAnswer, broke, broke, broke},
		{"two lengths", jsonHead + "Content-Length: 5\r\n" + length + odooAnswer, broke, broke, broke},
		{"a length that is no number", jsonHead + "Content-Length: many\r\n\r\n" + odooAnswer, broke, broke, broke},
		{"an unknown Transfer-Encoding", jsonHead + "Transfer-Encoding: gzip\r\n\r\n" + odooAnswer, broke, broke, broke},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", broke, broke, unusable},
		{"length and chunks", jsonHead + chunks + length + "32\r\n" + odooAnswer + "\r\n0\r\n\r\n", broke, broke, hears{200, odooAnswer, false}}, // read by the chunks, which is safe for an answer that ends its connection
		{"an interim answer before", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + jsonHead + length + odooAnswer,
			hears{200, odooAnswer, false}, hears{200, "from Odoo", false}, hears{200, odooAnswer, false}},
		{"HTML", ok + "Content-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>hi</p>", hears{200, "<p>hi</p>", false}, hears{200, "<p>hi</p>", false}, hears{200, "<p>hi</p>", false}},
		{"502 with HTML", "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>hi</p>", hears{502, "<p>hi</p>", false}, hears{502, "<p>hi</p>", false}, hears{502, "<p>hi</p>", false}},
		{"502 with JSON", "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\n" + length + odooAnswer, hears{502, odooAnswer, false}, hears{502, odooAnswer, false}, hears{502, odooAnswer, false}},
		{"500", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", hears{500, "", false}, hears{500, "", false}, hears{500, "", false}},
		{"a redirect", "HTTP/1.1 303 See Other\r\nLocation: /web/login\r\nContent-Length: 0\r\n\r\n", hears{303, "", false}, hears{303, "", false}, hears{303, "", false}},
		{"204", "HTTP/1.1 204 No Content\r\n\r\n", hears{204, "", false}, hears{204, "", false}, hears{204, "", false}},
		{"a body that is no JSON", jsonHead + "Content-Length: 5\r\n\r\nhello", hears{200, "hello", false}, carriedOut, hears{200, "hello", false}},
		{"an empty body", jsonHead + "Content-Length: 0\r\n\r\n", hears{200, "", false}, carriedOut, hears{200, "", false}},
		{"a second document behind", jsonHead + fmt.Sprintf("Content-Length: %d\r\n\r\n", 2*len(odooAnswer)) + odooAnswer + odooAnswer, hears{200, odooAnswer + odooAnswer, false}, carriedOut, hears{200, odooAnswer + odooAnswer, false}},
		{"gzip that nobody asked for", jsonHead + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", hears{200, "\x1f\x8b\x08\x00", false}, carriedOut, hears{200, "\x1f\x8b\x08\x00", false}},
		{"a second answer behind", jsonHead + length + odooAnswer + jsonHead + length + odooAnswer, hears{200, odooAnswer, false}, hears{200, "from Odoo", false}, hears{200, odooAnswer, false}},
	} {
		for _, way := range []struct {
			name, request string
			want          hears
		}{
			{"JSON", request("/jsonrpc", "1.1", hostJSON, call("object", "execute", `["odoo18", 9001, "pw", "m", "f"]`)), tc.json},
			{"XML", request("/xmlrpc/2/object", "1.1", hostXML, objectXML("x")), tc.xml},
			{"controller", request("/shopinvader/x", "1.1", host+"API-KEY: k\r\n", "body"), tc.page},
		} {
			t.Run(tc.name+", "+way.name, func(t *testing.T) {
				t.Parallel()
				odoo, requests := answering(t, tc.answer)
				w := start(t, func(c *Config, _ *world) {
					c.Upstream = upstream.New(upstream.Config{URL: odoo})
					c.Passage.URL, c.Passage.Transport = odoo, upstream.NewTransport(upstream.Config{URL: odoo})
				}, nil)
				c := w.dial(t)
				c.send(way.request)
				res, body, err := c.answer()
				if (err != nil) != way.want.cut {
					t.Errorf("error %v after %d bytes; to be cut: %v", err, len(body), way.want.cut)
				}
				if res != nil && res.StatusCode != way.want.status || !strings.Contains(body, way.want.says) {
					t.Errorf("answered %v %.600s; want %d with %.100s", res, body, way.want.status, way.want.says)
				}
				if way.want.cut && !c.ended() {
					t.Error("the connection goes on behind a broken answer")
				}
				rec := <-w.records
				if way.want == unusable && !strings.Contains(w.log.String(), "switch protocol") {
					t.Errorf("the log does not say what was wrong: %s", w.log)
				}
				if way.name == "controller" && way.want.cut && !strings.Contains(w.log.String(), `"request_id":"`+rec.RequestID+`","message":"httputil: `) {
					t.Errorf("the log does not say what broke: %s", w.log)
				}
				if bad := way.want.cut || way.want == broke || way.want == unusable || way.want == carriedOut; bad != (rec.Outcome == BadGateway) {
					t.Errorf("outcome %s", rec.Outcome)
				}
				if n := requests.Load(); n != 1 {
					t.Errorf("Odoo received the request %d times", n)
				}
				if n := len(w.sent()); n != 0 {
					t.Errorf("another Odoo received %d requests", n)
				}
			})
		}
	}
}
