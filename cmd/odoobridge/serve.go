package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

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

func (p program) serveCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "serve --database-url postgres://... --odoo-url http://...",
		Short: "Serve calls in front of an Odoo",
		Long: "Serve calls in front of an Odoo. Every flag is also read from the environment (--odoo-url is ODOOBRIDGE_ODOO_URL)\n" +
			"and from the YAML file of --config (odoo_url: ...); flags come before the environment, the environment before the file.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, effective, err := loadConfig(cmd.Flags(), p.lookupEnv)
			if err != nil {
				return usageError{fmt.Errorf("the configuration can't be used:\n%w", err)}
			}
			if check {
				printConfig(p.stdout, cfg, effective)
				return nil
			}
			return p.serve(cmd.Context(), cfg)
		},
	}
	addSettings(cmd.Flags())
	cmd.Flags().BoolVar(&check, "check", false, "print the effective configuration, without secrets, and exit")
	return cmd
}

func (p program) serve(ctx context.Context, cfg Config) error {
	log, flush := newLog(p.stderr, cfg.LogLevel)
	defer flush()
	if _, given := p.lookupEnv("GOMAXPROCS"); !given {
		// Goroutines are mostly in the kernel, which Go's scheduler is not told of (rpc/socket): with as many threads as
		// processors a sixth of their time was idle under load, and a sixth more calls got through with twice as many.
		runtime.GOMAXPROCS(2 * runtime.GOMAXPROCS(0))
	}
	s, err := startService(ctx, cfg, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "ready bridge=%s admin=%s\n", s.bridge.URL(), s.admin.URL())
	p.notify(log, "READY=1")
	unhook := context.AfterFunc(ctx, func() { p.notify(log, "STOPPING=1") })
	defer unhook()
	return s.run(ctx, log)
}

