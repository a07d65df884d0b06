//go:build unix

package sandbox_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// measuredActions are the calls that each action of schema-N.json's "measured" list is made of, as arguments of
// execute_kw after the uid and password: by admin, unless they begin with credentials.
var measuredActions = map[string][]string{
	"read of a partner (control)":                     {`"res.partner", "read", [[91001], ["name"]]`},
	"write on a partner (control)":                    {`"res.partner", "write", [[91006], {"city": "after"}]`},
	"archive a user":                                  {`"res.users", "write", [[9010], {"active": false}]`},
	"unarchive a user":                                {`"res.users", "write", [[9010], {"active": true}]`},
	"write the name of a user":                        {`"res.users", "write", [[9010], {"name": "Renamed"}]`},
	"write the login of a user":                       {`"res.users", "write", [[9010], {"login": "sigscratch2"}]`},
	"write the lang of a user":                        {`"res.users", "write", [[9010], {"lang": "en_US"}]`},
	"change_password by the user":                     {`9009, "lowrounds-pw", "res.users", "change_password", ["lowrounds-pw", "lowrounds-pw-2"]`},
	"create a user":                                   {`"res.users", "create", [{"name": "Made", "login": "made"}]`},
	"unlink a user":                                   {`"res.users", "unlink", [[9006]]`},
	"auth.api.key: create":                            {`"auth.api.key", "create", [{"name": "made", "key": "made-key", "user_id": 9001}]`},
	"auth.api.key: write key":                         {`"auth.api.key", "write", [[505], {"key": "another"}]`},
	"auth.api.key: write user_id":                     {`"auth.api.key", "write", [[505], {"user_id": 9001}]`},
	"auth.api.key: write name only":                   {`"auth.api.key", "write", [[505], {"name": "renamed"}]`},
	"auth.api.key: write active only":                 {`"auth.api.key", "write", [[505], {"active": false}]`},
	"auth.api.key: unlink":                            {`"auth.api.key", "unlink", [[505]]`},
	"auth.api.key.group: write members":               {`"auth.api.key.group", "write", [[501], {"auth_api_key_ids": [[6, 0, [501, 504]]]}]`},
	"auth.api.key: write groups":                      {`"auth.api.key", "write", [[501], {"auth_api_key_group_ids": [[6, 0, []]]}]`},
	"auth.api.key.group: write code":                  {`"auth.api.key.group", "write", [[501], {"code": "conf2"}]`},
	"write active=True on an active user (no change)": {`"res.users", "write", [[9010], {"active": true}]`},
	"add a group to a user":                           {`"res.users", "write", [[9010], {"GROUPS": [[4, 3]]}]`},
	"remove a group from a user":                      {`"res.users", "write", [[9010], {"GROUPS": [[3, 3]]}]`},
	"change a password by write (admin)":              {`"res.users", "write", [[9010], {"password": "sigscratch-pw-2"}]`},
	"ir.config_parameter set_param, new value":        {`"ir.config_parameter", "set_param", ["conf.parameter", "changed"]`},
	"ir.config_parameter set_param, same value":       {`"ir.config_parameter", "set_param", ["conf.parameter", "changed"]`},
	"res.company: archived_user_disable_auth_api_key": {`"res.company", "write", [[1], {"archived_user_disable_auth_api_key": true}]`},
	// The recordings made sure that the user was active before: two writes.
	"archive a user while the company option is set": {`"res.users", "write", [[9010], {"active": true}]`, `"res.users", "write", [[9010], {"active": false}]`},
	"and after unarchiving":                          {`"res.users", "write", [[9010], {"active": true}]`},
}

// notByRPC are measured actions that no call of this test makes, or that are no action.
var notByRPC = []string{"common.authenticate", "by SQL", "native API key", "then auth_api_key.active"}

