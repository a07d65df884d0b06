//go:build unix

package integration

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/kolo/xmlrpc"
)

// ways are the ways of saying who calls. Series 15 was recorded without the module that has the keys.
var ways = []struct {
	name   string
	series []int
	keys   bool
}{
	{"calls", []int{15, 18, 19}, false},
	{"header", []int{18, 19}, true},
}

// TestScenarioInPython runs the eight steps of Odoo's external API documentation with xmlrpc.client.
func TestScenarioInPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is not installed")
		}
		t.Skip("python3, the client of this test, is not installed")
	}
	for _, way := range ways {
		for _, series := range way.series {
			t.Run(fmt.Sprintf("%s/%d", way.name, series), func(t *testing.T) {
				args := []string{"-B", "testdata/scenario.py", demo(t, series).ready["bridge"], database(series),
					fmt.Sprint(series), way.name}
				if way.keys {
					args = append(args, adminKey, rpcKey)
				}
				out, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput()
				seen.capture("answers to Python").Write(out)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if steps := strings.Count(string(out), "\n"); steps != 16 {
					t.Errorf("%d lines, want 16:\n%s", steps, out)
				}
			})
		}
	}
}

func database(series int) string { return fmt.Sprintf("odoo%d", series) }

// rpcCaller is one user of one database, as a client made with kolo/xmlrpc sees it.
type rpcCaller struct {
	t               *testing.T
	common, objects *xmlrpc.Client
	db, password    string
	uid             int
}

// withKey adds the API-KEY header to each request.
type withKey struct {
	key string
	to  http.RoundTripper
}

func (w withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("API-KEY", w.key)
	return w.to.RoundTrip(r)
}

func newRPCCaller(t *testing.T, series int, password, key string) *rpcCaller {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	var through http.RoundTripper = transport
	if key != "" {
		through, password = withKey{key, transport}, ""
	}
	c := &rpcCaller{t: t, db: database(series), password: password}
	for service, client := range map[string]**xmlrpc.Client{"common": &c.common, "object": &c.objects} {
		var err error
		if *client, err = xmlrpc.NewClient(demo(t, series).ready["bridge"]+"/xmlrpc/2/"+service, through); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*client).Close() })
	}
	return c
}

// do calls execute_kw and returns its result as kolo/xmlrpc decodes it.
func (c *rpcCaller) do(model, method string, args []any, kwargs map[string]any) (any, error) {
	var result any
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	err := c.objects.Call("execute_kw", []any{c.db, c.uid, c.password, model, method, args, kwargs}, &result)
	return result, err
}

// want makes a call and compares its result.
func (c *rpcCaller) want(want any, model, method string, args []any, kwargs map[string]any) {
	c.t.Helper()
	got, err := c.do(model, method, args, kwargs)
	if err != nil {
		c.t.Fatalf("%s.%s: %v", model, method, err)
	}
	if !reflect.DeepEqual(got, want) {
		c.t.Errorf("%s.%s: got %#v, want %#v", model, method, got, want)
	}
}

// refused makes a call that must end in a fault of the code. The client, which stands on net/rpc, hands faults out as text.
func (c *rpcCaller) refused(code int, model, method string, args []any) {
	c.t.Helper()
	got, err := c.do(model, method, args, nil)
	if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("Fault(%d): ", code)) {
		c.t.Errorf("%s.%s: got %v, %v; want a fault of code %d", model, method, got, err, code)
	}
}

// TestScenarioInGo runs the same steps with kolo/xmlrpc.
func TestScenarioInGo(t *testing.T) {
	for _, way := range ways {
		for _, series := range way.series {
			t.Run(fmt.Sprintf("%s/%d", way.name, series), func(t *testing.T) {
				var keyOfAdmin, keyOfUser, login, password string
				if way.keys {
					keyOfAdmin, keyOfUser = adminKey, rpcKey
				} else {
					login, password = "admin", "admin"
				}
				admin := newRPCCaller(t, series, password, keyOfAdmin)

				var version struct {
					Series   string `xmlrpc:"server_serie"`
					Protocol int    `xmlrpc:"protocol_version"`
				}
				if err := admin.common.Call("version", nil, &version); err != nil {
					t.Fatal(err)
				}
				if version.Series != fmt.Sprintf("%d.0", series) || version.Protocol != 1 {
					t.Errorf("version: %+v", version)
				}
				var uid int
				if err := admin.common.Call("authenticate", []any{admin.db, login, password, map[string]any{}}, &uid); err != nil || uid != 2 {
					t.Fatalf("authenticate: %d, %v; want 2", uid, err)
				}
				if !way.keys {
					admin.uid = uid
				}
				contacts(admin)

				user := newRPCCaller(t, series, rpcPassword, keyOfUser)
				if !way.keys {
					user.uid = rpcUser
				}
				user.refused(4, "res.partner", "create", []any{map[string]any{"name": "ConfNew Refused"}})
				if way.keys {
					user.uid = 2 // not the key's user
				} else {
					user.password = "wrong"
				}
				user.refused(3, "res.partner", "read", []any{[]int{91001}, []string{"name"}})
			})
		}
	}
}

// contacts are the steps from search to unlink.
func contacts(c *rpcCaller) {
	c.t.Helper()
	domain := []any{[]any{"ref", "=", "CONF"}}
	c.want([]any{int64(91001), int64(91002)}, "res.partner", "search", []any{domain}, map[string]any{"limit": 2, "order": "id"})
	c.want(int64(5), "res.partner", "search_count", []any{domain}, nil)
	alpha := []any{map[string]any{"id": int64(91001), "name": "Conf Alpha"}}
	c.want(alpha, "res.partner", "read", []any{[]int{91001}, []string{"name"}}, nil)
	c.want(map[string]any{"name": map[string]any{"type": "char"}}, "res.partner", "fields_get",
		[]any{[]string{"name"}}, map[string]any{"attributes": []string{"type"}})
	c.want(alpha, "res.partner", "search_read", []any{domain},
		map[string]any{"fields": []string{"name"}, "limit": 1, "order": "id"})

	created, err := c.do("res.partner", "create", []any{map[string]any{"name": "ConfNew Go"}}, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.want(true, "res.partner", "write", []any{[]any{created}, map[string]any{"name": "ConfNew Go 2"}}, nil)
	c.want([]any{map[string]any{"id": created, "name": "ConfNew Go 2"}}, "res.partner", "read",
		[]any{[]any{created}, []string{"name"}}, nil)
	c.want(true, "res.partner", "unlink", []any{[]any{created}}, nil)
	c.want([]any{}, "res.partner", "search", []any{[]any{[]any{"id", "=", created}}}, nil)
}
