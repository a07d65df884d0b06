//go:build unix

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// shell runs the program to its end, with nothing of the caller in its environment but what env says.
func shell(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the status tells
	seen.capture("standard output of odoobridge " + args[0]).Write(out.Bytes())
	seen.capture("standard error of odoobridge " + args[0]).Write(errs.Bytes())
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// TestCallFromTheShell: one call by each protocol, with a key and with a login, through the bridge and past it.
func TestCallFromTheShell(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			p := demo(t, series)
			bridge, odoo := p.ready["bridge"], p.ready["sandbox"]
			key := rpcKey
			if series < 18 {
				key = "9bc000010123456789abcdef0123456789abcdef" // a native key: no auth_api_key in the recorded 15
			}
			byKey := []string{"ODOOBRIDGE_API_KEY=" + key}
			byLogin := []string{"ODOOBRIDGE_PASSWORD=" + rpcPassword}
			keyFile := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(keyFile, []byte(key+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, tc := range []struct {
				name string
				env  []string
				args []string
			}{
				{"JSON-RPC", byKey, []string{"--url", bridge}},
				{"XML-RPC", byKey, []string{"--url", bridge, "--protocol", "xmlrpc"}},
				{"JSON-2", byKey, []string{"--url", bridge, "--protocol", "json2"}},
				{"a key from a file", nil, []string{"--url", bridge, "--key-file", keyFile}},
				{"the URL from the environment", append(byKey, "ODOOBRIDGE_URL="+bridge), nil},
				{"a login", byLogin, []string{"--url", bridge, "--login", "rpcuser", "--db", database(series)}},
				{"a login, XML-RPC", byLogin, []string{"--url", bridge, "--login", "rpcuser", "--db", database(series), "--protocol", "xmlrpc"}},
				{"a login, JSON-2", byLogin, []string{"--url", bridge, "--login", "rpcuser", "--protocol", "json2"}},
				{"past the bridge", byLogin, []string{"--url", odoo, "--login", "rpcuser", "--db", database(series)}},
			} {
				t.Run(tc.name, func(t *testing.T) {
					call := []string{"call", "res.partner", "search_read", `domain=[["ref", "=", "CONF"]]`, `fields=["name"]`, "limit=1", `order="id"`}
					out, errs, status := shell(t, tc.env, append(call, tc.args...)...)
					var got any
					want := []any{map[string]any{"id": 91001.0, "name": "Conf Alpha"}}
					if err := json.Unmarshal([]byte(out), &got); err != nil || status != 0 || !reflect.DeepEqual(got, want) {
						t.Errorf("call: status %d, %s%s", status, out, errs)
					}
					out, errs, status = shell(t, tc.env, append([]string{"whoami"}, tc.args...)...)
					var user struct{ Login string }
					if tc.name == "JSON-2" && series < 16 || tc.name == "a login, JSON-2" && series < 16 {
						return // context_get of 15 tells no uid, and JSON-2 has no other way to ask
					}
					if err := json.Unmarshal([]byte(out), &user); err != nil || status != 0 || user.Login != "rpcuser" {
						t.Errorf("whoami: status %d, %s%s", status, out, errs)
					}
				})
			}
		})
	}
}

// TestCallRefused: what the commands say where it can't be done, and with which status.
func TestCallRefused(t *testing.T) {
	bridge := demo(t, 18).ready["bridge"]
	byKey := []string{"ODOOBRIDGE_API_KEY=" + rpcKey, "ODOOBRIDGE_URL=" + bridge}
	for _, tc := range []struct {
		name   string
		env    []string
		args   []string
		status int
		says   string
	}{
		{"an error of Odoo", byKey, []string{"call", "res.partner", "nope"}, 1, "AttributeError: The method 'nope' does not exist on the model 'res.partner'"},
		{"the same by XML-RPC", byKey, []string{"call", "res.partner", "nope", "--protocol", "xmlrpc"}, 1, "AttributeError: The method 'nope' does not exist"},
		{"the same by JSON-2", byKey, []string{"call", "res.partner", "nope", "--protocol", "json2"}, 1, "does not exist"},
		{"a wrong key", []string{"ODOOBRIDGE_API_KEY=wrong-key-0123456789", "ODOOBRIDGE_URL=" + bridge}, []string{"whoami"}, 1, "AccessDenied"},
		{"a mistyped key", []string{"ODOOBRIDGE_API_KEY=obk_0123456789", "ODOOBRIDGE_URL=" + bridge}, []string{"whoami"}, 1, "was it cut off or mistyped?"},
		{"a wrong password", []string{"ODOOBRIDGE_PASSWORD=wrong", "ODOOBRIDGE_URL=" + bridge}, []string{"whoami", "--login", "rpcuser", "--db", "odoo18"}, 1, "do not hold"},
		{"nobody listens", []string{"ODOOBRIDGE_API_KEY=" + rpcKey}, []string{"whoami", "--url", "http://" + closedPort(t)}, 1, "connection refused"},
		{"no credentials", nil, []string{"whoami"}, 2, "no credentials: set $ODOOBRIDGE_API_KEY"},
		{"a login without a password", byKey, []string{"whoami", "--login", "rpcuser"}, 2, "--login goes with a password in $ODOOBRIDGE_PASSWORD"},
		{"no such file", nil, []string{"whoami", "--key-file", "/no/such/file"}, 2, "--key-file: open /no/such/file"},
		{"no URL", byKey, []string{"whoami", "--url", "localhost:8079"}, 2, "--url: not a URL of the form http://host:8079"},
		{"a secret in the URL", byKey, []string{"whoami", "--url", "http://user:secret@localhost"}, 2, "--url: not a URL"},
		{"no protocol", byKey, []string{"whoami", "--protocol", "soap"}, 2, `--protocol: "soap" is none of jsonrpc, xmlrpc and json2`},
		{"no method", byKey, []string{"call", "res.partner"}, 2, "a model and a method are expected"},
		{"no JSON", byKey, []string{"call", "res.partner", "read", "[1", "x"}, 2, "argument 1 is no JSON: [1"},
		{"a position behind a name", byKey, []string{"call", "res.partner", "read", "a=1", "2"}, 2, "argument 2 has no name"},
		{"a name twice", byKey, []string{"call", "res.partner", "read", "a=1", "a=2"}, 2, "a is given twice"},
		{"a position by JSON-2", byKey, []string{"call", "res.partner", "read", "[1]", "--protocol", "json2"}, 2, "write NAME=[1]"},
		{"null by XML-RPC", byKey, []string{"call", "res.partner", "read", "null", "--protocol", "xmlrpc"}, 2, "null can't be said by XML-RPC"},
		{"too large by XML-RPC", byKey, []string{"call", "res.partner", "read", "[2147483648]", "--protocol", "xmlrpc"}, 2, "2147483648 is too large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, errs, status := shell(t, tc.env, tc.args...)
			if status != tc.status || !strings.Contains(errs, tc.says) || out != "" {
				t.Errorf("status %d, %q and %q; want %d with %q", status, out, errs, tc.status, tc.says)
			}
		})
	}
}
