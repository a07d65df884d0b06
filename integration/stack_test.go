//go:build unix

package integration

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// stack is a bridge in front of a sandbox of series 18 with its fixture state: the one that runs at STACK_URL (make
// integration, docker-compose.yml), else a demo's.
type stack struct{ bridge, admin, db string }

func openStack(t *testing.T) stack {
	if url := os.Getenv("STACK_URL"); url != "" {
		return stack{url, os.Getenv("STACK_ADMIN_URL"), os.Getenv("STACK_DB")}
	}
	ready := demo(t, 18).ready
	return stack{ready["bridge"], ready["admin"], database(18)}
}

// TestStackCredentials: every kind of credentials by every protocol.
func TestStackCredentials(t *testing.T) {
	s := openStack(t)
	const nativeKey = "9bc000010123456789abcdef0123456789abcdef"
	callers := []struct {
		name          string
		header, value string
		uid           int    // in the call
		password      string // in the call
		refused       bool
	}{
		{name: "API-KEY", header: "API-KEY", value: rpcKey},
		{name: "API-KEY of an archived user", header: "API-KEY", value: archivedKey},
		{name: "Basic with a password", header: "Authorization", value: basic("rpcuser", rpcPassword)},
		{name: "Basic with a native key", header: "Authorization", value: basic("rpcuser", nativeKey)},
		{name: "Bearer", header: "Authorization", value: "Bearer " + nativeKey},
		{name: "password in the call", uid: rpcUser, password: rpcPassword},
		{name: "native key in the call", uid: rpcUser, password: nativeKey},
		{name: "an unknown API-KEY", header: "API-KEY", value: "no-such-key-0123456789", refused: true},
		{name: "Basic of an archived user", header: "Authorization", value: basic("archived", "archived-pw"), refused: true},
		{name: "a wrong Bearer", header: "Authorization", value: "Bearer 0000000000000000000000000000000000000000", refused: true},
		{name: "a wrong password in the call", uid: rpcUser, password: "wrong", refused: true},
		{name: "nothing", refused: true},
	}
	for _, c := range callers {
		headers := []string{}
		if c.header != "" {
			headers = []string{c.header, c.value}
		}
		answers := map[string]answer{
			"JSON-RPC": post(t, s.bridge+"/jsonrpc", "application/json", readContact(s.db, c.uid, c.password), headers...),
			"XML-RPC":  post(t, s.bridge+"/xmlrpc/2/object", "text/xml", xmlReadContact(s.db, c.uid, c.password), headers...),
		}
		if c.uid == 0 { // JSON-2 takes no credentials in the call
			headers = append(headers, "X-Odoo-Database", s.db)
			answers["JSON-2"] = post(t, s.bridge+"/json/2/res.partner/read", "application/json", `{"ids": [91001], "fields": ["name"]}`, headers...)
		}
		for protocol, a := range answers {
			t.Run(c.name+" by "+protocol, func(t *testing.T) {
				status := http.StatusOK
				if protocol == "JSON-2" && c.refused {
					status = http.StatusUnauthorized
				}
				if read := strings.Contains(a.body, "Conf Alpha"); a.status != status || read == c.refused {
					t.Errorf("%d %.300s", a.status, a.body)
				}
			})
		}
	}
}

// TestStackLogin: a login as Odoo's documentation does it.
func TestStackLogin(t *testing.T) {
	s := openStack(t)
	for password, want := range map[string]string{rpcPassword: strconv.Itoa(rpcUser), "wrong": "false"} {
		a := post(t, s.bridge+"/jsonrpc", "application/json", jsonCall("common", "authenticate", s.db, "rpcuser", password, map[string]any{}))
		var said struct{ Result json.RawMessage }
		if err := json.Unmarshal([]byte(a.body), &said); err != nil || string(said.Result) != want {
			t.Errorf("authenticate with the password %q: %s, want %s", password, a.body, want)
		}
	}
	version := post(t, s.bridge+"/jsonrpc", "application/json", `{"jsonrpc": "2.0", "params": {"service": "common", "method": "version", "args": []}}`)
	if !strings.Contains(version.body, `"server_serie": "18.0"`) {
		t.Errorf("version: %s", version.body)
	}
}

// TestStackAdmin: the second listener, and that it counts.
func TestStackAdmin(t *testing.T) {
	s := openStack(t)
	for path, want := range map[string]string{"/livez": `"live":true`, "/readyz": `"ready":true`} {
		if a := get(t, s.admin+path); a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	before := s.calls(t)
	const made = 3
	for range made {
		post(t, s.bridge+"/jsonrpc", "application/json", readContact(s.db, 0, ""), "API-KEY", rpcKey)
	}
	eventually(t, "the calls made are counted", func() bool { return s.calls(t) >= before+made })
	if a := get(t, s.bridge+"/metrics"); a.status != http.StatusNotFound {
		t.Errorf("/metrics on the bridge's own listener: %d; callers must not see it", a.status)
	}
}

var callsTotal = regexp.MustCompile(`(?m)^odoobridge_calls_total\{.*\} (\d+)$`)

// calls is how many the metrics have counted.
func (s stack) calls(t *testing.T) int {
	sum := 0
	for _, m := range callsTotal.FindAllStringSubmatch(get(t, s.admin+"/metrics").body, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// TestStackFromTheShell: the program's own commands find it.
func TestStackFromTheShell(t *testing.T) {
	s := openStack(t)
	out, errs, status := shell(t, []string{"ODOOBRIDGE_API_KEY=" + rpcKey, "ODOOBRIDGE_URL=" + s.bridge}, "whoami")
	if status != 0 || !strings.Contains(out, `"rpcuser"`) {
		t.Errorf("whoami: status %d, %s%s", status, out, errs)
	}
	address := strings.TrimPrefix(s.admin, "http://")
	if out, errs, status := shell(t, []string{"ODOOBRIDGE_ADMIN_LISTEN=" + address}, "health"); status != 0 {
		t.Errorf("health: status %d, %s%s", status, out, errs)
	}
}
