package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const defaultCollectEvery = time.Minute

// Run keeps what is known of callers fresh, removes keys that were replaced and collects leftovers of dead processes,
// until ctx ends.
func (a *Authenticator) Run(ctx context.Context) {
	var background sync.WaitGroup
	defer background.Wait()
	background.Go(func() { a.collectAlways(ctx) })
	if a.config.Freshness <= 0 {
		return // every call reads for itself
	}
	tick := time.NewTicker(max(a.config.Freshness/2, time.Millisecond))
	defer tick.Stop()
	for {
		for _, d := range a.known() {
			d.rereadAll() // side by side, and not twice at once for one database; failures show in fresh
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// collectAlways looks for leftovers in every database as soon as it is known, and then periodically.
func (a *Authenticator) collectAlways(ctx context.Context) {
	collected := map[*database]time.Time{}
	tick := time.NewTicker(min(time.Second, a.config.CollectEvery))
	defer tick.Stop()
	for {
		for _, d := range a.known() {
			if now := time.Now(); now.Sub(collected[d]) >= a.config.CollectEvery {
				collected[d] = now
				d.collect(ctx)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// collect removes replaced keys and leftovers in the database.
func (d *database) collect(ctx context.Context) {
	minter := d.auth.config.Minter
	if minter == nil {
		return
	}
	if ids := d.takeMinted(false); len(ids) > 0 {
		if err := minter.Revoke(ctx, d.name, ids); err != nil && ctx.Err() == nil {
			d.auth.config.Warn(d.name, fmt.Errorf("remove %d replaced native keys: %w; they are removed as leftovers later", len(ids), err))
		}
	}
	if _, err := minter.Collect(ctx, d.name); err != nil && ctx.Err() == nil && !errors.Is(err, ErrNoNativeKeys) {
		d.auth.config.Warn(d.name, fmt.Errorf("collect native keys left by dead processes: %w", err))
	}
}

// Close removes the native keys that were made. Run must have returned, and no call be under way.
func (a *Authenticator) Close(ctx context.Context) error {
	a.renewals.Wait() // bounded by what bounds the Minter
	var errs []error
	for _, d := range a.known() {
		if ids := d.takeMinted(true); len(ids) > 0 {
			if err := a.config.Minter.Revoke(ctx, d.name, ids); err != nil {
				errs = append(errs, fmt.Errorf("remove %d native keys made in %s: %w; the next start collects them", len(ids), quoteShort(d.name), err))
			}
		}
	}
	return errors.Join(errs...)
}
