package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/auth/limit"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/keyring"
	"odoobridge/odoo/serverenv"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc/admin"
	"odoobridge/rpc/admin/page"
	"odoobridge/rpc/bridge"
	"odoobridge/rpc/trace"
	"odoobridge/rpc/traffic"
)

// service is a running bridge: two listeners and the work behind them. Each part is opened by a method that needs only those
// above it.
type service struct {
	cfg     Config
	log     zerolog.Logger
	ballast []byte // see ballastSize

	// What is known of callers.
	directory   *directory.Directory
	rows        auth.Directory  // the directory, with the keys of the environment
	environment func() []string // the names of those, nil without
	keys        *keyring.Keyring
	uses        *keyring.Uses
	policies    *rulebook
	redis       *limit.Client // nil for none
	attempts    attempts
	auth        *auth.Authenticator

	// The way to Odoo.
	odoo     upstream.Config
	upstream *upstream.Client
	addon    *upstream.Addon
	probe    *upstream.Probe
	queue    *bridge.Queue

	// What is told of calls.
	metrics *prometheus.Registry
	calls   *bridge.Metrics
	seen    *traffic.Traffic
	tracer  *trace.Tracer // nil where no traces are sent

	bridge, admin *listener
	draining      draining
	checks        []admin.Check
	pages         *page.Page // nil where there are none

	running    []func(context.Context) // in the background, once all is open
	background *tasks
	opened     []func() error // closes what was opened, the last first
}

// ballastSize is, in bytes, memory that is never touched, and so takes address space and no more. The garbage collector
// runs whenever as much was allocated as was left by its last run; the little that a proxy keeps would have it run every
// 4 MB, dozens of times a second under load.
const ballastSize = 12 << 20

// probeInterval is how often Odoo is asked for its version once it is known. An upgrade means a restart of Odoo, so
// this is only how long errors may be worded as the old series words them.
const probeInterval = 30 * time.Second

// startService starts everything and returns when calls are accepted. A database or an Odoo that is away is no error:
// /readyz says so, and the calls that need it are refused until it is there.
func startService(ctx context.Context, cfg Config, log zerolog.Logger) (*service, error) {
	s := &service{cfg: cfg, log: log, ballast: make([]byte, ballastSize)}
	for _, open := range []func(context.Context) error{
		s.openDirectory, s.openKeyring, s.openPolicies, s.openUpstream, s.openAuth, s.openObservers, s.openBridge, s.openAdmin,
	} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	s.background = startTasks(s.running...)
	firstLook(ctx, s.checks, s.addon.Look, log)
	s.bridge.serve()
	s.admin.serve()
	return s, nil
}

// opens remembers how something that was opened is closed.
func (s *service) opens(close func() error) { s.opened = append(s.opened, close) }

// runs has something run in the background.
func (s *service) runs(f ...func(context.Context)) { s.running = append(s.running, f...) }

// close closes what was opened, the last first.
func (s *service) close() error {
	var err error
	for _, close := range slices.Backward(s.opened) {
		err = errors.Join(err, close())
	}
	return err
}

func (s *service) openDirectory(context.Context) (err error) {
	s.directory, err = directory.Open(directory.Options{DSN: auth.Secret(s.cfg.DatabaseURL.String()), Databases: s.cfg.Databases})
	if err != nil {
		return err
	}
	s.opens(s.directory.Close)
	s.rows = s.directory
	if s.cfg.EnvironmentKeys == "" {
		return nil
	}
	keys, err := serverenv.Open(s.cfg.EnvironmentKeys)
	if err != nil {
		return usageError{fmt.Errorf("the keys of the environment (--environment-keys) can't be used:\n%w", err)}
	}
	s.rows = auth.WithEnvironment(s.directory, keys.Keys)
	s.environment = func() []string { return slices.Collect(maps.Keys(keys.Keys())) }
	s.runs(func(ctx context.Context) { keys.Run(ctx, toldOfKeys(s.log)) })
	return nil
}

func (s *service) openKeyring(context.Context) (err error) {
	s.keys, err = keyring.Open(keyring.Options{
		DSN: auth.Secret(s.cfg.DatabaseURL.String()), Databases: s.cfg.Databases, Timeout: cleanupTimeout, Audit: auditLog(s.log),
	})
	if err != nil {
		return err
	}
	s.opens(s.keys.Close)
	s.uses = keyring.NewUses(s.keys, warnOfUses(s.log))
	s.runs(s.uses.Run)
	return nil
}

func (s *service) openPolicies(context.Context) (err error) {
	if s.policies, err = openPolicies(s.cfg.Policies, s.log); err != nil {
		return err
	}
	if s.redis, err = s.cfg.redis(); err != nil {
		return err
	}
	if s.redis != nil {
		s.opens(s.redis.Close)
	}
	s.attempts = newAttempts(s.redis)
	return nil
}

func (s *service) openUpstream(context.Context) error {
	breaker := upstream.NewBreaker(s.cfg.BreakerLimit, s.cfg.BreakerPause, func(state string) {
		s.log.Warn().Str("state", state).Msg("circuit breaker for connections to Odoo")
	})
	s.odoo = upstream.Config{URL: s.cfg.OdooURL, CallTimeout: s.cfg.CallTimeout, Breaker: breaker}
	s.upstream = upstream.New(s.odoo)
	s.opens(func() error { s.upstream.Close(); return nil })
	s.addon = upstream.NewAddon(s.upstream, s.cfg.Databases, probeInterval)
	s.probe = upstream.NewProbe(s.upstream, s.cfg.UpstreamProtocol, probeInterval)
	s.queue = bridge.NewQueue(s.cfg.Limits)
	s.runs(s.addon.Run, s.probe.Run)
	return nil
}

