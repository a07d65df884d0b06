//go:build unix

package integration

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"odoobridge/auth/limit/redistest"
	"odoobridge/fixtures/postgres/postgrestest"
)

// TestDoctorFindsNothing: a sound set-up of each series has no failure and no warning but that the sandbox, like an Odoo as it
// comes, does not believe X-Forwarded-*.
func TestDoctorFindsNothing(t *testing.T) {
	for _, tc := range []struct {
		series int
		flags  []string
	}{{15, nil}, {18, nil}, {19, nil}, {19, []string{"--legacy=false"}}} {
		t.Run(fmt.Sprint(tc.series, tc.flags), func(t *testing.T) {
			c := newClinic(t, tc.series, tc.flags...)
			findings, status := c.examine(t)
			if status != 0 {
				t.Errorf("status %d", status)
			}
			for _, f := range findings {
				switch {
				case f.Check == "odoo.workers" && f.Level == "skipped", f.Check == "odoo.proxy_mode" && f.Level == "warning":
				case f.Level != "ok":
					t.Errorf("%+v", f)
				}
			}
			if len(findings) < 25 {
				t.Errorf("%d findings", len(findings))
			}
		})
	}
}

// fault is something that is wrong with a set-up, and what doctor is to say of it.
type fault struct {
	name   string
	series int                       // 18 if 0
	flags  []string                  // of the sandbox
	broken func(*testing.T, *clinic) // breaks it
	check  string                    // by which it is found
	level  string                    // "failure" or "warning"
	text   string                    // in what is said
	remedy string                    // in what is to be done
	skips  string                    // a check that can't be made then, if any
	cured  func(*testing.T, *clinic) // what no command can do; nil where the remedy alone will do
	key    string                    // the API-KEY of the call that shows whether it works; a password where it is ""
	answer string                    // in the answer to that call while it is broken; "" where it works all the same
}

