//go:build unix

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The archived user of the fixture state, and their auth_api_key.
const (
	archivedUser = "archived"
	archivedKey  = "conf-auth-api-key-archived"
)

// TestController: a controller of Odoo's own, behind the bridge, answers the user of the key, archived or not, and whoever
// shows no good key does not reach it.
func TestController(t *testing.T) {
	for _, series := range []int{18, 19} {
		at := demo(t, series).ready["bridge"] + "/shopinvader/customer"
		for _, tc := range []struct {
			name, key, login string
			active           bool
		}{
			{"user", rpcKey, "rpcuser", true},
			{"archived user", archivedKey, archivedUser, false},
			{"wrong key", "wrong", "", false},
			{"no key", "", "", false},
		} {
			t.Run(fmt.Sprintf("%d/%s", series, tc.name), func(t *testing.T) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
				if err != nil {
					t.Fatal(err)
				}
				if tc.key != "" {
					request.Header.Set("API-KEY", tc.key)
				}
				a, err := do(request)
				if err != nil {
					t.Fatal(err)
				}
				if tc.login == "" {
					if a.status != http.StatusForbidden || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
						t.Errorf("status %d, %s; want 403 and a page", a.status, a.header.Get("Content-Type"))
					}
					return
				}
				var who struct {
					Login  string
					Active bool
				}
				if err := json.Unmarshal([]byte(a.body), &who); err != nil {
					t.Fatalf("status %d: %v in %s", a.status, err, a.body)
				}
				if who.Login != tc.login || who.Active != tc.active {
					t.Errorf("answered as %+v, want login %s, active %t", who, tc.login, tc.active)
				}
			})
		}
	}
}

// TestControllerUpload: a large body goes through, and a large answer comes back.
func TestControllerUpload(t *testing.T) {
	const size = 50 << 20
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, demo(t, 18).ready["bridge"]+"/shopinvader/echo",
		io.LimitReader(letters{}, size))
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = size
	request.Header.Set("API-KEY", archivedKey)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var n int64
	buf := make([]byte, 64<<10)
	for {
		got, err := response.Body.Read(buf)
		if bytes.Count(buf[:got], []byte("x")) != got {
			t.Fatalf("after %d bytes: something else than was sent", n)
		}
		n += int64(got)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if response.StatusCode != http.StatusOK || n != size {
		t.Errorf("status %d, %d bytes came back; want all %d", response.StatusCode, n, size)
	}
}

// letters are x without end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestSession: what a client of Odoo's web routes does, through the bridge: log in, call, ask who one is, log out; and the
// same call with a key instead of the session.
func TestSession(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			bridge := demo(t, series).ready["bridge"]
			ask := func(path, params string, header ...string) (answer, string) {
				t.Helper()
				a := post(t, bridge+path, "application/json", `{"jsonrpc": "2.0", "id": 7, "params": `+params+`}`, header...)
				var reply struct {
					Result json.RawMessage
					Error  struct {
						Code int
						Data struct{ Name string }
					}
				}
				if err := json.Unmarshal([]byte(a.body), &reply); err != nil {
					t.Fatalf("%s: status %d, %v in %s", path, a.status, err, a.body)
				}
				if reply.Result == nil {
					return a, fmt.Sprintf("%d %s", reply.Error.Code, reply.Error.Data.Name)
				}
				return a, string(reply.Result)
			}
			const (
				read    = `{"model": "res.partner", "method": "read", "args": [[91001], ["name"]], "kwargs": {}}`
				contact = `[{"id": 91001, "name": "Conf Alpha"}]`
			)
			if _, got := ask("/web/dataset/call_kw", read); got != "100 odoo.http.SessionExpiredException" {
				t.Errorf("a call of no session: %s", got)
			}
			login := fmt.Sprintf(`{"db": %q, "login": "rpcuser", "password": %%q}`, database(series))
			if _, got := ask("/web/session/authenticate", fmt.Sprintf(login, "wrong")); !strings.HasSuffix(got, " odoo.exceptions.AccessDenied") {
				t.Errorf("a wrong password: %s", got)
			}
			a, got := ask("/web/session/authenticate", fmt.Sprintf(login, rpcPassword))
			cookie := strings.SplitN(a.header.Get("Set-Cookie"), ";", 2)[0]
			if !strings.Contains(got, `"uid": 9001`) || !strings.HasPrefix(cookie, "session_id=") {
				t.Fatalf("authenticate: %s with cookie %q", got, cookie)
			}
			if _, got := ask("/web/session/get_session_info", "{}", "Cookie", cookie); !strings.Contains(got, `"username": "rpcuser"`) {
				t.Errorf("get_session_info: %s", got)
			}
			if _, got := ask("/web/dataset/call_kw/res.partner/read", read, "Cookie", cookie); got != contact {
				t.Errorf("a call of the session: %s, want %s", got, contact)
			}
			ask("/web/session/destroy", "{}", "Cookie", cookie)
			if _, got := ask("/web/dataset/call_kw", read, "Cookie", cookie); got != "100 odoo.http.SessionExpiredException" {
				t.Errorf("a call of a session that has ended: %s", got)
			}

			if _, got := ask("/web/dataset/call_kw/res.partner/read", read, "Authorization", basic("rpcuser", rpcPassword)); got != contact {
				t.Errorf("a call by Basic: %s, want %s", got, contact)
			}
			if series >= 18 { // no auth_api_key in the recorded 15
				if _, got := ask("/web/dataset/call_kw", read, "API-KEY", rpcKey); got != contact {
					t.Errorf("a call by key: %s, want %s", got, contact)
				}
				if _, got := ask("/web/dataset/call_kw", read, "API-KEY", "wrong", "Cookie", cookie); !strings.HasSuffix(got, " odoo.exceptions.AccessDenied") {
					t.Errorf("a call by a wrong key: %s", got)
				}
			}
			if _, got := ask("/web/webclient/version_info", "{}"); !strings.Contains(got, fmt.Sprintf(`"server_serie": "%d.0"`, series)) {
				t.Errorf("version_info: %s", got)
			}
			if _, got := ask("/web/database/list", "{}"); got != fmt.Sprintf("[%q]", database(series)) {
				t.Errorf("database/list: %s", got)
			}
		})
	}
}
