package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bound is how long a test waits for what must come.
const bound = 30 * time.Second

// eventually waits until what holds does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(bound); !holds(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v: %s", bound, what)
		}
	}
}

// joined is a queue whose calls each wait in a goroutine of their own, and join one after the other.
type joined struct {
	t      *testing.T
	q      *Queue[string]
	served chan string
}

func (j *joined) join(ctx context.Context, caller string, n int) {
	j.t.Helper()
	for i := range n {
		before := j.q.Waiting()
		go func() {
			if _, err := j.q.Enter(ctx, caller); err == nil {
				j.served <- fmt.Sprint(caller, i)
			}
		}()
		eventually(j.t, "the call waits", func() bool { return j.q.Waiting() == before+1 })
	}
}

// serve gives up a place and tells who got it.
func (j *joined) serve() string {
	j.t.Helper()
	j.q.Leave()
	select {
	case name := <-j.served:
		return name
	case <-time.After(bound):
		j.t.Fatal("nobody was served")
		return ""
	}
}

func TestOrder(t *testing.T) {
	tests := []struct {
		name  string
		joins []string // in this order
		want  []string
	}{
		{"first come, first served", []string{"a", "a", "a"}, []string{"a0", "a0", "a0"}},
		{"one call behind many", []string{"a", "a", "a", "b"}, []string{"a0", "b0", "a0", "a0"}},
		{"in turns", []string{"a", "a", "b", "b", "c"}, []string{"a0", "b0", "c0", "a0", "b0"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			j := joined{t, New[string](Limits{Calls: 1, Own: 10, All: 10}), make(chan string)}
			if waited, err := j.q.Enter(t.Context(), "x"); waited != 0 || err != nil {
				t.Fatalf("the first waited %v, %v", waited, err)
			}
			for _, caller := range test.joins {
				j.join(t.Context(), caller, 1)
			}
			for i, want := range test.want {
				if got := j.serve(); got != want {
					t.Errorf("served %d: %s, want %s", i, got, want)
				}
			}
			j.q.Leave()
			if j.q.Working() != 0 || j.q.Waiting() != 0 {
				t.Errorf("%d at work, %d waiting at the end", j.q.Working(), j.q.Waiting())
			}
		})
	}
}

