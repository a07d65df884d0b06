package serverenv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
)

const secret = "canary-env-key-77b1"

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFile(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       map[string]auth.Secret
	}{
		{"a key", "[api_key_shop]\nkey = " + secret + "\n", map[string]auth.Secret{"shop": secret}},
		{"a colon", "[api_key_shop]\nkey: a=b\n", map[string]auth.Secret{"shop": "a=b"}},
		{"an equals sign first", "[api_key_shop]\nkey=a:b\n", map[string]auth.Secret{"shop": "a:b"}},
		{"percent signs", "[api_key_shop]\nkey = 100%%\n", map[string]auth.Secret{"shop": "100%"}},
		{"no comment in a line", "[api_key_shop]\nkey = a ; b # c\n", map[string]auth.Secret{"shop": "a ; b # c"}},
		{"CRLF and a mark", "\ufeff[api_key_shop]\r\nkey = x\r\n", map[string]auth.Secret{"shop": "x"}},
		{"others beside it", "# c\n; c\n\n[mail]\nkey = no%\nuser: x\n[api_key_a]\nuser_id = 1\n[api_key_b]\nkey=y\n", map[string]auth.Secret{"b": "y"}},
		{"nothing", "", map[string]auth.Secret{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			write(t, path, tc.text)
			k, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(k.Keys(), tc.want) {
				t.Errorf("%d keys, want %d", len(k.Keys()), len(tc.want))
			}
		})
	}
}

// TestBroken: all that is wrong is told at once, with its place, and no key.
func TestBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.conf")
	write(t, path, strings.Join([]string{
		"key = " + secret,
		"[api_key_a",
		secret,
		"[api_key_a]",
		"key = " + secret,
		"key = " + secret,
		"  " + secret,
		"[api_key_b]",
		"key = %" + secret,
		"[api_key_a]",
		"key =",
	}, "\n"))
	want := `keys.conf:1: the option key stands before any [section]
keys.conf:2: a section is written [api_key_...]
keys.conf:3: neither a [section] nor an option = value
keys.conf:6: the option key is in [api_key_a] twice
keys.conf:7: the line is indented, and so a part of the value before it; write each value on one line
keys.conf:9: the key of [api_key_b] has a percent sign in it; write it twice
keys.conf:10: the section [api_key_a] is there twice
keys.conf:11: the key of [api_key_a] is empty; leave the option out for the stored key to count`
	_, err := Open(path)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error %v", err)
	}
	if got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "10.conf"), "[api_key_a]\nkey = first\n[api_key_b]\nkey = b\n")
	write(t, filepath.Join(dir, "20.ini"), "[api_key_a]\nkey = second\n")
	write(t, filepath.Join(dir, "30.txt"), "[api_key_a]\nkey = no\n")
	write(t, filepath.Join(dir, ".40.conf"), "[api_key_a]\nkey = no\n")
	k, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]auth.Secret{"a": "second", "b": "b"}; !reflect.DeepEqual(k.Keys(), want) {
		t.Errorf("got %d keys", len(k.Keys()))
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

// TestRun: a change is taken over, one that can't be read is told of and changes nothing.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys.conf")
	write(t, path, "[api_key_a]\nkey = one\n")
	k, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go k.Run(ctx, func(err error) { told <- err })
	next := func(what string, change func()) error {
		t.Helper()
		change()
		select {
		case err := <-told:
			return err
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not noticed", what)
			return nil
		}
	}
	if err := next("a new key", func() { write(t, path, "[api_key_a]\nkey = two\n") }); err != nil || k.Keys()["a"] != "two" {
		t.Errorf("a new key: %v", err)
	}
	if err := next("a mistake", func() { write(t, path, "oops") }); err == nil || k.Keys()["a"] != "two" {
		t.Errorf("a mistake: %v", err)
	}
	if err := next("another file", func() {
		replacement := filepath.Join(dir, "new")
		write(t, replacement, "[api_key_a]\nkey = 3\n")
		if err := os.Rename(replacement, path); err != nil {
			t.Fatal(err)
		}
	}); err != nil || k.Keys()["a"] != "3" {
		t.Errorf("another file: %v", err)
	}
	if err := next("no folder", func() { os.RemoveAll(dir) }); err == nil || k.Keys()["a"] != "3" {
		t.Errorf("no folder: %v", err)
	}
}
