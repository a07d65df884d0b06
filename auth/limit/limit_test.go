//go:build unix

package limit

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"

	"odoobridge/auth/limit/redistest"
)

// patience is more than any answer takes on a machine that is busy with other things.
const patience = 20 * time.Second

// reason is why Take refuses, 0 where it doesn't.
func reason(t *testing.T, err error) Reason {
	t.Helper()
	var r *Refusal
	if err != nil && !errors.As(err, &r) {
		t.Fatal(err)
	}
	if r == nil {
		return 0
	}
	if r.After <= 0 {
		t.Errorf("%v, but room again after %v", r, r.After)
	}
	return r.Reason
}

// TestLimits holds what both implementations promise. No clock is waited for: the rates are so low that none of the tests
// lasts until there is room again.
func TestLimits(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) Limiter{
		"memory": func(*testing.T) Limiter { return NewLocal() },
		"redis":  func(t *testing.T) Limiter { return openShared(t, redistest.Start(t).URL(), NewLocal()) },
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			take := func(s Subject, limit Limit) (Place, Reason) {
				t.Helper()
				p, err := l.Take(t.Context(), s, limit)
				return p, reason(t, err)
			}
			t.Run("burst", func(t *testing.T) {
				s, limit := Subject{Name: "burst"}, Limit{Rate: 0.001, Burst: 3}
				for i := range 5 {
					want := Reason(0)
					if i >= 3 {
						want = TooOften
					}
					if _, got := take(s, limit); got != want {
						t.Errorf("call %d: %v, want %v", i, got, want)
					}
				}
			})
			t.Run("places", func(t *testing.T) {
				s, limit := Subject{Name: "places"}, Limit{Concurrency: 2}
				one, _ := take(s, limit)
				take(s, limit)
				if _, got := take(s, limit); got != TooManyAt {
					t.Errorf("a third at once: %v", got)
				}
				one.Leave()
				if _, got := take(s, limit); got != 0 {
					t.Errorf("after one left: %v", got)
				}
			})
			t.Run("no place takes nothing of the rate", func(t *testing.T) {
				s, limit := Subject{Name: "both"}, Limit{Rate: 0.001, Burst: 2, Concurrency: 1}
				p, _ := take(s, limit)
				for range 3 {
					if _, got := take(s, limit); got != TooManyAt {
						t.Errorf("a second at once: %v", got)
					}
				}
				p.Leave()
				if p, got := take(s, limit); got != 0 {
					t.Errorf("the second one: %v", got)
				} else {
					p.Leave()
				}
				if _, got := take(s, limit); got != TooOften {
					t.Errorf("the third one: %v", got)
				}
			})
			t.Run("subjects are apart", func(t *testing.T) {
				limit := Limit{Rate: 0.001, Burst: 1}
				for _, s := range []Subject{{Name: "a"}, {Name: "b"}, {Name: "a", Kind: "key", DB: "x", ID: 1}, {Name: "a", Kind: "user", DB: "x", ID: 1},
					{Name: "a", Kind: "key", DB: "y", ID: 1}, {Name: "a", Kind: "key", DB: "x", ID: 2},
					{Name: "a", Kind: "source", Addr: netip.MustParseAddr("192.0.2.1")}, {Name: "a", Kind: "source", Addr: netip.MustParseAddr("2001:db8::")}} {
					if _, got := take(s, limit); got != 0 {
						t.Errorf("%+v: %v", s, got)
					}
					if _, got := take(s, limit); got != TooOften {
						t.Errorf("%+v, again: %v", s, got)
					}
				}
			})
			t.Run("another limit", func(t *testing.T) {
				s := Subject{Name: "changed"}
				take(s, Limit{Rate: 0.001, Burst: 1})
				if _, got := take(s, Limit{Rate: 0.001, Burst: 1}); got != TooOften {
					t.Errorf("the old limit: %v", got)
				}
				if _, got := take(s, Limit{Concurrency: 5}); got != 0 {
					t.Errorf("no rate any more: %v", got)
				}
			})
			t.Run("many at once", func(t *testing.T) {
				s, limit := Subject{Name: "many"}, Limit{Rate: 0.001, Burst: 7, Concurrency: 5}
				var running sync.WaitGroup
				var allowed atomic.Int32
				for range 20 {
					running.Go(func() {
						if _, err := l.Take(t.Context(), s, limit); err == nil {
							allowed.Add(1)
						}
					})
				}
				running.Wait()
				if n := allowed.Load(); n != 5 {
					t.Errorf("%d of 20 were allowed, want 5", n)
				}
			})
		})
	}
}

