package keyring

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/lib/pq"

	"odoobridge/auth"
)

// Use is one call of a caller who was known.
type Use struct {
	DB       string
	UID      int64
	Login    string
	Kind     auth.Method
	KeyID    int64  // of auth_api_key or res_users_apikeys; 0 for a password
	KeyName  string // "" for a password
	Protocol string
	At       time.Time
	Source   netip.Addr
}

const (
	flushEvery = 5 * time.Second
	sweepEvery = time.Minute
	// maxUses bounds the rows that wait to be written while they can't be; calls of others are not counted then.
	maxUses = 10_000
	// keepUses is how long rows of use are kept.
	keepUses = "400 days"
)

// Uses counts calls in memory and writes them to the schema odoobridge from time to time, where it is there and granted. The
// same work removes the keys whose overlap is over.
type Uses struct {
	keys *Keyring
	warn func(db string, err error)

	mu      sync.Mutex
	waiting map[useKey]*tally

	warned map[string]bool // by work and database
	pruned time.Time
}

// useKey is a row of key_use.
type useKey struct {
	db       string
	day      int64 // since 1970, UTC
	uid      int64
	kind     auth.Method
	keyID    int64
	protocol string
}

// tally is what was counted for a row.
type tally struct {
	login, keyName string
	calls          int64
	last           time.Time
	source         netip.Addr
}

// NewUses counts for a keyring. warn is told that a database can't be written to: once, until it can.
func NewUses(keys *Keyring, warn func(db string, err error)) *Uses {
	return &Uses{keys: keys, warn: warn, waiting: map[useKey]*tally{}, warned: map[string]bool{}}
}

// Count counts a call. It allocates nothing for a caller who was counted since the last flush.
func (u *Uses) Count(use *Use) {
	key := useKey{use.DB, use.At.Unix() / secondsADay, use.UID, use.Kind, use.KeyID, use.Protocol}
	u.mu.Lock()
	defer u.mu.Unlock()
	t := u.waiting[key]
	if t == nil {
		if len(u.waiting) >= maxUses {
			return
		}
		t = &tally{}
		u.waiting[key] = t
	}
	t.login, t.keyName = use.Login, use.KeyName
	t.calls++
	if use.At.After(t.last) {
		t.last, t.source = use.At, use.Source
	}
}

const secondsADay = 24 * 60 * 60

// Run sweeps at once, then writes and sweeps until ctx ends. What was counted last is left for a Flush.
func (u *Uses) Run(ctx context.Context) {
	flush, sweep := time.NewTicker(flushEvery), time.NewTicker(sweepEvery)
	defer flush.Stop()
	defer sweep.Stop()
	u.sweep(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			u.Flush(ctx)
		case <-sweep.C:
			u.sweep(ctx)
		}
	}
}

// bridgeActor is who removes keys whose overlap is over.
var bridgeActor = Actor{Name: "odoobridge", Source: "the bridge itself"}

func (u *Uses) sweep(ctx context.Context) {
	for _, db := range u.keys.Databases() {
		_, err := u.keys.Sweep(ctx, db, bridgeActor)
		if errors.Is(err, ErrNotInstalled) {
			err = nil
		}
		u.tell(ctx, "sweep", db, err)
	}
}

// tell warns of work that fails, the first time.
func (u *Uses) tell(ctx context.Context, work, db string, err error) {
	work += " " + db
	if err != nil && !u.warned[work] && ctx.Err() == nil {
		u.warn(db, err)
	}
	u.warned[work] = err != nil
}

// Flush writes what was counted. What can't be written waits, unless there is no schema to write it to.
func (u *Uses) Flush(ctx context.Context) {
	u.mu.Lock()
	counted := u.waiting
	u.waiting = make(map[useKey]*tally, len(counted))
	u.mu.Unlock()
	keys := map[string][]useKey{} // by database
	for key := range counted {
		keys[key.db] = append(keys[key.db], key)
	}
	for db, keys := range keys {
		err := u.keys.useAny(ctx, db, func(ctx context.Context, conn *sql.DB, l *layout) error {
			if !l.hasSchema() {
				return nil
			}
			if time.Since(u.pruned) > secondsADay*time.Second {
				if _, err := conn.ExecContext(ctx, `DELETE FROM odoobridge.key_use WHERE day < current_date - interval '`+keepUses+`'`); err != nil {
					return err
				}
				u.pruned = time.Now()
			}
			return write(ctx, conn, keys, counted)
		})
		if err != nil {
			u.putBack(keys, counted)
		}
		u.tell(ctx, "flush", db, err)
	}
}

// putBack counts again what could not be written.
func (u *Uses) putBack(keys []useKey, counted map[useKey]*tally) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, key := range keys {
		old, now := counted[key], u.waiting[key]
		switch {
		case now != nil:
			now.calls += old.calls
		case len(u.waiting) < maxUses:
			u.waiting[key] = old
		}
	}
}

// write adds to the rows, in an order in which several bridges can't wait for each other.
func write(ctx context.Context, conn *sql.DB, keys []useKey, counted map[useKey]*tally) error {
	slices.SortFunc(keys, func(a, b useKey) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.uid, b.uid), cmp.Compare(a.kind, b.kind),
			cmp.Compare(a.keyID, b.keyID), cmp.Compare(a.protocol, b.protocol))
	})
	var days, kinds, logins, names, protocols, sources, lasts []string
	var uids, ids, calls []int64
	for _, key := range keys {
		t := counted[key]
		source := ""
		if t.source.IsValid() {
			source = t.source.Unmap().WithZone("").String()
		}
		days = append(days, time.Unix(key.day*secondsADay, 0).UTC().Format(time.DateOnly))
		uids, ids, calls = append(uids, key.uid), append(ids, key.keyID), append(calls, t.calls)
		kinds, protocols = append(kinds, key.kind.String()), append(protocols, key.protocol)
		logins, names = append(logins, t.login), append(names, t.keyName)
		lasts, sources = append(lasts, t.last.UTC().Format(time.RFC3339Nano)), append(sources, source)
	}
	_, err := conn.ExecContext(ctx, `
		INSERT INTO odoobridge.key_use AS s (day, uid, login, kind, key_id, key_name, protocol, calls, last_at, last_source)
		SELECT day, uid, login, kind, key_id, key_name, protocol, calls, last_at, nullif(source, '')::inet
		FROM unnest($1::date[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::timestamptz[], $10::text[])
			AS n (day, uid, login, kind, key_id, key_name, protocol, calls, last_at, source)
		ON CONFLICT (day, uid, kind, key_id, protocol) DO UPDATE SET
			login = excluded.login, key_name = excluded.key_name, calls = s.calls + excluded.calls,
			last_at = greatest(s.last_at, excluded.last_at),
			last_source = CASE WHEN excluded.last_at < s.last_at THEN s.last_source ELSE excluded.last_source END`,
		pq.Array(days), pq.Array(uids), pq.Array(logins), pq.Array(kinds), pq.Array(ids), pq.Array(names), pq.Array(protocols),
		pq.Array(calls), pq.Array(lasts), pq.Array(sources))
	return err
}
