package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// NewTransport returns a RoundTripper for requests that go to Odoo as they came, of any method and streamed both ways.
// Each has a connection of its own: net/http sends some requests a second time when a kept-alive connection breaks, and a
// GET to a controller may do as much as a POST. The errors are *Error.
func NewTransport(cfg Config) http.RoundTripper {
	cfg = cfg.withDefaults()
	dialer := &net.Dialer{Timeout: cfg.ConnectTimeout}
	return &transport{http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return cfg.Breaker.connect(ctx, func(ctx context.Context) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, address)
				if err == nil && cfg.CallTimeout > 0 {
					conn = &impatient{conn, cfg.CallTimeout}
				}
				return conn, err
			})
		},
		TLSHandshakeTimeout:   cfg.ConnectTimeout,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		ResponseHeaderTimeout: cfg.CallTimeout,
		DisableKeepAlives:     true,
		DisableCompression:    true,

		MaxResponseHeaderBytes: maxHeader,
	}}
}

// impatient is a connection on which each write must be taken in time.
type impatient struct {
	net.Conn
	timeout time.Duration
}

func (c *impatient) Write(p []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(c.timeout)) // a failure shows in the write
	return c.Conn.Write(p)
}

type transport struct{ http http.Transport }

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.http.RoundTrip(r)
	if err == nil {
		return res, nil
	}
	var dial *net.OpError
	var refused *RefusedError
	connected := (!errors.As(err, &dial) || dial.Op != "dial") && !errors.As(err, &refused)
	return nil, classify(r.Context(), err, connected)
}
