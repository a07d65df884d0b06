package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"odoobridge/auth/limit"
	"odoobridge/odoo/directory"
)

// lookAtRedis looks whether bridges can hold their limits together.
func (x *examination) lookAtRedis(ctx context.Context, r *report) {
	const why = "calls are served, and each bridge counts for itself: limits of policies and the cooldown of failed logins are as many times larger as there are bridges"
	client, err := limit.Open(x.RedisURL, x.Timeout)
	if err != nil {
		r.fail("redis_url: "+err.Error(), "serve does not start", "export ODOOBRIDGE_REDIS_URL=redis://HOST:6379/0")
		return
	}
	defer func() { _ = client.Close() }() // nothing was written
	at, ping := "redis_url", "redis-cli ping"
	if u, err := url.Parse(x.RedisURL); err == nil && u.Host != "" {
		at, ping = u.Host, "redis-cli -h "+quote(u.Hostname())+" -p "+quote(cmp.Or(u.Port(), "6379"))+" ping"
	}
	began := time.Now()
	err = client.Ping(ctx)
	took := time.Since(began)
	said := fmt.Sprint(err)
	switch fault := directory.FaultOf(err); {
	case err == nil && took > x.RedisTimeout:
		r.warn(fmt.Sprintf("Redis at %s took %v to answer, and redis_timeout is %v", at, took.Round(time.Millisecond), x.RedisTimeout), why,
			ping+"  # or --latency", "export ODOOBRIDGE_REDIS_TIMEOUT=1s")
	case err == nil:
		r.ok("Redis at %s answers", at)
	case strings.Contains(said, "NOAUTH"), strings.Contains(said, "WRONGPASS"), strings.Contains(said, "AUTH"):
		r.warn(fmt.Sprintf("Redis at %s does not let the bridge in: %v", at, err), why, "# name user and password: export ODOOBRIDGE_REDIS_URL=redis://USER:PASSWORD@HOST:6379/0")
	case fault == directory.FaultHost:
		r.warn(fmt.Sprintf("the host of redis_url, %s, is not known here: %v", at, err), why, "# name the right host: export ODOOBRIDGE_REDIS_URL=redis://HOST:6379/0")
	case fault == directory.FaultTLS:
		r.warn(fmt.Sprintf("the certificate of Redis at %s is not accepted: %v", at, err), why, "openssl s_client -connect "+quote(at)+" </dev/null")
	default:
		r.warn(fmt.Sprintf("Redis at %s does not answer: %v", at, err), why, ping, "# start Redis or Valkey, or: unset ODOOBRIDGE_REDIS_URL")
	}
}
