//go:build unix

package sandbox_test

import (
	"strings"
	"testing"
)

// TestGroupsAndModes has answers of a running 15, 18 and 19.
func TestGroupsAndModes(t *testing.T) {
	tests := []struct {
		name      string
		since     int
		until     int
		arguments string // behind uid and password of admin
		want      string // in the answer: a result, or a class and message
	}{
		{"a group", 15, 15, `"res.users", "has_group", ["base.group_user"], {}`, "true"},
		{"no external id", 15, 15, `"res.users", "has_group", ["nope"], {}`, "AssertionError: External ID 'nope' must be fully qualified"},
		{"the user's own", 18, 19, `"res.users", "has_group", [[2], "base.group_system"], {}`, "true"},
		{"another's", 18, 19, `"res.users", "has_group", [[9001], "base.group_system"], {}`, "false"},
		{"another's portal", 18, 19, `"res.users", "has_group", [[9005], "base.group_portal"], {}`, "true"},
		{"no such group", 18, 19, `"res.users", "has_group", [[2], "base.no_such"], {}`, "false"},
		{"no external id later", 18, 19, `"res.users", "has_group", [[2], "nope"], {}`, "false"},
		{"nobody", 18, 19, `"res.users", "has_group", [[], "base.group_user"], {}`, "ValueError: Expected singleton: res.users()"},
		{"two", 18, 19, `"res.users", "has_group", [[2, 9001], "base.group_user"], {}`, "ValueError: Expected singleton: res.users(2, 9001)"},
		{"no operation", 18, 19, `"res.partner", "has_access", [[91001], "frob"], {}`, "AssertionError: Invalid access mode"},
		{"an operation", 18, 19, `"res.partner", "has_access", [[], "read"], {}`, "true"},
		{"no right", 15, 18, `"res.partner", "check_access_rights", ["frob", false], {}`, "AssertionError: Invalid access mode"},
	}
	for _, series := range []int{15, 18, 19} {
		h := newSandbox(t, series)
		for _, test := range tests {
			if series < test.since || series > test.until {
				continue
			}
			answer := ask(t, h, series, `2, "admin", `+test.arguments)
			got := string(answer.Result)
			if answer.Error != nil {
				got = strings.TrimPrefix(answer.Error.Data.Name, "builtins.") + ": " + answer.Error.Data.Message
			}
			if got != test.want {
				t.Errorf("%d, %s: %s, want %s", series, test.name, got, test.want)
			}
		}
		if series < 16 {
			continue
		}
		own := ask(t, h, series, `9005, "rpcportal-pw", "res.users", "has_group", [[9005], "base.group_portal"], {}`)
		others := ask(t, h, series, `9005, "rpcportal-pw", "res.users", "has_group", [[2], "base.group_user"], {}`)
		if string(own.Result) != "true" || others.Error == nil || !strings.HasPrefix(others.Error.Data.Message, "You can ony call user.has_group()") {
			t.Errorf("%d, a portal user: %s, %+v", series, own.Result, others.Error)
		}
	}
}
