//go:build unix

// Package sandboxtest gives tests an Odoo: a sandbox on a socket and a PostgreSQL database of its own, both gone when the
// test ends. See docs/TESTING.md.
//
// A package that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }
//
// and in its tests
//
//	odoo := sandboxtest.Start(t, 18)
//
// and then calls odoo.URL as it would call Odoo.
package sandboxtest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/sandbox"
)

// Main runs the tests of a package and stops PostgreSQL after them. The result is for os.Exit.
func Main(m *testing.M) int { return postgrestest.Main(m) }

// Sandbox is a sandbox that a test has for itself, in the state of package fixtures.
type Sandbox struct {
	URL      string // "http://127.0.0.1:40001"
	Database string // its name, for callers and in PostgreSQL
	DSN      string // of its database, for what a test wants to see or write there itself

	t testing.TB
}

// Start starts a sandbox of a series: 15, 18 or 19, with what the sources add to its state as --fixtures does: "sale", a
// file or a folder (docs/SANDBOX.md). What goes wrong here and below ends the test.
func Start(t testing.TB, series int, sources ...string) *Sandbox {
	t.Helper()
	s := &Sandbox{DSN: Database(t, series, sources...), t: t}
	u, err := url.Parse(s.DSN)
	if err != nil {
		t.Fatal(err)
	}
	s.Database = strings.TrimPrefix(u.Path, "/")
	handler, err := sandbox.New(sandbox.Config{
		DSN: s.DSN, Database: s.Database, Series: series, Control: true, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { handler.Close() })
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Database is the DSN of a database in that state, dropped when the test ends.
func Database(t testing.TB, series int, sources ...string) string {
	t.Helper()
	state, err := fixtures.Open(series, sources...)
	if err != nil {
		t.Fatal(err)
	}
	return postgrestest.DB(t, postgrestest.Template(t, "odoo"+strconv.Itoa(series)+"_"+state.Version(), func(dsn string) error {
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		ctx := context.Background()
		return errors.Join(state.Load(ctx, db, func(tx *sql.Tx) error { return sandbox.Seed(ctx, tx, state.Series(), state.Records()) }), db.Close())
	}))
}

// Snapshot keeps the state of the database, and Restore brings it back: what one test writes, the next one does not see.
func (s *Sandbox) Snapshot() { s.t.Helper(); s.control(http.MethodPost, "snapshot", nil, nil) }

// Restore brings the database back to the last Snapshot.
func (s *Sandbox) Restore() { s.t.Helper(); s.control(http.MethodPost, "restore", nil, nil) }

// Fault makes calls of a model's method go wrong, times times, or until the next Fault if that is 0: "delay=300ms", "error",
// "error=503", "denied", "closed", "cut" or "garbage". An empty model or method is any; an empty fault ends all.
func (s *Sandbox) Fault(fault, model, method string, times int) {
	s.t.Helper()
	if fault == "" {
		s.control(http.MethodDelete, "faults", nil, nil)
		return
	}
	f, err := sandbox.ParseFault(fault)
	if err != nil {
		s.t.Fatal(err)
	}
	s.control(http.MethodPut, "faults", []sandbox.FaultRule{{Fault: f, Model: model, Method: method, Times: times}}, nil)
}

// Calls are the calls received, oldest first.
func (s *Sandbox) Calls() (calls []sandbox.ReceivedCall) {
	s.t.Helper()
	s.control(http.MethodGet, "calls", nil, &calls)
	return calls
}

// Executions is how often a model's method was carried out and its transaction committed.
func (s *Sandbox) Executions(model, method string) int {
	s.t.Helper()
	var counts map[string]int
	s.control(http.MethodGet, "executions", nil, &counts)
	return counts[model+"."+method]
}

// Forget forgets the calls and the executions.
func (s *Sandbox) Forget() { s.t.Helper(); s.control(http.MethodDelete, "calls", nil, nil) }

// control sends a request to the sandbox's own endpoints; in and out are JSON, nil for nothing.
func (s *Sandbox) control(method, what string, in, out any) {
	s.t.Helper()
	if err := s.ask(method, what, in, out); err != nil {
		s.t.Fatalf("%s %s%s: %v", method, sandbox.ControlPrefix, what, err)
	}
}

func (s *Sandbox) ask(method, what string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = strings.NewReader(string(text))
	}
	req, err := http.NewRequest(method, s.URL+sandbox.ControlPrefix+what, body)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode >= 300:
		return errors.New(fmt.Sprint(res.StatusCode, " ", strings.TrimSpace(string(text))))
	case out != nil:
		return json.Unmarshal(text, out)
	}
	return nil
}
