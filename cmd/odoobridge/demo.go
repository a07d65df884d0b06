//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lib/pq"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/keyring"
	"odoobridge/odoo/sandbox"
)

// demoFlags are what `demo` can be told.
type demoFlags struct {
	series                             int
	db, listen, adminListen, odoo, dir string
	control, addon, legacy             bool
	fixtures                           []string
}

func (p program) demoCommand() *cobra.Command {
	var d demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try it: a private PostgreSQL, a sandbox Odoo and the bridge in front of it",
		Long: "Try it: a private PostgreSQL, a sandbox Odoo and the bridge in front of it.\n" +
			"Every start begins from the same state; Ctrl-C leaves nothing running.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.check(); err != nil {
				return usageError{err}
			}
			state, err := openState(d.series, d.fixtures)
			if err != nil {
				return err
			}
			return p.demo(cmd.Context(), d, state)
		},
	}
	f := cmd.Flags()
	f.IntVar(&d.series, "series", 18, "series of Odoo to be: 15, 18 or 19")
	f.StringVar(&d.db, "db", "", "name of the database (default: odoo15, odoo18 or odoo19, after the series)")
	f.StringVar(&d.listen, "listen", "127.0.0.1:8079", "address of the bridge")
	f.StringVar(&d.adminListen, "admin-listen", "127.0.0.1:8078", "address of /livez, /readyz and /metrics")
	f.StringVar(&d.odoo, "sandbox-listen", "127.0.0.1:8069", "address of the sandbox Odoo")
	f.StringArrayVar(&d.fixtures, "fixtures", nil, fixturesUsage)
	f.StringVar(&d.dir, "data", "", "folder of the private PostgreSQL (default: one per series in the user's cache folder)")
	f.BoolVar(&d.control, "control", false, controlUsage)
	f.BoolVar(&d.addon, "addon", true, addonUsage)
	f.BoolVar(&d.legacy, "legacy", true, legacyUsage)
	return cmd
}

func (d *demoFlags) check() error {
	var problems Problems
	if !slices.Contains(fixtures.Series(), d.series) {
		problems = append(problems, fmt.Sprintf("--series: %d is none of %v", d.series, fixtures.Series()))
	}
	for flag, address := range map[string]string{"--listen": d.listen, "--admin-listen": d.adminListen, "--sandbox-listen": d.odoo} {
		if err := checkAddress(address); err != nil {
			problems = append(problems, flag+": "+err.Error())
		}
	}
	if err := checkLegacy(d.series, d.legacy); err != nil {
		problems = append(problems, err.Error())
	}
	if problems != nil {
		slices.Sort(problems)
		return problems
	}
	if d.db == "" {
		d.db = "odoo" + strconv.Itoa(d.series)
	}
	if d.dir == "" {
		d.dir = defaultDataDir(d.series)
	}
	return nil
}

// defaultDataDir is a folder of its own for each series, so that two demos can run side by side. For root it is none
// below /root, which the user that PostgreSQL runs as can't enter.
func defaultDataDir(series int) string {
	base, err := os.UserCacheDir()
	if err != nil || os.Geteuid() == 0 {
		base = "/var/tmp"
	}
	return filepath.Join(base, "odoobridge", "demo-"+strconv.Itoa(series))
}

// demoRole is the role that the bridge of the demo connects as: one with no more rights than the bridge needs, so that
// the demo proves every time that they are enough.
const demoRole = "odoobridge"

func (p program) demo(ctx context.Context, d demoFlags, state *fixtures.State) (err error) {
	log, flush := newLog(p.stderr, zerolog.LevelInfoValue)
	defer flush()
	// Fast: what a power cut could cost is made anew at every start.
	cluster, err := postgres.Start(ctx, postgres.Options{Dir: d.dir, Fast: true})
	if err != nil {
		return fmt.Errorf("%w\n(the demo keeps nothing in %s that can't be made anew: a damaged folder may be removed)", err, d.dir)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		err = errors.Join(err, cluster.Stop(stop))
	}()
	if err := restoreState(ctx, cluster, d.db, state); err != nil {
		return err
	}
	databaseURL, err := demoURL(ctx, cluster.DSN(d.db))
	if err != nil {
		return err
	}
	server, odoo, err := startSandbox(d.sandbox(cluster.DSN(d.db)), d.odoo, log)
	if err != nil {
		return err
	}
	defer server.Close()
	defer func() {
		drain, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		err = errors.Join(err, odoo.drain(drain))
	}()

	cfg, err := demoConfig(d, databaseURL, odoo.URL())
	if err != nil {
		return err
	}
	s, err := startService(ctx, cfg, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "ready bridge=%s admin=%s sandbox=%s database=%s\n", s.bridge.URL(), s.admin.URL(), odoo.URL(), cluster.DSN(d.db))
	fmt.Fprint(p.stdout, examples(s.bridge.URL(), d.db, d.series))
	return s.run(ctx)
}

// sandbox is what the sandbox of the demo is made of.
func (d demoFlags) sandbox(dsn string) sandbox.Config {
	return sandbox.Config{DSN: dsn, Database: d.db, Series: d.series, Control: d.control, Addon: d.addon, NoLegacy: !d.legacy}
}

