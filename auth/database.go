package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// idleLimit is for how long a proof that nobody uses is kept, and its rows read again.
const idleLimit = 10 * time.Minute

const (
	lookupsAtOnce = 3
	lookupQueue   = 256
)

// database is all that is known of one database: proofs, the native keys made there, its settings.
type database struct {
	auth     *Authenticator
	name     string
	proofs   *proofs
	settings atomic.Pointer[Settings] // as last read; nil before
	away     atomic.Pointer[outage]   // nil while reads succeed
	reads    singleflight.Group
	lookups  *gate // of callers who are not known, so that they leave connections for the reads of those who are

	mu      sync.Mutex
	minted  map[int64]*minted // by uid
	retired []retired         // replaced, to be removed once no call can be under way with them
	mints   singleflight.Group
}

// outage is a read that failed.
type outage struct{ at time.Time }

func (a *Authenticator) newDatabase(name string) *database {
	return &database{
		auth:    a,
		name:    name,
		proofs:  newProofs(a.config.MaxProofs),
		lookups: newGate("look-ups in "+quoteShort(name), lookupsAtOnce, lookupQueue),
		minted:  map[int64]*minted{},
	}
}

// read asks the Directory and keeps what it says of the database itself.
func (d *database) read(ctx context.Context, q Query) (rows Rows, began time.Time, err error) {
	q.Settings, q.Memberships = true, d.auth.config.Memberships()
	began = d.auth.now()
	rows, err = d.auth.config.Directory.Read(ctx, d.name, q)
	switch {
	case err == nil:
	case errors.Is(err, ErrUnknownDatabase):
		d.auth.forget(d)
		return Rows{}, began, err
	case ctx.Err() != nil:
		return Rows{}, began, err
	default:
		if d.away.Swap(&outage{d.auth.now()}) == nil {
			d.auth.config.Warn(d.name, fmt.Errorf("users and keys can't be read; known callers are served for %v still: %w", d.auth.config.StaleLimit, err))
		}
		return Rows{}, began, err
	}
	rows.memberships = q.Memberships
	d.away.Store(nil)
	settings := rows.Settings // a copy, lest the secrets in rows live as long as the settings
	d.settings.Store(&settings)
	return rows, began, nil
}

// lookUp reads the rows for a caller who is not known.
func (d *database) lookUp(ctx context.Context, q Query) (rows Rows, began time.Time, err error) {
	if err := d.lookups.enter(ctx); err != nil {
		return Rows{}, time.Time{}, err
	}
	defer d.lookups.leave()
	if rows, began, err = d.read(ctx, q); err != nil {
		return Rows{}, began, d.failure(ctx, err)
	}
	return rows, began, nil
}

// reread reads the rows behind ps again, all in one go.
func (d *database) reread(ctx context.Context, ps []*proof) error {
	var q Query
	for _, p := range ps {
		q.Users = append(q.Users, p.uid)
		switch p.method {
		case ByAuthAPIKey:
			q.AuthAPIKeys = append(q.AuthAPIKeys, p.keyID)
		case ByNativeKey:
			q.NativeKeys = append(q.NativeKeys, p.keyID)
		}
	}
	for _, ids := range []*[]int64{&q.Users, &q.AuthAPIKeys, &q.NativeKeys} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	rows, began, err := d.read(ctx, q)
	if err != nil {
		return err
	}
	found := index(rows, began)
	for _, p := range ps {
		p.see(found.evidence(p.method, p.uid, p.keyID).seal(&d.auth.digests))
	}
	return nil
}

// rereadAll reads the rows behind all live proofs and made keys again. Callers who come while it is under way share it.
func (d *database) rereadAll() <-chan singleflight.Result {
	return d.reads.DoChan("", func() (any, error) {
		ps := d.proofs.live(d.auth.now().Add(-idleLimit))
		d.mu.Lock()
		for _, m := range d.minted {
			ps = append(ps, &m.proof)
		}
		d.mu.Unlock()
		if len(ps) == 0 {
			return nil, nil
		}
		return nil, d.reread(context.Background(), ps)
	})
}

