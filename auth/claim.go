package auth

import (
	"context"
	"strconv"
	"time"
)

// claim is one credential, and whose it is said to be.
type claim struct {
	via     Via
	byLogin bool
	login   string // if byLogin
	uid     int64  // of a call that isn't byLogin
	secret  Secret
	noText  bool // the secret is nothing that could be checked as a password
}

// anyone tells that the claim names no user: the key alone tells whose it is.
func (c claim) anyone() bool { return c.via == ViaAPIKey || c.via == ViaBearer }

// claimDigest stands for the claim among the proofs of one database. Claims that are verified in different ways never share
// a digest. Basic and the call's own credentials are verified in one and the same way, and share it.
func (a *Authenticator) claimDigest(db string, c claim) digest {
	switch {
	case c.anyone():
		return a.digests.of(db, c.via.String(), string(c.secret))
	case c.byLogin:
		return a.digests.of(db, "login", c.login, string(c.secret))
	}
	return a.digests.of(db, "uid", strconv.FormatInt(c.uid, 10), string(c.secret))
}

// verify finds out whom a claim stands for: by a proof if there is one that lets them pass, else from the rows.
func (a *Authenticator) verify(ctx context.Context, db, source string, c claim) (Identity, error) {
	key := a.claimDigest(db, c)
	if d := a.database(db); d != nil {
		if p := d.proofs.get(key); p != nil {
			id, err := a.pass(ctx, d, p, c, source)
			if KindOf(err) != Denied {
				return id, err
			}
			d.proofs.drop(key, p) // and look anew: another row may let the caller pass
		}
	}
	return a.prove(ctx, db, source, key, c)
}

// pass decides on fresh evidence whether the proof p lets the caller pass.
func (a *Authenticator) pass(ctx context.Context, d *database, p *proof, c claim, source string) (Identity, error) {
	e, now, err := d.fresh(ctx, p)
	if err != nil {
		return Identity{}, err
	}
	if err := a.holds(e, p, c, now); err != nil {
		return Identity{}, err
	}
	if !c.anyone() {
		// Proofs don't get around the cooldown: whoever guesses would be told by them which guess is right.
		subject := a.subject(d.name, source, "uid", strconv.FormatInt(e.user.ID, 10))
		if err := a.coolingDown(subject, *d.settings.Load(), now); err != nil {
			return Identity{}, err
		}
		if a.cooldown.succeed(subject) {
			a.config.Tell(Attempt{DB: d.name, UID: e.user.ID, Source: source})
		}
	}
	return identity(d.name, c, e), nil
}

// holds tells whether what was proved still counts by what e says of it: nil, or an [*Error] of kind Denied.
func (a *Authenticator) holds(e *evidence, p *proof, c claim, now time.Time) error {
	if refusal := decide(e, a.config.ArchivedUsers, e.clock(now)); refusal != "" {
		return denied("%s", refusal)
	}
	if e.digest != p.stored {
		return denied("the key or password was changed")
	}
	if c.byLogin && c.login != e.user.Login {
		return denied("the login was changed")
	}
	return nil
}

func identity(db string, c claim, e *evidence) Identity {
	id := Identity{DB: db, UID: e.user.ID, Login: e.user.Login, Archived: !e.user.Active, Method: e.method, Via: c.via}
	id.KeyID, id.KeyName = e.key()
	id.KeyGroups, id.Groups = e.auth.Groups, e.user.Groups
	if shown := c.secret; e.method == ByAuthAPIKey {
		id.key = &shown
	} else {
		id.own = &shown
	}
	return id
}

