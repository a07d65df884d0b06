package main

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
)

func manualPage(t *testing.T) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(context.Background(), []string{"man", "--date", "2026-11-24"}, noEnv, &stdout, &stderr); status != exitDone {
		t.Fatalf("man: status %d, %s", status, &stderr)
	}
	return stdout.String()
}

// TestManualIsWhole: every command, flag of a command and setting is in it.
func TestManualIsWhole(t *testing.T) {
	page := strings.ReplaceAll(manualPage(t), `\-`, "-")
	for _, s := range settings {
		if !strings.Contains(page, `\fB`+s.key()+`\fR`) {
			t.Errorf("the setting %s is missing", s.key())
		}
	}
	for _, want := range []string{
		`.TH ODOOBRIDGE 1 "2026-11-24"`, `.SS "odoobridge serve `, `.SS "odoobridge whoami`, `.SS "odoobridge completion bash|`,
		`\fB--check\fR`, `\fB--load-only\fR`, `search_read \(aq[[\(dqref\(dq`,
	} {
		if !strings.Contains(page, want) && !strings.Contains(page, strings.ReplaceAll(want, `\(dq`, `"`)) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(page, "odoobridge man") {
		t.Error("it tells of the command that prints it, which is hidden")
	}
}

// TestManualIsRoff: the two programs that show manual pages find nothing wrong with it.
func TestManualIsRoff(t *testing.T) {
	page := manualPage(t)
	for _, check := range [][]string{
		{"mandoc", "-T", "lint", "-W", "style"},
		{"man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-"},
	} {
		t.Run(check[0], func(t *testing.T) {
			if _, err := exec.LookPath(check[0]); err != nil {
				t.Skipf("%s is not installed (Debian: mandoc, man-db)", check[0])
			}
			cmd := exec.CommandContext(t.Context(), check[0], check[1:]...)
			cmd.Stdin = strings.NewReader(page)
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			err := cmd.Run()
			if check[0] == "mandoc" {
				errs.Write(out.Bytes()) // where it writes what it finds
			}
			if err != nil || errs.Len() > 0 {
				t.Errorf("%v\n%s", err, &errs)
			}
		})
	}
}
