package upstream

import (
	"sync"
	"time"
)

// idleTimeout is how long a connection waits for another call. It is shorter than the keep-alive of any server in use,
// so that it is mostly we who close first: a connection that the other side closes while a call is being written is a
// call whose fate is unknown.
const idleTimeout = 4 * time.Second

// pool keeps the connections that wait for the next call, the latest used last.
type pool struct {
	limit int

	mu     sync.Mutex
	idle   []*connection
	timer  *time.Timer // closes what has waited too long; nil while nothing waits
	closed bool
}

// get takes the connection used last, of those that are neither old nor closed.
func (p *pool) get() *connection {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		conn := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if time.Since(conn.since) < idleTimeout && conn.open() {
			return conn
		}
		conn.net.Close()
	}
}

// put keeps a connection, or closes it if enough are kept.
func (p *pool) put(conn *connection) {
	conn.since = time.Now()
	p.mu.Lock()
	if p.closed || len(p.idle) >= p.limit {
		p.mu.Unlock()
		conn.net.Close()
		return
	}
	p.idle = append(p.idle, conn)
	if p.timer == nil {
		p.timer = time.AfterFunc(idleTimeout, p.expire)
	}
	p.mu.Unlock()
}

// expire closes the connections that have waited too long.
func (p *pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.idle) && time.Since(p.idle[old].since) >= idleTimeout {
		p.idle[old].net.Close()
		old++
	}
	p.idle = append(p.idle[:0], p.idle[old:]...)
	p.timer = nil
	if len(p.idle) > 0 && !p.closed {
		p.timer = time.AfterFunc(idleTimeout-time.Since(p.idle[0].since), p.expire)
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, conn := range p.idle {
		conn.net.Close()
	}
	p.idle = nil
	if p.timer != nil {
		p.timer.Stop()
	}
}