// TestSignalling does what was measured on real Odoo, in the same order, and compares what moved.
func TestSignalling(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			text, err := os.ReadFile(fmt.Sprintf("../../fixtures/state/schema-%d.json", series))
			if err != nil {
				t.Fatal(err)
			}
			var schema struct {
				Signalling struct {
					Measured []struct {
						Action string
						Bumped map[string]int
						Value  string
					}
				}
			}
			if err := json.Unmarshal(text, &schema); err != nil {
				t.Fatal(err)
			}
			dsn := dsn(t, series)
			db, h := opened(t, dsn), sandboxOn(t, dsn, series)
			groups := "groups_id"
			if series >= 19 {
				groups = "group_ids"
			}
			for _, m := range schema.Signalling.Measured {
				calls, known := measuredActions[m.Action]
				if !known {
					if !containsAny(m.Action, notByRPC) {
						t.Errorf("%q was measured, and nothing here does it", m.Action)
					}
					continue
				}
				before := signalValues(t, db, series)
				for _, call := range calls {
					call = strings.ReplaceAll(call, "GROUPS", groups)
					if call[0] == '"' {
						call = `2, "admin", ` + call
					}
					if got := ask(t, h, series, call); got.Error != nil {
						t.Fatalf("%s: %s: %v", m.Action, call, got.Error)
					}
				}
				moved := make(map[string]int)
				for name, now := range signalValues(t, db, series) {
					if now != before[name] {
						moved[name] = now - before[name]
					}
				}
				if m.Value == "" && !maps.Equal(moved, m.Bumped) {
					t.Errorf("%s: %v moved, Odoo moves %v", m.Action, moved, m.Bumped)
				}
			}
		})
	}
}

