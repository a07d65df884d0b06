//go:build unix

package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"odoobridge/odoo/sandbox/sandboxtest"
)

// outcomes are what callers were told of their calls, by status; 0 is an answer that broke off.
type outcomes struct {
	mu    sync.Mutex
	count map[int]int
	doubt int // answers that say the call may have been carried out
}

func (o *outcomes) add(t *testing.T, a answer, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		a.status = 0
	}
	if o.count == nil {
		o.count = map[int]int{}
	}
	o.count[a.status]++
	if strings.Contains(a.body, "may have been carried out") || strings.Contains(a.body, "may still be at work") {
		o.doubt++
	}
	if a.status == http.StatusOK && strings.Contains(a.body, "rror") {
		t.Errorf("an error with status 200: %s", a.body)
	}
}

// TestOverloadedOdoo has more calls at once than may work and wait, each under a name of its own: what is answered 200 was
// carried out once, what is refused never, and Odoo sees none of it.
func TestOverloadedOdoo(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	b := serve(t, odoo.DSN, odoo.URL, "--max-calls", "2", "--queue-limit", "6", "--queue-total", "8", "--queue-timeout", "5s")
	for _, c := range creations {
		if c.series != 18 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			odoo.Forget()
			odoo.Fault("delay=20ms", "res.partner.category", "create", 0)
			const callers = 40
			var told outcomes
			var running sync.WaitGroup
			for caller := range callers {
				running.Go(func() {
					a, err := c.post(t.Context(), b.ready["bridge"], odoo.Database, fmt.Sprint("overload ", c.name, caller))
					told.add(t, a, err)
				})
			}
			running.Wait()
			done, refused := told.count[200], told.count[429]+told.count[503]
			if done == 0 || done+refused != callers {
				t.Errorf("answers by status: %v", told.count)
			}
			if n := odoo.Executions("res.partner.category", "create"); n != done {
				t.Errorf("%d calls carried out, %d answered", n, done)
			}
			if n := len(received(odoo)); n != done {
				t.Errorf("Odoo received %d calls, %d were answered", n, done)
			}
		})
	}
	metrics := get(t, b.ready["admin"]+"/metrics").body
	for _, want := range []string{"\nodoobridge_queue_length 0\n", "\nodoobridge_upstream_calls 0\n", `odoobridge_upstream_breaker{state="closed"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not say %q", want)
		}
	}
}

// received are the calls of create that Odoo received, by request id: how often each.
func received(odoo *sandboxtest.Sandbox) map[string]int {
	times := map[string]int{}
	for _, call := range odoo.Calls() {
		if call.Method == "create" {
			times[call.RequestID]++
		}
	}
	return times
}

// TestSlowOdoo: a call that takes longer than call_timeout is answered 504 and not sent again.
func TestSlowOdoo(t *testing.T) {
	for _, c := range creations {
		t.Run(c.name, func(t *testing.T) {
			odoo := sandboxtest.Start(t, c.series)
			b := serve(t, odoo.DSN, odoo.URL, "--call-timeout", "200ms", "--breaker-failures", "1")
			// The first call makes a key where one is needed, and so on.
			if a, err := c.post(t.Context(), b.ready["bridge"], odoo.Database, "quick"); err != nil || a.status != 200 {
				t.Skipf("the machine is too slow for this: %d %s %v", a.status, a.body, err)
			}
			odoo.Fault("delay=1s", "res.partner.category", "create", 0)
			for n := range 3 {
				a, err := c.post(t.Context(), b.ready["bridge"], odoo.Database, fmt.Sprint("slow ", n))
				if err != nil || a.status != http.StatusGatewayTimeout || !strings.Contains(a.body, "may still be at work") {
					t.Errorf("%d %s %v; want 504", a.status, a.body, err)
				}
			}
			eventually(t, "all have been received", func() bool { return len(received(odoo)) == 4 })
			for id, n := range received(odoo) {
				if n > 1 {
					t.Errorf("call %s was received %d times", id, n)
				}
			}
		})
	}
}

// TestFlappingOdoo has Odoo's port open and close under load. Each call is answered, none is carried out twice, and none that is
// said not to have been sent is carried out.
func TestFlappingOdoo(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	front := newDoor(t, strings.TrimPrefix(odoo.URL, "http://"))
	b := serve(t, odoo.DSN, "http://"+front.address, "--breaker-failures", "3", "--breaker-pause", "20ms")
	var told outcomes
	var sent atomic.Int32
	var running sync.WaitGroup
	stop := make(chan struct{})
	for caller := range 4 {
		running.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				c := creations[caller%2]
				a, err := c.post(t.Context(), b.ready["bridge"], odoo.Database, fmt.Sprint("flap ", caller, " ", n))
				sent.Add(1)
				told.add(t, a, err)
			}
		})
	}
	var err error
	for flap := 0; flap < 8 && err == nil; flap++ {
		before := sent.Load()
		eventually(t, "calls go on", func() bool { return sent.Load() >= before+20 })
		front.close()
		before = sent.Load()
		eventually(t, "calls are answered all the same", func() bool { return sent.Load() >= before+20 })
		err = front.open()
	}
	close(stop)
	running.Wait()
	if err != nil {
		t.Skipf("the port is taken meanwhile: %v", err)
	}
	if told.count[200] == 0 || told.count[502] == 0 || told.count[200]+told.count[502]+told.count[0] != int(sent.Load()) {
		t.Errorf("answers by status: %v of %d", told.count, sent.Load())
	}
	eventually(t, "what is carried out was answered, or may have been", func() bool {
		n := odoo.Executions("res.partner.category", "create")
		return n >= told.count[200] && n <= told.count[200]+told.doubt+told.count[0]
	})
	for id, n := range received(odoo) {
		if n > 1 {
			t.Errorf("call %s was received %d times", id, n)
		}
	}
	refused := get(t, b.ready["admin"]+"/metrics").body
	if strings.Contains(refused, `odoobridge_refused_total{reason="breaker_open"} 0`) {
		t.Error("the breaker refused nobody")
	}
}

// door is a port in front of Odoo that can be shut, with all connections through it.
type door struct {
	address, odoo string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func newDoor(t *testing.T, odoo string) *door {
	t.Helper()
	d := &door{address: "127.0.0.1:0", odoo: odoo}
	if err := d.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

func (d *door) open() error {
	l, err := net.Listen("tcp", d.address)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.address, d.listener = l.Addr().String(), l
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			d.pass(in)
		}
	}()
	return nil
}

func (d *door) pass(in net.Conn) {
	out, err := net.DialTimeout("tcp", d.odoo, 10*time.Second)
	if err != nil {
		in.Close()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, in, out)
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			in.Close()
			out.Close()
		}()
	}
}

func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listener.Close()
	for _, c := range d.conns {
		c.Close()
	}
	d.conns = nil
}
