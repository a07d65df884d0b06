package policy

import (
	"context"
	"slices"
	"sync/atomic"
)

// Policies are the rules of a file or folder, as last read. They are safe for use by many goroutines.
type Policies struct {
	path string
	set  atomic.Pointer[Set]
	asks atomic.Pointer[Asks]
	seen string // the state of the files when they were read first
}

// Open reads the rules at path, see [Read].
func Open(path string) (p *Policies, warnings []string, err error) {
	p = &Policies{path: path, seen: source(path).State()}
	p.asks.Store(&Asks{})
	warnings, err = p.read()
	return p, warnings, err
}

// Set is the set that is in force.
func (p *Policies) Set() *Set { return p.set.Load() }

// Asks is what has to be known of callers for every set that is or was in force: a call that is still decided by the one
// before needs no less. The value that it points to does not change; another one that says the same is never put in its place.
func (p *Policies) Asks() *Asks { return p.asks.Load() }

func (p *Policies) read() (warnings []string, err error) {
	s, warnings, err := Read(p.path)
	if err != nil {
		return nil, err
	}
	if asks := p.Asks().and(s.asks); !asks.equal(*p.Asks()) {
		p.asks.Store(&asks) // before the set that needs it
	}
	p.set.Store(s)
	return warnings, nil
}

// Run reads the files again when they change, until ctx ends. Files that can't be used change nothing; told is told of each
// change, with the warnings or the error.
func (p *Policies) Run(ctx context.Context, told func(warnings []string, err error)) {
	source(p.path).Run(ctx, p.seen, func() { told(p.read()) })
}

func (a Asks) and(b Asks) Asks {
	groups := slices.Concat(a.Groups, b.Groups)
	slices.Sort(groups)
	return Asks{KeyGroups: a.KeyGroups || b.KeyGroups, Groups: slices.Compact(groups)}
}

func (a Asks) equal(b Asks) bool {
	return a.KeyGroups == b.KeyGroups && slices.Equal(a.Groups, b.Groups)
}
