// Package keyring manages the keys of OCA's module auth_api_key as an administrator of Odoo would, in Odoo's own tables
// and without Odoo: who has which, new ones, other ones, none any more.
//
// Every change is one transaction. It holds the keys' table against other writers, Odoo included, so that no name and no
// key comes twice; it moves the object by which the series tells its workers to drop their caches, for the module keeps
// which user a key is of in one; and it writes the line of the audit log. A change that fails has changed nothing.
//
// What Odoo's tables have no room for is in a schema of our own, odoobridge, which [Keyring.Init] makes and nothing else:
// until when a key that was replaced goes on working, who used what and when, and the audit log.
package keyring

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/database"
)

// Options tell where the keys are.
type Options struct {
	// DSN is a URL or key=value string, as [database.NewServer] takes it. Its database is the one managed when Databases
	// is empty.
	DSN auth.Secret
	// Databases are the names of the databases managed.
	Databases []string
	// Timeout bounds each operation. Default 10 s.
	Timeout time.Duration
	// Audit is told of each change once it is made, for the log. Default: nobody.
	Audit func(Entry)
}

const (
	defaultTimeout = 10 * time.Second
	// maxConnections to one database: what is done here is rare.
	maxConnections = 2
	idleTime       = time.Minute
)

// Keyring is the keys of a set of Odoo databases on one PostgreSQL server. It is safe for use by many goroutines.
type Keyring struct {
	server *database.Server
	served *database.Served[*sql.DB]
	audit  func(Entry)
}

// Open checks the options. It connects to nothing.
func Open(o Options) (*Keyring, error) {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	server, err := database.NewServer(o.DSN, o.Timeout)
	if err != nil {
		return nil, err
	}
	k := &Keyring{server: server, audit: o.Audit}
	if k.audit == nil {
		k.audit = func(Entry) {}
	}
	if k.served, err = database.Serve("keyring", server, o.Databases, k.open); err != nil {
		return nil, fmt.Errorf("%w: put its name at the end of the database URL, or say --db", err)
	}
	return k, nil
}

// Databases are the names of the databases managed, sorted.
func (k *Keyring) Databases() []string { return k.served.Names() }

// Close closes all connections.
func (k *Keyring) Close() error { return k.served.Close() }

func (k *Keyring) base(name string) (*sql.DB, error) { return k.served.Base(name) }

func (k *Keyring) open(name string) (*sql.DB, error) {
	db, err := k.server.Open(name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetConnMaxIdleTime(idleTime)
	return db, nil
}

// Actor is who makes a change, for the audit log and for Odoo's own columns.
type Actor struct {
	UID    int64  // res_users.id, for create_uid and write_uid; 0 where no user of Odoo is known, which is written as 1
	Name   string // a login of Odoo, or a user of the operating system
	Source string // from where: an address, or the host of a command line
}

// superuser is Odoo's own user, to whom Odoo too ascribes what no one in particular did.
const superuser = 1

func (a Actor) uid() int64 {
	if a.UID == 0 {
		return superuser
	}
	return a.UID
}

// use runs f on a database as it looks now, within the timeout. [ErrNotInstalled] where there are no keys to manage.
func (k *Keyring) use(ctx context.Context, name string, f func(context.Context, *sql.DB, *layout) error) error {
	return k.useAny(ctx, name, func(ctx context.Context, db *sql.DB, l *layout) error {
		if !l.has("auth_api_key.id") {
			return wrong(ErrNotInstalled, "database %q has no table auth_api_key: install OCA's module auth_api_key in Odoo first", name)
		}
		return f(ctx, db, l)
	})
}

// useAny is use for what needs no keys of the module.
func (k *Keyring) useAny(ctx context.Context, name string, f func(context.Context, *sql.DB, *layout) error) error {
	db, err := k.base(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, k.server.Timeout())
	defer cancel()
	l, err := detect(ctx, db)
	if err == nil {
		err = f(ctx, db, l)
	}
	return k.explain(name, err)
}