// TestSignallingOfOthers compares with what was measured on real Odoo (community, stock modules) of models that
// schema-N.json leaves out. "$" is the id that the last create answered.
func TestSignallingOfOthers(t *testing.T) {
	none := map[int][]string{}
	all := func(caches15, caches18, caches19 []string) map[int][]string {
		return map[int][]string{15: caches15, 18: caches18, 19: caches19}
	}
	one := []string{"default"}
	tests := []struct {
		call string
		want map[int][]string
	}{
		{`"res.groups", "create", [{"name": "G1"}]`, all(one, []string{"default", "groups", "templates"}, []string{"groups"})},
		{`"res.groups", "write", [[$], {"name": "G2"}]`, all(one, one, []string{"stable"})},
		{`"res.groups", "write", [[$], {"USERS": [[4, 9010]]}]`, all(one, one, []string{"stable"})},
		{`"res.groups", "write", [[$], {"implied_ids": [[4, 1]]}]`, all(one, []string{"default", "groups", "templates"}, []string{"groups", "stable"})},
		{`"res.users", "write", [[9010], {"GROUPS": [[3, $]]}]`, all(one, one, []string{"default", "stable"})},
		{`"res.groups", "unlink", [[$]]`, all(one, []string{"default", "groups", "templates"}, []string{"groups"})},
		{`"ir.model.access", "create", [{"name": "x", "model_id": 3, "perm_read": true}]`, all(one, one, []string{"stable"})},
		{`"ir.model.access", "write", [[$], {"perm_write": true}]`, all(one, one, []string{"stable"})},
		{`"ir.model.access", "unlink", [[$]]`, all(one, one, []string{"stable"})},
		{`"ir.rule", "create", [{"name": "x", "model_id": 3, "domain_force": "[]"}]`, all(one, one, one)},
		{`"ir.rule", "write", [[$], {"name": "y"}]`, all(one, one, one)},
		{`"ir.rule", "unlink", [[$]]`, all(one, one, one)},
		{`"ir.config_parameter", "create", [{"key": "a.b", "value": "c"}]`, all(one, one, []string{"stable"})},
		{`"ir.config_parameter", "write", [[$], {"value": "d"}]`, all(one, one, []string{"stable"})},
		{`"ir.config_parameter", "unlink", [[$]]`, all(one, one, []string{"stable"})},
		{`"ir.config_parameter", "set_param", ["a.zz", false]`, none},
		{`"res.company", "write", [[1], {"name": "YourCompany2"}]`, all(one, nil, nil)},
		{`"res.company", "create", [{"name": "Second"}]`, all(one, one, []string{"default", "stable"})},
		{`"res.currency", "write", [[1], {"symbol": "x"}]`, all(nil, one, []string{"stable"})},
		{`"res.lang", "write", [[1], {"date_format": "%d"}]`, all(one, one, []string{"stable"})},
		{`"res.country", "write", [[1], {"name": "Andorra2"}]`, none},
		{`"ir.attachment", "create", [{"name": "x", "datas": "aGk="}]`, none},
		{`"res.users", "action_archive", [[9010]]`, all(one, one, one)},
		{`"res.users", "action_unarchive", [[9010]]`, all(one, one, one)},
		{`"res.users", "write", [[9010], {"new_password": "sigscratch-pw"}]`, none},
		{`"res.users", "write", [[9010], {"tz": "UTC"}]`, all(one, one, one)},
		{`"res.users", "write", [[9010], {"email": "x@y.z", "signature": "x"}]`, none},
	}
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			dsn := dsn(t, series)
			db, h := opened(t, dsn), sandboxOn(t, dsn, series)
			names, id := strings.NewReplacer("GROUPS", "groups_id", "USERS", "users"), ""
			if series >= 19 {
				names = strings.NewReplacer("GROUPS", "group_ids", "USERS", "user_ids")
			}
			for _, test := range tests {
				call := strings.ReplaceAll(names.Replace(test.call), "$", id)
				before := signalValues(t, db, series)
				got := ask(t, h, series, `2, "admin", `+call)
				if got.Error != nil {
					t.Fatalf("%s: %v", call, got.Error)
				}
				if strings.Contains(call, `"create"`) {
					id = string(got.Result)
				}
				moved := []string{}
				for name, now := range signalValues(t, db, series) {
					if now != before[name] {
						_, cache, _ := strings.Cut(name, "signaling")
						moved = append(moved, strings.TrimPrefix(cache+strings.Repeat("!", now-before[name]-1), "_"))
					}
				}
				slices.Sort(moved)
				want := slices.Clone(test.want[series])
				if series == 15 && len(want) > 0 {
					want = []string{""} // the one cache has no name
				}
				if !slices.Equal(moved, want) {
					t.Errorf("%s: %q moved, Odoo moves %q", call, moved, want)
				}
			}
		})
	}
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// signalValues are how often each signalling object of the series was moved.
func signalValues(t *testing.T, db *sql.DB, series int) map[string]int {
	t.Helper()
	kind, value := "S", "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %s"
	if series >= 19 {
		kind, value = "r", "SELECT coalesce(max(id), 0) FROM %s"
	}
	names, err := db.Query(`SELECT relname FROM pg_class WHERE relkind = $1 AND (relname LIKE 'base\_%signaling%' OR relname LIKE 'orm\_signaling\_%')`, kind)
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	values := make(map[string]int)
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		values[name] = 0
	}
	for name := range values {
		var n int
		if err := db.QueryRow(fmt.Sprintf(value, name)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		values[name] = n
	}
	if len(values) == 0 {
		t.Fatal("the database has no signalling objects")
	}
	return values
}

// TestFailedCallSignalsNothing: what is rolled back makes no cache stale.
func TestFailedCallSignalsNothing(t *testing.T) {
	dsn := dsn(t, 18)
	db, h := opened(t, dsn), sandboxOn(t, dsn, 18)
	before := signalValues(t, db, 18)
	if got := ask(t, h, 18, `2, "admin", "res.users", "write", [[9010], {"login": "rpcuser"}]`); got.Error == nil {
		t.Fatal("a login was given twice")
	}
	if after := signalValues(t, db, 18); !maps.Equal(before, after) {
		t.Errorf("%v before, %v after", before, after)
	}
}
