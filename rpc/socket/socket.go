// Package socket makes the reads and writes of TCP connections cheaper than package net's.
//
// Before each system call that might block, Go's runtime lets go of the processor that runs it, takes it back afterwards,
// and has a watchdog look every 20 microseconds for calls that take long, to give their processor to someone else. A
// proxy does little but such calls, and none of them blocks: Go's sockets are non-blocking, and a goroutine that has to
// wait does so in the poller. So Wrap's connections make the same calls, on the same sockets and with the same poller,
// without telling the runtime. docs/PERFORMANCE.md has what it saves.
//
// What it costs is that a processor stays with a call for as long as the kernel needs for it, so each moves at most 64
// KiB. Where the system is none of those that this was tried on, Wrap returns the connection it was given.
package socket

import "net"

// Listener wraps the connections it accepts.
type Listener struct{ net.Listener }

// Accept waits for a connection and returns it wrapped.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Wrap(c), nil
}

// State is what can be known of a connection without waiting.
type State uint8

const (
	Silent  State = iota // open as far as is known, and there is nothing to read
	Pending              // there is something to read
	Closed               // the other side has closed it, or it failed
)
