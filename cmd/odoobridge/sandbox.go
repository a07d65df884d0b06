package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"odoobridge/fixtures"
	"odoobridge/odoo/sandbox"
)

func (p program) sandboxCommand() *cobra.Command {
	var databaseURL, db, address string
	var series int
	var reset, control bool
	cmd := &cobra.Command{
		Use:   "sandbox --database-url postgres://... --series N --db NAME",
		Short: "Serve an Odoo for tests, on PostgreSQL tables shaped like Odoo's",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var problems Problems
			dsn, err := postgresURL(databaseURL)
			if err != nil {
				problems = append(problems, "--database-url: "+err.Error())
			}
			if !slices.Contains(fixtures.Series(), series) {
				problems = append(problems, fmt.Sprintf("--series: %d is none of %v", series, fixtures.Series()))
			}
			if db == "" {
				problems = append(problems, "--db: a name for the database is required")
			}
			if err := checkAddress(address); err != nil {
				problems = append(problems, "--listen: "+err.Error())
			}
			if problems != nil {
				return usageError{problems}
			}
			return p.sandbox(cmd.Context(), dsn, db, series, address, reset, control)
		},
	}
	f := cmd.Flags()
	f.StringVar(&databaseURL, "database-url", "", "PostgreSQL server, as postgres://user:password@host:5432/name; its role may create databases")
	f.IntVar(&series, "series", 18, "series of Odoo to be: 15, 18 or 19")
	f.StringVar(&db, "db", "", "database of the sandbox; created and filled if there is none of that name")
	f.StringVar(&address, "listen", "127.0.0.1:8069", "address to listen on")
	f.BoolVar(&reset, "reset", false, "bring the database back to the fixture state first")
	f.BoolVar(&control, "control", false, controlUsage)
	return cmd
}

// controlUsage is of the flag that sandbox and demo share.
const controlUsage = "offer snapshots, faults and the record of calls below " + sandbox.ControlPrefix + " (docs/TESTING.md)"

func (p program) sandbox(ctx context.Context, dsn *url.URL, name string, series int, address string, reset, control bool) error {
	log, flush := newLog(p.stderr, zerolog.LevelInfoValue)
	defer flush()
	if err := createDatabase(ctx, dsn, name); err != nil {
		return err
	}
	if err := prepare(ctx, withDatabase(dsn, name), name, series, reset); err != nil {
		return err
	}
	odoo, l, err := startSandbox(withDatabase(dsn, name), name, series, address, control, log)
	if err != nil {
		return err
	}
	defer odoo.Close()
	fmt.Fprintf(p.stdout, "ready sandbox=%s\n", l.URL())
	select {
	case <-ctx.Done():
	case err = <-l.failed:
	}
	drain, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	return errors.Join(err, l.drain(drain))
}

func startSandbox(dsn, name string, series int, address string, control bool, log zerolog.Logger) (*sandbox.Sandbox, *listener, error) {
	odoo, err := sandbox.New(sandbox.Config{DSN: dsn, Database: name, Series: series, Control: control, Log: log.With().Str("component", "sandbox").Logger()})
	if err != nil {
		return nil, nil, err
	}
	l, err := listen(address, odoo, log)
	if err != nil {
		return nil, nil, errors.Join(err, odoo.Close())
	}
	l.serve()
	return odoo, l, nil
}

// prepare fills an empty database, and refuses to touch one that something else has filled.
func prepare(ctx context.Context, dsn, name string, series int, reset bool) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if reset {
		return fixtures.Reset(ctx, db, series)
	}
	loaded, err := fixtures.Loaded(ctx, db)
	switch {
	case err != nil:
		return err
	case loaded == series:
		return nil
	case loaded != 0:
		return fmt.Errorf("database %s holds the sandbox's state of series %d, not %d; name another --db, or say --reset to lose it", name, loaded, series)
	}
	return fixtures.Load(ctx, db, series)
}

// createDatabase makes an empty database on the server of dsn unless there is one of that name.
func createDatabase(ctx context.Context, dsn *url.URL, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	server, err := sql.Open("postgres", dsn.String())
	if err != nil {
		return err
	}
	defer server.Close()
	var there bool
	if err := server.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil {
		return fmt.Errorf("look for database %s on %s: %w", name, dsn.Host, err)
	}
	if there {
		return nil
	}
	if _, err := server.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name)); err != nil && !strings.Contains(err.Error(), "already exists") {
		return fmt.Errorf("create database %s on %s: %w", name, dsn.Host, err)
	}
	return nil
}

// withDatabase is dsn with another database.
func withDatabase(dsn *url.URL, name string) string {
	u := *dsn
	u.Path = "/" + name
	return u.String()
}
