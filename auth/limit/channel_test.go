//go:build unix

package limit

import (
	"context"
	"fmt"
	"testing"
	"time"

	"odoobridge/auth/limit/redistest"
)

// TestChannel: what one says the other hears, and not itself, also after the server was away.
func TestChannel(t *testing.T) {
	server := redistest.Start(t)
	heard := [2]chan string{make(chan string, 10_000), make(chan string, 10_000)}
	var channels [2]*Channel
	for i := range channels {
		client, err := Open(server.URL(), patience)
		if err != nil {
			t.Fatal(err)
		}
		channels[i] = NewChannel(client, "test")
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); channels[i].Run(ctx, func(m string) { heard[i] <- m }) }()
		t.Cleanup(func() { cancel(); <-done; client.Close() })
	}
	// Nothing is kept for who is not there yet, so it is said again and again.
	carried := func(what string) {
		t.Helper()
		for begin, n := time.Now(), 0; ; n++ {
			channels[0].Say(fmt.Sprint(what, n))
			select {
			case m := <-heard[1]:
				if len(m) >= len(what) && m[:len(what)] == what {
					return
				}
			case <-time.After(20 * time.Millisecond):
			}
			if time.Since(begin) > 60*time.Second {
				t.Fatalf("%s is not heard", what)
			}
		}
	}
	carried("hello ")
	server.Stop()
	for range 2 * unsaid {
		channels[0].Say("lost")
	}
	server.Resume()
	carried("again ")
	if len(heard[0]) != 0 {
		t.Errorf("it hears itself: %s", <-heard[0])
	}
}
