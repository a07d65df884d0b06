//go:build unix

package integration

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestCompletion: what bash offers after a beginning, with the script that the program prints.
func TestCompletion(t *testing.T) {
	const bashCompletion = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(bashCompletion); err != nil {
		t.Skip("bash-completion is not installed (Debian: bash-completion)")
	}
	script, errs, status := shell(t, nil, "completion", "bash")
	if status != 0 {
		t.Fatalf("completion bash: %s", errs)
	}
	for _, tc := range []struct {
		line string
		want []string
	}{
		{"odoobridge ser", []string{"serve"}},
		{"odoobridge s", []string{"sandbox", "serve"}},
		{"odoobridge serve --odoo", []string{"--odoo-url"}},
		{"odoobridge demo --series ", []string{"15", "18", "19"}},
		{"odoobridge call res.partner read --protocol j", []string{"json2", "jsonrpc"}},
		{"odoobridge serve --log-level w", []string{"warn"}},
		{"odoobridge ma", nil}, // hidden
	} {
		t.Run(tc.line, func(t *testing.T) {
			words := strings.Split(tc.line, " ")
			cmd := exec.CommandContext(t.Context(), "bash", "--norc", "-c", `source `+bashCompletion+`
				source /dev/stdin
				COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9; shift
				COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
				complete -p odoobridge >/dev/null && __start_odoobridge
				printf '%s\n' "${COMPREPLY[@]}"`, "bash", tc.line)
			cmd.Args = append(cmd.Args, words...)
			cmd.Env = []string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH")}
			cmd.Stdin = strings.NewReader(script)
			out, err := cmd.Output() // compopt complains that no terminal completes
			var got []string
			for line := range strings.Lines(string(out)) {
				if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word != "" {
					got = append(got, word)
				}
			}
			slices.Sort(got)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v: %v", got, tc.want, err)
			}
		})
	}
}

// TestServiceManager: systemd is told when calls are accepted, and when no more are.
func TestServiceManager(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	told := make(chan string, 10)
	within := func() string {
		select {
		case state := <-told:
			return state
		case <-time.After(bound):
			return "nothing"
		}
	}
	go func() {
		for buffer := make([]byte, 100); ; {
			n, err := manager.Read(buffer)
			if err != nil {
				close(told)
				return
			}
			told <- string(buffer[:n])
		}
	}()
	ready := demo(t, 18).ready
	p, err := spawn(append(withoutSettings(), "NOTIFY_SOCKET="+path), "serve", "--database-url", as(t, ready["database"], "odoobridge_service"), "--odoo-url", ready["sandbox"],
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if state := within(); state != "READY=1" {
		t.Errorf("first told: %q", state)
	}
	address := parseReady(<-p.stdout.ready)["bridge"]
	wantContact(t, post(t, address+"/jsonrpc", "application/json", readContact(database(18), rpcUser, rpcPassword)))
	if status := p.stop(); status != 0 {
		t.Errorf("it ended with status %d", status)
	}
	if state := within(); state != "STOPPING=1" {
		t.Errorf("told at the end: %q", state)
	}
}

// mostExposure is the largest rating of the unit that systemd-analyze may find, of 10.
const mostExposure = 1.5

// TestUnit: systemd reads the unit without complaint, and finds it hardened.
func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed (Debian: systemd)")
	}
	text, err := os.ReadFile("../packaging/systemd/odoobridge.service")
	if err != nil {
		t.Fatal(err)
	}
	const installed = "/usr/local/bin/odoobridge"
	if !strings.Contains(string(text), installed+" serve") {
		t.Fatalf("the unit does not start %s", installed)
	}
	unit := filepath.Join(t.TempDir(), "odoobridge.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), installed, binary)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=yes", "--no-pager", unit).CombinedOutput()
	if err != nil {
		t.Skipf("this systemd-analyze rates no files: %v\n%s", err, out)
	}
	rating := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(out)
	if rating == nil {
		t.Fatalf("no rating in\n%s", out)
	}
	if n, err := strconv.ParseFloat(string(rating[1]), 64); err != nil || n > mostExposure {
		t.Errorf("exposure %s, want at most %v:\n%s", rating[1], mostExposure, out)
	}
}

// TestUnitSettings: the settings that come with the unit are the program's, and the unit's own variables, too.
func TestUnitSettings(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "database-url")
	if err := os.WriteFile(secret, []byte("postgres://odoobridge:hunter2@127.0.0.1:5432/prod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"ODOOBRIDGE_DATABASE_URL_FILE=" + secret}
	text, err := os.ReadFile("../packaging/systemd/odoobridge.env")
	if err != nil {
		t.Fatal(err)
	}
	settings := regexp.MustCompile(`(?m)^#?(ODOOBRIDGE_[A-Z_]+)=.+$`).FindAllStringSubmatch(string(text), -1)
	for _, s := range settings {
		env = append(env, strings.TrimPrefix(s[0], "#"))
	}
	out, errs, status := shell(t, env, "serve", "--check")
	if status != 0 || strings.Contains(out, "hunter2") {
		t.Fatalf("status %d, %s%s", status, out, errs)
	}
	if n := strings.Count(out, "# ODOOBRIDGE_"); n != len(settings)+1 || len(settings) < 3 {
		t.Errorf("%d settings come from the environment, want %d:\n%s", n, len(settings)+1, out)
	}
}
