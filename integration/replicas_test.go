//go:build unix

package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"odoobridge/auth/limit/redistest"
	"odoobridge/odoo/sandbox/sandboxtest"
)

// replicas are three bridges behind a load balancer in front of one Odoo, on one PostgreSQL.
type replicas struct {
	odoo    *sandboxtest.Sandbox
	bridges []*process
	url     string // of the balancer
}

func startReplicas(t *testing.T, b balancer, flags ...string) *replicas {
	t.Helper()
	odoo := sandboxtest.Start(t, 18)
	r := &replicas{odoo: odoo}
	for range 3 {
		b, err := launch(append([]string{"serve", "--database-url", odoo.DSN, "--odoo-url", odoo.URL, "--listen", "127.0.0.1:0",
			"--admin-listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1"}, flags...)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.stop() })
		r.bridges = append(r.bridges, b)
	}
	r.url = b.start(t, r.bridges)
	return r
}

// load is what callers send through the balancer, each creating one tag after the other with a name of its own.
type load struct {
	at   string
	done atomic.Int64 // calls that have ended

	mu    sync.Mutex
	ended map[string]error // by name: nil where the answer was the id of the tag
	ids   map[string]int64 // that the answer told
}

const loadKey = adminKey

// run sends calls from several callers until enough says so.
func (l *load) run(ctx context.Context, callers int, enough func() bool) {
	l.ended, l.ids = map[string]error{}, map[string]int64{}
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: caller%4 == 0}}
			defer client.CloseIdleConnections()
			for n := 0; !enough(); n++ {
				name := fmt.Sprintf("replica-call-%d-%d", caller, n)
				id, err := l.create(ctx, client, name)
				l.mu.Lock()
				l.ended[name], l.ids[name] = err, id
				l.mu.Unlock()
				l.done.Add(1)
			}
		})
	}
	running.Wait()
}

// create is one call. Its name is its request id too, by which Odoo's record names it.
func (l *load) create(ctx context.Context, client *http.Client, name string) (int64, error) {
	body := jsonCall("object", "execute_kw", "", 0, "", "res.partner.category", "create", []any{map[string]any{"name": name}})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.at+"/jsonrpc", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("API-KEY", loadKey)
	r.Header.Set("X-Request-Id", name)
	res, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	var reply struct {
		Result int64
		Error  json.RawMessage
	}
	if err := json.Unmarshal(text, &reply); err != nil || res.StatusCode != 200 || reply.Error != nil || reply.Result == 0 {
		return 0, fmt.Errorf("status %d: %.200s", res.StatusCode, text)
	}
	return reply.Result, nil
}

func (l *load) failed() (names []string, err error) {
	for name, e := range l.ended {
		if e != nil {
			names, err = append(names, name), errors.Join(err, fmt.Errorf("%s: %w", name, e))
		}
	}
	return names, err
}

