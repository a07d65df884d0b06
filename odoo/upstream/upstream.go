// Package upstream makes one HTTP round trip to Odoo, and never a second one.
//
// A call that may have reached Odoo must not be sent again: Odoo commits before it answers, and a repeated `create` is a
// second record. So nothing here retries. net/http's transport may replay a request by itself only where it knows that
// not one byte was written to a kept-alive connection that had gone stale; that is allowed, and needs a replayable body,
// which a byte slice is.
package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// Config says where Odoo is and how long it is waited for.
type Config struct {
	URL *url.URL // http or https, with the path prefix Odoo is served under, if any

	// ConnectTimeout bounds dialling and the TLS handshake. Zero means 5 s.
	ConnectTimeout time.Duration
	// CallTimeout bounds the wait for the response header, counted from the last byte of the request. Zero means no
	// bound: Odoo's own limit_time_real (120 s by default) then decides.
	CallTimeout time.Duration
	// MaxIdle is how many kept-alive connections wait for the next call. Zero means 64.
	MaxIdle int
}

// Client speaks to one Odoo. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	transport *http.Transport
}

// New returns a client of the Odoo at cfg.URL. No connection is made yet.
func New(cfg Config) *Client {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	if cfg.MaxIdle == 0 {
		cfg.MaxIdle = 64
	}
	dialer := &net.Dialer{Timeout: cfg.ConnectTimeout, KeepAlive: 30 * time.Second}
	return &Client{
		base: cfg.URL,
		transport: &http.Transport{
			Proxy:                 nil, // HTTP_PROXY is for the outside world; Odoo is not there
			DialContext:           dialer.DialContext,
			TLSHandshakeTimeout:   cfg.ConnectTimeout,
			ResponseHeaderTimeout: cfg.CallTimeout,
			MaxIdleConns:          cfg.MaxIdle,
			MaxIdleConnsPerHost:   cfg.MaxIdle,
			// Shorter than the keep-alive of any proxy in use, so that it is mostly we who close first: a connection
			// that the other side closes while a call is being written is a call whose fate is unknown.
			IdleConnTimeout:    4 * time.Second,
			DisableCompression: true, // the body goes through untouched, whatever its encoding
			WriteBufferSize:    32 << 10,
			ReadBufferSize:     32 << 10,
		},
	}
}

// Close drops the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Post sends body to path, below the base URL, and returns Odoo's answer with its body still to be read and closed. The
// error, if any, is an *Error. header is sent as it is; Content-Length and Host are set here.
func (c *Client) Post(ctx context.Context, path string, header http.Header, body []byte) (*http.Response, error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Kind: Unreachable, cause: err}
	}
	req.Header = header
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, classify(ctx, err, connected.Load())
	}
	return res, nil
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
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &Error{Kind: Canceled, cause: err}
	case !connected:
		return &Error{Kind: Unreachable, cause: err}
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &Error{Kind: Timeout, cause: err}
	default:
		return &Error{Kind: Broken, cause: err}
	}
}

// readLimit is more than any answer that is read here rather than streamed.
const readLimit = 1 << 20

func readAll(res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, readLimit))
	if err != nil {
		return nil, &Error{Kind: Broken, cause: err}
	}
	return b, nil
}