// fresh returns the evidence of p, read again before if it is older than freshness, and the time. A read that began
// after this call is fresh whatever its age. While the database is away it returns the evidence there is, up to the
// stale limit. Evidence that lacks memberships which are wanted by now is none.
func (d *database) fresh(ctx context.Context, p *proof) (*evidence, time.Time, error) {
	c := &d.auth.config
	arrival := d.auth.now()
	now := arrival
	p.used.Store(arrival.UnixNano())
	for shared := 0; ; now = d.auth.now() {
		e := p.seen.Load()
		whole := e.memberships.equal(c.Memberships())
		if whole && (!e.began.Before(arrival) || now.Sub(e.began) < c.Freshness) {
			return e, now, nil
		}
		// When strict, each call reads for itself: one that shares a read may have come after it began. So does one
		// whose proof was dropped meanwhile to make room, since a shared read no longer knows of it.
		if c.Freshness <= 0 || shared == 2 {
			if err := d.reread(ctx, []*proof{p}); err != nil {
				return nil, now, d.failure(ctx, err)
			}
			continue
		}
		stale := whole && now.Sub(e.began) < c.StaleLimit
		if out := d.away.Load(); out != nil && stale {
			if now.Sub(out.at) >= c.Freshness/2 {
				d.rereadAll() // finds out whether it is back; this call doesn't wait for it
			}
			return e, now, nil
		}
		select {
		case r := <-d.rereadAll():
			if r.Err == nil {
				shared++
				continue
			}
			if stale && !errors.Is(r.Err, ErrUnknownDatabase) {
				return e, now, nil
			}
			return nil, now, d.failure(ctx, r.Err)
		case <-ctx.Done():
			return nil, now, ctx.Err()
		}
	}
}

// unavailableRetry is what a caller is told while the database is away.
const unavailableRetry = 5 * time.Second

// failure is the [*Error] for an err of the Directory.
func (d *database) failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrUnknownDatabase):
		return &Error{Kind: UnknownDatabase, Reason: "database " + quoteShort(d.name) + " is not served or does not exist", Cause: err}
	}
	return &Error{Kind: Unavailable, RetryAfter: unavailableRetry, Cause: err,
		Reason: "database " + quoteShort(d.name) + " could not be asked for users and keys"}
}

// found are rows by their ids.
type found struct {
	rows   Rows
	began  time.Time
	users  map[int64]*User
	auth   map[int64]*AuthAPIKey
	native map[int64]*NativeKey
}

func index(rows Rows, began time.Time) found {
	f := found{rows, began, map[int64]*User{}, map[int64]*AuthAPIKey{}, map[int64]*NativeKey{}}
	for i := range rows.Users {
		f.users[rows.Users[i].ID] = &rows.Users[i]
	}
	for i := range rows.AuthAPIKeys {
		f.auth[rows.AuthAPIKeys[i].ID] = &rows.AuthAPIKeys[i]
	}
	for i := range rows.NativeKeys {
		f.native[rows.NativeKeys[i].ID] = &rows.NativeKeys[i]
	}
	return f
}

// evidence is what the rows say of a user and their key.
func (f found) evidence(m Method, uid, keyID int64) *evidence {
	e := &evidence{method: m, began: f.began, now: f.rows.Now, memberships: f.rows.memberships}
	user, auth, native := f.users[uid], f.auth[keyID], f.native[keyID]
	switch {
	case user == nil, m == ByAuthAPIKey && auth == nil, m == ByNativeKey && native == nil:
		return e
	case m == ByAuthAPIKey:
		e.auth = *auth
	case m == ByNativeKey:
		e.native = *native
	}
	e.user, e.present = *user, true
	return e
}
