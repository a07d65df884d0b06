package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"odoobridge/auth/policy"
)

var fenced = regexp.MustCompile("(?s)```(yaml|console)\n(.*?)```")

// TestPoliciesPage uses every file of docs/POLICIES.md, and runs every command with the answer that stands below it.
func TestPoliciesPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/POLICIES.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	files, commands := 0, 0
	for _, block := range fenced.FindAllStringSubmatch(string(page), -1) {
		if block[1] == "yaml" {
			if _, warnings, err := policy.Parse("example.yaml", []byte(block[2])); err != nil || warnings != nil {
				t.Errorf("%s\n%v %v", block[2], err, warnings)
			}
			if name, ok := strings.CutPrefix(strings.Split(block[2], "\n")[0], "# "); ok {
				if err := os.WriteFile(name, []byte(block[2]), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			files++
			continue
		}
		for _, example := range strings.Split(block[2], "$ odoobridge ")[1:] {
			command, want, _ := strings.Cut(example, "\n")
			var stdout, stderr bytes.Buffer
			status := run(context.Background(), strings.Fields(command), noEnv, &stdout, &stderr)
			if wantStatus := map[bool]int{true: exitFailed}[strings.HasPrefix(want, "refused")]; stdout.String() != want || status != wantStatus {
				t.Errorf("odoobridge %s: exit status %d\n%s%s", command, status, &stdout, &stderr)
			}
			commands++
		}
	}
	if files != 2 || commands != 4 {
		t.Errorf("%d files and %d commands were found on the page", files, commands)
	}
}
