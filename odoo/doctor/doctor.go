// Package doctor looks at an installation, the configuration of `serve`, the databases and Odoo, and tells what is wrong with
// it and what to do. It changes nothing, makes no key and shows no credentials to Odoo; and it knows nothing of how its
// findings are printed.
package doctor

import (
	"cmp"
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/upstream"
)

// Config is what `serve` is configured with, as far as there is something to look at.
type Config struct {
	DatabaseURL      *url.URL
	OdooURL          *url.URL
	Databases        []string
	Listen           string
	AdminListen      string
	TLS, AdminTLS    bool // Listen and AdminListen speak it
	TrustedSources   []netip.Prefix
	TrustedProxies   []netip.Prefix
	Impersonation    auth.Impersonation
	ArchivedUsers    auth.ArchivedUsers
	EnvironmentKeys  string // file or folder; "" is none
	Policies         string // file or folder; "" is none
	RedisURL         string // "" is none
	RedisTimeout     time.Duration
	AdminPage        bool
	OTLPEndpoint     *url.URL // nil is none
	UpstreamProtocol upstream.Protocol
	DocUser          string // login; "" is none
	MaxCalls         int    // 0 is any number

	// Timeout bounds each check. Default 5 s.
	Timeout time.Duration
}

const defaultTimeout = 5 * time.Second

// Level is how bad a finding is.
type Level string

const (
	OK      Level = "ok"
	Warning Level = "warning" // it works, but not as it should, or not for everyone
	Failure Level = "failure" // calls fail
	Skipped Level = "skipped" // not looked at, Text says why
)

// Finding is what one check found. None of its texts holds a secret.
type Finding struct {
	Group  string   `json:"group"` // what was looked at: "configuration", "database odoo18"
	Check  string   `json:"check"` // its name in docs/DOCTOR.md: "database.rights"
	Level  Level    `json:"level"`
	Text   string   `json:"text"`             // what was found
	Why    string   `json:"why,omitempty"`    // why it matters; of warnings and failures
	Remedy []string `json:"remedy,omitempty"` // lines for a shell; what is no command begins with "# "
}

// Run looks at everything, in at most a few times Config.Timeout.
func Run(ctx context.Context, c Config) ([]Finding, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	dir, err := directory.Open(directory.Options{DSN: auth.Secret(c.DatabaseURL.String()), Databases: c.Databases, Timeout: c.Timeout})
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // nothing was changed
	client := upstream.New(upstream.Config{URL: c.OdooURL, ConnectTimeout: c.Timeout, CallTimeout: c.Timeout})
	defer client.Close()
	x := &examination{Config: c, directory: dir, odoo: client, failed: map[string]string{}, facts: map[string]*databaseFacts{}}
	for _, name := range c.Databases {
		x.facts[name] = &databaseFacts{}
	}
	for _, check := range x.checks() {
		x.look(ctx, check)
	}
	slices.SortStableFunc(x.findings, func(a, b Finding) int { return cmp.Compare(x.place(a.Group), x.place(b.Group)) })
	return x.findings, nil
}

// Failed tells whether one of the findings is a failure.
func Failed(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == Failure })
}

// examination is one run.
type examination struct {
	Config
	directory *directory.Directory
	odoo      *upstream.Client
	findings  []Finding
	failed    map[string]string // by id of the check that could not be made or failed: its own words

	version     upstream.Version
	reached     bool                   // Odoo answered
	environment map[string]auth.Secret // keys by technical name; nil without environment_keys
	facts       map[string]*databaseFacts
}

// databaseFacts is what is known of a database.
type databaseFacts struct {
	session directory.Session
	access  []directory.Access
	modules map[string]directory.Module // nil where they can't be read
	addon   bool
	rows    auth.Rows // of all its auth_api_keys
}

// check is one thing to look at.
type check struct {
	group, name string
	needs       []string // ids of checks without which there is nothing to look at
	look        func(ctx context.Context, r *report)
}

// id names a check of a group: several databases have the same checks.
func (c check) id() string { return c.group + "/" + c.name }

// The groups, in the order in which they are told.
const (
	groupConfiguration = "configuration"
	groupOdoo          = "Odoo"
	groupBridge        = "bridge"
	groupDatabase      = "database " // and its name
)

func (x *examination) place(group string) int {
	switch group {
	case groupConfiguration:
		return 0
	case groupBridge:
		return 1
	case groupOdoo:
		return 2
	}
	return 3 + slices.Index(x.Databases, strings.TrimPrefix(group, groupDatabase))
}

// checks are all of them. One stands behind those that it needs.
func (x *examination) checks() []check {
	checks := append(x.configurationChecks(), x.bridgeChecks()...)
	for _, db := range x.Databases {
		checks = append(checks, x.connectionChecks(db)...)
	}
	checks = append(checks, x.odooChecks()...)
	for _, db := range x.Databases {
		checks = append(checks, x.databaseChecks(db)...)
		checks = append(checks, x.keyChecks(db)...)
	}
	return checks
}

// look makes a check, unless one that it needs has failed.
func (x *examination) look(ctx context.Context, c check) {
	r := &report{check: c}
	for _, need := range c.needs {
		if why, failed := x.failed[need]; failed {
			r.skip("not looked at, because %s", why)
			x.failed[c.id()] = why
			x.findings = append(x.findings, r.findings...)
			return
		}
	}
	bounded, cancel := context.WithTimeout(ctx, x.Timeout)
	defer cancel()
	c.look(bounded, r)
	x.findings = append(x.findings, r.findings...)
	if r.stop != "" {
		x.failed[c.id()] = r.stop
	}
}
