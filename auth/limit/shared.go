package limit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Shared counts in a Redis or Valkey, so that several processes hold one limit between them.
//
// Each count is one round trip, within the timeout. Once one has failed the memory of this process stands in, without
// another attempt by a call: [Shared.Run] finds out when the server is back. So an outage costs the calls under way then that
// time, and lets each process allow by itself what was meant for all of them. It refuses nobody.
type Shared struct {
	client  *redis.Client
	timeout time.Duration // of each use of the client
	local   *Local
	tell    func(err error)

	away atomic.Bool

	process string // distinguishes the leases of processes
	count   atomic.Uint64

	mu     sync.Mutex
	leases map[*lease]struct{} // that this process holds
}

const (
	// leaseTime is how long a place is held for a process that has died; those of living ones are renewed.
	leaseTime = 30 * time.Second
	// retryEvery is how often a server that is away is tried for.
	retryEvery = 500 * time.Millisecond
	// keyPrefix begins the names of all keys.
	keyPrefix = "odoobridge:limit:"
)

// Open returns a client of the server at url: redis://user:password@host:6379/0, rediss:// or unix://, no use of which takes
// longer than timeout. It connects to nothing yet. The error does not tell the url, which may hold a password.
func Open(url string, timeout time.Duration) (*redis.Client, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errBadURL
	}
	o.Protocol = 2 // all that is needed, and what every Redis and Valkey speaks
	o.DisableIdentity = true
	o.MaxRetries = -1 // within the time there is, once
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.ContextTimeoutEnabled = true
	return redis.NewClient(o), nil
}

var errBadURL = errors.New("not a URL of the form redis://user:password@host:6379/0")

// CheckURL tells whether [Open] takes url.
func CheckURL(url string) error {
	if _, err := redis.ParseURL(url); err != nil {
		return errBadURL
	}
	return nil
}

// NewShared returns a Shared that counts at the server of client, one of [Open], in local while that is away. tell is told when it goes away,
// with the error, and when it is back, with nil.
func NewShared(client *redis.Client, local *Local, tell func(error)) *Shared {
	return &Shared{client: client, timeout: client.Options().ReadTimeout, local: local, tell: tell, process: rand.Text(), leases: map[*lease]struct{}{}}
}

// Away tells whether the server is away, and the memory of this process stands in.
func (s *Shared) Away() bool { return s.away.Load() }

// take is one count: the places first, then the rate, so that what is refused by one takes nothing of the other. The rate is
// GCRA: KEYS[1] is when the bucket will be full again, in microseconds of the server's clock, which is the only one that
// counts. KEYS[2] is the places by when their leases end.
var take = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst, places = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if places > 0 then
	redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
	if redis.call('ZCARD', KEYS[2]) >= places then
		return {2, 0}
	end
end
if interval > 0 then
	local full = tonumber(redis.call('GET', KEYS[1]) or '0')
	full = math.min(math.max(full, now), now + interval * burst) + interval
	local at = full - interval * burst
	if at > now then
		return {1, math.ceil(at - now)}
	end
	redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
end
if places > 0 then
	local lease = tonumber(ARGV[5])
	redis.call('ZADD', KEYS[2], string.format('%.0f', now + lease * 1000), ARGV[4])
	redis.call('PEXPIRE', KEYS[2], lease)
