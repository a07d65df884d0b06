package directory_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy is a TCP proxy that counts what is sent through it and can break as networks do.
type proxy struct {
	listener net.Listener
	target   string
	sent     atomic.Int64 // bytes towards the target

	mu     sync.Mutex
	down   bool // connections are cut and refused
	silent bool // connections stay, but nothing goes through
	wake   *sync.Cond
	conns  map[net.Conn]struct{}
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, conns: map[net.Conn]struct{}{}}
	p.wake = sync.NewCond(&p.mu)
	var serving sync.WaitGroup
	serving.Go(func() { p.serve(&serving) })
	t.Cleanup(func() {
		_ = l.Close()
		p.set(true, false)
		serving.Wait()
	})
	return p
}

// set breaks the network or mends it.
func (p *proxy) set(down, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.silent = down, silent
	if down {
		for c := range p.conns {
			_ = c.Close()
		}
	}
	p.wake.Broadcast()
}

func (p *proxy) serve(serving *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || !p.keep(client, server) {
			_ = client.Close()
			continue
		}
		serving.Go(func() { p.copy(server, client, &p.sent) })
		serving.Go(func() { p.copy(client, server, new(atomic.Int64)) })
	}
}

// keep remembers the connections, to cut them later.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.down {
			_ = c.Close()
		} else {
			p.conns[c] = struct{}{}
		}
	}
	return !p.down
}

func (p *proxy) copy(to io.WriteCloser, from io.ReadCloser, count *atomic.Int64) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		count.Add(int64(n))
		p.mu.Lock()
		for p.silent {
			p.wake.Wait()
		}
		p.mu.Unlock()
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
