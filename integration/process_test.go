//go:build unix

package integration

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is the program running as a child.
type process struct {
	cmd    *exec.Cmd
	ready  map[string]string // what the line "ready name=value ..." says
	stdout *capture
	stderr *capture
	exited chan struct{}
}

// launch starts the program and returns once it has printed its ready line. What it prints is kept for the search for
// secrets.
func launch(args ...string) (*process, error) { return spawnReady(os.Environ(), args...) }

// spawnReady is launch with another environment.
func spawnReady(env []string, args ...string) (*process, error) {
	p, err := spawn(env, args...)
	if err != nil {
		return nil, err
	}
	select {
	case line := <-p.stdout.ready:
		p.ready = parseReady(line)
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("odoobridge %s ended with status %d before it was ready:\n%s",
			strings.Join(args, " "), p.cmd.ProcessState.ExitCode(), p.stderr)
	case <-time.After(bound):
		p.stop()
		return nil, fmt.Errorf("odoobridge %s is not ready after %v:\n%s", strings.Join(args, " "), bound, p.stderr)
	}
}

// spawn starts the program without waiting for it.
func spawn(env []string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(binary, args...), exited: make(chan struct{})}
	p.stdout = seen.capture("standard output of odoobridge " + args[0])
	p.stderr = seen.capture("standard error of odoobridge " + args[0])
	p.cmd.Env = env
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait() // the status is read from ProcessState
		close(p.exited)
	}()
	return p, nil
}

// start is launch for one test, at whose end the process is stopped and must have ended well.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p, err := launch(args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if status := p.stop(); status != 0 {
			t.Errorf("odoobridge %s ended with status %d:\n%s", strings.Join(args, " "), status, p.stderr)
		}
	})
	return p
}

// stop sends SIGTERM, waits and returns the exit status; a process that does not end is killed and has the status -1.
func (p *process) stop() int {
	p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has ended already
	select {
	case <-p.exited:
	case <-time.After(bound):
		p.cmd.Process.Kill()
		<-p.exited
	}
	return p.cmd.ProcessState.ExitCode()
}

// parseReady reads the contract with scripts: "ready bridge=http://... admin=http://...".
func parseReady(line string) map[string]string {
	values := map[string]string{}
	for _, field := range strings.Fields(line)[1:] {
		name, value, _ := strings.Cut(field, "=")
		values[name] = value
	}
	return values
}

// seen is all that came out of the program in this run: its output and its answers.
var seen ledger

type ledger struct {
	mu       sync.Mutex
	captures []*capture
}

// capture begins a record of what comes from one source.
func (l *ledger) capture(source string) *capture {
	c := &capture{source: source, ready: make(chan string, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.captures = append(l.captures, c)
	return c
}

// searchFor returns an error that names each source in which one of the secrets occurs.
func (l *ledger) searchFor(secrets map[string]string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found error
	for _, c := range l.captures {
		text := c.String()
		for name, secret := range secrets {
			for line := range strings.Lines(text) {
				if strings.Contains(line, secret) {
					line = strings.ReplaceAll(line, secret, "[the canary's "+name+"]")
					found = errors.Join(found, fmt.Errorf("the canary's %s is in the %s: %.300s", name, c.source, line))
				}
			}
		}
	}
	return found
}

// capture keeps what is written to it.
type capture struct {
	source string
	ready  chan string // receives the first line that begins with "ready "

	mu   sync.Mutex
	text bytes.Buffer
	told bool
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(p)
	if !c.told {
		lines := bufio.NewScanner(bytes.NewReader(c.text.Bytes()[:bytes.LastIndexByte(c.text.Bytes(), '\n')+1]))
		for lines.Scan() && !c.told {
			if strings.HasPrefix(lines.Text(), "ready ") {
				c.ready <- lines.Text()
				c.told = true
			}
		}
	}
	return len(p), nil
}

func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// tee copies what r yields into a record.
func tee(r io.Reader, source string) io.Reader { return io.TeeReader(r, seen.capture(source)) }

// eventually waits until what holds does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(bound); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v: %s", bound, what)
		}
	}
}

// withoutSettings is the environment without the program's own settings.
func withoutSettings() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ODOOBRIDGE_") })
}
