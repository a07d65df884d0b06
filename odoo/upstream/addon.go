package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// AddonPath is where Odoo's add-on (odoo/addon/odoobridge) takes calls, by JSON-RPC: the params of /jsonrpc, but without the
// database, the uid and the password, since it finds the user by the API-KEY header.
const AddonPath = "/odoobridge/call"

const addonVersionPath = "/odoobridge/version"

// Addon knows in which databases Odoo has the add-on, and how each is named to it. A route with a user needs to know its
// database: 19 takes it from a header; before, where one address serves several databases, from a session. Such a session
// is bound to the database once, and belongs to nobody.
type Addon struct {
	client    *Client
	databases []string
	interval  time.Duration

	mu    sync.RWMutex
	found map[string]*addonDatabase
}

// addonDatabase is what is known of the add-on in a database.
type addonDatabase struct {
	answered  bool // Odoo has said whether it is there
	installed bool
	fields    []Field   // that name the database to Odoo
	bound     time.Time // when a session was asked for last
}

// rebindEvery is how often a session is asked for at most, since Odoo keeps a file of each.
const rebindEvery = 15 * time.Minute

// NewAddon returns an Addon that looks for it in the databases every interval.
func NewAddon(client *Client, databases []string, interval time.Duration) *Addon {
	a := &Addon{client: client, databases: databases, interval: interval, found: map[string]*addonDatabase{}}
	for _, db := range databases {
		a.found[db] = &addonDatabase{}
	}
	return a
}

// Installed tells whether Odoo has the add-on in db, as far as is known.
func (a *Addon) Installed(db string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	d := a.found[db]
	return d != nil && d.installed
}

// Fields are the header fields that name db to Odoo.
func (a *Addon) Fields(db string) []Field {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if d := a.found[db]; d != nil {
		return d.fields
	}
	return nil
}

// Gone is told that Odoo knew no add-on in db when it was called. It is looked for again.
func (a *Addon) Gone(db string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d := a.found[db]; d != nil {
		gone := *d
		gone.installed = false
		a.found[db] = &gone
	}
}

// Run looks every interval, and every second in databases of which Odoo has not answered yet, until ctx ends.
func (a *Addon) Run(ctx context.Context) {
	for next := time.Now().Add(a.interval); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(a.interval, time.Second)):
		}
		if time.Now().Before(next) {
			a.Settle(ctx)
			continue
		}
		a.Look(ctx)
		next = time.Now().Add(a.interval)
	}
}

// Settle looks in the databases of which Odoo has not answered yet: an Odoo that comes up after the bridge is known whole as
// soon as it is there. It asks nothing once that is so.
func (a *Addon) Settle(ctx context.Context) {
	for _, db := range a.databases {
		a.mu.RLock()
		answered := a.found[db].answered
		a.mu.RUnlock()
		if !answered {
			asking, cancel := context.WithTimeout(ctx, 10*time.Second)
			a.look(asking, db)
			cancel()
		}
	}
}

// Look looks for the add-on in every database. Where Odoo does not answer, what was known stays.
func (a *Addon) Look(ctx context.Context) {
	for _, db := range a.databases {
		asking, cancel := context.WithTimeout(ctx, 10*time.Second)
		a.look(asking, db)
		cancel()
	}
}

func (a *Addon) look(ctx context.Context, db string) {
	a.mu.RLock()
	d := *a.found[db]
	a.mu.RUnlock()
	if d.fields == nil {
		d.fields = []Field{{"X-Odoo-Database", db}}
	}
	there, err := a.ask(ctx, db, d.fields)
	if err != nil {
		return
	}
	if !there && time.Since(d.bound) >= rebindEvery {
		d.bound = time.Now()
		if cookie := a.bind(ctx, db); cookie != "" {
			d.fields = []Field{{"X-Odoo-Database", db}, {"Cookie", cookie}}
			if there, err = a.ask(ctx, db, d.fields); err != nil {
				return
			}
		}
	}
	d.answered, d.installed = true, there
	a.mu.Lock()
	defer a.mu.Unlock()
	a.found[db] = &d
}

// ask asks the add-on for its version and tells whether it is there, in db and no other database.
func (a *Addon) ask(ctx context.Context, db string, fields []Field) (bool, error) {
	answer, err := a.client.Post(ctx, &Request{Path: addonVersionPath, Fields: fields})
	if err != nil {
		return false, err
	}
	defer answer.Close()
	body, err := io.ReadAll(io.LimitReader(answer, versionLimit))
	if err != nil {
		return false, &Error{Kind: Broken, cause: err}
	}
	if answer.Status >= 500 {
		return false, fmt.Errorf("%s of Odoo: status %d", addonVersionPath, answer.Status)
	}
	var version struct{ Version, DB string }
	return answer.Status == http.StatusOK && json.Unmarshal(body, &version) == nil && version.Version != "" && version.DB == db, nil
}

// bind asks Odoo for a session that is bound to db, as a browser does that comes with ?db=. It returns the Cookie, "" where
// there is none.
func (a *Addon) bind(ctx context.Context, db string) string {
	answer, err := a.client.Post(ctx, &Request{Method: http.MethodGet, Path: "/web/login?db=" + url.QueryEscape(db)})
	if err != nil {
		return ""
	}
	defer answer.Close()
	for _, f := range answer.Fields {
		if f.Name != "Set-Cookie" {
			continue
		}
		if cookie, _, _ := strings.Cut(f.Value, ";"); strings.HasPrefix(cookie, "session_id=") {
			return cookie
		}
	}
	return ""
}
