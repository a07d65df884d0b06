//go:build unix

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// client is an RPC client that others wrote, and our program for it (clients/README.md).
type client struct {
	program string // below clients/
	// interpreter are the programs that can run it: the first that passes the probe does. None means a Go program.
	interpreter []string
	// probe are the interpreter's arguments that succeed where the client is installed.
	probe []string
	// install is what Debian installs it with.
	install string
	// json is true of a client that speaks JSON-RPC, which has no dates.
	json bool
	// noHeader says why it can send no header.
	noHeader string
}

var clients = []client{
	{program: "python/client.py", interpreter: []string{"python3", "/usr/bin/python3"}, probe: []string{"-c", "import xmlrpc.client"},
		install: "apt-get install python3"},
	// Debian's packages are for Debian's Python, which another one may hide.
	{program: "odoorpc/client.py", interpreter: []string{"python3", "/usr/bin/python3"}, probe: []string{"-c", "import odoorpc"},
		install: "apt-get install python3-odoorpc", json: true},
	{program: "ruby/client.rb", interpreter: []string{"ruby", "/usr/bin/ruby"}, probe: []string{"-e", "require 'xmlrpc/client'"},
		install: "apt-get install ruby ruby-xmlrpc"},
	{program: "php/client.php", interpreter: []string{"php", "/usr/bin/php"},
		probe:   []string{"-r", "exit(extension_loaded('xmlrpc') && extension_loaded('curl') ? 0 : 1);"},
		install: "apt-get install php-cli php-curl php-xmlrpc"},
	{program: "perl/client.pl", interpreter: []string{"perl", "/usr/bin/perl"}, probe: []string{"-MRPC::XML::Client", "-e", "1"},
		install: "apt-get install librpc-xml-perl"},
	{program: "npm/odoo-await/client.js", interpreter: []string{"node"}, probe: []string{"-e", "require('./clients/npm/node_modules/odoo-await')"},
		install: "apt-get install nodejs npm; (cd integration/clients/npm && npm ci)"},
	{program: "npm/odoo-jsonrpc/client.js", interpreter: []string{"node"}, probe: []string{"-e", "require('./clients/npm/node_modules/@fernandoslim/odoo-jsonrpc')"},
		install: "apt-get install nodejs npm; (cd integration/clients/npm && npm ci)", json: true},
	{program: "npm/odoo-xmlrpc/client.js", interpreter: []string{"node"}, probe: []string{"-e", "require('./clients/npm/node_modules/odoo-xmlrpc')"},
		install:  "apt-get install nodejs npm; (cd integration/clients/npm && npm ci)",
		noHeader: "it makes its HTTP client itself, anew for each call"},
	{program: "kolo"},
}

// allClients is the setting (ODOOBRIDGE_CLIENTS) with which a missing client fails the test.
const allClients = "all"

// command is what runs the client's program; the error says how to install it.
func (c client) command(ctx context.Context) ([]string, error) {
	if c.interpreter == nil {
		path, err := koloProgram()
		return []string{path}, err
	}
	for _, name := range c.interpreter {
		if path, err := exec.LookPath(name); err == nil && exec.CommandContext(ctx, path, c.probe...).Run() == nil {
			return []string{path, filepath.Join("clients", c.program)}, nil
		}
	}
	return nil, fmt.Errorf("%s is not installed: make clients, or %s", c.program, c.install)
}

// koloProgram is the Go program, built beside the bridge.
var koloProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(binary), "kolo")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./clients/kolo").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("clients/kolo does not build: %w\n%s", err, out)
	}
	return path, nil
})

// way is a way to Odoo, and of saying who calls.
type way struct {
	name   string
	server string // as the demo's ready line names it
	key    bool   // by the API-KEY header alone
}

var ways = []way{{"sandbox", "sandbox", false}, {"bridge", "bridge", false}, {"header", "bridge", true}}

