package sandbox

import (
	"container/list"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/lib/pq"
)

// maxStatements bounds the prepared statements of a connection. The texts of queries differ by fields and domains, hardly
// by values, so that few of them are most of the calls.
const maxStatements = 100

// maxConns bounds the connections to a database; calls beyond wait, as they do for Odoo's workers.
const maxConns = 32

// open opens a database whose connections keep their statements prepared: with parameters a statement takes one exchange
// with PostgreSQL instead of two, and is planned once instead of at each call.
func open(dsn string) (*sql.DB, error) {
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(preparing{connector})
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxIdleTime(time.Minute)
	return db, nil
}

// preparing is a connector of connections that prepare what they are asked.
type preparing struct{ *pq.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(pqConn)
	if !ok {
		return nil, errors.Join(errors.New("the PostgreSQL driver's connections can't do what the sandbox needs"), c.Close())
	}
	return &preparedConn{pqConn: inner, known: make(map[string]*list.Element)}, nil
}

// pqConn is what lib/pq's connections can do.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.QueryerContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn keeps the statements it used last. database/sql uses a connection from one goroutine at a time.
type preparedConn struct {
	pqConn
	known map[string]*list.Element // of *statement, by text
	order list.List                // most recently used first
}

type statement struct {
	text string
	driver.Stmt
}

func (c *preparedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.pqConn.QueryContext(ctx, text, args) // one exchange already
	}
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (c *preparedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.pqConn.ExecContext(ctx, text, args)
	}
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (c *preparedConn) statement(ctx context.Context, text string) (driver.Stmt, error) {
	if at := c.known[text]; at != nil {
		c.order.MoveToFront(at)
		return at.Value.(*statement).Stmt, nil
	}
	s, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	c.known[text] = c.order.PushFront(&statement{text, s})
	if c.order.Len() <= maxStatements {
		return s, nil
	}
	last := c.order.Remove(c.order.Back()).(*statement)
	delete(c.known, last.text)
	return s, last.Close()
}