end
return {0, 0}
`)

// renew lengthens a lease that is there still, by the server's clock.
var renew = redis.NewScript(`
local t = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', t[1] * 1000000 + t[2] + ARGV[2] * 1000), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
`)

// Take implements [Limiter].
func (s *Shared) Take(ctx context.Context, subject Subject, l Limit) (Place, error) {
	if s.away.Load() {
		return s.local.Take(ctx, subject, l)
	}
	key := subject.key()
	le := &lease{shared: s, key: key + ":places", id: s.process + ":" + strconv.FormatUint(s.count.Add(1), 36)}
	var interval float64
	if l.Rate > 0 {
		interval = float64(time.Second/time.Microsecond) / l.Rate
	}
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answer, err := take.Run(within, s.client, []string{key, le.key},
		strconv.FormatFloat(interval, 'f', -1, 64), l.Burst, l.Concurrency, le.id, leaseTime.Milliseconds()).Int64Slice()
	switch {
	case err != nil && ctx.Err() != nil: // the caller went away, which says nothing of the server
		if l.Concurrency > 0 {
			go le.leave() // it may have got the place
		}
		return Place{}, ctx.Err()
	case err == nil && len(answer) != 2:
		err = fmt.Errorf("an answer of %d numbers", len(answer))
		fallthrough
	case err != nil:
		s.lost(err)
		return s.local.Take(ctx, subject, l)
	}
	switch answer[0] {
	case 1:
		return Place{}, &Refusal{Reason: TooOften, After: time.Duration(answer[1]) * time.Microsecond, Limit: l}
	case 2:
		return Place{}, &Refusal{Reason: TooManyAt, After: afterPlace, Limit: l}
	}
	if l.Concurrency == 0 {
		return Place{}, nil
	}
	s.mu.Lock()
	s.leases[le] = struct{}{}
	s.mu.Unlock()
	return Place{lease: le}, nil
}

// key names the subject at the server. What stands in braces is what a cluster places keys by.
func (s Subject) key() string {
	b := append(make([]byte, 0, 96), keyPrefix...)
	b = append(b, '{')
	b = append(b, s.Name...)
	if s.Kind != "" {
		b = append(append(b, ':'), s.Kind...)
	}
	if s.DB != "" {
		b = append(append(b, ':'), s.DB...)
	}
	if s.ID != 0 {
		b = strconv.AppendInt(append(b, ':'), s.ID, 10)
	}
	if s.Addr.IsValid() {
		b = s.Addr.AppendTo(append(b, ':'))
	}
	return string(append(b, '}'))
}

// lost notes that the server is away.
func (s *Shared) lost(err error) {
	if !s.away.Swap(true) {
		s.tell(err)
	}
}

// Run renews the places that are held and finds out when a server that went away is back, until ctx ends.
func (s *Shared) Run(ctx context.Context) {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	renewed := time.Now()
	s.look(ctx) // so that the log tells at once when it isn't there
	for {
		select {
		case <-ctx.Done():
			return
		case <-retry.C:
		}
		if s.away.Load() {
			s.look(ctx)
		}
		if time.Since(renewed) > leaseTime/4 && !s.away.Load() {
			renewed = time.Now()
			s.renewAll(ctx)
		}
	}
}

// look counts something that nobody is bound by: a server that answers a ping may still refuse to write.
func (s *Shared) look(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	key := Subject{}.key()
	switch err := take.Run(within, s.client, []string{key, key + ":places"}, 1, 1, 0, "", 0).Err(); {
	case ctx.Err() != nil:
	case err != nil:
		s.lost(err)
	case s.away.Swap(false):
		s.tell(nil)
	}
}

func (s *Shared) renewAll(ctx context.Context) {
	s.mu.Lock()
	held := make([]*lease, 0, len(s.leases))
	for l := range s.leases {
		held = append(held, l)
	}
	s.mu.Unlock()
	for _, l := range held {
		within, cancel := context.WithTimeout(ctx, s.timeout)
		err := renew.Run(within, s.client, []string{l.key}, l.id, leaseTime.Milliseconds()).Err()
		cancel()
		if err != nil && ctx.Err() == nil {
			s.lost(err)
			return
		}
	}
}

// lease is a place at the server.
type lease struct {
	shared  *Shared
	key, id string
}

// leave gives the place back before the call that had it is over, so that the next call of the same caller finds it free. Where
// that fails it ends with its lease.
func (l *lease) leave() {
	s := l.shared
	s.mu.Lock()
	delete(s.leases, l)
	s.mu.Unlock()
	if s.away.Load() {
		return
	}
	within, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	if err := s.client.ZRem(within, l.key, l.id).Err(); err != nil {
		s.lost(err)
	}
}
