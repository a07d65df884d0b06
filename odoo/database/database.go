// Package database connects to the Odoo databases of one PostgreSQL server. What is in them is the business of others.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/lib/pq"

	"odoobridge/auth"
)

// DefaultTimeout bounds each use of a connection where nothing else is said.
const DefaultTimeout = 3 * time.Second

const applicationName = "odoobridge"

// Server is a PostgreSQL server and the role to be there.
type Server struct {
	config  pq.Config
	timeout time.Duration
}

// NewServer reads a URL or key=value string as lib/pq takes it, but that sslmode defaults to prefer, as in psql. timeout
// bounds connecting and each wait for an answer; 0 is DefaultTimeout. It connects to nothing.
func NewServer(dsn auth.Secret, timeout time.Duration) (*Server, error) {
	config, err := pq.NewConfig(dsn.Reveal())
	if err != nil {
		// The error may quote the DSN, and so the password.
		return nil, errors.New("the database URL can't be read: use postgres://user:password@host:5432/name, with " +
			"special characters in user and password percent-encoded")
	}
	if config.SSLMode == "" { // neither in the DSN nor in PGSSLMODE
		config.SSLMode = pq.SSLModePrefer
	}
	if config.ApplicationName == "" {
		config.ApplicationName = applicationName
	}
	config.BinaryParameters = true // parse, bind and execute in one round trip
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	config.ConnectTimeout = timeout
	return &Server{config: config, timeout: timeout}, nil
}

// Default is the name of the database in the DSN, "" where it has none.
func (s *Server) Default() string { return s.config.Database }

// Role is the name of the role that connects.
func (s *Server) Role() string { return s.config.User }

// Timeout bounds each use of a connection.
func (s *Server) Timeout() time.Duration { return s.timeout }

// Open returns a pool of connections to the database of that name, none of which is made yet.
func (s *Server) Open(name string) (*sql.DB, error) {
	config := s.config.Clone()
	config.Database = name
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, fmt.Errorf("database %q: the connection settings can't be used", name) // err may quote them
	}
	connector.Dialer(dialer{s.timeout})
	return sql.OpenDB(connector), nil
}

// dialer makes connections on which no answer is waited for longer than timeout. A deadline of the query alone is not
// enough: lib/pq goes on reading until the server, which may be unreachable, has confirmed the cancellation.
type dialer struct{ timeout time.Duration }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return dialer{min(d.timeout, timeout)}.Dial(network, address)
}

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: d.timeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return boundedConn{conn, d.timeout}, nil
}

// boundedConn fails reads and writes that take longer than timeout.
type boundedConn struct {
	net.Conn
	timeout time.Duration
}

func (c boundedConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c boundedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
