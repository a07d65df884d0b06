package bridge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"odoobridge/auth"
	"odoobridge/odoo/queue"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// authenticator is told what to find. Who is who on a real database is tested in auth and in integration; here it is
// what the pipeline asks and what it makes of the answers.
type authenticator struct {
	id    auth.Identity
	err   error
	addon auth.Secret // the key for the add-on; "" is none

	noSecret error // of Secret

	mu     sync.Mutex
	db     string         // of the last question
	asked  auth.Presented // likewise
	called int
}

func (a *authenticator) Identify(_ context.Context, db string, p auth.Presented) (auth.Identity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.db, a.asked = db, p
	a.called++
	id := a.id
	id.DB = db
	return id, a.err
}

func (a *authenticator) Secret(context.Context, auth.Identity) (auth.Secret, error) {
	return "minted", a.noSecret
}

func (a *authenticator) Key(context.Context, auth.Identity) (auth.Secret, error) {
	return "key", nil
}

func (a *authenticator) Addon(auth.Identity) (auth.Secret, bool) { return a.addon, a.addon != "" }

// world is a bridge on a socket, with an Odoo that remembers what it received.
type world struct {
	auth    *authenticator
	metrics *Metrics
	url     string
	log     *safeBuffer

	mu       sync.Mutex
	received []*http.Request
	bodies   []string
	records  chan *Record
}

func (w *world) Observe(r *Record) { w.records <- r }

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

const odooAnswer = `{"jsonrpc": "2.0", "id": 1, "result": "from Odoo"}`

func start(t testing.TB, change func(*Config, *world), odoo http.HandlerFunc) *world {
	t.Helper()
	w := &world{
		auth:    &authenticator{id: auth.Identity{UID: 9001, Login: "rpcuser", Via: auth.ViaCall}},
		metrics: NewMetrics(prometheus.NewRegistry()),
		log:     &safeBuffer{},
		records: make(chan *Record, 100),
	}
	up := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.received, w.bodies = append(w.received, r), append(w.bodies, string(body))
		w.mu.Unlock()
		if odoo != nil {
			odoo(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(rw, odooAnswer)
	}))
	t.Cleanup(up.Close)
	base, err := url.Parse(up.URL)
	if err != nil {
		t.Fatal(err)
	}
	log := zerolog.New(w.log)
	odooCfg := upstream.Config{URL: base, CallTimeout: 2 * time.Second}
	cfg := Config{
		Auth: w.auth, Upstream: upstream.New(odooCfg), Queue: NewQueue(queue.Limits{}),
		Passage: Passage{URL: base, Transport: upstream.NewTransport(odooCfg), Sessions: true, Controllers: []string{"/shopinvader"}},
		Series:  func() rpc.Series { return 18 }, Version: func() upstream.Version { return upstream.Version{} }, Metrics: w.metrics, Log: log,
		Observer:  Observers{Log{log}, w.metrics, w},
		Databases: []string{"odoo18", "second"}, Basic: true, MaxBody: 1 << 20, BodyMemory: 1 << 30,
		TrustedSources: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	if change != nil {
		change(&cfg, w)
	}
	srv := httptest.NewServer(New(cfg))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

func (w *world) post(t *testing.T, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Content-Type" {
			req.Header.Del(header[i])
		}
		req.Header[header[i]] = append(req.Header[header[i]], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

func (w *world) sent() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bodies
}

func call(service, method, args string) string {
	return fmt.Sprintf(`{"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": %q, "method": %q, "args": %s}}`, service, method, args)
}
