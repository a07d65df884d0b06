package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"odoobridge/auth/policy"
	"odoobridge/odoo/serverenv"
)

func (x *examination) configurationChecks() []check {
	of := func(name string, look func(context.Context, *report)) check {
		return check{group: groupConfiguration, name: "configuration." + name, look: look}
	}
	checks := []check{
		of("settings", func(_ context.Context, r *report) {
			r.ok("the settings can be used: databases %s, Odoo %s", strings.Join(x.Databases, ", "), x.OdooURL.Redacted())
		}),
		of("trusted_sources", x.lookAtSources),
		of("trusted_proxies", x.lookAtProxies),
	}
	if x.EnvironmentKeys != "" {
		checks = append(checks, of("environment_keys", x.lookAtEnvironment))
	}
	if x.Policies != "" {
		checks = append(checks, of("policies", x.lookAtPolicies))
	}
	if x.RedisURL != "" {
		checks = append(checks, of("redis", x.lookAtRedis))
	}
	if x.OTLPEndpoint != nil {
		checks = append(checks, of("otlp_endpoint", x.lookAtCollector))
	}
	return checks
}

// wide tells of a network whether it is more than one organisation's: all of the Internet, or more than a provider's share.
func wide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < 8 || p.Bits() < 16 && !p.Addr().IsPrivate() && !p.Addr().IsLoopback()
	}
	return p.Bits() < 16 && !(p.Addr().IsPrivate() && p.Bits() >= 7) && !(p.Addr().IsLinkLocalUnicast() && p.Bits() >= 10)
}

func wideOnes(networks []netip.Prefix) (names []string) {
	for _, p := range networks {
		if wide(p) {
			names = append(names, p.String())
		}
	}
	return names
}

// privateNetworks is the default of trusted_sources, for a remedy.
const privateNetworks = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,169.254.0.0/16,fe80::/10"

func (x *examination) lookAtSources(_ context.Context, r *report) {
	switch names := wideOnes(x.TrustedSources); {
	case len(names) > 0:
		r.warn("API-KEY headers are honoured from "+strings.Join(names, ", "),
			"a key that leaks can be used from anywhere",
			"export ODOOBRIDGE_TRUSTED_SOURCES="+quote(privateNetworks),
			"# better: the networks of your integrations alone")
	case len(x.TrustedSources) == 0:
		r.warn("API-KEY headers are honoured from nowhere", "callers with an API-KEY are refused",
			"export ODOOBRIDGE_TRUSTED_SOURCES="+quote(privateNetworks))
	default:
		r.ok("API-KEY headers are honoured from %d networks, none of them wide", len(x.TrustedSources))
	}
}

func (x *examination) lookAtProxies(_ context.Context, r *report) {
	switch names := wideOnes(x.TrustedProxies); {
	case len(names) > 0:
		r.warn("X-Forwarded-For is believed of whoever comes from "+strings.Join(names, ", "),
			"callers can pretend to be at a trusted address, and get around the cooldown after wrong passwords",
			"# name your reverse proxies alone, by address:",
			"export ODOOBRIDGE_TRUSTED_PROXIES=10.0.0.1")
	case len(x.TrustedProxies) == 0:
		r.ok("no reverse proxy is trusted: a caller's address is that of the connection")
	default:
		r.ok("X-Forwarded-For is believed of %d networks", len(x.TrustedProxies))
	}
}

func (x *examination) lookAtEnvironment(_ context.Context, r *report) {
	keys, err := serverenv.Open(x.EnvironmentKeys)
	if err != nil {
		text := "the keys of environment_keys can't be read: " + err.Error()
		var problems serverenv.Problems
		if errors.As(err, &problems) {
			text = "the keys of environment_keys are not well written: " + strings.Join(problems, "; ")
		}
		r.fail(text, "serve does not start", "# mend the file, or unset the setting:", "unset ODOOBRIDGE_ENVIRONMENT_KEYS")
		r.without("environment_keys can't be read")
		return
	}
	x.environment = keys.Keys()
	for _, path := range openFiles(x.EnvironmentKeys) {
		r.warn(fmt.Sprintf("%s may be read by everyone on this machine", path), "keys are in it, in clear text", "chmod o-rwx "+quote(path))
	}
	r.ok("environment_keys has %d keys", len(x.environment))
}

func (x *examination) lookAtPolicies(_ context.Context, r *report) {
	rules, warnings, err := policy.Read(x.Policies)
	if err != nil {
		r.fail("the policies can't be used: "+strings.ReplaceAll(err.Error(), "\n", "; "), "serve does not start, and a bridge that runs goes on with those it has read before",
			"odoobridge policy check "+quote(x.Policies)+" || true  # says the same while you mend it; or do without:", "unset ODOOBRIDGE_POLICIES")
		return
	}
	for _, w := range warnings {
		r.warn("policies: "+w, "the rule does not do what it looks like", "odoobridge policy check "+quote(x.Policies))
	}
	r.ok("policies has %d rules", len(rules.Rules()))
}

// lookAtCollector looks whether somebody listens where traces are to be sent.
func (x *examination) lookAtCollector(ctx context.Context, r *report) {
	port := x.OTLPEndpoint.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[x.OTLPEndpoint.Scheme]
	}
	address := net.JoinHostPort(x.OTLPEndpoint.Hostname(), port)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		r.warn(fmt.Sprintf("nobody takes traces at %s: %v", x.OTLPEndpoint.Redacted(), err), "calls are served, and their traces are lost",
			"# start the collector, whose HTTP port is 4318 by default, or: unset ODOOBRIDGE_OTLP_ENDPOINT")
		return
	}
	_ = conn.Close() // nothing was said
	r.ok("somebody listens at %s, where traces are sent", x.OTLPEndpoint.Redacted())
}

// openFiles are the files of the environment that others than owner and group may read.
func openFiles(path string) (open []string) {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		files, _ = filepath.Glob(filepath.Join(path, "*")) // the pattern is well formed
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0 {
			open = append(open, file)
		}
	}
	return open
}