// demoConfig is that of `serve` with the demo's addresses and the sandbox's controllers, and defaults for all else.
func demoConfig(d demoFlags, databaseURL, odooURL string) (Config, error) {
	cmd := program{}.serveCommand()
	flags := map[string]string{
		"database-url": databaseURL, "odoo-url": odooURL, "db": d.db, "listen": d.listen, "admin-listen": d.adminListen,
		"controllers": sandbox.ControllerPrefix,
	}
	if d.series >= 19 {
		flags["doc-user"] = "admin"
	}
	for name, v := range flags {
		if err := cmd.Flags().Set(name, v); err != nil {
			return Config{}, err
		}
	}
	cfg, _, err := loadConfig(cmd.Flags(), func(string) (string, bool) { return "", false })
	return cfg, err
}

// restoreState gives the cluster a fresh database name with the state, cloned from one that is filled
// once.
func restoreState(ctx context.Context, cluster *postgres.Cluster, name string, state *fixtures.State) error {
	template := "odoobridge_state_" + state.Version()
	server, err := sql.Open("postgres", cluster.DSN("postgres"))
	if err != nil {
		return err
	}
	defer server.Close()
	var there bool
	if err := server.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template).Scan(&there); err != nil {
		return err
	}
	if !there {
		if err := fillTemplate(ctx, cluster, server, template, state); err != nil {
			return err
		}
	}
	if err := cluster.DropDatabase(ctx, name); err != nil {
		return err
	}
	return cluster.CreateDatabase(ctx, name, template)
}

// fillTemplate fills a database under a provisional name, so that one of the final name is always whole.
func fillTemplate(ctx context.Context, cluster *postgres.Cluster, server *sql.DB, name string, state *fixtures.State) error {
	provisional := name + "_new"
	if err := cluster.DropDatabase(ctx, provisional); err != nil {
		return err
	}
	if err := cluster.CreateDatabase(ctx, provisional, ""); err != nil {
		return err
	}
	db, err := sql.Open("postgres", cluster.DSN(provisional))
	if err != nil {
		return err
	}
	if err := errors.Join(state.Load(ctx, db, seed(ctx, state)), db.Close()); err != nil {
		return err
	}
	_, err = server.ExecContext(ctx, "ALTER DATABASE "+pq.QuoteIdentifier(provisional)+" RENAME TO "+pq.QuoteIdentifier(name))
	return err
}

// demoURL gives demoRole a new password and its grants, and returns the address with which it connects.
func demoURL(ctx context.Context, dsn string) (string, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return "", err
	}
	defer db.Close()
	password := rand.Text()
	_, err = db.ExecContext(ctx, fmt.Sprintf(`DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = %s) THEN CREATE ROLE %s LOGIN; END IF;
		ALTER ROLE %[2]s PASSWORD %s;
	END $$`, pq.QuoteLiteral(demoRole), pq.QuoteIdentifier(demoRole), pq.QuoteLiteral(password)))
	if err != nil {
		return "", fmt.Errorf("make the role %s: %w", demoRole, err)
	}
	if _, err := db.ExecContext(ctx, keyring.Schema(demoRole)+directory.Grants(demoRole)+keyring.Grants(demoRole)); err != nil {
		return "", fmt.Errorf("grant the role %s what it needs: %w", demoRole, err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(demoRole, password)
	return u.String(), nil
}

// examples are ten lines to copy and paste.
func examples(bridge, db string, series int) string {
	key := "conf-auth-api-key-rpcuser"
	if series < 18 {
		key = "9bc000010123456789abcdef0123456789abcdef" // no auth_api_key in the recorded 15: a native key
	}
	const call = `# With an API-KEY header: the caller is the key's user, and need not say who.
curl -s {bridge}/jsonrpc -H 'Content-Type: application/json' -H 'API-KEY: {key}' -d '{"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "object", "method": "execute_kw", "args": ["{db}", 0, "", "res.partner", "search_read", [[["ref", "=", "CONF"]]], {"fields": ["name"]}]}}'
# With HTTP Basic, an Odoo login:
curl -s {bridge}/jsonrpc -H 'Content-Type: application/json' -u rpcuser:rpcuser-pw -d '{"jsonrpc": "2.0", "method": "call", "id": 2, "params": {"service": "object", "method": "execute_kw", "args": ["{db}", 0, "", "res.users", "context_get", []]}}'
# With Python and the credentials in the call, as Odoo's documentation does it:
python3 -c '
import xmlrpc.client as x
uid = x.ServerProxy("{bridge}/xmlrpc/2/common").authenticate("{db}", "rpcuser", "rpcuser-pw", {})
print(x.ServerProxy("{bridge}/xmlrpc/2/object").execute_kw("{db}", uid, "rpcuser-pw", "res.partner", "search_count", [[["ref", "=", "CONF"]]]))'
# psql "$database" opens the database named above; Ctrl-C here stops everything.
`
	return strings.NewReplacer("{bridge}", bridge, "{key}", key, "{db}", db).Replace(call)
}
