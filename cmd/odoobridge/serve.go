package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"
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
	return s.run(ctx)
}

// run waits until ctx ends or a listener fails, lets running calls finish, and leaves nothing behind.
func (s *service) run(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
		s.log.Info().Dur("drain_delay_ms", s.cfg.DrainDelay).Dur("drain_timeout_ms", s.cfg.DrainTimeout).
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
	return errors.Join(err, s.close())
}
