package limit

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Channel carries short messages among the processes that share a Redis or Valkey. Nothing is kept: who is not there, or while
// the server is away, misses what is said.
type Channel struct {
	client  *Client
	name    string
	process string // begins what this process says, which it does not hear itself
	waiting chan string
}

// silence of a server that is asked three times as often means that it is gone.
const silence = 30 * time.Second

// unsaid is how many messages wait to be sent; more are dropped, since nobody waits for them.
const unsaid = 1024

// NewChannel returns the channel of that name.
func NewChannel(client *Client, name string) *Channel {
	return &Channel{client: client, name: "odoobridge:" + name, process: rand.Text(), waiting: make(chan string, unsaid)}
}

// Say sends a message soon, and never waits.
func (c *Channel) Say(message string) {
	select {
	case c.waiting <- message:
	default:
	}
}

// Run sends what is said here, and gives what others say to hear, until ctx ends.
func (c *Channel) Run(ctx context.Context, hear func(message string)) {
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() { c.listen(ctx, hear) })
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-c.waiting:
			_, _ = c.client.do(ctx, "PUBLISH", c.name, c.process+" "+message) // it is lost, as while the server is away
		}
	}
}

// listen subscribes to what others say, and again when the connection broke, until ctx ends.
func (c *Channel) listen(ctx context.Context, hear func(message string)) {
	for ctx.Err() == nil {
		c.listenOnce(ctx, hear)
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
}

// listenOnce returns when the connection breaks, or nothing has come for so long that it must be.
func (c *Channel) listenOnce(ctx context.Context, hear func(message string)) {
	ctx, cancel := context.WithCancel(ctx)
	conn, err := c.client.dial(ctx, c.client.timeout, 0) // its own, good for nothing else
	if err != nil {
		cancel()
		return
	}
	sub := redis.PubSubConn{Conn: conn}
	var asking sync.WaitGroup
	if sub.Subscribe(c.name) == nil {
		asking.Go(func() { keepAsking(ctx, sub) })
		c.receive(ctx, sub, hear)
	}
	cancel()
	asking.Wait()
	conn.Close()
}

func (c *Channel) receive(ctx context.Context, sub redis.PubSubConn, hear func(message string)) {
	for {
		within, cancel := context.WithTimeout(ctx, silence)
		received := sub.ReceiveContext(within)
		cancel()
		switch m := received.(type) {
		case error:
			return
		case redis.Message:
			if from, message, _ := strings.Cut(string(m.Data), " "); from != c.process {
				hear(message)
			}
		}
	}
}

// keepAsking has the server say something every now and then, until ctx ends.
func keepAsking(ctx context.Context, sub redis.PubSubConn) {
	ticker := time.NewTicker(silence / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if sub.Ping("") != nil {
				return // which is found by who receives, too
			}
		}
	}
}