// TestFlood: one caller has 1,000 calls waiting and sends another for each that is served; each of ten others still gets its
// one call through within a round.
func TestFlood(t *testing.T) {
	const flood, others = 1000, 10
	j := joined{t, New[string](Limits{Calls: 1, Own: flood, All: flood + others}), make(chan string)}
	_, _ = j.q.Enter(t.Context(), "flood")
	j.join(t.Context(), "flood", flood)
	for round := range 5 {
		for i := range others {
			j.join(t.Context(), fmt.Sprint("other ", i, " "), 1)
		}
		seen := map[string]bool{}
		for range others + 1 {
			name := j.serve()
			if seen[name] {
				t.Errorf("round %d: %s twice", round, name)
			}
			seen[name] = true
			if name[:5] == "flood" {
				j.join(t.Context(), "flood", 1)
			}
		}
		for i := range others {
			if name := fmt.Sprint("other ", i, " 0"); !seen[name] {
				t.Errorf("round %d: %s was not served within %d calls", round, name, others+1)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	wantRefusal := func(t *testing.T, err error, reason Reason) {
		t.Helper()
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Reason != reason {
			t.Errorf("%v, want %v", err, reason)
		}
	}
	j := joined{t, New[string](Limits{Calls: 1, Own: 2, All: 3}), make(chan string)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, _ = j.q.Enter(ctx, "a")
	j.join(ctx, "a", 2)
	_, err := j.q.Enter(ctx, "a")
	wantRefusal(t, err, OwnLimit)
	j.join(ctx, "b", 1)
	_, err = j.q.Enter(ctx, "b")
	wantRefusal(t, err, Full)
	_, err = j.q.Enter(ctx, "a")
	wantRefusal(t, err, OwnLimit) // theirs comes first: they are why it is full
	j.serve()
	j.join(ctx, "b", 1)

	nobody := New[string](Limits{Calls: 1, Own: 1})
	_, _ = nobody.Enter(ctx, "a")
	_, err = nobody.Enter(ctx, "a")
	wantRefusal(t, err, Full)

	soon := New[string](Limits{Calls: 1, Own: 1, All: 1, Wait: time.Millisecond})
	_, _ = soon.Enter(ctx, "a")
	waited, err := soon.Enter(ctx, "a")
	wantRefusal(t, err, TooLong)
	if waited < time.Millisecond || soon.Waiting() != 0 {
		t.Errorf("waited %v, %d still do", waited, soon.Waiting())
	}
	soon.Leave()
	if waited, err := soon.Enter(ctx, "a"); waited != 0 || err != nil {
		t.Errorf("a free place after one waited in vain: %v, %v", waited, err)
	}
}

// TestRoomForNewcomers: where no more may wait, the newest call of whoever has most waiting gives way to a caller who has none,
// until nobody has two.
func TestRoomForNewcomers(t *testing.T) {
	q := New[string](Limits{Calls: 1, Own: 3, All: 4})
	type told struct {
		name string
		err  error
	}
	answers := make(chan told, 10)
	_, _ = q.Enter(t.Context(), "x")
	enter := func(caller, name string) {
		go func() {
			_, err := q.Enter(t.Context(), caller)
			answers <- told{name, err}
		}()
	}
	for i, name := range []string{"a1", "a2", "a3", "b1"} {
		enter(name[:1], name)
		eventually(t, "the call waits", func() bool { return q.Waiting() == i+1 })
	}
	for i, gives := range []string{"a3", "a2"} {
		enter(fmt.Sprint("newcomer", i), fmt.Sprint("newcomer", i))
		got := <-answers
		var refusal *Refusal
		if got.name != gives || !errors.As(got.err, &refusal) || refusal.Reason != Full {
			t.Errorf("%s was told %v, want %s to give way", got.name, got.err, gives)
		}
		if q.Waiting() != 4 {
			t.Errorf("%d wait", q.Waiting())
		}
	}
	var refusal *Refusal
	if _, err := q.Enter(t.Context(), "too late"); !errors.As(err, &refusal) || refusal.Reason != Full {
		t.Errorf("%v, want no room", err)
	}
	for _, want := range []string{"a1", "b1", "newcomer0", "newcomer1"} {
		q.Leave()
		if got := <-answers; got.name != want || got.err != nil {
			t.Errorf("%s was told %v, want %s served", got.name, got.err, want)
		}
	}
}

// TestGoneAway: a caller who goes away leaves the queue at once, from the middle of the line too.
func TestGoneAway(t *testing.T) {
	j := joined{t, New[string](Limits{Calls: 1, Own: 10, All: 10}), make(chan string)}
	_, _ = j.q.Enter(t.Context(), "a")
	gone, cancel := context.WithCancel(t.Context())
	j.join(t.Context(), "a", 1)
	j.join(gone, "a", 1)
	j.join(gone, "b", 2)
	j.join(t.Context(), "c", 1)
	cancel()
	eventually(t, "those who went away do not wait", func() bool { return j.q.Waiting() == 2 })
	for i, want := range []string{"a0", "c0"} {
		if got := j.serve(); got != want {
			t.Errorf("served %d: %s, want %s", i, got, want)
		}
	}
	if _, err := j.q.Enter(gone, "d"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
}

func TestNoLimit(t *testing.T) {
	q := New[string](Limits{})
	for range 100 {
		if waited, err := q.Enter(t.Context(), "a"); waited != 0 || err != nil {
			t.Fatal(waited, err)
		}
	}
	q.Leave()
}

// TestNoPlaceIsLost: whatever callers do and whenever they go away, never more are at work than may, and in the end all places
// are free.
func TestNoPlaceIsLost(t *testing.T) {
	const places = 3
	q := New[int](Limits{Calls: places, Own: 4, All: 10, Wait: 200 * time.Microsecond})
	var working, served atomic.Int32
	var callers sync.WaitGroup
	for caller := range 8 {
		for range 4 {
			callers.Go(func() {
				for range 300 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(400))*time.Microsecond)
					if _, err := q.Enter(ctx, caller); err == nil {
						if n := working.Add(1); n > places {
							t.Errorf("%d at work", n)
						}
						served.Add(1)
						time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
						working.Add(-1)
						q.Leave()
					}
					cancel()
				}
			})
		}
	}
	callers.Wait()
	if q.Working() != 0 || q.Waiting() != 0 || len(q.lines) != 0 || q.round.Len() != 0 || served.Load() == 0 {
		t.Errorf("at the end %d at work, %d waiting, %d lines, %d in the round, %d served", q.Working(), q.Waiting(), len(q.lines), q.round.Len(), served.Load())
	}
}

// BenchmarkFree is what a call pays where there is a place for it, by one caller at a time and by all processors' at once.
func BenchmarkFree(b *testing.B) {
	ctx := context.Background()
	b.Run("alone", func(b *testing.B) {
		q := New[string](Limits{Calls: 64, Own: 10, All: 10})
		b.ReportAllocs()
		for b.Loop() {
			_, _ = q.Enter(ctx, "a")
			q.Leave()
		}
	})
	b.Run("together", func(b *testing.B) {
		q := New[string](Limits{Calls: 64, Own: 10, All: 10})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, _ = q.Enter(ctx, "a")
				q.Leave()
			}
		})
	})
}

// BenchmarkWait is what a call pays that has to wait: one place, many callers.
func BenchmarkWait(b *testing.B) {
	ctx := context.Background()
	q := New[int64](Limits{Calls: 1, Own: 1000, All: 10000, Wait: time.Minute})
	var callers atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		caller := callers.Add(1)
		for pb.Next() {
			if _, err := q.Enter(ctx, caller); err == nil {
				runtime.Gosched()
				q.Leave()
			}
		}
	})
}
