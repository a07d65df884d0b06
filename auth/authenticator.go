package auth

import (
	"cmp"
	"context"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// Authenticator finds out who calls. It is safe for use by many goroutines.
//
// A caller who is known costs a digest, a look into a map and the decision on the rows behind the proof, which
// [Authenticator.Run] reads again every half freshness period. A caller who is not costs a query and, for passwords
// and native keys, a hash; so does one whose proof no longer lets them pass.
type Authenticator struct {
	config   Config
	digests  digester
	hashes   *hasher
	cooldown *cooldown
	renewals sync.WaitGroup // under way in the background

	mu        sync.RWMutex
	databases map[string]*database // those that were read at least once, and Config.Databases
}

const (
	defaultMaxProofs = 100_000
	queuePerWorker   = 64
	cooldownSubjects = 100_000
	fallbackRounds   = 25_000 // of passlib's pbkdf2_sha512, where no password of the database tells
)

// New makes an Authenticator. It starts nothing; see [Authenticator.Run].
func New(c Config) *Authenticator {
	if c.HashWorkers <= 0 {
		c.HashWorkers = runtime.GOMAXPROCS(0)
	}
	if c.HashQueue <= 0 {
		c.HashQueue = queuePerWorker * c.HashWorkers
	}
	if c.MaxProofs <= 0 {
		c.MaxProofs = defaultMaxProofs
	}
	if c.Impersonation == "" {
		c.Impersonation = ImpersonationAuto
	}
	if c.ArchivedUsers == "" {
		c.ArchivedUsers = ArchivedBySetting
	}
	if c.Addon == nil {
		c.Addon = func(string) bool { return false }
	}
	c.RenewBefore = cmp.Or(c.RenewBefore, defaultRenewBefore)
	c.RetireAfter = cmp.Or(c.RetireAfter, defaultRetireAfter)
	c.CollectEvery = cmp.Or(c.CollectEvery, defaultCollectEvery)
	if c.Memberships == nil {
		c.Memberships = func() Memberships { return Memberships{} }
	}
	if c.Tell == nil {
		c.Tell = func(Attempt) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Warn == nil {
		c.Warn = func(string, error) {}
	}
	a := &Authenticator{
		config:    c,
		digests:   newDigester(),
		hashes:    newHasher(c.HashWorkers, c.HashQueue),
		cooldown:  newCooldown(cooldownSubjects),
		databases: map[string]*database{},
	}
	for _, name := range c.Databases {
		a.databases[name] = a.newDatabase(name)
	}
	return a
}

func (a *Authenticator) now() time.Time { return a.config.Now() }

// Identify returns the identity that p stands for in the database db. The error is an [*Error], or ctx's.
//
// Every header presented must hold, and the API-KEY's identity comes before the others'; credentials in the call are
// looked up only where there is no header, and must not contradict one.
func (a *Authenticator) Identify(ctx context.Context, db string, p Presented) (Identity, error) {
	var id Identity
	var err error
	source := cooldownSource(p.Source)
	if p.APIKey != "" {
		if id, err = a.verify(ctx, db, source, claim{via: ViaAPIKey, secret: p.APIKey}); err != nil {
			return Identity{}, err
		}
	}
	if p.Basic != nil {
		basic, err := a.verify(ctx, db, source, claim{via: ViaBasic, login: p.Basic.Login, byLogin: true,
			secret: p.Basic.Password, noText: p.Basic.Password == ""})
		if err != nil {
			return Identity{}, err
		}
		if id.UID == 0 {
			id = basic
		} else {
			id.Also = basic.Login
		}
	}
	if p.Bearer != "" {
		bearer, err := a.verify(ctx, db, source, claim{via: ViaBearer, secret: p.Bearer})
		if err != nil {
			return Identity{}, err
		}
		if id.UID == 0 {
			id = bearer
		}
	}
	switch {
	case id.UID != 0:
		if err := agree(id, p.Call); err != nil {
			return Identity{}, err
		}
		return id, nil
	case p.Call == nil:
		return Identity{}, denied("no credentials were presented")
	}
	c := *p.Call
	if c.Password == "" && !c.PasswordNotText && !c.ByLogin {
		return Identity{}, denied("uid %d came with an empty password", c.UID) // before the uid is looked at: auth.pw.empty
	}
	return a.verify(ctx, db, source, claim{via: ViaCall, login: c.Login, byLogin: c.ByLogin, uid: c.UID,
		secret: c.Password, noText: c.Password == ""})
}

// agree tells whether the credentials of the call leave room for the identity that the headers gave.
func agree(id Identity, c *CallCredentials) error {
	switch {
	case c == nil:
	case c.ByLogin && c.Login != "" && c.Login != id.Login:
		return denied("the headers are those of %s, but the call is for login %s", quoteShort(id.Login), quoteShort(c.Login))
	case !c.ByLogin && c.UID != 0 && c.UID != id.UID:
		return denied("the headers are those of uid %d, but the call is for uid %d", id.UID, c.UID)
	}
	return nil
}

// database returns what is known of db, nil before it was ever read.
func (a *Authenticator) database(db string) *database {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.databases[db]
}

// admit makes d known, or returns the one that was made known meanwhile. Only databases that could be read come here,
// so that names which callers invent take no room.
func (a *Authenticator) admit(d *database) *database {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.databases[d.name]; known != nil {
		return known
	}
	a.databases[d.name] = d
	return d
}

// forget drops all that is known of a database that is gone.
func (a *Authenticator) forget(d *database) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.databases[d.name] == d {
		delete(a.databases, d.name)
	}
}

// known returns all databases.
func (a *Authenticator) known() []*database {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make([]*database, 0, len(a.databases))
	for _, d := range a.databases {
		all = append(all, d)
	}
	return all
}

// quoteShort quotes what a caller or a row said for a log line, cut where it is no name any more.
func quoteShort(s string) string {
	const enough = 64
	if len(s) > enough {
		return strconv.QuoteToASCII(s[:enough]) + "..."
	}
	return strconv.Quote(s)
}
