package doctor

import (
	"context"
	"fmt"
	"time"

	"odoobridge/odoo/directory"
)

// The checks that others need, by name.
const (
	checkConnect = "database.connect"
	checkTables  = "database.tables"
	checkReach   = "odoo.reach"
)

// databaseCheck is the id of a check of a database.
func databaseCheck(db, name string) string { return groupDatabase + db + "/" + name }

// connectionChecks are what must hold before a database can be asked anything.
func (x *examination) connectionChecks(db string) []check {
	group, connected := groupDatabase+db, databaseCheck(db, checkConnect)
	return []check{
		{group: group, name: checkConnect, look: func(ctx context.Context, r *report) { x.lookAtConnection(ctx, r, db) }},
		{group: group, name: "database.tls", needs: []string{connected}, look: func(_ context.Context, r *report) { x.lookAtDatabaseTLS(r, db) }},
		{group: group, name: "database.clock", needs: []string{connected}, look: func(ctx context.Context, r *report) { x.lookAtDatabaseClock(ctx, r, db) }},
	}
}

func (x *examination) lookAtConnection(ctx context.Context, r *report, db string) {
	session, err := x.directory.Session(ctx, db)
	if err != nil {
		x.tellConnection(r, db, err)
		r.without("the database can't be reached")
		return
	}
	x.facts[db].session = session
	r.ok("PostgreSQL %s at %s lets the role %q in", session.Server, x.postgres(), session.Role)
}

// tellConnection tells faults of a connection apart.
func (x *examination) tellConnection(r *report, db string, err error) {
	const why = "nobody can be identified: calls are refused with 503"
	host, port := x.server()
	role := x.DatabaseURL.User.Username()
	isReady := "pg_isready -h " + quote(host) + " -p " + port
	switch directory.FaultOf(err) {
	case directory.FaultHost:
		r.fail(fmt.Sprintf("the host %q of database_url is not known here: %v", host, err), why,
			"getent hosts "+quote(host)+" || echo unknown", "# name the right host in database_url")
	case directory.FaultRefused:
		r.fail(fmt.Sprintf("nobody listens at %s: %v", x.postgres(), err), why,
			isReady, "# start PostgreSQL, or name the right host and port in database_url; postgresql.conf: listen_addresses, port")
	case directory.FaultTimeout:
		r.fail(fmt.Sprintf("no answer from %s in %v: %v", x.postgres(), x.Timeout, err), why,
			isReady+" -t 3", "# a wrong address, a firewall, or a server that hangs")
	case directory.FaultLogin:
		r.fail(fmt.Sprintf("PostgreSQL does not let the role %q in: the password of database_url is wrong, or there is no such role: %v", role, err), why,
			x.sql("postgres", "", `CREATE ROLE `+identifier(role)+` LOGIN`)+"  # if there is none",
			x.sql("postgres", "", `\password `+identifier(role))+"  # the one of database_url")
	case directory.FaultAccess:
		r.fail(fmt.Sprintf("pg_hba.conf does not let the role %q in from here: %v", role, err), why,
			x.sql("postgres", "", "SHOW hba_file"),
			fmt.Sprintf("# add to that file: host %s %s THIS_ADDRESS/32 scram-sha-256", db, identifier(role)),
			x.sql("postgres", "", "SELECT pg_reload_conf()"))
	case directory.FaultNoDatabase:
		r.fail(fmt.Sprintf("PostgreSQL at %s has no database %q", x.postgres(), db), "calls to it are answered as to a database that does not exist",
			x.sql("postgres", "", `\l`)+"  # those there are", "export ODOOBRIDGE_DB=NAME")
	case directory.FaultConnect:
		r.fail(fmt.Sprintf("the role %q may not connect to %q", role, db), why,
			x.sql("postgres", "", "GRANT CONNECT ON DATABASE "+identifier(db)+" TO "+identifier(role)))
	case directory.FaultNoTLS:
		r.fail("database_url wants TLS (sslmode), and PostgreSQL has it switched off", why,
			x.sql("postgres", "", "SHOW ssl"), "# switch it on in postgresql.conf (ssl, ssl_cert_file, ssl_key_file), or say sslmode=prefer in database_url")
	case directory.FaultTLS:
		r.fail(fmt.Sprintf("PostgreSQL's certificate is not accepted: %v", err), why,
			"openssl s_client -starttls postgres -connect "+quote(x.postgres())+" -showcerts </dev/null",
			"# name the file of the authority's certificate in database_url: sslrootcert=/path/ca.pem, and the host as the certificate has it")
	case directory.FaultFull:
		r.fail(fmt.Sprintf("PostgreSQL has no connection left: %v", err), why,
			x.sql("postgres", "", "SELECT usename, count(*) FROM pg_stat_activity GROUP BY 1")+"  # who has them",
			"# raise max_connections in postgresql.conf, or lower db_maxconn of Odoo")
	case directory.FaultStarting:
		r.fail(fmt.Sprintf("PostgreSQL starts, stops or recovers: %v", err), why, isReady)
	case directory.FaultPooler:
		r.fail(fmt.Sprintf("a pooler in front of PostgreSQL refuses the connection: %v", err), why,
			"# PgBouncer, in pgbouncer.ini: ignore_startup_parameters = NAME, with the name of the parameter")
	default:
		r.fail(fmt.Sprintf("the database can't be asked: %v", err), why, isReady)
	}
}

func (x *examination) lookAtDatabaseTLS(r *report, db string) {
	host, _ := x.server()
	switch tls := x.facts[db].session.TLS; {
	case tls != "":
		r.ok("the connection to PostgreSQL is by %s", tls)
	case private(host):
		r.ok("the connection to PostgreSQL is without TLS, within a private network (%s)", host)
	default:
		r.warn(fmt.Sprintf("the connection to PostgreSQL at %s is without TLS", host), "keys and hashes of passwords cross the network in clear text",
			x.sql("postgres", "", "SHOW ssl"), "# switch it on in postgresql.conf, and say sslmode=verify-full in database_url")
	}
}

// maxSkew is how far clocks may be apart: more than a question takes, and less than the shortest life of anything.
const maxSkew = 5 * time.Second

func (x *examination) lookAtDatabaseClock(ctx context.Context, r *report, db string) {
	began := time.Now()
	session, err := x.directory.Session(ctx, db)
	if err != nil {
		r.skip("not looked at, because the database did not answer: %v", err)
		return
	}
	tellClock(r, "PostgreSQL", aheadOf(session.Now, began, time.Now(), 0), "expiry of keys goes by PostgreSQL's clock, and logs don't fit together")
}

// aheadOf is how far a clock that said at, to a precision, is ahead of ours, when it was asked between began and ended.
func aheadOf(at, began, ended time.Time, precision time.Duration) time.Duration {
	switch {
	case at.After(ended):
		return at.Sub(ended)
	case at.Add(precision).Before(began):
		return at.Add(precision).Sub(began)
	}
	return 0
}

func tellClock(r *report, whose string, ahead time.Duration, why string) {
	if ahead.Abs() <= maxSkew {
		r.ok("the clocks of the bridge and %s agree", whose)
		return
	}
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	r.warn(fmt.Sprintf("the clock of %s is %v %s the bridge's", whose, ahead.Abs().Round(time.Second), direction), why,
		"timedatectl set-ntp true  # on both machines")
}
