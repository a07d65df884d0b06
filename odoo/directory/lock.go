package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"
)

// alive is how a process says that the native keys it made are in use: an open transaction that holds the advisory lock of its
// instance. PostgreSQL releases the lock with the connection, however the process ends.
//
// It is the lock of a transaction and not of a session, since a pooler such as PgBouncer may give the sessions behind its
// connections to others after each transaction: the lock would stay with a session that the process has lost, and whoever gets
// that session could take the lock again. The transaction has no snapshot and no id, and so holds up no VACUUM; it touches no
// table of Odoo's.
type alive struct {
	mu        sync.Mutex
	conn      *sql.Conn
	tx        *sql.Tx
	instances []string      // of this process; the last one is current
	stop      chan struct{} // ends keep; nil before the first lock
	kept      sync.WaitGroup
}

// keepShare is how often within the time after which others take the process for dead it is looked whether the lock is there.
const keepShare = 4

// keepAtMost is the shortest pause between two looks.
const keepAtMost = 50 * time.Millisecond

// hold runs f with the current instance while its lock is held; it is taken if it is not, or not any more.
func (c *alive) hold(ctx context.Context, b *base, f func(instance string) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ensure(ctx, b); err != nil {
		return err
	}
	return f(c.instances[len(c.instances)-1])
}

func (c *alive) ensure(ctx context.Context, b *base) error {
	if c.tx != nil {
		if _, err := c.tx.ExecContext(ctx, `SELECT 1`); err == nil {
			return nil
		}
		c.release() // a transaction that had an error has no locks either
	}
	if err := c.lock(ctx, b.db); err != nil {
		return err
	}
	if c.stop == nil {
		c.stop = make(chan struct{})
		c.kept.Go(func() { c.keep(b, c.stop) })
	}
	return nil
}

// keep takes the lock again when it is lost, until stop is closed: others take the process for dead if it has none for a while.
func (c *alive) keep(b *base, stop <-chan struct{}) {
	tick := time.NewTicker(max(b.grace/keepShare, keepAtMost))
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), b.timeout)
		_ = c.hold(ctx, b, func(string) error { return nil }) // the next Mint or Collect says what is wrong
		cancel()
	}
}

// lock opens a transaction and takes the lock in it: of the instance there was before, since keys of its name may be in
// use; of a new one if there was none, or if the server still keeps the lost session, and the lock with it.
func (c *alive) lock(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil) // ctx's end would end the transaction
	if err != nil {
		discard(conn)
		return err
	}
	instances, err := c.take(ctx, tx)
	if err != nil {
		_ = tx.Rollback()
		discard(conn)
		return err
	}
	c.conn, c.tx, c.instances = conn, tx, instances
	return nil
}

// patience lets the transaction wait for as long as the process lives, and has the server notice within a minute when its machine
// is gone. Which of the settings there are depends on PostgreSQL's version; none needs a right.
const patience = `SELECT set_config(name, CASE name WHEN 'tcp_keepalives_idle' THEN '30' WHEN 'tcp_keepalives_interval' THEN '10'
		WHEN 'tcp_keepalives_count' THEN '3' ELSE '0' END, true)
	FROM pg_settings WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout',
		'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count')`

// take takes the lock. Its statements have no parameters: PostgreSQL would keep the last one's snapshot until the next.
func (c *alive) take(ctx context.Context, tx *sql.Tx) ([]string, error) {
	if _, err := tx.ExecContext(ctx, patience); err != nil {
		return nil, err
	}
	instances, current := c.instances, false
	for _, instance := range instances {
		if err := tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT pg_try_advisory_xact_lock(%d)`, lockKey(instance))).Scan(&current); err != nil {
			return nil, err
		}
	}
	if current {
		return instances, nil
	}
	instance := newInstance()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`SELECT pg_advisory_xact_lock(%d)`, lockKey(instance))); err != nil {
		return nil, err
	}
	return append(slices.Clone(instances), instance), nil
}

// mine tells whether the instance is one of this process's.
func (c *alive) mine(instance string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.instances, instance)
}

// used tells whether a lock was ever taken.
func (c *alive) used() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.instances) > 0
}

func (c *alive) close() {
	c.mu.Lock()
	stop := c.stop
	c.release()
	c.mu.Unlock()
	if stop != nil {
		close(stop)
		c.kept.Wait()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release() // keep may have taken it in between
}

func (c *alive) release() {
	if c.conn != nil {
		_ = c.tx.Rollback() // without which the connection can't be closed; it may be lost
		discard(c.conn)
		c.conn, c.tx = nil, nil
	}
}

// discard closes a connection instead of returning it to the pool: its session may hold locks.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// newInstance is an id that no other process has.
func newInstance() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// lockKey is the key of an instance's advisory lock.
func lockKey(instance string) int64 {
	sum := sha256.Sum256([]byte("odoobridge instance " + instance))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
