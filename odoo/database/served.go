package database

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"odoobridge/auth"
)

// Served is the databases of a server that are served, each opened when it is asked for first. It is safe for use by many
// goroutines.
type Served[B io.Closer] struct {
	of    string // whose they are, for errors
	open  func(name string) (B, error)
	names map[string]struct{}

	mu     sync.Mutex
	bases  map[string]B // opened so far
	closed bool
}

// ErrNoName is a database that is served and has no name.
var ErrNoName = errors.New("no database is named")

// Serve returns the databases of those names, or the server's default where there are none, for the one that errors call of. The
// error is ErrNoName.
func Serve[B io.Closer](of string, server *Server, names []string, open func(name string) (B, error)) (*Served[B], error) {
	s := &Served[B]{of: of, open: open, names: map[string]struct{}{}, bases: map[string]B{}}
	if len(names) == 0 {
		names = []string{server.Default()}
	}
	for _, name := range names {
		if name == "" {
			return nil, ErrNoName
		}
		s.names[name] = struct{}{}
	}
	return s, nil
}

// Names are those of the databases served, sorted.
func (s *Served[B]) Names() []string { return slices.Sorted(maps.Keys(s.names)) }

// Base returns the database of that name, which need not be reachable. The error is [auth.ErrUnknownDatabase] where it is not
// served.
func (s *Served[B]) Base(name string) (b B, err error) {
	if _, ok := s.names[name]; !ok {
		return b, fmt.Errorf("%w: %q is not among the databases served", auth.ErrUnknownDatabase, name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return b, fmt.Errorf("the %s is closed", s.of)
	}
	if b, ok := s.bases[name]; ok {
		return b, nil
	}
	if b, err = s.open(name); err != nil {
		return b, err
	}
	s.bases[name] = b
	return b, nil
}

// Close closes all that were opened. What is under way in them fails.
func (s *Served[B]) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for name, b := range s.bases {
		errs = append(errs, b.Close())
		delete(s.bases, name)
	}
	return errors.Join(errs...)
}
