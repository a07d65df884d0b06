// Package directory reads users and keys from the PostgreSQL databases of Odoo, and makes native keys there. It is the
// implementation of [auth.Directory] and [auth.Minter]: rows in, rows out; what they mean is package auth's.
//
// Which tables and columns there are depends on the series and the modules, and is looked up, never assumed: no
// auth_api_key without OCA's module, no auth_api_key.active before series 17, no res_users_apikeys before 14, no
// res_users_apikeys.expiration_date before 18, no res_users.totp_secret without auth_totp (schema-15, -18, -19).
//
// [Grants] is the SQL that gives a role of its own no more than this package needs.
package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"odoobridge/auth"
	"odoobridge/odoo/database"
)

// Options tell where the databases are.
type Options struct {
	// DSN is a URL or key=value string as lib/pq takes it, but that sslmode defaults to prefer, as in psql. Its database
	// is the one served when Databases is empty.
	DSN auth.Secret
	// Databases are the names of the databases served, on the server and with the role of DSN.
	Databases []string
	// Timeout bounds each use of a database, connecting included. Default 3 s.
	Timeout time.Duration
	// KeyLifetime is how long a key that [Directory.Mint] made lives, where the series knows expiry. Default 24 h.
	KeyLifetime time.Duration
	// Grace is for how long at least a process must have no lock before [Directory.Collect] takes it for dead. Default 45 s:
	// longer than callers are served without a database by default, and time enough for a process to take a lost lock again.
	Grace time.Duration
}

const defaultGrace = 45 * time.Second

// Directory is a set of Odoo databases on one PostgreSQL server. It is safe for use by many goroutines.
type Directory struct {
	server  *database.Server
	timeout time.Duration
	served  *database.Served[*base]

	keyLifetime, grace time.Duration
}

var (
	_ auth.Directory = (*Directory)(nil)
	_ auth.Minter    = (*Directory)(nil)
)

// Open checks the options. It connects to nothing: a PostgreSQL that is away at the start is no error.
func Open(o Options) (*Directory, error) {
	server, err := database.NewServer(o.DSN, o.Timeout)
	if err != nil {
		return nil, err
	}
	d := &Directory{server: server, timeout: server.Timeout(), keyLifetime: cmp.Or(o.KeyLifetime, defaultKeyLifetime),
		grace: cmp.Or(o.Grace, defaultGrace)}
	if d.served, err = database.Serve("directory", server, o.Databases, d.open); err != nil {
		return nil, fmt.Errorf("%w: put its name at the end of the database URL, or list the databases served", err)
	}
	return d, nil
}

// Databases are the names of the databases served, sorted.
func (d *Directory) Databases() []string { return d.served.Names() }

// Ping tells whether the database can be read: nil, or an error that says what is missing.
func (d *Directory) Ping(ctx context.Context, db string) error {
	_, err := d.Read(ctx, db, auth.Query{Users: []int64{1}, AuthAPIKeys: []int64{1}, NativeKeys: []int64{1}, Settings: true})
	return err
}

// Close closes all connections. Calls under way fail.
func (d *Directory) Close() error { return d.served.Close() }

// base returns the database of that name, which need not be reachable.
func (d *Directory) base(name string) (*base, error) { return d.served.Base(name) }

// use runs f on a database within the timeout, and once more when the database turns out to have other tables or
// columns than before. The errors are told as [auth.Directory] wants them.
func (d *Directory) use(ctx context.Context, name string, f func(context.Context, *base, *layout) error) error {
	b, err := d.base(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	for attempt := 0; ; attempt++ {
		var l *layout
		if l, err = b.currentLayout(ctx); err == nil {
			err = f(ctx, b, l)
		}
		if attempt > 0 || pq.As(err, undefinedColumn, undefinedTable) == nil && !errors.Is(err, errLayoutChanged) {
			return b.explain(err)
		}
		b.forgetLayout()
	}
}

// errLayoutChanged is a table that came or went without an error telling of it.
var errLayoutChanged = errors.New("the tables of the database have changed")
