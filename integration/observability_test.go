//go:build unix

package integration

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// watched is a running bridge with everything on that has metrics, and of which every metric has a series.
func watched(t *testing.T) *process {
	t.Helper()
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	odoo := demo(t, 18).ready["sandbox"]
	file := filepath.Join(t.TempDir(), "policies.yaml")
	writeRules(t, file, "rules:\n  - {id: partners, models: [res.partner], effect: allow}\n")
	b := serve(t, stateDB(t), odoo, "--controllers", "/shopinvader", "--policies", file,
		"--otlp-endpoint", "http://"+closedPort(t), "--redis-url", "redis://"+closedPort(t)+"/0")
	for range 2 {
		everyKind(t, b, "res.partner")
	}
	return b
}

// everyKind makes calls of every kind there is, with names that hold what is given.
func everyKind(t *testing.T, b *process, name string) {
	t.Helper()
	at, db := b.ready["bridge"], database18(b)
	get(t, at+"/"+name)
	get(t, at+"/shopinvader/"+name)
	for _, credentials := range [][]string{
		nil, {"API-KEY", rpcKey}, {"API-KEY", "wrong-" + name}, {"Authorization", basic("rpcuser", rpcPassword)},
		{"Authorization", basic(name, "wrong")}, {"Authorization", "Bearer wrong-" + name}, {"API-KEY", rpcKey, "User-Agent", name, "traceparent", name},
	} {
		for _, body := range []string{
			jsonCall("object", "execute_kw", db, rpcUser, rpcPassword, name, "read", []any{[]int{91001}}),
			jsonCall("object", "execute_kw", db, rpcUser, rpcPassword, "res.partner", name, []any{[]int{91001}}),
			jsonCall("object", name, db, rpcUser, rpcPassword, "res.partner", "read", []any{[]int{91001}}),
			jsonCall("common", name), jsonCall("db", name, "x"), jsonCall(name, "execute_kw"),
			jsonCall("common", "authenticate", name, name, name, map[string]any{}), readContact(name, rpcUser, rpcPassword), name,
		} {
			post(t, at+"/jsonrpc", "application/json", body, credentials...)
		}
		for _, path := range []string{"/xmlrpc/2/object", "/xmlrpc/object", "/xmlrpc/" + name, "/xmlrpc/2/" + name} {
			post(t, at+path, "text/xml", strings.ReplaceAll(xmlReadContact(db, rpcUser, rpcPassword), "res.partner", name), credentials...)
		}
		for _, path := range []string{"/json/2/" + name + "/read", "/json/2/res.partner/" + name, "/json/2/" + name, "/web/dataset/call_kw/" + name, "/web/session/" + name} {
			post(t, at+path, "application/json", `{"ids": [91001]}`, credentials...)
		}
	}
}

// metricsOf are those of a bridge's own.
func metricsOf(t *testing.T, b *process) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(get(t, b.ready["admin"]+"/metrics").body))
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// seriesOf counts the series of the bridge's own metrics.
func seriesOf(families map[string]*dto.MetricFamily) int {
	n := 0
	for name, f := range families {
		if strings.HasPrefix(name, "odoobridge_") {
			n += len(f.Metric)
		}
	}
	return n
}

// TestMetrics: names, units and types follow the conventions, and docs/OBSERVABILITY.md has each metric with its type and its
// labels, and no other.
func TestMetrics(t *testing.T) {
	b := watched(t)
	problems, err := promlint.New(strings.NewReader(get(t, b.ready["admin"]+"/metrics").body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	there := map[string]string{}
	for name, f := range metricsOf(t, b) {
		if !strings.HasPrefix(name, "odoobridge_") {
			continue
		}
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		there[name] = strings.ToLower(f.GetType().String()) + " " + strings.Join(labels, ",")
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", name)
		}
	}
	if written := writtenMetrics(t); !maps.Equal(there, written) {
		for _, name := range slices.Sorted(maps.Keys(there)) {
			if written[name] != there[name] {
				t.Errorf("%s is %q at /metrics and %q in docs/OBSERVABILITY.md", name, there[name], written[name])
			}
		}
		for _, name := range slices.Sorted(maps.Keys(written)) {
			if there[name] == "" {
				t.Errorf("%s is in docs/OBSERVABILITY.md and not at /metrics", name)
			}
		}
	}
}

var (
	metricRow = regexp.MustCompile("(?m)^\\| `(odoobridge_[a-z_]+)` \\| ([a-z]+) \\| ([^|]*)\\|")
	inQuotes  = regexp.MustCompile("`([^`]+)`")
)

// writtenMetrics are those of docs/OBSERVABILITY.md: type and labels, by name.
func writtenMetrics(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../docs/OBSERVABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]string{}
	for _, row := range metricRow.FindAllStringSubmatch(string(page), -1) {
		var labels []string
		for _, label := range inQuotes.FindAllStringSubmatch(row[3], -1) {
			labels = append(labels, label[1])
		}
		slices.Sort(labels)
		written[row[1]] = row[2] + " " + strings.Join(labels, ",")
	}
	return written
}

// TestSeriesDoNotGrow: whatever names callers send, there are no more series than before.
func TestSeriesDoNotGrow(t *testing.T) {
	b := watched(t)
	before := metricsOf(t, b)
	for n := range 5 {
		everyKind(t, b, fmt.Sprintf("made.up_%d", n))
	}
	after := metricsOf(t, b)
	if seriesOf(before) != seriesOf(after) {
		t.Errorf("%d series, %d before", seriesOf(after), seriesOf(before))
	}
	for name, f := range after {
		for _, m := range f.Metric {
			if strings.Contains(m.String(), "made.up") {
				t.Errorf("%s has a series of a name that a caller made up: %s", name, m)
			}
		}
	}
	if n := counted(after, "odoobridge_calls_total"); n < 400 {
		t.Errorf("%v calls were counted", n)
	}
}

func counted(families map[string]*dto.MetricFamily, name string) (sum float64) {
	for _, m := range families[name].Metric {
		sum += m.Counter.GetValue()
	}
	return sum
}

// TestBuildInfo: the metric has the version that the program prints.
func TestBuildInfo(t *testing.T) {
	out, _, _ := shell(t, nil, "version")
	info := metricsOf(t, demo(t, 18))["odoobridge_build_info"]
	if info == nil || len(info.Metric) != 1 || info.Metric[0].Gauge.GetValue() != 1 {
		t.Fatalf("%v", info)
	}
	for _, l := range info.Metric[0].Label {
		if l.GetValue() == "" || !strings.Contains(out, l.GetValue()) {
			t.Errorf("%s is %q, the program says %s", l.GetName(), l.GetValue(), out)
		}
	}
}
