package main

import (
	"net/http"

	"odoobridge/auth/policy"
	"odoobridge/rpc/admin/page"
)

// startPages makes the administrator's pages, nil where they are not wanted.
func (s *service) startPages() http.Handler {
	if !s.cfg.AdminPage {
		return nil
	}
	s.pages = page.New(page.Config{
		Auth:           s.auth,
		Groups:         s.directory,
		Keys:           s.keys,
		ArchivedUsers:  s.cfg.ArchivedUsers,
		Environment:    s.environment,
		Policies:       s.policies.set(),
		Traffic:        s.seen,
		Databases:      s.cfg.Databases,
		State:          s.state,
		Checks:         s.checks,
		TrustedProxies: s.cfg.TrustedProxies,
		Version:        version(),
		Settings:       s.cfg.Effective,
		Log:            s.log,
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

// state tells what the way to Odoo is like.
func (s *service) state() page.State {
	return page.State{Working: s.queue.Working(), Places: s.cfg.Limits.Calls, Waiting: s.queue.Waiting(), Room: s.cfg.Limits.All,
		Breaker: s.odoo.Breaker.State(), Series: int(s.probe.Series())}
}
