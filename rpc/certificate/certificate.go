// Package certificate is a listener's TLS certificate in files, read again when they change.
package certificate

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"

	"odoobridge/auth/watch"
)

// Certificate is the one that was last read and could be used. It is safe for concurrent use.
type Certificate struct {
	chain, key watch.Source
	seen       [2]string // the states of the files before they were first read
	current    atomic.Pointer[tls.Certificate]
}

// Open reads a certificate, with those that sign it, and its key from PEM files.
func Open(chain, key string) (*Certificate, error) {
	c := &Certificate{chain: watch.Source{Path: chain}, key: watch.Source{Path: key}}
	c.seen = [2]string{c.chain.State(), c.key.State()}
	return c, c.read()
}

func (c *Certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.chain.Path, c.key.Path)
	if err != nil {
		return fmt.Errorf("the certificate %s with the key %s can't be used: %w", c.chain.Path, c.key.Path, err)
	}
	c.current.Store(&pair)
	return nil
}

// Config has a server show the certificate: HTTP/1.1 over TLS 1.2 or later.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// Run reads the files again when one of them changes, until ctx ends. told hears of each time: with an error where they can't be
// used, and then the certificate stays as it was. While one file is new and the other is not yet they can't.
func (c *Certificate) Run(ctx context.Context, told func(error)) {
	var one sync.Mutex
	changed := func() {
		one.Lock()
		defer one.Unlock()
		told(c.read())
	}
	var both sync.WaitGroup
	both.Go(func() { c.chain.Run(ctx, c.seen[0], changed) })
	both.Go(func() { c.key.Run(ctx, c.seen[1], changed) })
	both.Wait()
}
