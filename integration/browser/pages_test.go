//go:build unix

package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// demo is the program with a database, an Odoo and the bridge of its own.
type demo struct{ bridge, admin string }

func startDemo(t *testing.T) demo {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "odoobridge")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "odoobridge/cmd/odoobridge").CombinedOutput(); err != nil {
		t.Fatalf("the program does not build: %v\n%s", err, out)
	}
	data, err := os.MkdirTemp("/var/tmp", "odoobridge-browser-") // where PostgreSQL's user can go when this is root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(binary, "demo", "--series", "18", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
		"--sandbox-listen", "127.0.0.1:0", "--data", filepath.Join(data, "data"))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v:\n%s", err, &stderr)
		}
	})
	line := make(chan string, 1)
	go func() {
		var text []byte
		for one := make([]byte, 1); ; {
			if n, err := stdout.Read(one); n == 0 && err != nil || one[0] == '\n' {
				break
			}
			text = append(text, one[0])
		}
		line <- string(text)
	}()
	select {
	case ready := <-line:
		var d demo
		for _, pair := range strings.Fields(ready) {
			name, value, _ := strings.Cut(pair, "=")
			switch name {
			case "bridge":
				d.bridge = value
			case "admin":
				d.admin = value
			}
		}
		if d.admin == "" {
			t.Fatalf("the demo says %q:\n%s", ready, &stderr)
		}
		return d
	case <-time.After(bound):
		t.Fatal("the demo is not ready")
	}
	return demo{}
}

// uid is whom a caller with the key is, 0 for nobody.
func (d demo) uid(t *testing.T, key string) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.bridge+"/jsonrpc", strings.NewReader(`{"jsonrpc": "2.0", "id": 1, "method": "call",
		"params": {"service": "object", "method": "execute_kw", "args": ["", 0, "", "res.users", "search", [[["login", "=", "rpcuser"]]]]}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("API-KEY", key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Result []int64
		Error  any
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Result) == 0 {
		return 0
	}
	return answer.Result[0]
}

// reads waits until the page has a text.
func (b tab) reads(text string) {
	b.t.Helper()
	var seen string
	for deadline := time.Now().Add(bound); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if seen = b.text(); strings.Contains(seen, text) {
			return
		}
	}
	b.t.Fatalf("no %q at %s:\n%s", text, b.address(), seen)
}

// TestLifeOfAKey: an administrator signs in, creates a key, a caller calls with it, it is seen, revoked, and refused; all of it
// with JavaScript and without.
func TestLifeOfAKey(t *testing.T) {
	chromium(t)
	d := startDemo(t)
	for name, o := range map[string]options{"with JavaScript": {}, "without": {noScript: true}} {
		t.Run(name, func(t *testing.T) {
			b := open(t, o)
			key := "browser " + name
			b.signIn(d.admin, "admin", "admin")
			b.do(chromedp.Navigate(d.admin+"/users"), chromedp.Click(`a[aria-label="New key for rpcuser"]`), chromedp.WaitVisible("#name"),
				chromedp.SendKeys("#name", key), chromedp.Submit("#name"), chromedp.WaitVisible("#secret"))
			secret, err := chromedp.Run(b.Context, chromedp.Value("#secret"))
			if err != nil || !strings.HasPrefix(secret, "obk_") {
				t.Fatalf("the key that is shown is no key: %v", err)
			}
			if strings.Contains(b.address(), secret) {
				t.Error("the key is in the address")
			}
			copies, _ := chromedp.Run(b.Context, chromedp.JavascriptAttribute[bool](`[data-copy]`, "hidden", chromedp.NodeReady))
			if copies != o.noScript {
				t.Errorf("the button to copy it is hidden: %v", copies)
			}
			if got := d.uid(t, secret); got != 9001 {
				t.Fatalf("a call with the key is made as %d", got)
			}
			b.do(chromedp.Click("main a.button"))
			b.reads(key)
			b.do(chromedp.Navigate(d.admin + "/calls?q=browser"))
			b.reads("res.users.search")

			if !o.noScript { // calls come by themselves
				b.reads("live")
				for range 2 {
					if d.uid(t, secret) != 9001 {
						t.Error("the key does not work any more")
					}
				}
				b.do(chromedp.WaitVisible("#calls tbody tr:nth-child(3)"))
			}

			b.do(chromedp.Navigate(d.admin+"/keys?q=browser"), chromedp.Click("tbody a"), chromedp.WaitVisible("button.danger"),
				chromedp.Click("button.danger"))
			b.reads("Revoke " + key + "?")
			b.do(chromedp.Click("button.danger"))
			b.reads(key + " was revoked")
			for revoked := time.Now(); d.uid(t, secret) != 0; time.Sleep(50 * time.Millisecond) {
				if time.Since(revoked) > bound {
					t.Fatal("the revoked key goes on working")
				}
			}
			// Odoo refuses it at once, the bridge itself within the freshness.
			for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
				d.uid(t, secret)
				b.do(chromedp.Navigate(d.admin + "/"))
				if strings.Contains(b.text(), "access denied") {
					break
				}
				if time.Since(began) > bound {
					t.Fatalf("the refusal is not on the overview:\n%s", b.text())
				}
			}
			b.do(chromedp.Click("form.who button"), chromedp.WaitVisible("#login"), chromedp.Navigate(d.admin+"/keys"), chromedp.WaitVisible("#login"))
		})
	}
}