// compare holds what callers saw against what Odoo did: no call reached it twice, none was carried out twice, whoever was told
// an id was told that of their tag, and no tag is there of which its caller knows nothing.
func (r *replicas) compare(t *testing.T, l *load) {
	t.Helper()
	received := map[string]int{}
	for _, c := range r.odoo.Calls() {
		if c.Method == "create" {
			received[c.RequestID]++
		}
	}
	db, err := openDB(r.odoo.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT id, name->>'en_US' FROM res_partner_category WHERE name->>'en_US' LIKE 'replica-call-%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	made := map[string][]int64{}
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			t.Fatal(err)
		}
		made[name] = append(made[name], id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	executed, unseen := 0, 0
	for name, ids := range made {
		executed += len(ids)
		if len(ids) > 1 {
			t.Errorf("%s was carried out %d times", name, len(ids))
		}
		if _, known := l.ended[name]; !known {
			t.Errorf("%s was carried out, and its caller has no answer and no error", name)
		}
		if l.ended[name] != nil {
			unseen++
		}
	}
	for name, n := range received {
		if n > 1 {
			t.Errorf("%s reached Odoo %d times", name, n)
		}
	}
	for name, err := range l.ended {
		if err == nil && (len(made[name]) != 1 || made[name][0] != l.ids[name]) {
			t.Errorf("%s: its caller was told the tag %d, there are %v", name, l.ids[name], made[name])
		}
	}
	if n := r.odoo.Executions("res.partner.category", "create"); n != executed {
		t.Errorf("Odoo carried out %d calls, %d tags are there", n, executed)
	}
	names, _ := l.failed()
	t.Logf("%d calls, %d carried out, %d failed for their callers, of which %d were carried out", len(l.ended), executed, len(names), unseen)
}

// TestReplicaKilled: a bridge that is killed under load fails no more than the calls that it had, and no call is sent again.
func TestReplicaKilled(t *testing.T) {
	for _, b := range balancers {
		t.Run(b.name, func(t *testing.T) {
			b.require(t)
			r := startReplicas(t, b)
			r.odoo.Fault("delay=30ms", "res.partner.category", "create", 0)
			l := &load{at: r.url}
			const callers, before, after = 12, 150, 300
			var kill sync.Once
			l.run(t.Context(), callers, func() bool {
				if l.done.Load() >= before {
					kill.Do(func() { r.bridges[1].cmd.Process.Kill() })
				}
				return l.done.Load() >= before+after
			})
			<-r.bridges[1].exited
			r.compare(t, l)
			names, err := l.failed()
			if len(names) == 0 || len(names) > 2*callers {
				t.Errorf("%d calls failed, want those that the killed one had, of %d callers:\n%v", len(names), callers, err)
			}
		})
	}
}

// TestReplicaStopped: a bridge that is stopped under load fails no call.
func TestReplicaStopped(t *testing.T) {
	haproxy.require(t)
	r := startReplicas(t, haproxy, "--drain-delay", "3s")
	r.odoo.Fault("delay=10ms", "res.partner.category", "create", 0)
	l := &load{at: r.url}
	var stop sync.Once
	ended := atomic.Int64{} // how many calls had ended when the bridge had
	l.run(t.Context(), 12, func() bool {
		if l.done.Load() >= 100 {
			stop.Do(func() {
				r.bridges[0].cmd.Process.Signal(syscall.SIGTERM)
				go func() {
					<-r.bridges[0].exited
					ended.Store(l.done.Load())
				}()
			})
		}
		n := ended.Load()
		return n > 0 && l.done.Load() >= n+100
	})
	r.compare(t, l)
	if names, err := l.failed(); len(names) != 0 {
		t.Errorf("%d calls failed:\n%v", len(names), err)
	}
	if status := r.bridges[0].cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("the stopped one ended with status %d:\n%s", status, r.bridges[0].stderr)
	}
}

// TestReplicasRevokedKey: a key that is revoked is refused by each of them one freshness later.
func TestReplicasRevokedKey(t *testing.T) {
	haproxy.require(t)
	r := startReplicas(t, haproxy)
	places := []string{r.url, r.bridges[0].ready["bridge"], r.bridges[1].ready["bridge"], r.bridges[2].ready["bridge"]}
	whoami := func(at string) string {
		return post(t, at+"/jsonrpc", "application/json", jsonCall("common", "authenticate", "", "", "", map[string]any{}), "API-KEY", rpcKey).body
	}
	for range 3 {
		for _, at := range places {
			if body := whoami(at); !strings.Contains(body, fmt.Sprint(rpcUser)) {
				t.Fatalf("%s: %s", at, body)
			}
		}
	}
	if _, errs, status := shell(t, nil, "keys", "revoke", "conf rpcuser", "--database-url", r.odoo.DSN); status != 0 {
		t.Fatalf("keys revoke: status %d, %s", status, errs)
	}
	time.Sleep(time.Second) // what is promised: what is known is no older than this
	for range 3 {
		for _, at := range places {
			if body := whoami(at); !strings.Contains(body, `"result": false`) {
				t.Errorf("%s, a second after the key was revoked: %s", at, body)
			}
		}
	}
}

// TestReplicasLimits: what a policy rule allows it allows once, not once for each of them.
func TestReplicasLimits(t *testing.T) {
	haproxy.require(t)
	redis := redistest.Start(t)
	file := filepath.Join(t.TempDir(), "policies.yaml")
	writeRules(t, file, "rules:\n  - {id: few, models: [res.partner], effect: allow, rate: 0.001, burst: 9}\n")
	r := startReplicas(t, haproxy, "--policies", file, "--redis-url", redis.URL(), "--redis-timeout", "20s")
	statuses := map[int]int{}
	for n := range 30 {
		at := r.url
		if n%2 == 0 { // and whoever goes past the balancer
			at = r.bridges[n%3].ready["bridge"]
		}
		statuses[post(t, at+"/jsonrpc", "application/json", countOf(r.odoo.Database, "res.partner"), "API-KEY", rpcKey).status]++
	}
	if statuses[http.StatusOK] != 9 || statuses[http.StatusTooManyRequests] != 21 {
		t.Errorf("answers by status: %v; want 9 of 200 and 21 of 429", statuses)
	}
}
