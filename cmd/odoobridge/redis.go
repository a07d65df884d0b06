package main

import (
	"context"
	"encoding/json"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/auth/limit"
)

// What several bridges hold together through a Redis: the limits of policies, and the cooldown after failed logins.

// limiter counts for the limits of policies: in memory, or at the Redis of client, nil for none.
func limiter(client *limit.Client, reg prometheus.Registerer, log zerolog.Logger) (limit.Limiter, []func(context.Context)) {
	local := limit.NewLocal()
	if client == nil {
		return local, nil
	}
	shared := limit.NewShared(client, local, func(err error) {
		if err != nil {
			log.Error().Err(err).Msg("Redis is away: each bridge counts by itself what limits of policies bound for all of them together")
			return
		}
		log.Info().Msg("Redis is there: the limits of policies are counted for all bridges together")
	})
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "odoobridge_limits_shared",
		Help: "1 while limits of policies are counted in Redis, 0 while it is away and each bridge counts by itself."},
		func() float64 {
			if shared.Away() {
				return 0
			}
			return 1
		}))
	return shared, []func(context.Context){shared.Run}
}

// redis is a client of the Redis of the configuration, nil where it has none.
func (c Config) redis() (*limit.Client, error) {
	if c.RedisURL == "" {
		return nil, nil
	}
	return limit.Open(c.RedisURL, c.RedisTimeout)
}

// attempts are the logins of which bridges tell each other.
type attempts struct{ channel *limit.Channel } // nil for nobody

func newAttempts(client *limit.Client) attempts {
	if client == nil {
		return attempts{}
	}
	return attempts{limit.NewChannel(client, "attempts")}
}

func (a attempts) tell(at auth.Attempt) {
	if a.channel == nil {
		return
	}
	if message, err := json.Marshal(at); err == nil { // it is made of texts and a number
		a.channel.Say(string(message))
	}
}

// share returns what has the bridges hear each other, for as long as they run.
func (a attempts) share(learn func(auth.Attempt)) []func(context.Context) {
	if a.channel == nil {
		return nil
	}
	return []func(context.Context){func(ctx context.Context) {
		a.channel.Run(ctx, func(message string) {
			var at auth.Attempt
			if json.Unmarshal([]byte(message), &at) == nil {
				learn(at)
			}
		})
	}}
}
