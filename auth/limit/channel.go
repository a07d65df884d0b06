package limit

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Channel carries short messages among the processes that share a Redis or Valkey. Nothing is kept: who is not there, or while
// the server is away, misses what is said.
type Channel struct {
	client  *redis.Client
	name    string
	process string // begins what this process says, which it does not hear itself
	waiting chan string
}

// unsaid is how many messages wait to be sent; more are dropped, since nobody waits for them.
const unsaid = 1024

// NewChannel returns the channel of that name.
func NewChannel(client *redis.Client, name string) *Channel {
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
	sub := c.client.Subscribe(ctx, c.name)
	defer sub.Close()
	heard := sub.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case m, ok := <-heard:
			if !ok {
				return
			}
			if from, message, _ := strings.Cut(m.Payload, " "); from != c.process {
				hear(message)
			}
		case message := <-c.waiting:
			within, cancel := context.WithTimeout(ctx, time.Second)
			_ = c.client.Publish(within, c.name, c.process+" "+message).Err() // it is lost, as while the server is away
			cancel()
		}
	}
}
