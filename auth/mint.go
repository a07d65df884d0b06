package auth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

const (
	defaultRenewBefore = 10 * time.Minute
	defaultRetireAfter = 5 * time.Minute
)

// minted is a native key made for a user. Its row is read again like those behind proofs.
type minted struct {
	key   Secret
	id    int64
	proof proof
	tried time.Time // when another one was last begun to be made in its place; guarded by database.mu
}

// retired is a made key that another one replaced.
type retired struct {
	id int64
	at time.Time
}

// Secret returns what to send to Odoo as the identity's password: the caller's own, or a native key made for the user,
// one for each user and process. The error is an [*Error], or ctx's.
func (a *Authenticator) Secret(ctx context.Context, id Identity) (Secret, error) {
	if id.own != nil {
		return *id.own, nil
	}
	return a.madeKey(ctx, id)
}

// Key returns a native key for the identity, for endpoints of Odoo that take nothing else (/json/2): the caller's own, or
// one made for the user, as for an auth_api_key. The error is an [*Error], or ctx's.
func (a *Authenticator) Key(ctx context.Context, id Identity) (Secret, error) {
	if id.own != nil && id.Method == ByNativeKey {
		return *id.own, nil
	}
	return a.madeKey(ctx, id)
}

// Addon tells whether the calls of the identity go through Odoo's add-on, which finds the user itself, an archived one too,
// and returns what it is to be shown: the auth_api_key.
func (a *Authenticator) Addon(id Identity) (key Secret, ok bool) {
	wanted := a.config.Impersonation == ImpersonationAuto || a.config.Impersonation == ImpersonationAddon
	if id.key == nil || !wanted || !a.config.Addon(id.DB) {
		return "", false
	}
	return *id.key, true
}

// madeKey is the native key made for the identity's user in this process.
func (a *Authenticator) madeKey(ctx context.Context, id Identity) (Secret, error) {
	off := a.config.Impersonation == ImpersonationOff || a.config.Impersonation == ImpersonationAddon
	switch {
	case off && id.Method == ByPassword:
		return "", denied("impersonation is %s, so that no key can be made for %s, and a password is no use here: "+
			"set impersonation to auto, or let the caller use a native key", a.config.Impersonation, quoteShort(id.Login))
	case a.config.Impersonation == ImpersonationAddon:
		return "", &Error{Kind: NeedsAddon, Reason: "API keys are passed on by the add-on odoobridge alone, which this database has not: " +
			"install it in Odoo, or set impersonation to auto"}
	case a.config.Impersonation == ImpersonationOff:
		return "", denied("impersonation is off, so that the auth_api_key %s can't be used on RPC: "+
			"set impersonation to auto, or let the caller use a native key", quoteShort(id.KeyName))
	case id.Archived:
		return "", &Error{Kind: NeedsAddon, Reason: fmt.Sprintf("the API key of %s works, but Odoo refuses archived users "+
			"on RPC: install the add-on odoobridge in Odoo, or unarchive the user", quoteShort(id.Login))}
	}
	d := a.database(id.DB)
	if d == nil {
		return "", denied("the identity of uid %d is of a database that is gone", id.UID)
	}
	d.mu.Lock()
	m := d.minted[id.UID]
	d.mu.Unlock()
	if m != nil {
		e, now, err := d.fresh(ctx, &m.proof)
		if err != nil {
			return "", err
		}
		lasts := func(d time.Duration) bool {
			return e.digest == m.proof.stored && decide(e, a.config.ArchivedUsers, e.clock(now).Add(d)) == ""
		}
		switch {
		case lasts(a.config.RenewBefore):
			return m.key, nil
		case lasts(a.config.RenewBefore / 2):
			d.renew(ctx, id.UID, m)
			return m.key, nil
		}
	}
	return d.mint(ctx, id.UID, m)
}

// renew makes a key in place of old, which is good for a while yet: no call waits for it, or fails with it. Where it can't be made,
// it is tried again from time to time, until old has lived for so long that calls have to wait.
func (d *database) renew(ctx context.Context, uid int64, old *minted) {
	a := d.auth
	now := a.now()
	d.mu.Lock()
	begin := old.tried.IsZero() || now.Sub(old.tried) >= a.config.RenewBefore/20
	if begin {
		old.tried = now
	}
	d.mu.Unlock()
	if !begin {
		return
	}
	ctx = context.WithoutCancel(ctx)
	a.renewals.Go(func() {
		if _, err := d.mint(ctx, uid, old); err != nil {
			a.config.Warn(d.name, fmt.Errorf("renew the native key of uid %d: %w; the old one counts until it is about to expire", uid, err))
		}
	})
}

// mint makes a key for the user in place of old, which may be nil. Callers who come meanwhile wait for the same key.
func (d *database) mint(ctx context.Context, uid int64, old *minted) (Secret, error) {
	done := d.mints.DoChan(strconv.FormatInt(uid, 10), func() (any, error) {
		d.mu.Lock()
		m := d.minted[uid]
		d.mu.Unlock()
		if m != old {
			return m, nil // another call was quicker
		}
		began := d.auth.now()
		key, err := d.auth.config.Minter.Mint(context.WithoutCancel(ctx), d.name, uid)
		if err != nil {
			return nil, err
		}
		m = d.auth.newMinted(uid, key, began)
		d.mu.Lock()
		defer d.mu.Unlock()
		if old != nil {
			d.retired = append(d.retired, retired{old.id, began})
		}
		d.minted[uid] = m
		return m, nil
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return "", d.mintFailure(ctx, r.Err)
		}
		return r.Val.(*minted).key, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (d *database) mintFailure(ctx context.Context, err error) error {
	if errors.Is(err, ErrNoNativeKeys) {
		return &Error{Kind: NeedsAddon, Cause: err,
			Reason: "this series of Odoo has no native API keys: install the add-on odoobridge in Odoo"}
	}
	if errors.Is(err, ErrMayNotMint) {
		return &Error{Kind: NeedsAddon, Cause: err, Reason: "the bridge may not make native API keys in Odoo's database, without which " +
			"this caller can't be passed on: run the SQL that `odoobridge grants` prints there (INSERT on res_users_apikeys), or install the add-on odoobridge in Odoo"}
	}
	return d.failure(ctx, fmt.Errorf("make a native key: %w", err))
}

// newMinted remembers a key as it was just inserted.
func (a *Authenticator) newMinted(uid int64, k MintedKey, began time.Time) *minted {
	m := &minted{key: k.Key, id: k.ID}
	m.proof.method, m.proof.uid, m.proof.keyID = ByNativeKey, uid, k.ID
	e := &evidence{
		method: ByNativeKey, present: true, began: began, now: k.Now,
		user:   User{ID: uid, Active: true},
		native: NativeKey{ID: k.ID, UserID: uid, Scope: nativeScope, Hash: k.Hash, Expires: k.Expires},
	}
	m.proof.stored = e.seal(&a.digests).digest
	m.proof.seen.Store(e)
	return m
}

// takeMinted hands over the rows of keys that were made: the replaced ones whose time has come, or all.
func (d *database) takeMinted(all bool) []int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []int64
	due := d.auth.now().Add(-d.auth.config.RetireAfter)
	kept := d.retired[:0]
	for _, r := range d.retired {
		if all || r.at.Before(due) {
			ids = append(ids, r.id)
		} else {
			kept = append(kept, r)
		}
	}
	d.retired = kept
	if all {
		for uid, m := range d.minted {
			ids = append(ids, m.id)
			delete(d.minted, uid)
		}
	}
	return ids
}
