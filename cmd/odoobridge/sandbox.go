package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"odoobridge/fixtures"
	"odoobridge/fixtures/module"
	"odoobridge/odoo/sandbox"
)

func (p program) sandboxCommand() *cobra.Command {
	var databaseURL, db, address string
	var sources []string
	var series int
	var reset, loadOnly, control, addon, legacy bool
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
			if err := checkLegacy(series, legacy); err != nil {
				problems = append(problems, err.Error())
			}
			if problems != nil {
				return usageError{problems}
			}
			state, err := openState(series, sources)
			if err != nil {
				return err
			}
			cfg := sandbox.Config{DSN: withDatabase(dsn, db), Database: db, Series: series, Control: control, Addon: addon, NoLegacy: !legacy}
			if loadOnly {
				return p.loadSandbox(cmd.Context(), dsn, cfg, state, reset)
			}
			return p.sandbox(cmd.Context(), dsn, cfg, state, address, reset)
		},
	}
	f := cmd.Flags()
	f.StringVar(&databaseURL, "database-url", "", "PostgreSQL server, as postgres://user:password@host:5432/name; its role may create databases")
	f.IntVar(&series, "series", 18, "series of Odoo to be: 15, 18 or 19")
	f.StringVar(&db, "db", "", "database of the sandbox; created and filled if there is none of that name")
	f.StringVar(&address, "listen", "127.0.0.1:8069", "address to listen on")
	f.StringArrayVar(&sources, "fixtures", nil, fixturesUsage)
	f.BoolVar(&reset, "reset", false, "bring the database back to the fixture state first")
	f.BoolVar(&loadOnly, "load-only", false, "create and fill the database, and exit without serving")
	f.BoolVar(&control, "control", false, controlUsage)
	f.BoolVar(&addon, "addon", true, addonUsage)
	f.BoolVar(&legacy, "legacy", true, legacyUsage)
	return cmd
}

// Of the flags that sandbox and demo share.
const (
	legacyUsage  = "offer /jsonrpc and /xmlrpc; false leaves series 19 with /json/2 alone"
	addonUsage   = "have Odoo's add-on for the bridge installed, where auth_api_key is"
	controlUsage = "offer snapshots, faults and the record of calls below " + sandbox.ControlPrefix + " (docs/TESTING.md)"
)

// checkLegacy refuses a sandbox that would answer no calls at all.
func checkLegacy(series int, legacy bool) error {
	if !legacy && series < 19 {
		return fmt.Errorf("--legacy: series %d has nothing but /jsonrpc and /xmlrpc; say --series 19", series)
	}
	return nil
}

// fixturesUsage is the help of --fixtures.
var fixturesUsage = "models and records to add: a YAML file, a folder of them, or \"" + strings.Join(module.Builtin(), "\", \"") +
	"\" of this program (repeatable; docs/SANDBOX.md)"

func (p program) sandbox(ctx context.Context, dsn *url.URL, cfg sandbox.Config, state *fixtures.State, address string, reset bool) error {
	log, flush := newLog(p.stderr, zerolog.LevelInfoValue)
	defer flush()
	if err := fill(ctx, dsn, cfg, state, reset); err != nil {
		return err
	}
	if _, given := p.lookupEnv("GOGC"); !given {
		// It keeps so little that a collection came for every few calls: 80 contacts are read 1,500 times a second instead
		// of 1,150, in 37 MB instead of 26.
		debug.SetGCPercent(400)
	}
	odoo, l, err := startSandbox(cfg, address, log)
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

// loadSandbox fills the database of a sandbox that another process will serve.
func (p program) loadSandbox(ctx context.Context, dsn *url.URL, cfg sandbox.Config, state *fixtures.State, reset bool) error {
	if err := fill(ctx, dsn, cfg, state, reset); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "loaded database=%s series=%d\n", cfg.Database, cfg.Series)
	return err
}

// fill creates the database of cfg where there is none, and prepares it.
func fill(ctx context.Context, dsn *url.URL, cfg sandbox.Config, state *fixtures.State, reset bool) error {
	if err := createDatabase(ctx, dsn, cfg.Database); err != nil {
		return err
	}
	return prepare(ctx, cfg.DSN, cfg.Database, state, reset)
}

// startSandbox serves the sandbox of cfg, whose log it sets, at address.
func startSandbox(cfg sandbox.Config, address string, log zerolog.Logger) (*sandbox.Sandbox, *listener, error) {
	cfg.Log = log.With().Str("component", "sandbox").Logger()
	odoo, err := sandbox.New(cfg)
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
func prepare(ctx context.Context, dsn, name string, state *fixtures.State, reset bool) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if reset {
		return state.Reset(ctx, db, seed(ctx, state))
	}
	series, version, err := fixtures.Loaded(ctx, db)
	switch {
	case err != nil:
		return err
	case version == state.Version():
		return nil
	case series != 0:
		return fmt.Errorf("database %s holds another state of the sandbox, of series %d: of other fixture files, or of another version of this program; "+
			"name another --db, or say --reset to lose it", name, series)
	}
	return state.Load(ctx, db, seed(ctx, state))
}

// seed creates the records of the fixture files; mistakes in them are wrong usage.
func seed(ctx context.Context, state *fixtures.State) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		err := sandbox.Seed(ctx, tx, state.Series(), state.Records())
		if problems := (module.Problems)(nil); errors.As(err, &problems) {
			return usageError{problems}
		}
		return err
	}
}

// openState reads the fixture files; mistakes in them are wrong usage.
func openState(series int, sources []string) (*fixtures.State, error) {
	state, err := fixtures.Open(series, sources...)
	if err != nil {
		return nil, usageError{err}
	}
	return state, nil
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