// service is a running bridge: two listeners and the work behind them.
type service struct {
	cfg           Config
	bridge, admin *listener
	auth          *auth.Authenticator
	directory     *directory.Directory
	upstream      *upstream.Client
	keys          *keyring.Keyring
	uses          *keyring.Uses
	redis         *limit.Client // nil for none
	background    *tasks
	draining      draining
	tracer        *trace.Tracer // nil where no traces are sent
	pages         *page.Page    // nil where there are none
	ballast       []byte        // see ballastSize
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
	background := []func(context.Context){}
	dir, err := directory.Open(directory.Options{DSN: auth.Secret(cfg.DatabaseURL.String()), Databases: cfg.Databases})
	if err != nil {
		return nil, err
	}
	var rows auth.Directory = dir
	var environment func() []string
	if cfg.EnvironmentKeys != "" {
		keys, err := serverenv.Open(cfg.EnvironmentKeys)
		if err != nil {
			return nil, usageError{fmt.Errorf("the keys of the environment (--environment-keys) can't be used:\n%w", errors.Join(err, dir.Close()))}
		}
		rows = auth.WithEnvironment(dir, keys.Keys)
		environment = func() []string { return slices.Collect(maps.Keys(keys.Keys())) }
		background = append(background, func(ctx context.Context) { keys.Run(ctx, toldOfKeys(log)) })
	}
	keys, err := keyring.Open(keyring.Options{
		DSN: auth.Secret(cfg.DatabaseURL.String()), Databases: cfg.Databases, Timeout: cleanupTimeout, Audit: auditLog(log),
	})
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	policies, err := openPolicies(cfg.Policies, log)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	client, err := cfg.redis()
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	attempts := newAttempts(client)
	breaker := upstream.NewBreaker(cfg.BreakerLimit, cfg.BreakerPause, func(state string) {
		log.Warn().Str("state", state).Msg("circuit breaker for connections to Odoo")
	})
	odoo := upstream.Config{URL: cfg.OdooURL, CallTimeout: cfg.CallTimeout, Breaker: breaker}
	s := &service{cfg: cfg, directory: dir, redis: client, upstream: upstream.New(odoo), keys: keys,
		uses: keyring.NewUses(keys, warnOfUses(log)), ballast: make([]byte, ballastSize)}
	addon := upstream.NewAddon(s.upstream, cfg.Databases, probeInterval)
	s.auth = auth.New(auth.Config{
		Directory:     rows,
		Minter:        dir,
		Databases:     cfg.Databases,
		Freshness:     cfg.Freshness,
		StaleLimit:    cfg.StaleLimit,
		Impersonation: cfg.Impersonation,
		Addon:         addon.Installed,
		ArchivedUsers: cfg.ArchivedUsers,
		Memberships:   policies.memberships,
		Tell:          attempts.tell,
		Warn: func(db string, err error) {
			log.Warn().Str("db", db).Err(err).Msg("in the background")
		},
	})
	probe := upstream.NewProbe(s.upstream, cfg.UpstreamProtocol, probeInterval)

	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registerBuildInfo(metrics)
	calls := bridge.NewMetrics(metrics)
	seen := traffic.New(cfg.Databases)
	queue := bridge.NewQueue(cfg.Limits)
	bridge.WatchLimits(metrics, queue, breaker)
	if s.tracer, err = startTracing(ctx, cfg, metrics, log); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	limits, shareLimits := limiter(client, metrics, log)
	background = slices.Concat(background, policies.watch(calls, metrics, auditPolicies(keys, cfg.Policies, log)), shareLimits,
		attempts.share(s.auth.Learn))
	handler := bridge.New(bridge.Config{
		Auth:           s.auth,
		Upstream:       s.upstream,
		Policies:       policies.inForce(),
		Limits:         limits,
		Queue:          queue,
		Addon:          addon,
		Series:         probe.Series,
		Version:        probe.Version,
		DocKey:         s.docKey(),
		Observer:       bridge.Observers{bridge.Log{Logger: log}, calls, bridge.NewLegacy(metrics), useObserver{s.uses}, seen},
		Tracer:         s.follower(),
		Metrics:        calls,
		Log:            log,
		Databases:      cfg.Databases,
		TrustedSources: cfg.TrustedSources,
		TrustedProxies: cfg.TrustedProxies,
		Basic:          cfg.Basic,
		DBServiceFull:  cfg.DBServiceFull,
		ForwardXML:     cfg.ForwardXML,
		MaxBody:        cfg.MaxBody,
		BodyMemory:     cfg.BodyMemory,
		BodyTimeout:    cfg.BodyTimeout,
		Passage: bridge.Passage{
			URL:         cfg.OdooURL,
			Transport:   upstream.NewTransport(odoo),
			Sessions:    cfg.WebSession,
			Controllers: cfg.Controllers,
		},
	})
	checks := []admin.Check{{Name: "odoo", Ask: func(ctx context.Context) error {
		err := probe.Ask(ctx)
		if err == nil {
			addon.Settle(ctx) // ready is who knows how callers are passed on
		}
		return err
	}}}
	for _, db := range cfg.Databases {
		checks = append(checks, admin.Check{Name: "database " + db, Ask: func(ctx context.Context) error { return dir.Ping(ctx, db) }})
	}

	if s.bridge, err = listen(cfg.Listen, s.draining.handler(handler), log); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	checks = append(checks, admin.Check{Name: "accepting", Ask: s.draining.accepting})
	pages := s.startPages(pagesOf{seen, checks, stateOf(cfg, queue, breaker, probe), environment, policies.set(), log})
	if s.admin, err = listen(cfg.AdminListen, admin.New(metrics, pages, checks...), log); err != nil {
		return nil, errors.Join(err, s.bridge.close(), dir.Close())
	}
	for l, files := range map[*listener]tlsFiles{s.bridge: cfg.TLS, s.admin: cfg.AdminTLS} {
		watch, err := l.secure(files, log)
		if err != nil {
			return nil, errors.Join(err, s.bridge.close(), s.admin.close(), dir.Close())
		}
		background = append(background, watch...)
	}
	s.background = startTasks(append(background, s.auth.Run, probe.Run, addon.Run, s.uses.Run)...)
	firstLook(ctx, checks, addon.Look, log)
	s.bridge.serve()
	s.admin.serve()
	return s, nil
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

// run waits until ctx ends or a listener fails, lets running calls finish, and leaves nothing behind.
func (s *service) run(ctx context.Context, log zerolog.Logger) error {
	var err error
	select {
	case <-ctx.Done():
		log.Info().Dur("drain_delay_ms", s.cfg.DrainDelay).Dur("drain_timeout_ms", s.cfg.DrainTimeout).
			Msg("stopping: new calls are refused after the delay, running ones may finish until the timeout")
		err = s.draining.pause(s.cfg.DrainDelay, s.bridge.failed)
	case err = <-s.bridge.failed:
	case err = <-s.admin.failed:
	}
	return errors.Join(err, s.stop())
}

// cleanupTimeout bounds what is done after the last call has ended.
const cleanupTimeout = 5 * time.Second

func (s *service) stop() error {
	drain, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	err := s.bridge.drain(drain)
	s.background.stop()
	if s.pages != nil {
		s.pages.Close() // what is followed live would not end by itself
	}
	cleanup, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	err = errors.Join(err, s.auth.Close(cleanup), s.admin.drain(cleanup))
	s.uses.Flush(cleanup)
	err = errors.Join(err, s.keys.Close(), s.directory.Close())
	s.upstream.Close()
	stopTracing(s.tracer)
	if s.redis != nil {
		err = errors.Join(err, s.redis.Close())
	}
	return err
}
