package bridge

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// wire is a client's end of a connection: what the tests send is what goes over it, byte for byte.
type wire struct {
	*net.TCPConn
	t      testing.TB
	reader *bufio.Reader
}

// What most requests of the tests begin with.
const (
	host     = "Host: odoo.example\r\n"
	jsonType = "Content-Type: application/json\r\n"
	xmlType  = "Content-Type: text/xml\r\n"
	chunks   = "Transfer-Encoding: chunked\r\n"
	hostJSON = host + jsonType
	hostXML  = host + xmlType
	postHost = " HTTP/1.1\r\n" + host
)

// request is a POST with a body, as it goes over the wire.
func request(target, version, header, body string) string {
	return fmt.Sprintf("POST %s HTTP/%s\r\n%sContent-Length: %d\r\n\r\n%s", target, version, header, len(body), body)
}

// dial opens a connection to the bridge. No wait on it lasts for ever.
func (w *world) dial(t testing.TB) *wire { return dial(t, w.url) }

func dial(t testing.TB, url string) *wire {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &wire{TCPConn: c.(*net.TCPConn), t: t, reader: bufio.NewReader(c)}
}

// send sends the pieces. A connection that the bridge has closed meanwhile shows in what is read of it.
func (c *wire) send(pieces ...string) {
	for _, piece := range pieces {
		_, _ = io.WriteString(c.TCPConn, piece)
	}
}

// answer reads one answer, past interim ones. It may break off, before its header is whole or after.
func (c *wire) answer() (*http.Response, string, error) {
	c.t.Helper()
	res, err := http.ReadResponse(c.reader, nil)
	for err == nil && res.StatusCode < 200 {
		res, err = http.ReadResponse(c.reader, nil)
	}
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

// whole reads one answer, which must not break off.
func (c *wire) whole() (*http.Response, string) {
	c.t.Helper()
	res, body, err := c.answer()
	if err != nil {
		c.t.Fatalf("no whole answer: %v after %.200s", err, body)
	}
	return res, body
}

// ended tells whether the bridge closes the connection, and says nothing more before.
func (c *wire) ended() bool {
	c.t.Helper()
	rest, err := io.ReadAll(c.reader)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	return len(rest) == 0
}

// serveAgain serves the bridge of cfg on another server, with timeouts.
func serveAgain(t *testing.T, cfg Config, change func(*http.Server)) (url string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(New(cfg))
	change(srv.Config)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}
