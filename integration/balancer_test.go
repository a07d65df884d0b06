//go:build unix

package integration

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// balancer is a load balancer, with the configuration that docs/REPLICAS.md recommends for it.
type balancer struct {
	name      string // of the program, and of the language of its block in the page
	installed bool   // by .ci/run
	arguments func(config string) []string
	// Pairs of what stands in the page and what stands there in a test.
	listen func(port string) (page, test string)
	whole  func(block, dir string) string // what makes a file of the block
}

var haproxy = balancer{
	name:      "haproxy",
	installed: true,
	arguments: func(config string) []string { return []string{"-db", "-f", config} },
	listen:    func(port string) (string, string) { return "bind :8079", "bind 127.0.0.1:" + port },
	whole:     func(block, _ string) string { return block },
}

var nginx = balancer{
	name:      "nginx",
	arguments: func(config string) []string { return []string{"-e", "stderr", "-c", config} },
	listen:    func(port string) (string, string) { return "listen 8079;", "listen 127.0.0.1:" + port + ";" },
	whole: func(block, dir string) string {
		var paths strings.Builder
		for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
			fmt.Fprintf(&paths, "%s_temp_path %s;\n", what, filepath.Join(dir, what))
		}
		return fmt.Sprintf("daemon off;\nmaster_process off;\npid %s;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n", filepath.Join(dir, "pid"), &paths, block)
	},
}

var balancers = []balancer{haproxy, nginx}

// require leaves a test out where the program is not there, unless .ci/run has installed it.
func (b balancer) require(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath(b.name); err != nil {
		if b.installed && os.Getenv("ODOOBRIDGE_CLIENTS") == allClients {
			t.Fatal(err)
		}
		t.Skipf("%v; Debian has it as %s", err, b.name)
	}
}

// start starts the balancer in front of the bridges and returns its URL.
func (b balancer) start(t *testing.T, bridges []*process) string {
	t.Helper()
	address := closedPort(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	page, own := b.listen(port)
	config := replaceOnce(t, recommended(t, b.name), page, own)
	for i, bridge := range bridges {
		at, admin := hostOf(t, bridge.ready["bridge"]), hostOf(t, bridge.ready["admin"])
		_, adminPort, err := net.SplitHostPort(admin)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(config, " port 8078 ") { // in the page all are asked at one port, here each has its own
			at += " port " + adminPort
		}
		config = replaceOnce(t, config, fmt.Sprintf("10.0.0.1%d:8079", i+1), at)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, b.name+".conf")
	if err := os.WriteFile(file, []byte(b.whole(config, dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(b.name, b.arguments(file)...)
	output := &capture{source: b.name, ready: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", b.name, output)
		}
	})
	eventually(t, b.name+" listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return "http://" + address
}

// recommended is the block of a language in docs/REPLICAS.md.
func recommended(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("../docs/REPLICAS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n```"+language+"\n")
	block, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatalf("docs/REPLICAS.md has no block of %s", language)
	}
	return block
}

// replaceOnce replaces what must stand in text once.
func replaceOnce(t *testing.T, text, from, to string) string {
	t.Helper()
	if n := strings.Count(text, from); n != 1 {
		t.Fatalf("%q stands %d times in docs/REPLICAS.md's configuration, want once", from, n)
	}
	return strings.Replace(text, from, to, 1)
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}
