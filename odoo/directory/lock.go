package directory

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync"
)

// lockedConn is the connection whose session holds the advisory lock of this process's instance, which tells others
// that the keys made here are in use. PostgreSQL releases it with the connection, however the process ends.
//
// Keys are inserted on this very connection, so that none is made without the lock.
type lockedConn struct {
	mu        sync.Mutex
	conn      *sql.Conn
	instances []string // of this process; the last one is current
}

// hold runs f with the connection, which is made if there is none that answers, and the current instance.
func (c *lockedConn) hold(ctx context.Context, db *sql.DB, f func(conn *sql.Conn, instance string) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil && c.conn.PingContext(ctx) != nil {
		c.release()
	}
	if c.conn == nil {
		if err := c.lock(ctx, db); err != nil {
			return err
		}
	}
	return f(c.conn, c.instances[len(c.instances)-1])
}

// lock opens a session and takes the lock in it: of the instance there was before, since keys of its name may be in
// use; of a new one if there was none, or if the server still keeps the lost session, and the lock with it.
func (c *lockedConn) lock(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	instances, current := c.instances, false
	for _, instance := range instances {
		if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, lockKey(instance)).Scan(&current); err != nil {
			discard(conn)
			return err
		}
	}
	if !current {
		instance := newInstance()
		if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, lockKey(instance)); err != nil {
			discard(conn)
			return err
		}
		instances = append(instances, instance)
	}
	c.conn, c.instances = conn, instances
	return nil
}

// mine tells whether the instance is one of this process's.
func (c *lockedConn) mine(instance string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.instances, instance)
}

// used tells whether a lock was ever taken.
func (c *lockedConn) used() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.instances) > 0
}

func (c *lockedConn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release()
}

func (c *lockedConn) release() {
	if c.conn != nil {
		discard(c.conn)
		c.conn = nil
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
