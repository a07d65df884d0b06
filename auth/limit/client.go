package limit

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Client is connections to a Redis or Valkey, for [NewShared] and [NewChannel].
//
// By redigo and not go-redis, whose client has a method for each command: the linker keeps all of them where html/template
// could call any, and they are 8 MB of a program whose image is to stay under 30 MB.
type Client struct {
	pool    *redis.Pool
	dial    dialer
	timeout time.Duration // of each use
	failed  atomic.Int64  // when a connection failed last, in nanoseconds of Unix time
}

// dialer connects, and reads with that timeout, 0 for none.
type dialer func(ctx context.Context, timeout, read time.Duration) (redis.Conn, error)

const (
	// mostConnections are open at once; who needs another waits for one within the timeout.
	mostConnections = 64
	// idleConnections are kept open where nobody needs them.
	idleConnections = 16
	// trustedIdle is how long a connection is taken to be good without being asked.
	trustedIdle = time.Second
)

// Open returns a client of the server at url: redis://user:password@host:6379/0, rediss:// or unix:///path, no use of which
// takes longer than timeout. It connects to nothing yet. The error does not tell the url, which may hold a password.
func Open(url string, timeout time.Duration) (*Client, error) {
	dial, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	c := &Client{timeout: timeout, dial: dial}
	c.pool = &redis.Pool{
		MaxActive:   mostConnections,
		MaxIdle:     idleConnections,
		IdleTimeout: time.Minute,
		Wait:        true,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			since := time.Now()
			conn, err := dial(ctx, timeout, timeout)
			if err != nil {
				return nil, err
			}
			return connection{conn.(redis.ConnWithContext), since}, nil
		},
		TestOnBorrowContext: func(ctx context.Context, conn redis.Conn, used time.Time) error {
			switch {
			case conn.(connection).since.UnixNano() <= c.failed.Load():
				return errOld
			case time.Since(used) < trustedIdle:
				return nil
			}
			_, err := redis.DoContext(conn, ctx, "PING")
			return err
		},
	}
	return c, nil
}

// connection is one of the pool, which knows since when it is there.
type connection struct {
	redis.ConnWithContext
	since time.Time
}

// errOld is of a connection that was there when another failed: the server has gone since, so this one is not tried.
var errOld = errors.New("a connection from before the server went away")

// CheckURL tells whether [Open] takes url.
func CheckURL(url string) error {
	_, err := parseURL(url)
	return err
}

var errBadURL = errors.New("not a URL of the form redis://user:password@host:6379/0")

// databasePath is the path of a URL that names a database by its number, or none.
var databasePath = regexp.MustCompile(`^(/\d*)?$`)

func parseURL(address string) (dialer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" {
		return nil, errBadURL
	}
	options := func(timeout, read time.Duration) []redis.DialOption {
		return []redis.DialOption{redis.DialConnectTimeout(timeout), redis.DialWriteTimeout(timeout), redis.DialReadTimeout(read)}
	}
	switch {
	case (u.Scheme == "redis" || u.Scheme == "rediss") && databasePath.MatchString(u.Path):
		return func(ctx context.Context, timeout, read time.Duration) (redis.Conn, error) {
			return redis.DialURLContext(ctx, address, options(timeout, read)...)
		}, nil
	case u.Scheme == "unix" && u.Path != "":
		return func(ctx context.Context, timeout, read time.Duration) (redis.Conn, error) {
			o := options(timeout, read)
			if password, ok := u.User.Password(); ok {
				o = append(o, redis.DialUsername(u.User.Username()), redis.DialPassword(password))
			}
			return redis.DialContext(ctx, "unix", u.Path, o...)
		}, nil
	}
	return nil, errBadURL
}

// Ping tells whether the server answers.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.do(ctx, "PING")
	return err
}

// Close ends all connections.
func (c *Client) Close() error { return c.pool.Close() }

// do runs a command, within the timeout and ctx.
func (c *Client) do(ctx context.Context, command string, args ...any) (any, error) {
	return c.with(ctx, func(ctx context.Context, conn redis.Conn) (any, error) {
		return redis.DoContext(conn, ctx, command, args...)
	})
}

// run runs a script, within the timeout and ctx.
func (c *Client) run(ctx context.Context, script *redis.Script, keysAndArgs ...any) (any, error) {
	return c.with(ctx, func(ctx context.Context, conn redis.Conn) (any, error) {
		return script.DoContext(ctx, conn, keysAndArgs...)
	})
}

func (c *Client) with(ctx context.Context, use func(context.Context, redis.Conn) (any, error)) (any, error) {
	within, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := c.pool.GetContext(within)
	if err != nil {
		c.fail(ctx)
		return nil, err
	}
	defer conn.Close() // back to the pool, unless it is broken
	answer, err := use(within, conn)
	if conn.Err() != nil {
		c.fail(ctx)
	}
	return answer, err
}

// fail remembers that a connection failed, unless it is the caller who went away.
func (c *Client) fail(ctx context.Context) {
	if ctx.Err() == nil {
		c.failed.Store(time.Now().UnixNano())
	}
}
