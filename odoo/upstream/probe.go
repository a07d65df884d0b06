package upstream

import (
	"context"
	"sync"
	"time"

	"odoobridge/rpc"
)

// Probe remembers which series Odoo says it is, and asks again, so that an upgrade is noticed.
type Probe struct {
	client   *Client
	interval time.Duration

	mu     sync.RWMutex
	series rpc.Series // 0 until Odoo answered once
}

// NewProbe returns a probe that asks client every interval once Odoo has answered, and every second before.
func NewProbe(client *Client, interval time.Duration) *Probe {
	return &Probe{client: client, interval: interval}
}

// Series is what Odoo said last, 0 if it never did.
func (p *Probe) Series() rpc.Series {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.series
}

// Ask asks Odoo now, and remembers the answer.
func (p *Probe) Ask(ctx context.Context) error {
	series, err := p.client.Version(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.series = series
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
