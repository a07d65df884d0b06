// Package upstream makes one HTTP round trip to Odoo, and never a second one.
//
// A call that may have reached Odoo must not be sent again: Odoo commits before it answers, and a repeated `create` is a
// second record. So nothing here retries, with one exception that can't do harm: when a kept-alive connection turns out
// to be closed before one byte was written to it, the call goes out on a new one.
//
// The connections are our own rather than net/http's. Its client hands each call to two goroutines and back, which costs
// more than all else the bridge does; here the goroutine that serves the caller writes and reads itself. In return the
// client is strict: HTTP/1.1 (and the HTTP/1.0 of Odoo's threaded server) with a length, chunks or the connection's end,
// no redirects, cookies, trailers or compression, and an answer that is ambiguous is broken.
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"odoobridge/rpc/socket"
)

// Config says where Odoo is and how long it is waited for.
type Config struct {
	URL *url.URL // http or https, with the path prefix Odoo is served under, if any

	// ConnectTimeout bounds dialling and the TLS handshake. Zero means 5 s.
	ConnectTimeout time.Duration
	// CallTimeout bounds the wait for the answer's header once the call is sent, and for each piece of a large call to be
	// taken. Zero means no bound: Odoo's own
	// limit_time_real (120 s by default) then decides.
	CallTimeout time.Duration
	// MaxIdle is how many kept-alive connections wait for the next call. Zero means 64.
	MaxIdle int
	// Breaker refuses connections while Odoo can't be reached; nil is none. A Client and a transport to one Odoo share it.
	Breaker *Breaker
}

// Client speaks to one Odoo. It is safe for concurrent use.
type Client struct {
	config  Config
	host    string // for the Host field
	address string // host:port to dial
	prefix  string // of every path
	tls     *tls.Config
	idle    pool
}

// New returns a client of the Odoo at cfg.URL. No connection is made yet.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	c := &Client{config: cfg, host: cfg.URL.Host, prefix: strings.TrimRight(cfg.URL.EscapedPath(), "/"), idle: pool{limit: cfg.MaxIdle}}
	port := cfg.URL.Port()
	if cfg.URL.Scheme == "https" {
		c.tls = &tls.Config{ServerName: cfg.URL.Hostname(), NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
		if port == "" {
			port = "443"
		}
	} else if port == "" {
		port = "80"
	}
	c.address = net.JoinHostPort(cfg.URL.Hostname(), port)
	return c
}

func (cfg Config) withDefaults() Config {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	if cfg.MaxIdle == 0 {
		cfg.MaxIdle = 64
	}
	return cfg
}

// Close drops the idle connections.
func (c *Client) Close() { c.idle.close() }

// Field is a header field.
type Field struct{ Name, Value string }

// Request is a request, most often a POST.
type Request struct {
	Method string  // "" is POST
	Path   string  // below the base URL, as it stands in the request line
	Fields []Field // sent as they are, besides Host and Content-Length
	Body   []byte
}

// Post sends r and returns Odoo's answer with its body still to be read; the caller closes it. The error is an *Error.
func (c *Client) Post(ctx context.Context, r *Request) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, classify(ctx, err, false)
	}
	for {
		conn, err := c.connect(ctx)
		if err != nil {
			return nil, classify(ctx, err, false)
		}
		a, err := conn.roundTrip(ctx, c, r)
		if err == nil {
			return a, nil
		}
		conn.net.Close()
		if errors.Is(err, errNothingSent) && conn.used && ctx.Err() == nil {
			continue // the connection had gone stale; each such one is dropped, so this ends with a new one
		}
		return nil, classify(ctx, err, !errors.Is(err, errNothingSent))
	}
}

// connect returns an idle connection that is not known to be closed, or a new one.
func (c *Client) connect(ctx context.Context) (*connection, error) {
	if conn := c.idle.get(); conn != nil {
		return conn, nil
	}
	conn, err := c.config.Breaker.connect(ctx, c.dial)
	if err != nil {
		return nil, err
	}
	if secure, ok := conn.(*tls.Conn); ok {
		return newConnection(secure, secure.NetConn()), nil
	}
	return newConnection(conn, conn), nil
}

// dial makes a connection, by TLS where the URL says so.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ConnectTimeout)
	defer cancel()
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	raw = socket.Wrap(raw)
	if c.tls == nil {
		return raw, nil
	}
	secure := tls.Client(raw, c.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return secure, nil
}

// Kind is what went wrong between us and Odoo.
type Kind uint8

const (
	// Unreachable: no connection could be made, so nothing of the call has gone out.
	Unreachable Kind = iota
	// Broken: the connection failed after the call may have gone out. Odoo may have carried it out.
	Broken
	// Timeout: Odoo took the call and did not begin to answer in time. It may still be at work.
	Timeout
	// Canceled: the caller went away before Odoo answered.
	Canceled
)

func (k Kind) String() string {
	switch k {
	case Unreachable:
		return "unreachable"
	case Broken:
		return "broken"
	case Timeout:
		return "timeout"
	case Canceled:
		return "canceled"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Error is a round trip that brought no answer.
type Error struct {
	Kind  Kind
	cause error
}

func (e *Error) Unwrap() error { return e.cause }

func (e *Error) Error() string {
	switch e.Kind {
	case Unreachable:
		return fmt.Sprintf("Odoo can't be reached, the call was not sent: %v", e.cause)
	case Timeout:
		return "Odoo did not answer in time; the call may still be at work there"
	case Canceled:
		return "the caller went away before Odoo answered"
	default:
		return fmt.Sprintf("the connection to Odoo broke after the call may have been sent; it was not sent again: %v", e.cause)
	}
}

// classify tells what a failed round trip means. connected says that a connection was had, so that bytes may have gone.
func classify(ctx context.Context, err error, connected bool) *Error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Kind: Canceled, cause: err}
	case !connected:
		return &Error{Kind: Unreachable, cause: err}
	case errors.Is(ctx.Err(), context.DeadlineExceeded), isTimeout(err):
		return &Error{Kind: Timeout, cause: err}
	default:
		return &Error{Kind: Broken, cause: err}
	}
}