// prove reads the rows that a claim may stand for, verifies it against them, and keeps the proof.
func (a *Authenticator) prove(ctx context.Context, db, source string, key digest, c claim) (Identity, error) {
	d := a.database(db)
	if d == nil {
		d = a.newDatabase(db)
	}
	rows, began, err := d.lookUp(ctx, c.query())
	if err != nil {
		return Identity{}, err
	}
	d = a.admit(d)
	if c.anyone() {
		e, err := a.keyEvidence(ctx, index(rows, began), c)
		if err != nil {
			return Identity{}, err
		}
		return a.keep(ctx, d, e, c, source, key)
	}

	user := c.user(rows)
	if user == nil && !c.byLogin {
		return Identity{}, a.unknownUser(c.uid)
	}
	subject := a.subject(db, source, "login", c.login)
	if user != nil {
		subject = a.subject(db, source, "uid", strconv.FormatInt(user.ID, 10))
	}
	if err := a.coolingDown(subject, rows.Settings, a.now()); err != nil {
		return Identity{}, err
	}
	e, err := a.userEvidence(ctx, index(rows, began), user, c)
	if err != nil {
		if KindOf(err) == Denied {
			a.cooldown.fail(subject, a.now())
			if user != nil {
				a.config.Tell(Attempt{DB: db, UID: user.ID, Source: source, Failed: true})
			}
		}
		return Identity{}, err
	}
	// Known under both names, so that authenticate and the calls after it take one hash between them.
	byLogin := claim{via: c.via, byLogin: true, login: e.user.Login, secret: c.secret}
	byUID := claim{via: c.via, uid: e.user.ID, secret: c.secret}
	return a.keep(ctx, d, e, c, source, a.claimDigest(db, byLogin), a.claimDigest(db, byUID))
}

// query names the rows that a claim may stand for.
func (c claim) query() Query {
	var q Query
	switch {
	case c.via == ViaAPIKey:
		q.AuthAPIKey = c.secret
	case c.via == ViaBearer:
	case c.byLogin:
		q.Login = &c.login
	default:
		q.Users = []int64{c.uid}
	}
	if len(c.secret) > nativeHead {
		q.NativeKeyHead = string(c.secret[:nativeHead])
	}
	return q
}

// user is the one of the rows that the claim names, nil if there is none. Others may be among them: the users of native
// keys that begin as the secret does.
func (c claim) user(rows Rows) *User {
	for i := range rows.Users {
		if u := &rows.Users[i]; c.byLogin && u.Login == c.login || !c.byLogin && u.ID == c.uid {
			return u
		}
	}
	return nil
}

// nativeHead is how much of a native key its row tells in clear, as `index`.
const nativeHead = 8

// unknownUser is Odoo's answer to a uid: MissingError, but for 0, which is no record but the empty one (auth.uid.zero).
func (a *Authenticator) unknownUser(uid int64) error {
	if uid == 0 {
		return denied("the call's uid is 0 or false: an authenticate before it failed")
	}
	return &Error{Kind: UnknownUser, Reason: "no user has the uid " + strconv.FormatInt(uid, 10)}
}

// subject is whose failures count together.
func (a *Authenticator) subject(db, source, kind, who string) digest {
	return a.digests.of("cooldown", db, source, kind, who)
}

func (a *Authenticator) coolingDown(subject digest, s Settings, now time.Time) error {
	wait := a.cooldown.wait(subject, s, now)
	if wait == 0 {
		return nil
	}
	return &Error{Kind: Cooldown, RetryAfter: wait,
		Reason: "too many login failures from this address (base.login_cooldown_after " + strconv.Itoa(s.CooldownAfter) +
			"); refused for another " + wait.Round(time.Second).String()}
}

// keep makes a proof of e under the keys, and passes the caller on it.
func (a *Authenticator) keep(ctx context.Context, d *database, e *evidence, c claim, source string, keys ...digest) (Identity, error) {
	p := &proof{method: e.method, uid: e.user.ID, stored: e.seal(&a.digests).digest}
	p.keyID, _ = e.key()
	p.seen.Store(e)
	p.used.Store(e.began.UnixNano()) // else a full cache might drop it at once
	for _, key := range keys {
		d.proofs.put(key, p)
	}
	return a.pass(ctx, d, p, c, source)
}