func (s *service) openAuth(context.Context) error {
	s.auth = auth.New(auth.Config{
		Directory:     s.rows,
		Minter:        s.directory,
		Databases:     s.cfg.Databases,
		Freshness:     s.cfg.Freshness,
		StaleLimit:    s.cfg.StaleLimit,
		Impersonation: s.cfg.Impersonation,
		Addon:         s.addon.Installed,
		ArchivedUsers: s.cfg.ArchivedUsers,
		Memberships:   s.policies.memberships,
		Tell:          s.attempts.tell,
		Warn: func(db string, err error) {
			s.log.Warn().Str("db", db).Err(err).Msg("in the background")
		},
	})
	s.runs(s.auth.Run)
	s.runs(s.attempts.share(s.auth.Learn)...)
	return nil
}

func (s *service) openObservers(ctx context.Context) (err error) {
	s.metrics = prometheus.NewRegistry()
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registerBuildInfo(s.metrics)
	s.calls = bridge.NewMetrics(s.metrics)
	s.seen = traffic.New(s.cfg.Databases)
	bridge.WatchLimits(s.metrics, s.queue, s.odoo.Breaker)
	if s.tracer, err = startTracing(ctx, s.cfg, s.metrics, s.log); err != nil {
		return err
	}
	s.opens(func() error { stopTracing(s.tracer); return nil })
	s.runs(s.policies.watch(s.calls, s.metrics, auditPolicies(s.keys, s.cfg.Policies, s.log))...)
	return nil
}

func (s *service) openBridge(context.Context) (err error) {
	limits, share := limiter(s.redis, s.metrics, s.log)
	s.runs(share...)
	handler := bridge.New(bridge.Config{
		Auth:           s.auth,
		Upstream:       s.upstream,
		Policies:       s.policies.inForce(),
		Limits:         limits,
		Queue:          s.queue,
		Addon:          s.addon,
		Series:         s.probe.Series,
		Version:        s.probe.Version,
		DocKey:         s.docKey(),
		Observer:       bridge.Observers{bridge.Log{Logger: s.log}, s.calls, bridge.NewLegacy(s.metrics), useObserver{s.uses}, s.seen},
		Tracer:         s.follower(),
		Metrics:        s.calls,
		Log:            s.log,
		Databases:      s.cfg.Databases,
		TrustedSources: s.cfg.TrustedSources,
		TrustedProxies: s.cfg.TrustedProxies,
		Basic:          s.cfg.Basic,
		DBServiceFull:  s.cfg.DBServiceFull,
		ForwardXML:     s.cfg.ForwardXML,
		MaxBody:        s.cfg.MaxBody,
		BodyMemory:     s.cfg.BodyMemory,
		BodyTimeout:    s.cfg.BodyTimeout,
		Passage: bridge.Passage{
			URL:         s.cfg.OdooURL,
			Transport:   upstream.NewTransport(s.odoo),
			Sessions:    s.cfg.WebSession,
			Controllers: s.cfg.Controllers,
		},
	})
	s.bridge, err = s.listen(s.cfg.Listen, s.draining.handler(handler), s.cfg.TLS)
	return err
}

func (s *service) openAdmin(context.Context) (err error) {
	s.checks = []admin.Check{{Name: "odoo", Ask: func(ctx context.Context) error {
		err := s.probe.Ask(ctx)
		if err == nil {
			s.addon.Settle(ctx) // ready is who knows how callers are passed on
		}
		return err
	}}}
	for _, db := range s.cfg.Databases {
		s.checks = append(s.checks, admin.Check{Name: "database " + db, Ask: func(ctx context.Context) error { return s.directory.Ping(ctx, db) }})
	}
	s.checks = append(s.checks, admin.Check{Name: "accepting", Ask: s.draining.accepting})
	s.admin, err = s.listen(s.cfg.AdminListen, admin.New(s.metrics, s.startPages(), s.checks...), s.cfg.AdminTLS)
	return err
}

// listen opens a listener, with TLS where there are files for it.
func (s *service) listen(address string, h http.Handler, files tlsFiles) (*listener, error) {
	l, err := listen(address, h, s.log)
	if err != nil {
		return nil, err
	}
	s.opens(l.close)
	watch, err := l.secure(files, s.log)
	s.runs(watch...)
	return l, err
}

// toldOfKeys writes down that the keys of the environment have changed, or could not be read.
func toldOfKeys(log zerolog.Logger) func(error) {
	return func(err error) {
		if err != nil {
			log.Error().Err(err).Msg("the keys of the environment have changed and can't be used; those read before count on")
			return
		}
		log.Info().Msg("the keys of the environment have changed and were read again")
	}
}

// docKey finds the key with which Odoo's API documentation is read, nil where no user is named for that.
func (s *service) docKey() func(context.Context, string) (auth.Secret, error) {
	if s.cfg.DocUser == "" {
		return nil
	}
	return func(ctx context.Context, db string) (auth.Secret, error) { return s.auth.KeyOf(ctx, db, s.cfg.DocUser) }
}

// firstLook asks everything once before the first call is accepted, so that an error can be worded as its series words
// it, and so that the log tells at once what is missing.
func firstLook(ctx context.Context, checks []admin.Check, look func(context.Context), log zerolog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	looks := []func(context.Context){look}
	for _, c := range checks {
		looks = append(looks, func(ctx context.Context) {
			if err := c.Ask(ctx); err != nil {
				log.Warn().Err(err).Str("check", c.Name).Msg("not there yet; still trying")
			}
		})
	}
	startTasks(looks...).wait(ctx)
}
