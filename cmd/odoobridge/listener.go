package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"odoobridge/rpc/socket"
)

// listener is an HTTP server on a socket of its own.
type listener struct {
	socket net.Listener
	server *http.Server
	tls    bool       // it speaks TLS; what server.TLSConfig says changes when net/http begins to serve
	failed chan error // receives once, if the server ends by itself
}

// listen opens the socket. Requests wait in its queue until serve is called.
func listen(address string, h http.Handler, log zerolog.Logger) (*listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w", address, err)
	}
	return &listener{
		socket: socket.Listener{Listener: l},
		server: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          stdlog.New(serverErrors{log}, "", 0),
		},
		failed: make(chan error, 1),
	}, nil
}

func (l *listener) serve() {
	go func() {
		serve := l.server.Serve
		if l.tls {
			serve = func(s net.Listener) error { return l.server.ServeTLS(s, "", "") }
		}
		if err := serve(l.socket); !errors.Is(err, http.ErrServerClosed) {
			l.failed <- fmt.Errorf("the listener on %s failed: %w", l.socket.Addr(), err)
		}
	}()
}

// drain stops accepting and waits for running requests; those that are left when ctx ends are cut off.
func (l *listener) drain(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(errors.New("calls were still running at the end of the drain timeout and were cut off"), l.server.Close())
	}
	return err
}

// close closes the socket of a listener that never served. One that did has closed it.
func (l *listener) close() error {
	if err := l.socket.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// URL is the address under which a program on this machine reaches the listener.
func (l *listener) URL() string {
	addr := l.socket.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if l.tls {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// serverErrors passes on what net/http has to say: broken TLS handshakes, panics of a handler.
type serverErrors struct{ log zerolog.Logger }

func (e serverErrors) Write(p []byte) (int, error) {
	e.log.Warn().Str("component", "net/http").Msg(string(p))
	return len(p), nil
}

// tasks are goroutines that end together.
type tasks struct {
	cancel context.CancelFunc
	group  sync.WaitGroup
}

func startTasks(fs ...func(context.Context)) *tasks {
	ctx, cancel := context.WithCancel(context.Background())
	t := &tasks{cancel: cancel}
	for _, f := range fs {
		t.group.Go(func() { f(ctx) })
	}
	return t
}

// stop ends the tasks and waits until they have.
func (t *tasks) stop() {
	t.cancel()
	t.group.Wait()
}

// wait waits until the tasks have ended by themselves, or ends them when ctx does.
func (t *tasks) wait(ctx context.Context) {
	unhook := context.AfterFunc(ctx, t.cancel)
	defer unhook()
	t.group.Wait()
	t.cancel()
}
