package main

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/auth/policy"
	"odoobridge/rpc/bridge"
)

// rulebook is the policies of a service, if it has any, and what their limits are counted by.
type rulebook struct {
	rules    *policy.Policies // nil for none
	warnings []string         // of the first reading
	log      zerolog.Logger
}

// openPolicies reads the policies at path; there are none where path is "".
func openPolicies(path string, log zerolog.Logger) (*rulebook, error) {
	b := &rulebook{log: log}
	if path == "" {
		return b, nil
	}
	var err error
	if b.rules, b.warnings, err = policy.Open(path); err != nil {
		return nil, usageError{fmt.Errorf("the policies (--policies) can't be used:\n%w", err)}
	}
	return b, nil
}

// inForce is what the bridge decides by, nil for nothing.
func (b *rulebook) inForce() bridge.Policies {
	if b.rules == nil {
		return nil
	}
	return b.rules
}

// memberships are the groups that rules ask for.
func (b *rulebook) memberships() auth.Memberships {
	if b.rules == nil {
		return auth.Memberships{}
	}
	asks := b.rules.Asks()
	return auth.Memberships{KeyGroups: asks.KeyGroups, Groups: asks.Groups}
}

// watch tells of the policies in the log and the metrics, and returns what keeps both as the files are. audit is told when others
// are in force.
func (b *rulebook) watch(metrics *bridge.Metrics, reg prometheus.Registerer, audit func(ctx context.Context, rules int)) []func(context.Context) {
	if b.rules == nil {
		return nil
	}
	usable := prometheus.NewGauge(prometheus.GaugeOpts{Name: "odoobridge_policies_usable",
		Help: "1 while the policy files are what is in force, 0 while they can't be used and those read before are."})
	reg.MustRegister(usable)
	changed := func(warnings []string, message string) {
		for _, w := range warnings {
			b.log.Warn().Msg("policies: " + w)
		}
		usable.Set(1)
		metrics.ShowRules(b.rules.Set())
		b.log.Info().Int("rules", len(b.rules.Set().Rules())).Msg(message)
	}
	changed(b.warnings, "policies are in force")
	return []func(context.Context){func(ctx context.Context) {
		b.rules.Run(ctx, func(warnings []string, err error) {
			if err != nil {
				usable.Set(0)
				b.log.Error().Err(err).Msg("the policies have changed and can't be used; those read before stay in force")
				return
			}
			changed(warnings, "the policies have changed and are in force")
			audit(ctx, len(b.rules.Set().Rules()))
		})
	}}
}
