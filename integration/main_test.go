//go:build unix

package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
)

// binary is the program under test, built once for the run.
var binary string

// bound is how long a test waits for something that takes a second at most when all is well.
const bound = 30 * time.Second

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "odoobridge-integration-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "odoobridge")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "odoobridge/cmd/odoobridge")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, out)
		return 1
	}
	code = postgrestest.Main(m)
	if err := demos.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := seen.searchFor(map[string]string{
		"password":     fixtures.Canary.Password,
		"auth_api_key": fixtures.Canary.APIKey,
		"native key":   fixtures.Canary.NativeKey,
	}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// demos are the running `odoobridge demo`, one for each series, shared by the tests that do not disturb each other.
var demos demoSet

type demoSet struct {
	mu      sync.Mutex
	dirs    []string
	running map[int]*process
	err     map[int]error
}

// demo is the demo of a series, with the canary in its database.
func demo(t *testing.T, series int) *process {
	t.Helper()
	demos.mu.Lock()
	defer demos.mu.Unlock()
	if demos.running[series] == nil && demos.err[series] == nil {
		if demos.running == nil {
			demos.running, demos.err = map[int]*process{}, map[int]error{}
		}
		demos.running[series], demos.err[series] = demos.start(series)
	}
	if err := demos.err[series]; err != nil {
		t.Fatal(err)
	}
	return demos.running[series]
}

func (d *demoSet) start(series int) (*process, error) {
	dir, err := clusterDir()
	if err != nil {
		return nil, err
	}
	d.dirs = append(d.dirs, dir)
	p, err := launch("demo", "--series", fmt.Sprint(series), "--data", filepath.Join(dir, "data"),
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return p, loadCanary(p.ready["database"], series)
}

func (d *demoSet) stop() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	for series, p := range d.running {
		if p == nil {
			continue
		}
		if status := p.stop(); status != 0 {
			err = errors.Join(err, fmt.Errorf("demo --series %d ended with status %d", series, status))
		}
	}
	for _, dir := range d.dirs {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// clusterDir is a new folder that PostgreSQL's user can enter when root runs the tests.
func clusterDir() (string, error) {
	dir, err := os.MkdirTemp("/var/tmp", "odoobridge-integration-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

func loadCanary(dsn string, series int) error {
	db, err := openDB(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return fixtures.LoadCanary(context.Background(), db, series)
}
