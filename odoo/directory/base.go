package directory

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"odoobridge/auth"
)

// The states of PostgreSQL that mean something here.
const (
	undefinedColumn       = pqerror.Code("42703")
	undefinedTable        = pqerror.Code("42P01")
	undefinedDatabase     = pqerror.Code("3D000")
	insufficientPrivilege = pqerror.Code("42501")
	readOnly              = pqerror.Code("25006")
)

// Connections to one database: one for re-reading, three for callers who are not known yet (package auth asks no more
// at once), one that holds the lock of the keys made here, and one to make keys or to collect leftovers.
const (
	maxConnections = 6
	maxIdle        = 3
	idleTime       = 5 * time.Minute
)

// base is one database: its connections, what it looks like, and the lock that protects the keys made there.
type base struct {
	name    string
	role    string
	db      *sql.DB
	timeout time.Duration
	grace   time.Duration // see Options

	mu       sync.Mutex
	layout   *layout
	detected time.Time

	alive    alive
	suspects suspects
}

func (d *Directory) open(name string) (*base, error) {
	db, err := d.server.Open(name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxIdle)
	db.SetConnMaxIdleTime(idleTime)
	return &base{name: name, role: d.server.Role(), db: db, timeout: d.timeout, grace: d.grace}, nil
}

// Close implements [io.Closer].
func (b *base) Close() error {
	b.alive.close()
	return b.db.Close()
}

// explain tells an error of this database so that the reader knows what to do.
func (b *base) explain(err error) error {
	var pgErr *pq.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &pgErr):
		return fmt.Errorf("database %q: %w", b.name, err)
	case pgErr.Code == undefinedDatabase:
		return fmt.Errorf("%w: PostgreSQL has no %q", auth.ErrUnknownDatabase, b.name)
	case pgErr.Code == insufficientPrivilege:
		return fmt.Errorf("database %q: the role %q lacks a right; run the SQL that `odoobridge grants` prints: %w", b.name, b.role, err)
	}
	return fmt.Errorf("database %q: %w", b.name, err)
}
