package directory

import (
	"context"
	"sync"
	"time"

	"odoobridge/auth"
)

// suspects are instances whose lock could be taken, since when. Their process is dead, or it has lost its connection a moment ago
// and is about to take its lock again: PostgreSQL was restarted, somebody cut the session, a network failed. So it must be
// seen without a lock twice, some time apart.
type suspects struct {
	mu    sync.Mutex
	since map[string]time.Time
}

// dead remembers whether the instance was seen without a lock, and tells whether it was for as long as grace.
func (s *suspects) dead(instance string, unlocked bool, grace time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, suspected := s.since[instance]
	switch {
	case !unlocked:
		delete(s.since, instance)
		return false
	case !suspected:
		if s.since == nil {
			s.since = map[string]time.Time{}
		}
		s.since[instance] = time.Now()
		return false
	}
	return time.Since(first) >= grace
}

// Collect implements [auth.Minter]. A row is a leftover if the lock of the instance in its name can be taken, now and
// Options.Grace ago.
func (d *Directory) Collect(ctx context.Context, db string) (collected int, err error) {
	err = d.use(ctx, db, func(ctx context.Context, b *base, l *layout) error {
		if !l.has("res_users_apikeys.id") {
			return auth.ErrNoNativeKeys
		}
		if b.alive.used() { // and lost perhaps, with the connection
			if err := b.alive.hold(ctx, b, func(string) error { return nil }); err != nil {
				return err
			}
		}
		instances, err := b.strings(ctx, `
			SELECT DISTINCT split_part(name, ' ', 2) FROM res_users_apikeys
			WHERE name ~ '`+mintedPattern+`'`)
		if err != nil {
			return err
		}
		for _, instance := range instances {
			if b.alive.mine(instance) {
				continue
			}
			n, err := b.collect(ctx, instance)
			if err != nil {
				return err
			}
			collected += n
		}
		return nil
	})
	return collected, err
}

// collect deletes the rows of an instance if it is dead. The lock is let go with the transaction.
func (b *base) collect(ctx context.Context, instance string) (int, error) {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	unlocked := false
	if err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, lockKey(instance)).Scan(&unlocked); err != nil {
		return 0, err
	}
	if !b.suspects.dead(instance, unlocked, b.grace) {
		return 0, nil
	}
	result, err := tx.ExecContext(ctx, `DELETE FROM res_users_apikeys WHERE name = $1::text || user_id`, mintedName(instance))
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	return int(n), tx.Commit()
}
