package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBrokenFixtures: mistakes in fixture files are told all at once, before any database is touched: the one named here
// is not there.
func TestBrokenFixtures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, []byte("models:\n  shop.box: {name: Box, fields: {nam: {type: char}}}\nrecords:\n  - {model: shop.bag}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{
		file + ":2: shop.box has no field name: say with rec_name which field names its records",
		file + ":4: there is no model shop.bag",
	}
	for _, args := range [][]string{
		{"sandbox", "--database-url", "postgres://nobody@127.0.0.1:1/none", "--series", "18", "--db", "x", "--fixtures", "sale", "--fixtures", file},
		{"demo", "--series", "18", "--fixtures", file},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(context.Background(), args, noEnv, &stdout, &stderr); status != exitUsage {
			t.Errorf("%s: exit status %d, want %d", args[0], status, exitUsage)
		}
		told := strings.Split(strings.TrimPrefix(strings.TrimSpace(stderr.String()), "odoobridge: "), "\n")
		if strings.Join(told, "\n") != strings.Join(want, "\n") || stdout.Len() > 0 {
			t.Errorf("%s: got\n%s%s\nwant\n%s", args[0], &stderr, &stdout, strings.Join(want, "\n"))
		}
	}
}

// TestLegacyOfOldSeries: a series before 19 has no other endpoints to be left with.
func TestLegacyOfOldSeries(t *testing.T) {
	const want = "--legacy: series 18 has nothing but /jsonrpc and /xmlrpc; say --series 19"
	for _, args := range [][]string{
		{"sandbox", "--database-url", "postgres://nobody@127.0.0.1:1/none", "--series", "18", "--db", "x", "--legacy=false"},
		{"demo", "--series", "18", "--legacy=false"},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(context.Background(), args, noEnv, &stdout, &stderr); status != exitUsage {
			t.Errorf("%s: exit status %d, want %d", args[0], status, exitUsage)
		}
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: got\n%s\nwant %s", args[0], &stderr, want)
		}
	}
}