func openShared(t *testing.T, url string, local *Local) *Shared {
	t.Helper()
	client, err := Open(url, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	s := NewShared(client, local, func(err error) { t.Log("redis:", err) })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

// TestLocalRate has time pass, on a clock of its own.
func TestLocalRate(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLocal(func() time.Time { return now }, subjectsKept)
	s, limit := Subject{Name: "rate"}, Limit{Rate: 2, Burst: 2}
	allowed := 0
	for range 100 { // ten seconds
		if _, err := l.Take(t.Context(), s, limit); err == nil {
			allowed++
		} else if after := err.(*Refusal).After; after > 500*time.Millisecond {
			t.Errorf("room again after %v", after)
		}
		now = now.Add(100 * time.Millisecond)
	}
	if allowed != 21 { // the burst, and one each half second
		t.Errorf("%d calls in ten seconds", allowed)
	}
}

// TestLocalForgets: subjects that callers make up take no more room than there is, and those at work stay.
func TestLocalForgets(t *testing.T) {
	now := time.Now()
	l := newLocal(func() time.Time { return now }, 160)
	busy, limit := Subject{Name: "busy"}, Limit{Rate: 0.001, Burst: 1, Concurrency: 1}
	if _, err := l.Take(t.Context(), busy, limit); err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		l.Take(t.Context(), Subject{Name: "other", ID: int64(i)}, Limit{Rate: 0.001, Burst: 1})
	}
	kept := 0
	for i := range l.shards {
		kept += len(l.shards[i].counters)
	}
	if kept > 161 {
		t.Errorf("%d subjects are kept", kept)
	}
	if _, err := l.Take(t.Context(), busy, limit); reason(t, err) != TooManyAt {
		t.Errorf("who is at work was forgotten: %v", err)
	}
}

// TestTwoProcesses hold one limit between them.
func TestTwoProcesses(t *testing.T) {
	url := redistest.Start(t).URL()
	one, other := openShared(t, url, NewLocal()), openShared(t, url, NewLocal())
	s, limit := Subject{Name: "shared", DB: "x", ID: 1}, Limit{Rate: 0.001, Burst: 3, Concurrency: 2}
	first, err := one.Take(t.Context(), s, limit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Take(t.Context(), s, limit); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*Shared{one, other} {
		if _, err := l.Take(t.Context(), s, limit); reason(t, err) != TooManyAt {
			t.Errorf("a third place: %v", err)
		}
	}
	first.Leave()
	if _, err := other.Take(t.Context(), s, limit); err != nil {
		t.Errorf("the place that was left: %v", err)
	}
	if _, err := one.Take(t.Context(), Subject{Name: "shared", DB: "x", ID: 1}, Limit{Rate: 0.001, Burst: 3}); reason(t, err) != TooOften {
		t.Errorf("a fourth call: %v", err)
	}
}

// TestRedisAway: the memory stands in, nobody is refused, and what is shared counts again when it is back.
func TestRedisAway(t *testing.T) {
	server := redistest.Start(t)
	client, err := Open(server.URL(), patience)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	told := make(chan error, 10)
	shared := NewShared(client, NewLocal(), func(err error) { told <- err })
	go shared.Run(t.Context())
	s, limit := Subject{Name: "away"}, Limit{Rate: 0.001, Burst: 1, Concurrency: 1}
	place, err := shared.Take(t.Context(), s, limit)
	if err != nil {
		t.Fatal(err)
	}
	server.Stop()
	local, err := shared.Take(t.Context(), s, limit)
	if err != nil {
		t.Errorf("Redis is away, and the call is refused: %v", err)
	}
	if err := <-told; err == nil || !shared.Away() {
		t.Errorf("nothing was told of it: %v", err)
	}
	if _, err := shared.Take(t.Context(), s, limit); reason(t, err) != TooManyAt {
		t.Errorf("the memory does not stand in: %v", err)
	}
	place.Leave() // which fails, and is no matter
	local.Leave()
	server.Resume()
	select {
	case err := <-told:
		if err != nil || shared.Away() {
			t.Errorf("it is back: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("Redis is back, and nobody noticed")
	}
	if _, err := shared.Take(t.Context(), s, limit); err != nil {
		t.Errorf("a Redis that remembers nothing: %v", err)
	}
	if _, err := shared.Take(t.Context(), s, limit); reason(t, err) != TooManyAt {
		t.Errorf("it counts no more: %v", err)
	}
}

// TestRedisSilent: a server that is reached and does not answer is waited for once, and no longer than the timeout. A place
// that a caller may have got who went away meanwhile is free again.
func TestRedisSilent(t *testing.T) {
	server := redistest.Start(t)
	client, err := Open(server.URL(), 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	told := make(chan error, 10)
	shared := NewShared(client, NewLocal(), func(err error) { told <- err })
	server.Freeze()
	s, limit := Subject{Name: "silent"}, Limit{Rate: 0.001, Burst: 1}
	if _, err := shared.Take(t.Context(), s, limit); err != nil {
		t.Errorf("the call is refused: %v", err)
	}
	if err := <-told; err == nil || !shared.Away() {
		t.Errorf("told of %v", err)
	}
	if _, err := shared.Take(t.Context(), s, limit); reason(t, err) != TooOften {
		t.Errorf("the memory does not stand in: %v", err)
	}
	server.Thaw()

	patient := openShared(t, server.URL(), NewLocal())
	s, limit = Subject{Name: "gone"}, Limit{Concurrency: 1}
	if p, err := patient.Take(t.Context(), s, limit); err != nil { // the connection is there
		t.Fatal(err)
	} else {
		p.Leave()
	}
	server.Freeze()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		p, err := patient.Take(ctx, s, limit)
		p.Leave()
		done <- err
	}()
	time.Sleep(50 * time.Millisecond) // so that it is sent; were it not, the test would hold all the same
	cancel()
	server.Thaw()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who went away got %v", err)
	}
	if patient.Away() {
		t.Error("a caller who went away is taken for a server that did")
	}
	for end := time.Now().Add(leaseTime * 2 / 3); ; time.Sleep(10 * time.Millisecond) {
		if _, err := patient.Take(t.Context(), s, limit); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the place is not free")
		}
	}
}

// scores are when the places end.
var scores = redis.NewScript(1, `
local held, ends = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), {}
for i = 2, #held, 2 do ends[#ends + 1] = held[i] end
return ends`)

// TestLeases: the places of a process that died are free again when their leases have ended, those of a living one are not.
func TestLeases(t *testing.T) {
	s := openShared(t, redistest.Start(t).URL(), NewLocal())
	subject, limit := Subject{Name: "lease"}, Limit{Concurrency: 1}
	if _, err := s.Take(t.Context(), subject, limit); err != nil {
		t.Fatal(err)
	}
	places := subject.key() + ":places"
	ends := func() float64 {
		t.Helper()
		held, err := redis.Float64s(s.client.run(t.Context(), scores, places))
		if err != nil || len(held) != 1 {
			t.Fatalf("the places are %v, %v", held, err)
		}
		return held[0]
	}
	before := ends()
	s.renewAll(t.Context())
	if after := ends(); after <= before {
		t.Errorf("the lease ended at %f, renewed at %f", before, after)
	}
	ttl, err := redis.Int64(s.client.do(t.Context(), "PTTL", places))
	if err != nil || ttl <= 0 || ttl > leaseTime.Milliseconds() {
		t.Errorf("the key lives for %d ms, %v", ttl, err)
	}
	// As if its process had died long ago.
	ids, err := redis.Strings(s.client.do(t.Context(), "ZRANGE", places, 0, -1))
	if err != nil || len(ids) != 1 {
		t.Fatalf("the places are %v, %v", ids, err)
	}
	if _, err := s.client.do(t.Context(), "ZADD", places, 1, ids[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take(t.Context(), subject, limit); err != nil {
		t.Errorf("the lease has ended: %v", err)
	}
}

func TestBadURL(t *testing.T) {
	if _, err := Open("http://user:hunter2@host", patience); err == nil || err.Error() != "not a URL of the form redis://user:password@host:6379/0" {
		t.Errorf("got %v", err)
	}
}

func BenchmarkLocal(b *testing.B) {
	l := NewLocal()
	limit := Limit{Rate: 1e9, Burst: 1e9, Concurrency: 10}
	s := Subject{Name: "rule", Kind: "key", DB: "prod", ID: 501}
	b.ReportAllocs()
	for b.Loop() {
		p, err := l.Take(b.Context(), s, limit)
		if err != nil {
			b.Fatal(err)
		}
		p.Leave()
	}
}

func BenchmarkRedis(b *testing.B) {
	client, err := Open(redistest.Start(b).URL(), patience)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	l := NewShared(client, NewLocal(), func(err error) { b.Error(err) })
	limit := Limit{Rate: 1e6, Burst: 1e6}
	for b.Loop() {
		if _, err := l.Take(b.Context(), Subject{Name: "rule", Kind: "key", DB: "prod", ID: 501}, limit); err != nil {
			b.Fatal(err)
		}
	}
}

// TestRedisPassword: one that does not hold is a server that is away, and is not told.
func TestRedisPassword(t *testing.T) {
	server := redistest.Start(t)
	server.SetPassword("right-canary")
	for password, works := range map[string]bool{"right-canary": true, "wrong-canary": false} {
		client, err := Open(strings.Replace(server.URL(), "://", "://:"+password+"@", 1), patience)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		told := make(chan error, 1)
		shared := NewShared(client, NewLocal(), func(err error) { told <- err })
		if _, err := shared.Take(t.Context(), Subject{Name: "password"}, Limit{Rate: 0.001, Burst: 1}); err != nil || shared.Away() == works {
			t.Errorf("%s: away %v, %v", password, shared.Away(), err)
		}
		if works {
			continue
		}
		if err := <-told; !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "canary") {
			t.Errorf("told %v", err)
		}
	}
}
