//go:build unix

package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// expressions are the queries of a dashboard or of rules: every text under the name expr.
func expressions(value any) (list []string) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[name].(string); ok && name == "expr" {
				list = append(list, text)
			} else {
				list = append(list, expressions(v[name])...)
			}
		}
	case []any:
		for _, item := range v {
			list = append(list, expressions(item)...)
		}
	}
	return list
}

// graphed are the expressions of the files that are given to administrators.
func graphed(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string]func([]byte, any) error{
		"../packaging/grafana/odoobridge.json": json.Unmarshal, "../packaging/prometheus/odoobridge.rules.yml": yaml.Unmarshal,
	}
	found := map[string][]string{}
	for path, read := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := read(text, &doc); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if found[path] = expressions(doc); len(found[path]) < 10 {
			t.Fatalf("%s: %d expressions", path, len(found[path]))
		}
	}
	return found
}

var (
	metricName = regexp.MustCompile(`\b(?:odoobridge|go|process)_[a-z_]+\b`)
	matcher    = regexp.MustCompile(`\b([a-z]+) ?(?:=~|!~|!=|=) ?"([^"]*)"`)
	words      = regexp.MustCompile(`^[a-z_|-]+$`)
)

// TestGraphs: every metric of the dashboard and of the alerts is at /metrics, and every metric of the bridge's own is on the
// dashboard; what they select by are values that the page names.
func TestGraphs(t *testing.T) {
	families := metricsOf(t, watched(t))
	page, err := os.ReadFile("../docs/OBSERVABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for path, list := range graphed(t) {
		for _, expr := range list {
			names := metricName.FindAllString(expr, -1)
			if len(names) == 0 && !strings.HasPrefix(expr, "up{") {
				t.Errorf("%s: no metric of ours in %s", path, expr)
			}
			for _, name := range names {
				if base := strings.TrimSuffix(name, "_bucket"); base != name && families[base] != nil {
					name = base
				}
				if families[name] == nil {
					t.Errorf("%s: there is no metric %s", path, name)
				}
				shown[name] = shown[name] || strings.HasSuffix(path, ".json")
			}
			for _, m := range matcher.FindAllStringSubmatch(expr, -1) {
				if !words.MatchString(m[2]) {
					continue
				}
				for value := range strings.SplitSeq(m[2], "|") {
					if !strings.Contains(string(page), "`"+value+"`") {
						t.Errorf("%s: %s=%q in %s is no value that docs/OBSERVABILITY.md names", path, m[1], value, expr)
					}
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if strings.HasPrefix(name, "odoobridge_") && !shown[name] {
			t.Errorf("%s is not on the dashboard", name)
		}
	}
}

// TestPromtool: Prometheus takes the alerts, they fire when they should, and the expressions of the dashboard are well-formed.
func TestPromtool(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skipf("%v; it is in Debian's package prometheus", err)
	}
	promtool := func(arguments ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "promtool", arguments...)
		cmd.Dir = "../packaging/prometheus"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", cmd, err, out)
		}
	}
	promtool("check", "rules", "odoobridge.rules.yml")
	promtool("test", "rules", "odoobridge.rules.test.yml")

	// What promtool reads are rules, so the expressions become some, with Grafana's variables filled in.
	filled := strings.NewReplacer("$__rate_interval", "5m", "$__interval", "1m", "$job", "odoobridge", "$instance", ".*")
	var rules []map[string]string
	for i, expr := range graphed(t)["../packaging/grafana/odoobridge.json"] {
		if expr = filled.Replace(expr); strings.Contains(expr, "$") {
			t.Errorf("a variable that is not known in %s", expr)
		}
		rules = append(rules, map[string]string{"record": fmt.Sprintf("panel:%d", i), "expr": expr})
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool("check", "rules", file)
}
