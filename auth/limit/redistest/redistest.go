//go:build unix

// Package redistest gives a Go test a Redis or Valkey of its own, on a free port and in a folder that goes with the test.
package redistest

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Server is a running redis-server or valkey-server.
type Server struct {
	t       testing.TB
	program string
	address string
	running *exec.Cmd
}

// programs are those that will do, by preference.
var programs = []string{"redis-server", "valkey-server"}

// Start starts a server, and skips the test where none is installed.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t}
	for _, program := range programs {
		if path, err := exec.LookPath(program); err == nil {
			s.program = path
			break
		}
	}
	if s.program == "" {
		t.Skip("neither redis-server nor valkey-server is installed (Debian: apt-get install redis-server)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	l.Close()
	s.Resume()
	t.Cleanup(s.Stop)
	return s
}

// URL is where the server is.
func (s *Server) URL() string { return "redis://" + s.address + "/0" }

// Stop ends the server, which keeps nothing. It is no error to stop one that is stopped.
func (s *Server) Stop() {
	if s.running == nil {
		return
	}
	_ = s.running.Process.Kill()
	_ = s.running.Wait() // the signal is the error
	s.running = nil
}

// Freeze has the server answer nothing, over connections that stay open, until Thaw.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.running.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Resume starts the server again where it was, and returns when it answers.
func (s *Server) Resume() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.address)
	cmd := exec.Command(s.program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", s.t.TempDir())
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.running = cmd
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s does not answer at %s: %v", s.program, s.address, err)
		}
	}
}

// SetPassword has the server ask for a password from now on.
func (s *Server) SetPassword(password string) {
	s.t.Helper()
	conn, err := redis.DialURLContext(s.t.Context(), s.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Do("CONFIG", "SET", "requirepass", password); err != nil {
		s.t.Fatal(err)
	}
}