// TestClients runs every client in every way against every series: all see the same.
func TestClients(t *testing.T) {
	for _, c := range clients {
		t.Run(c.program, func(t *testing.T) {
			t.Parallel()
			command, err := c.command(t.Context())
			if err != nil && (os.Getenv("ODOOBRIDGE_CLIENTS") == allClients || c.interpreter == nil) {
				t.Fatal(err)
			} else if err != nil {
				t.Skip(err)
			}
			for _, w := range ways {
				if w.key && c.noHeader != "" {
					t.Logf("not by header alone: %s", c.noHeader)
					continue
				}
				for _, series := range []int{15, 18, 19} {
					t.Run(fmt.Sprintf("%s/%d", w.name, series), func(t *testing.T) {
						want, got := expectedOfClients(series), runClient(t, command, w, series)
						if c.json {
							delete(want, "native_date")
						}
						for _, member := range slices.Sorted(maps.Keys(want)) {
							if !reflect.DeepEqual(got[member], want[member]) {
								t.Errorf("%s: %v, want %v", member, got[member], want[member])
							}
						}
						for member := range got {
							if _, ok := want[member]; !ok {
								t.Errorf("%s is printed and not expected", member)
							}
						}
					})
				}
			}
		})
	}
}

// expectedOfClients is what every client has to see, as JSON is decoded. The records are those of fixtures/state.
func expectedOfClients(series int) map[string]any {
	native := "2024-02-29 12:34:56"
	if series == 15 { // leaves dates as they came (values.x.datetime.xml2)
		native = "20240229T12:34:56"
	}
	const unicode = `ünï €uro 日本 😀 <&>"'`
	return map[string]any{
		"version":       fmt.Sprintf("%d.0", series),
		"uid":           2.,
		"refused_login": false,
		"contacts": []any{
			map[string]any{"id": 91006., "name": "Conf Writable", "parent_id": false},
			map[string]any{"id": 91005., "name": "Conf Epsilon", "parent_id": false},
			map[string]any{"id": 91003., "name": "Conf Gamma " + unicode, "parent_id": false},
			map[string]any{"id": 91002., "name": "Conf Beta", "parent_id": []any{91001., "Conf Alpha"}},
		},
		"fields": map[string]any{
			"name":      map[string]any{"type": "char"},
			"parent_id": map[string]any{"type": "many2one", "relation": "res.partner"},
		},
		"created":        true,
		"written":        true,
		"read_back":      map[string]any{"name": "ConfNew Ü" + strings.TrimPrefix(unicode, "ü"), "email": false, "is_company": true},
		"unlinked":       true,
		"left":           0.,
		"rate":           map[string]any{"id": 94001., "name": "2024-02-29", "rate": 1.2345678, "create_date": "2024-01-02 03:04:05"},
		"native_date":    native,
		"unknown_model":  map[string]any{"code": 2., "text": "Object no.such.model doesn't exist"},
		"private_method": 4.,
		"nobody":         3.,
	}
}

// runClient runs a client's program and returns what it prints.
func runClient(t *testing.T, command []string, w way, series int) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*bound)
	defer cancel()
	var out, errs strings.Builder
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	run.Stdout, run.Stderr = &out, &errs
	run.WaitDelay = time.Second
	run.Env = append(withoutSettings(), "PYTHONDONTWRITEBYTECODE=1",
		"ODOO_URL="+demo(t, series).ready[w.server], "ODOO_DB="+database(series))
	if w.key {
		run.Env = append(run.Env, "ODOO_API_KEY="+clientKey(series))
	} else {
		run.Env = append(run.Env, "ODOO_LOGIN=admin", "ODOO_PASSWORD=admin")
	}
	err := run.Run()
	seen.capture("answers to " + strings.Join(command, " ")).Write([]byte(out.String() + errs.String()))
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	var printed map[string]any
	if err := json.Unmarshal([]byte(out.String()), &printed); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return printed
}

// clientKey is admin's key. Series 15 was recorded without the module that has the keys, so it is a native one there.
func clientKey(series int) string {
	if series == 15 {
		return "ad31a0000123456789abcdef0123456789abcdef"
	}
	return adminKey
}
