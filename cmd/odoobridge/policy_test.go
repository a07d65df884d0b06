package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBrokenPolicies has every file and folder of testdata/policy told as NAME.want has it, by `policy check` and by `serve`.
func TestBrokenPolicies(t *testing.T) {
	wants, err := filepath.Glob("testdata/policy/*.want")
	if err != nil || len(wants) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, want := range wants {
		name := strings.TrimSuffix(want, ".want")
		t.Run(filepath.Base(name), func(t *testing.T) {
			path := name
			if _, err := os.Stat(path + ".yaml"); err == nil {
				path += ".yaml"
			}
			for _, args := range [][]string{
				{"policy", "check", path},
				{"serve", "--database-url", "postgres://127.0.0.1:1/x", "--odoo-url", "http://127.0.0.1:1", "--policies", path},
			} {
				var stdout, stderr bytes.Buffer
				if status := run(context.Background(), args, noEnv, &stdout, &stderr); status != exitUsage {
					t.Errorf("%v: exit status %d, want %d", args[:2], status, exitUsage)
				}
				if stdout.Len() != 0 {
					t.Errorf("%v: standard output has %q", args[:2], &stdout)
				}
				got := strings.Replace(strings.TrimRight(stderr.String(), "\n"), "the policies (--policies) can't", "the policies can't", 1)
				if want := strings.Join(lines(t, want), "\n"); got != want {
					t.Errorf("%v: standard error:\n%s\nwant:\n%s", args[:2], got, want)
				}
			}
		})
	}
}

const shopPolicies = `default: deny
rules:
  - id: shop-orders
    keys: [shop-*]
    key_groups: [ecommerce]
    models: [sale.order]
    effect: allow
    rate: 10
    concurrency: 4
    per: user
  - id: shop-reads
    keys: [shop-*]
    read_only: true
    effect: allow
  - id: sellers
    groups: [sales_team.group_sale_salesman]
    time: {days: [mon-fri], timezone: Europe/Paris}
    effect: allow
  - id: customers
    services: [controller]
    paths: [/shopinvader/*]
    sources: [10.0.0.0/8]
    effect: allow
    dry_run: true
`

func TestPolicyTest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.yaml")
	if err := os.WriteFile(file, []byte(shopPolicies), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, args     string
		status         int
		stdout, stderr string
	}{
		{"a limited one", "--key shop-fr --key-group ecommerce --model sale.order --method write", 0,
			"allowed by rule \"shop-orders\" (p.yaml:3), within 10 calls a second, 10 at once after a pause and 4 at work at once, counted per user\n", ""},
		{"read only", "--key shop-fr --model sale.order --method write", 1,
			"refused by rule \"shop-reads\" (p.yaml:11): it is read_only, and the call is not known to only read\n", "odoobridge: the call would be refused\n"},
		{"a read", "--key shop-fr --model sale.order --method read", 0, "allowed by rule \"shop-reads\" (p.yaml:11)\n", ""},
		{"the default", "--model sale.order --method read", 1, "refused by the default (p.yaml:1): it denies\n", "odoobridge: the call would be refused\n"},
		{"a group, on a Tuesday", "--user bob --group sales_team.group_sale_salesman --model x --method y --at 2026-11-24T10:00:00Z", 0,
			"allowed by rule \"sellers\" (p.yaml:15)\n", ""},
		{"a group, on a Saturday in Paris", "--user bob --group sales_team.group_sale_salesman --model x --method y --at 2026-11-27T23:30:00Z", 1,
			"refused by the default (p.yaml:1): it denies\n", "odoobridge: the call would be refused\n"},
		{"on trial", "--service controller --protocol http --path /shopinvader/x --source 10.1.1.1", 1,
			"refused by the default (p.yaml:1): it denies\non trial: would be allowed by rule \"customers\" (p.yaml:19)\n", "odoobridge: the call would be refused\n"},
		{"a login", "--service common --method authenticate", 0, "allowed: no rule in force decides\n", ""},
		{"JSON", "--key shop-fr --model sale.order --method write --json", 1,
			"{\n  \"allowed\": false,\n  \"rule\": {\n    \"id\": \"shop-reads\",\n    \"place\": \"p.yaml:11\",\n    \"effect\": \"allow\",\n    \"read_only\": true,\n" +
				"    \"reason\": \"it is read_only, and the call is not known to only read\"\n  }\n}\n", "odoobridge: the call would be refused\n"},
		{"nothing asked", "", 2, "", "odoobridge: --model: which model? Other services than object have none\n--method: which method?\n"},
		{"nonsense", "--model x --method y --source here --protocol soap --service report --at noon", 2, "",
			"odoobridge: --source: \"here\" is no address\n--protocol: \"soap\" is none of jsonrpc, xmlrpc/2, xmlrpc, json/2, http\n" +
				"--service: \"report\" is none of object, common, db, session, controller, doc, version\n--at: \"noon\" is no time such as 2026-12-24T18:30:00+01:00\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := append([]string{"policy", "test", "--policies", file}, strings.Fields(tc.args)...)
			status := run(context.Background(), args, noEnv, &stdout, &stderr)
			if got := strings.ReplaceAll(stdout.String(), file, "p.yaml"); status != tc.status || got != tc.stdout || stderr.String() != tc.stderr {
				t.Errorf("exit status %d, standard output\n%s\nstandard error\n%s", status, got, &stderr)
			}
		})
	}
	var stdout, stderr bytes.Buffer
	if status := run(context.Background(), []string{"policy", "test", "--model", "x", "--method", "y"}, noEnv, &stdout, &stderr); status != exitUsage ||
		!strings.Contains(stderr.String(), "--policies is required") {
		t.Errorf("without policies: %d %s", status, &stderr)
	}
}

func TestPolicyCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.yaml")
	text := "rules:\n  - {id: all, effect: allow, models: [sale.*]}\n  - {id: never, effect: deny, models: [sale.order*], keys: [x]}\n  - {id: yet, effect: deny, models: ['*']}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), []string{"policy", "check", file}, noEnv, &stdout, &stderr)
	want := "warning: p.yaml:3: the rule \"never\" is never asked: \"all\" at p.yaml:2 matches every call that it does\n3 rules can be used\n"
	if got := strings.ReplaceAll(stdout.String(), file, "p.yaml"); status != exitDone || got != want {
		t.Errorf("exit status %d, %q", status, got)
	}
	stdout.Reset()
	if err := os.WriteFile(file, []byte("rules:\n  - {id: all}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status = run(context.Background(), []string{"policy", "check", "--json", file}, noEnv, &stdout, &stderr)
	want = "{\n  \"rules\": 0,\n  \"warnings\": [],\n  \"problems\": [\n    \"p.yaml:2: effect is missing: allow or deny\"\n  ]\n}\n"
	if got := strings.ReplaceAll(stdout.String(), file, "p.yaml"); status != exitUsage || got != want {
		t.Errorf("exit status %d, %s", status, got)
	}
}
