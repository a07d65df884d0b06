package upstream

import (
	"context"
	"sync"
	"time"

	"odoobridge/rpc"
)

// Probe remembers what Odoo says it is, and asks again, so that an upgrade is noticed.
type Probe struct {
	client   *Client
	protocol Protocol
	interval time.Duration

	mu      sync.RWMutex
	version Version // zero until Odoo answered once
}

// NewProbe returns a probe that asks client, at the endpoints of p, every interval once Odoo has answered, and every second
// before.
func NewProbe(client *Client, p Protocol, interval time.Duration) *Probe {
	probe := &Probe{client: client, protocol: p, interval: interval}
	if p == JSON2 {
		probe.version = Version{JSON2: true, Series: json2Series}
	}
	return probe
}

// Version is what Odoo said last, without a Text if it never did.
func (p *Probe) Version() Version {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.version
}

// Series is that of Version, 0 if Odoo never said one and may be any.
func (p *Probe) Series() rpc.Series {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.version.Series
}

// Ask asks Odoo now, and remembers the answer.
func (p *Probe) Ask(ctx context.Context) error {
	version, err := p.client.Version(ctx, p.protocol)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.version = version
	}
	return err
}

// Run asks until ctx ends.
func (p *Probe) Run(ctx context.Context) {
	for {
		asking, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := p.Ask(asking)
		cancel()
		wait := p.interval
		if err != nil {
			wait = time.Second
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
