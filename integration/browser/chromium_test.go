//go:build unix

package browser

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// bound is how long a test waits for something that takes a second or two when all is well.
const bound = 60 * time.Second

// asked tells whether these tests were asked for: they take a browser, and longer than others.
func asked(t *testing.T) {
	t.Helper()
	if os.Getenv("ODOOBRIDGE_BROWSER") == "" {
		t.Skip("needs a browser: run make browser-test")
	}
}

// chromium is the program, by its names on Debian and elsewhere.
func chromium(t *testing.T) string {
	t.Helper()
	asked(t)
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium is installed (Debian: apt-get install chromium), so that the pages are not tried in a browser")
	return ""
}

// tab is a browser of its own with one page, without anything of another's.
type tab struct {
	context.Context
	t *testing.T
}

// options are how a tab is different from others.
type options struct {
	dark, noScript bool
	width, height  int64
}

func open(t *testing.T, o options) tab {
	t.Helper()
	if o.width == 0 {
		o.width, o.height = 1280, 800
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)),
		chromedp.NoSandbox, // which root, of a container, can't have
		chromedp.WindowSize(int(o.width), int(o.height)))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(stop)
	ctx, close := chromedp.NewContext(allocator)
	t.Cleanup(close)
	b := tab{ctx, t}
	b.watch()
	scheme := "light"
	if o.dark {
		scheme = "dark"
	}
	command(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: o.width, Height: o.height, DeviceScaleFactor: 1})
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: o.noScript})
	return b
}

// watch fails the test for what the page's own policy refused, and for what its script failed at.
func (b tab) watch() {
	messages := chromedp.Console(b.Context)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			switch {
			case err != nil:
				return // the browser is closed
			case m.IsException(), m.Source == "security", m.Source == "javascript", m.Type == "error" && m.Source == "":
				b.t.Errorf("the browser has this against %s: %s", m.URL, m)
			}
		}
	}()
	b.t.Cleanup(func() {
		_ = chromedp.Cancel(b.Context)
		<-done
	})
}

// command runs one of the browser's protocol.
func command[P, R any](b tab, c cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, bound)
	defer cancel()
	r, err := chromedp.Call(ctx, c, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// do does things in turn, and fails the test if one of them can't be done.
func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, bound)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v, at %s:\n%s", err, b.address(), b.text())
	}
}

func (b tab) address() string {
	url, _ := chromedp.Run(b.Context, chromedp.Location())
	return url
}

// text is what a reader sees.
func (b tab) text() string {
	text, _ := chromedp.Run(b.Context, chromedp.Text("body"))
	return text
}

// signIn fills in the form and sends it.
func (b tab) signIn(url, login, password string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url), chromedp.WaitVisible("#login"), chromedp.SendKeys("#login", login),
		chromedp.SendKeys("#password", password), chromedp.Submit("#password"), chromedp.WaitVisible("nav"))
}
