//go:build unix

package sandboxtest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"odoobridge/odoo/sandbox/sandboxtest"
)

// block is the code block of a language in docs/TESTING.md.
func block(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/TESTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+language+"\n")
	code, _, ended := strings.Cut(rest, "\n```")
	if !found || !ended {
		t.Fatalf("docs/TESTING.md has no block of %s", language)
	}
	return code
}

// TestGoExample holds the documented example to the one that is compiled and run.
func TestGoExample(t *testing.T) {
	text, err := os.ReadFile("example/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, code, _ := strings.Cut(string(text), "//go:build unix\n\n"); strings.TrimSpace(code) != strings.TrimSpace(block(t, "go")) {
		t.Error("the Go example of docs/TESTING.md is not example/example_test.go, which is tested; make them the same")
	}
}

// TestPytestExample runs the documented example.
func TestPytestExample(t *testing.T) {
	python := pythonWithPytest(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "test_example.py"), []byte(block(t, "python")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, series := range []int{15, 18, 19} {
		s := sandboxtest.Start(t, series)
		cmd := exec.CommandContext(t.Context(), python, "-m", "pytest", "-q", "-p", "no:cacheprovider", dir)
		cmd.Env = append(os.Environ(), "ODOO_URL="+s.URL, "ODOO_DB="+s.Database)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "3 passed") {
			t.Errorf("series %d: %v\n%s", series, err, out)
		}
		if n := s.Executions("res.partner", "create"); n != 2 {
			t.Errorf("series %d: %d contacts were made, want 2", series, n)
		}
	}
}

// pythonWithPytest finds a Python that has pytest: the user's, or the system's with Debian's python3-pytest.
func pythonWithPytest(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-m", "pytest", "--version").Run() == nil {
			return python
		}
	}
	t.Skip("pytest is not installed (Debian: python3-pytest), so that the example for it is not tried")
	return ""
}
