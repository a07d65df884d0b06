package main

import (
	"net/http"

	"github.com/rs/zerolog"

	"odoobridge/auth/policy"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc/admin"
	"odoobridge/rpc/admin/page"
	"odoobridge/rpc/bridge"
	"odoobridge/rpc/traffic"
)

// pagesOf is what the administrator's pages show, beside what a service has.
type pagesOf struct {
	seen        *traffic.Traffic
	checks      []admin.Check
	state       func() page.State
	environment func() []string
	policies    func() *policy.Set
	log         zerolog.Logger
}

// startPages makes the administrator's pages, nil where they are not wanted.
func (s *service) startPages(of pagesOf) http.Handler {
	if !s.cfg.AdminPage {
		return nil
	}
	s.pages = page.New(page.Config{
		Auth:           s.auth,
		Groups:         s.directory,
		Keys:           s.keys,
		ArchivedUsers:  s.cfg.ArchivedUsers,
		Environment:    of.environment,
		Policies:       of.policies,
		Traffic:        of.seen,
		Databases:      s.cfg.Databases,
		State:          of.state,
		Checks:         of.checks,
		TrustedProxies: s.cfg.TrustedProxies,
		Version:        version(),
		Settings:       s.cfg.Effective,
		Log:            of.log,
	})
	return s.pages
}

// set is the rules in force, nil where there are none.
func (b *rulebook) set() func() *policy.Set {
	if b.rules == nil {
		return nil
	}
	return b.rules.Set
}

// stateOf tells what the way to Odoo is like.
func stateOf(cfg Config, queue *bridge.Queue, breaker *upstream.Breaker, probe *upstream.Probe) func() page.State {
	return func() page.State {
		return page.State{Working: queue.Working(), Places: cfg.Limits.Calls, Waiting: queue.Waiting(), Room: cfg.Limits.All,
			Breaker: breaker.State(), Series: int(probe.Series())}
	}
}
