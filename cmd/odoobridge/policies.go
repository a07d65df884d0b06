package main

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"odoobridge/auth/policy"
	"odoobridge/rpc/bridge"
)

// openPolicies reads the policies at path and returns them with what keeps them as the files are; nil where path is "". changed is
// told when others are in force.
func openPolicies(path string, log zerolog.Logger, changed func(ctx context.Context, rules int)) (bridge.Policies, []func(context.Context), error) {
	if path == "" {
		return nil, nil, nil
	}
	rules, warnings, err := policy.Open(path)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("the policies (--policies) can't be used:\n%w", err)}
	}
	tell := func(warnings []string, message string) {
		for _, w := range warnings {
			log.Warn().Msg("policies: " + w)
		}
		log.Info().Int("rules", len(rules.Set().Rules())).Msg(message)
	}
	tell(warnings, "policies are in force")
	watch := func(ctx context.Context) {
		rules.Run(ctx, func(warnings []string, err error) {
			if err != nil {
				log.Error().Err(err).Msg("the policies have changed and can't be used; those read before stay in force")
				return
			}
			tell(warnings, "the policies have changed and are in force")
			changed(ctx, len(rules.Set().Rules()))
		})
	}
	return rules, []func(context.Context){watch}, nil
}
