//go:build unix

package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "odoobridge/"

// layers are the packages from the wire up, as docs/DESIGN.md has them. A package may import those of lower layers.
// Packages of one layer may import only what beside names.
var layers = [][]string{
	{"rpc", "rpc/socket"},
	{"odoo"},
	{"auth/watch"},
	{"auth", "auth/limit", "auth/policy", "odoo/queue"},
	{"fixtures/module", "odoo/database", "rpc/certificate"},
	{"odoo/directory", "odoo/keyring", "odoo/serverenv", "odoo/upstream", "odoo/sandbox", "rpc/admin", "rpc/bridge", "fixtures", "fixtures/postgres"},
	{"rpc/trace", "rpc/traffic", "odoo/doctor"},
	{"rpc/admin/page"},
	{"cmd/odoobridge"},
}

// beside are the imports allowed within a layer: the pipeline calls Odoo.
var beside = map[string][]string{"rpc/bridge": {"odoo/upstream"}}

// forbidden are imports that a package must not have, with the reason: what it must not know.
var forbidden = []struct {
	packages []string
	imports  []string
	why      string
}{
	{[]string{"rpc"}, []string{"database/sql", "github.com/lib/pq", "github.com/gorilla/mux"},
		"the wire knows bytes: no databases, no routes"},
	{[]string{"odoo"}, []string{"net", "net/http", "database/sql", "github.com/lib/pq", "os"},
		"odoo is meaning without I/O"},
	{[]string{"auth"}, []string{"net", "net/http", "database/sql", "github.com/lib/pq", "encoding/json", "encoding/xml"},
		"auth decides from values: no HTTP, no SQL, no wire formats"},
	{[]string{"auth/policy"}, []string{"net", "net/http", "database/sql", "github.com/lib/pq", "odoobridge/auth", "odoobridge/odoo"},
		"rules decide from names: no HTTP, no SQL, nothing of how callers are known"},
	{[]string{"auth/limit"}, []string{"net/http", "database/sql", "odoobridge/auth", "odoobridge/auth/policy", "odoobridge/odoo", "odoobridge/rpc"},
		"limits are numbers: neither rules nor callers"},
	{[]string{"odoo/queue"}, []string{"net", "net/http", "odoobridge/auth", "odoobridge/odoo", "odoobridge/rpc"},
		"the queue knows whose turn it is, not who they are"},
	{[]string{"odoo/directory"}, []string{"net/http", "encoding/xml", "odoobridge/rpc"},
		"the directory is rows in, rows out: no HTTP, no wire formats"},
	{[]string{"odoo/keyring"}, []string{"net/http", "odoobridge/odoo", "odoobridge/rpc"},
		"the keyring is rows: no HTTP, no calls"},
	{[]string{"odoo/upstream"}, []string{"database/sql", "github.com/lib/pq", "odoobridge/auth"},
		"upstream is one round trip: no users, no SQL"},
	{[]string{"rpc/bridge", "rpc/admin"}, []string{"database/sql", "github.com/lib/pq"},
		"only directory, sandbox and fixtures speak SQL"},
	{[]string{"odoo/doctor"}, []string{"database/sql", "github.com/spf13/cobra", "odoobridge/rpc/bridge", "odoobridge/rpc/admin"},
		"doctor is findings: no SQL, no printing, and it looks at a bridge from outside"},
	{[]string{"rpc/admin/page"}, []string{"database/sql", "github.com/lib/pq", "odoobridge/odoo/directory"},
		"the pages know no SQL and not how a key is stored"},
	{[]string{"rpc/traffic"}, []string{"net/http", "database/sql", "github.com/lib/pq"},
		"traffic is made of records: no HTTP, no SQL"},
	{[]string{"odoo/sandbox"}, []string{"odoobridge/auth", "odoobridge/odoo/directory", "odoobridge/odoo/upstream"},
		"the sandbox is measured against the bridge, so it shares none of the bridge's judgement"},
	{[]string{"fixtures", "fixtures/module", "fixtures/postgres"}, []string{"net/http", "odoobridge/rpc", "odoobridge/odoo", "odoobridge/auth"},
		"the fixtures are the state, not the bridge"},
}

// speakSQL are the packages that may use PostgreSQL's driver; cmd opens the sandbox's and the demo's databases.
var speakSQL = []string{"odoo/database", "odoo/directory", "odoo/keyring", "odoo/sandbox", "fixtures", "fixtures/postgres", "cmd/odoobridge"}

// testOnly are packages that only tests and programs for developers may import, those below them included.
var testOnly = []string{"auth/directorytest", "auth/limit/redistest", "fixtures/conformance", "fixtures/postgres/postgrestest", "integration", "odoo/sandbox/sandboxtest", "rpc/trace/collectortest"}

func isTestOnly(name string) bool {
	return slices.ContainsFunc(testOnly, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
}

type goPackage struct {
	ImportPath string
	Imports    []string // of the code, not of its tests
}

// ownPackages are the module's, by their path in it.
func ownPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	packages := map[string]goPackage{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = p
	}
}

func layerOf(name string) int {
	return slices.IndexFunc(layers, func(layer []string) bool { return slices.Contains(layer, name) })
}

func TestImportsGoOneWay(t *testing.T) {
	for name, p := range ownPackages(t) {
		from := layerOf(name)
		if from < 0 {
			if !isTestOnly(name) {
				t.Errorf("package %s has no place in docs/DESIGN.md; give it one there and in layers", name)
			}
			continue
		}
		for _, path := range p.Imports {
			imported, own := strings.CutPrefix(path, module)
			if !own {
				continue
			}
			switch to := layerOf(imported); {
			case to < 0:
				t.Errorf("%s imports %s, which is for tests only", name, imported)
			case to > from:
				t.Errorf("%s imports %s, which stands above it: a stage never reaches back (docs/DESIGN.md)", name, imported)
			case to == from && !slices.Contains(beside[name], imported):
				t.Errorf("%s imports %s beside it: adapters do not know each other, cmd wires them (docs/DESIGN.md)", name, imported)
			}
		}
	}
}

func TestForbiddenImports(t *testing.T) {
	packages := ownPackages(t)
	for _, rule := range forbidden {
		for _, name := range rule.packages {
			p, ok := packages[name]
			if !ok {
				t.Errorf("there is no package %s", name)
			}
			for _, path := range rule.imports {
				if slices.Contains(p.Imports, path) {
					t.Errorf("%s imports %s, but %s", name, path, rule.why)
				}
			}
		}
	}
	for name, p := range packages {
		if slices.Contains(p.Imports, "github.com/lib/pq") && !slices.Contains(speakSQL, name) {
			t.Errorf("%s imports github.com/lib/pq; only %v talk to PostgreSQL", name, speakSQL)
		}
	}
}