// examine finds the fault, follows the remedy, finds nothing any more, and calls.
func (f fault) examine(t *testing.T) {
	series := f.series
	if series == 0 {
		series = 18
	}
	c := newClinic(t, series, f.flags...)
	f.broken(t, c)
	findings, status := c.examine(t)
	bad := of(findings, f.check)
	if len(bad) != 1 || bad[0].Level != f.level || !strings.Contains(bad[0].Text, f.text) || !strings.Contains(strings.Join(bad[0].Remedy, "\n"), f.remedy) {
		t.Fatalf("%s: %+v; want a %s with %q and the remedy %q", f.check, bad, f.level, f.text, f.remedy)
	}
	if (status == 1) != (f.level == "failure") {
		t.Errorf("status %d", status)
	}
	for _, other := range findings {
		if other.Level == "failure" && other.Check != f.check {
			t.Errorf("%s is called a failure too: %s", other.Check, other.Text)
		}
	}
	if f.skips != "" {
		if skipped := of(findings, f.skips); len(skipped) != 1 || skipped[0].Level != "skipped" || !strings.HasPrefix(skipped[0].Text, "not looked at, because ") {
			t.Errorf("%s: %+v, want it skipped", f.skips, skipped)
		}
	}
	var headers []string
	if f.key != "" {
		headers = []string{"API-KEY", f.key}
	}
	if f.answer != "" {
		if a := c.call(t, headers...); !strings.Contains(a.body, f.answer) {
			t.Errorf("while it is broken: %d %s, want %q", a.status, a.body, f.answer)
		}
	}

	if f.cured != nil {
		f.cured(t, c)
	} else {
		c.follow(t, bad[0].Remedy)
	}
	findings, status = c.examine(t)
	if bad := of(findings, f.check); len(bad) != 0 || status != 0 {
		t.Errorf("afterwards: status %d, %+v", status, bad)
	}
	if a := c.call(t, headers...); !strings.Contains(a.body, "Conf Alpha") {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

func examineAll(t *testing.T, faults []fault) {
	for _, f := range faults {
		t.Run(f.name, f.examine)
	}
}

// remember returns something that gives a setting the value back that it has now.
func remember(name string) (broken func(value string) func(*testing.T, *clinic), cured func(*testing.T, *clinic)) {
	var before string
	return func(value string) func(*testing.T, *clinic) {
			return func(_ *testing.T, c *clinic) {
				before = c.settings["ODOOBRIDGE_"+strings.ToUpper(name)]
				c.set(name, value)
			}
		}, func(_ *testing.T, c *clinic) {
			c.set(name, before)
		}
}

// TestDoctorDatabase: what keeps the bridge from its database, told apart.
func TestDoctorDatabase(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var before *url.URL
	at := func(change func(*url.URL)) func(*testing.T, *clinic) {
		return func(t *testing.T, c *clinic) {
			c.setURL(t, func(u *url.URL) { copied := *u; before = &copied; change(u) })
		}
	}
	back := func(_ *testing.T, c *clinic) { c.set("database_url", before.String()) }
	pooler := func(mode, settings string) func(*testing.T, *clinic) {
		return func(t *testing.T, c *clinic) {
			at(func(u *url.URL) {
				through, err := url.Parse(postgrestest.Pooler(t, u.String(), mode, settings))
				if err != nil {
					t.Fatal(err)
				}
				*u = *through
			})(t, c)
		}
	}
	const unavailable = "could not ask its database"
	examineAll(t, []fault{
		{name: "wrong password", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `ALTER ROLE odoobridge PASSWORD 'another'`)
			c.fill = []string{`CREATE ROLE odoobridge LOGIN`, `SELECT`, `\password odoobridge`, `ALTER ROLE odoobridge PASSWORD '\''` + bridgePassword + `'\''`}
			t.Cleanup(func() { c.sql(t, `ALTER ROLE odoobridge PASSWORD '`+bridgePassword+`'`) })
		}, check: "database.connect", level: "failure", text: `does not let the role "odoobridge" in`, remedy: `\password odoobridge`, skips: "database.rights", answer: unavailable},
		{name: "no such role", broken: func(t *testing.T, c *clinic) {
			at(func(u *url.URL) { u.User = userPassword("doctor_new", "canary-doctor-new") })(t, c)
			c.fill = []string{`\password doctor_new`, `ALTER ROLE doctor_new PASSWORD '\''canary-doctor-new'\''`}
			t.Cleanup(func() { c.sql(t, `DROP OWNED BY doctor_new; DROP ROLE doctor_new`) })
		}, check: "database.connect", level: "failure", text: `there is no such role`, remedy: `CREATE ROLE doctor_new LOGIN`,
			cured: func(t *testing.T, c *clinic) {
				findings, _ := c.examine(t)
				c.follow(t, of(findings, "database.connect")[0].Remedy)
				if findings, _ = c.examine(t); len(of(findings, "database.connect")) != 0 {
					t.Fatalf("%+v", of(findings, "database.connect"))
				}
				c.follow(t, of(findings, "database.rights")[0].Remedy) // a role by itself may read nothing
			}},
		{name: "wrong host", broken: at(func(u *url.URL) { u.Host = "no-such-host.invalid:5432" }), check: "database.connect", level: "failure",
			text: `the host "no-such-host.invalid" of database_url is not known`, remedy: "getent hosts no-such-host.invalid", skips: "keys.weak", cured: back, answer: unavailable},
		{name: "nobody listens", broken: func(t *testing.T, c *clinic) { at(func(u *url.URL) { u.Host = closedPort(t) })(t, c) },
			check: "database.connect", level: "failure", text: "nobody listens at 127.0.0.1:", remedy: "pg_isready -h 127.0.0.1 -p ", skips: "database.pooler", cured: back},
		{name: "no answer", broken: at(func(u *url.URL) { u.Host = silent.Addr().String() }), check: "database.connect", level: "failure",
			text: "no answer from 127.0.0.1:", remedy: "a firewall", skips: "database.tables", cured: back},
		{name: "no such database", broken: func(_ *testing.T, c *clinic) {
			c.fill = []string{"=NAME", "=" + c.database}
			c.set("db", "no_such_db")
		}, check: "database.connect", level: "failure", text: `has no database "no_such_db"`, remedy: "export ODOOBRIDGE_DB=NAME", skips: "odoo.database"},
		{name: "no CONNECT", broken: func(t *testing.T, c *clinic) { c.sql(t, `REVOKE CONNECT ON DATABASE `+c.database+` FROM PUBLIC`) },
			check: "database.connect", level: "failure", text: "may not connect", remedy: "GRANT CONNECT ON DATABASE", answer: unavailable},
		{name: "TLS wanted, none there", broken: at(func(u *url.URL) { u.RawQuery = "sslmode=require" }), check: "database.connect", level: "failure",
			text: "PostgreSQL has it switched off", remedy: "sslmode=prefer", cured: func(t *testing.T, c *clinic) {
				c.setURL(t, func(u *url.URL) { u.RawQuery = "sslmode=prefer" })
			}},
		{name: "no database of Odoo", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `ALTER ROLE odoobridge IN DATABASE `+c.database+` SET search_path = elsewhere`)
		}, check: "database.tables", level: "failure", text: "no table res_users", remedy: "search_path", skips: "database.rights",
			cured: func(t *testing.T, c *clinic) {
				c.sql(t, `ALTER ROLE odoobridge IN DATABASE `+c.database+` RESET search_path`)
			}, answer: unavailable},
		{name: "no right on a column", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `REVOKE SELECT (password, login) ON res_users FROM odoobridge`)
		},
			check: "database.rights", level: "failure", text: "lacks SELECT on res_users.login, SELECT on res_users.password", remedy: "odoobridge grants --role odoobridge | psql ",
			skips: "keys.read", answer: unavailable},
		{name: "no rights for administrators", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `REVOKE SELECT (uid, gid) ON res_groups_users_rel FROM odoobridge`)
		},
			check: "database.rights", level: "warning", text: "lacks SELECT on res_groups_users_rel.uid", remedy: "odoobridge grants"},
		{name: "no rights on a new module's table", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `REVOKE ALL ON auth_api_key FROM odoobridge; REVOKE SELECT (id, user_id, name, key, active) ON auth_api_key FROM odoobridge`)
		},
			check: "database.rights", level: "failure", text: "SELECT on auth_api_key.key", remedy: "odoobridge grants", key: rpcKey, answer: unavailable},
		{name: "no right to make keys", flags: []string{"--addon=false"}, broken: func(t *testing.T, c *clinic) { c.sql(t, `REVOKE INSERT ON res_users_apikeys FROM odoobridge`) },
			check: "database.minting", level: "failure", text: "lacks INSERT on res_users_apikeys", remedy: "odoobridge grants", key: rpcKey, answer: "odoobridge grants"},
		{name: "no right to make keys, with the add-on", broken: func(t *testing.T, c *clinic) { c.sql(t, `REVOKE INSERT, DELETE ON res_users_apikeys FROM odoobridge`) },
			check: "database.minting", level: "warning", text: "lacks INSERT on res_users_apikeys, DELETE on", remedy: "odoobridge grants", key: rpcKey},
		{name: "a superuser", broken: func(_ *testing.T, c *clinic) {
			c.set("database_url", c.super)
			c.fill = []string{`CREATE ROLE odoobridge LOGIN`, `SELECT`, `\password odoobridge`, `ALTER ROLE odoobridge PASSWORD '\''` + bridgePassword + `'\''`}
		}, check: "database.role", level: "warning", text: `"postgres" is a superuser`, remedy: "odoobridge grants --role odoobridge", cured: func(t *testing.T, c *clinic) {
			findings, _ := c.examine(t)
			c.follow(t, of(findings, "database.role")[0].Remedy)
			c.setURL(t, func(u *url.URL) { u.User = userPassword(bridgeRole, bridgePassword) })
		}},
		{name: "the owner of the tables", broken: func(t *testing.T, c *clinic) { c.sql(t, `ALTER TABLE res_users OWNER TO odoobridge`) },
			check: "database.role", level: "warning", text: `"odoobridge" owns Odoo's tables`, remedy: "CREATE ROLE odoobridge LOGIN",
			cured: func(t *testing.T, c *clinic) {
				c.sql(t, `ALTER TABLE res_users OWNER TO postgres`)
				c.follow(t, []string{"odoobridge grants | psql '" + c.super + "'"})
			}},
		{name: "a standby", flags: []string{"--addon=false"}, broken: func(t *testing.T, c *clinic) {
			c.sql(t, `ALTER ROLE odoobridge IN DATABASE `+c.database+` SET default_transaction_read_only = on`)
		},
			check: "database.minting", level: "failure", text: "can't be written to", remedy: "the primary", key: rpcKey,
			cured: func(t *testing.T, c *clinic) {
				c.sql(t, `ALTER ROLE odoobridge IN DATABASE `+c.database+` RESET default_transaction_read_only`)
			}},
		{name: "an upgrade that was broken off", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'auth_totp'`)
		},
			check: "database.modules", level: "warning", text: `auth_totp is marked "to upgrade"`, remedy: "-u auth_totp --stop-after-init",
			cured: func(t *testing.T, c *clinic) {
				c.sql(t, `UPDATE ir_module_module SET state = 'installed' WHERE name = 'auth_totp'`)
			}},
		{name: "rights of doctor's own", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `REVOKE SELECT (latest_version) ON ir_module_module FROM odoobridge`)
		},
			check: "database.modules", level: "warning", text: "lacks SELECT on ir_module_module.latest_version", remedy: "odoobridge grants"},
		{name: "a pooler of transactions", broken: pooler("transaction", ""), check: "database.pooler", level: "warning", text: "hands sessions around", remedy: "odoobridge = pool_mode=session", cured: back, key: rpcKey},
		{name: "a pooler whose pool is too small", broken: pooler("session", "max_db_connections = 1"), check: "database.pooler", level: "warning", text: "were not had in", remedy: "default_pool_size", cured: back},
		{name: "a pooler of statements", flags: []string{"--addon=false"}, broken: pooler("statement", ""), check: "database.pooler", level: "failure", text: "no transaction can be held",
			remedy: "pool_mode = statement", cured: back, key: rpcKey},
		{name: "keys left by the dead", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `INSERT INTO res_users_apikeys (name, user_id, scope, "index", key) VALUES ('odoobridge 0123456789abcdef 2', 2, 'rpc', '00000000', 'x')`)
		}, check: "database.leftovers", level: "warning", text: "1 native keys are left", remedy: "DELETE FROM res_users_apikeys WHERE name LIKE"},
	})
}

func userPassword(name, password string) *url.Userinfo { return url.UserPassword(name, password) }

// TestDoctorConfiguration: what is unwise in the settings, and what is in the way of a start.
func TestDoctorConfiguration(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set := func(name, value string) func(*testing.T, *clinic) {
		return func(_ *testing.T, c *clinic) { c.set(name, value) }
	}
	examineAll(t, []fault{
		{name: "trusted sources are everybody", broken: set("trusted_sources", "10.0.0.0/8,0.0.0.0/0"), check: "configuration.trusted_sources", level: "warning",
			text: "honoured from 0.0.0.0/0", remedy: "export ODOOBRIDGE_TRUSTED_SOURCES=127.0.0.0/8", key: rpcKey},
		{name: "trusted sources are nobody", broken: func(_ *testing.T, c *clinic) { c.settings["ODOOBRIDGE_TRUSTED_SOURCES"] = "" }, check: "configuration.trusted_sources", level: "warning", text: "from nowhere",
			remedy: "export ODOOBRIDGE_TRUSTED_SOURCES=", key: rpcKey, answer: "int() argument",
			cured: set("trusted_sources", "127.0.0.0/8")},
		{name: "trusted proxies are everybody", broken: set("trusted_proxies", "::/0"), check: "configuration.trusted_proxies", level: "warning",
			text: "believed of whoever comes from ::/0", remedy: "export ODOOBRIDGE_TRUSTED_PROXIES="},
		{name: "keys of the environment are badly written", broken: set("environment_keys", file("broken.conf", "[api_key_conf_rpcuser]\nkey canary-broken\n", 0o600)),
			check: "configuration.environment_keys", level: "failure", text: "broken.conf:2: neither a [section]", remedy: "unset ODOOBRIDGE_ENVIRONMENT_KEYS", skips: "keys.environment"},
		{name: "keys of the environment can be read by all", broken: set("environment_keys", file("open.conf", sections, 0o644)), check: "configuration.environment_keys",
			level: "warning", text: "may be read by everyone", remedy: "chmod o-rwx "},
		{name: "policies that make no sense", broken: set("policies", file("policies.yaml", "rules:\n  - id: x\n    allow: [maybe\n", 0o600)), check: "configuration.policies", level: "failure",
			text: "policies.yaml:", remedy: "unset ODOOBRIDGE_POLICIES"},
		{name: "no Redis", broken: func(t *testing.T, c *clinic) { c.set("redis_url", "redis://"+closedPort(t)) }, check: "configuration.redis", level: "warning",
			text: "does not answer", remedy: "unset ODOOBRIDGE_REDIS_URL", cured: set("redis_url", "")},
		{name: "a Redis of nobody's", broken: set("redis_url", "redis://no-such-redis.invalid:6379/0"), check: "configuration.redis", level: "warning",
			text: "is not known here", remedy: "redis://HOST:6379/0", cured: func(t *testing.T, c *clinic) { c.set("redis_url", redistest.Start(t).URL()) }},
		{name: "a Redis with a password", broken: func(t *testing.T, c *clinic) {
			server := redistest.Start(t)
			server.SetPassword("canary-redis-password")
			c.set("redis_url", server.URL())
		}, check: "configuration.redis", level: "warning", text: "does not let the bridge in", remedy: "redis://USER:PASSWORD@HOST",
			cured: func(t *testing.T, c *clinic) {
				c.set("redis_url", strings.Replace(c.settings["ODOOBRIDGE_REDIS_URL"], "redis://", "redis://:canary-redis-password@", 1))
			}},
		{name: "no collector of traces", broken: func(t *testing.T, c *clinic) { c.set("otlp_endpoint", "http://"+closedPort(t)) }, check: "configuration.otlp_endpoint", level: "warning",
			text: "nobody takes traces at http://127.0.0.1:", remedy: "unset ODOOBRIDGE_OTLP_ENDPOINT", cured: set("otlp_endpoint", "")},
		{name: "metrics for everybody", broken: set("admin_listen", ":0"), check: "bridge.admin", level: "warning", text: "reached from other machines", remedy: "export ODOOBRIDGE_ADMIN_LISTEN=127.0.0.1:8078",
			cured: func(t *testing.T, c *clinic) { c.set("admin_listen", closedPort(t)) }},
		{name: "no TLS", broken: set("listen", ":0"), check: "bridge.tls", level: "warning", text: "HTTP without TLS", remedy: "export ODOOBRIDGE_LISTEN=127.0.0.1:8079",
			cured: func(t *testing.T, c *clinic) { c.set("listen", closedPort(t)) }},
	})
	t.Run("a port that is taken", func(t *testing.T) {
		c := newClinic(t, 18)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.set("listen", l.Addr().String())
		findings, status := c.examine(t)
		if bad := of(findings, "bridge.ports"); status != 1 || len(bad) != 1 || !strings.Contains(bad[0].Text, "another program listens") || !strings.Contains(bad[0].Remedy[0], "ss -ltnp") {
			t.Errorf("status %d, %+v", status, bad)
		}
		l.Close()
		p, err := spawnReady(c.env(), "serve")
		if err != nil {
			t.Fatal(err)
		}
		findings, status = c.examine(t)
		if bad := of(findings, "bridge.ports"); status != 0 || len(bad) != 0 {
			t.Errorf("beside a bridge: status %d, %+v", status, bad)
		}
		p.stop()
	})
	t.Run("a bridge that is not ready", func(t *testing.T) {
		c := newClinic(t, 18)
		good := c.settings["ODOOBRIDGE_ODOO_URL"]
		c.set("odoo_url", "http://"+closedPort(t))
		p, err := spawnReady(c.env(), "serve")
		if err != nil {
			t.Fatal(err)
		}
		defer p.stop()
		c.set("odoo_url", good)
		findings, _ := c.examine(t)
		if bad := of(findings, "bridge.ports"); len(bad) != 1 || !strings.Contains(bad[0].Text, "is not ready: odoo: ") {
			t.Errorf("%+v", bad)
		}
	})
	t.Run("wrong usage", func(t *testing.T) {
		for _, args := range [][]string{{"doctor"}, {"doctor", "--no-such-flag"}, {"doctor", "--odoo-url", "odoo", "--database-url", "postgres://x/y"},
			{"doctor", "--odoo-url", "http://odoo", "--database-url", "postgres://x/y", "--timeout", "0s"}} {
			if out, errs, status := shell(t, nil, args...); status != 2 || errs == "" || out != "" {
				t.Errorf("%q: status %d, %s%s", args, status, out, errs)
			}
		}
	})
	t.Run("on paper", func(t *testing.T) {
		c := newClinic(t, 18)
		c.sql(t, `REVOKE SELECT (password) ON res_users FROM odoobridge`)
		out, errs, status := shell(t, c.env(), "doctor")
		if status != 1 || !strings.Contains(errs, "doctor found what makes calls fail") || strings.Contains(out, "\x1b") {
			t.Errorf("status %d, %s", status, errs)
		}
		for _, want := range []string{"\ndatabase " + c.database + "\n", "  failure  database.rights ", "\n             odoobridge grants --role odoobridge | psql ", "1 failures, "} {
			if !strings.Contains(out, want) {
				t.Errorf("not there: %q\n%s", want, out)
			}
		}
	})
}
