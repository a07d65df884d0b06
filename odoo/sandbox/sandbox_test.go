//go:build unix

package sandbox_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres/postgrestest"
	"odoobridge/odoo/sandbox"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// dsn is that of a copy of the fixture state, the test's own.
func dsn(t testing.TB, series int) string {
	t.Helper()
	return postgrestest.DB(t, postgrestest.Template(t, fmt.Sprintf("odoo%d", series), func(dsn string) error {
		return fixtures.LoadDSN(context.Background(), dsn, series)
	}))
}

// database is a copy of the fixture state.
func database(t testing.TB, series int) *sql.DB { return opened(t, dsn(t, series)) }

func opened(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newSandbox(t testing.TB, series int) *sandbox.Sandbox {
	t.Helper()
	return sandboxOn(t, dsn(t, series), series)
}

// quickRounds is of passwords whose hash is no part of what a test looks at.
const quickRounds = 1000

// sandboxOn is a sandbox as the program starts it: with connections of its own.
func sandboxOn(t testing.TB, dsn string, series int) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{
		DSN: dsn, Database: fmt.Sprintf("odoo%d", series), Series: series, PasswordRounds: quickRounds, Log: zerolog.New(zerolog.NewTestWriter(t)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// reply is a JSON-RPC answer.
type reply struct {
	Result json.RawMessage
	Error  *struct {
		Data struct{ Name, Message string }
	}
}

// ask calls object.execute_kw; arguments is JSON: "uid", "password", "model", "method", [args], {kwargs}.
func ask(t *testing.T, h http.Handler, series int, arguments string) reply {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc": "2.0", "id": 1, "params": {"service": "object", "method": "execute_kw", "args": ["odoo%d", %s]}}`,
		series, arguments)
	r := httptest.NewRequest(http.MethodPost, "/jsonrpc", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var answer reply
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v in %s", arguments, err, w.Body)
	}
	return answer
}

func TestNew(t *testing.T) {
	tests := []struct {
		name   string
		change func(*sandbox.Config)
		want   string
	}{
		{"unknown series", func(c *sandbox.Config) { c.Series = 16 }, "no series 16"},
		{"no name", func(c *sandbox.Config) { c.Database = "" }, "Database is empty"},
		{"another series' tables", func(c *sandbox.Config) { c.Series = 15 }, ""},
	}
	db := database(t, 18)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := sandbox.Config{DB: db, Database: "odoo18", Series: 18}
			test.change(&cfg)
			_, err := sandbox.New(cfg)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("New: %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestNewWithoutTables(t *testing.T) {
	db, err := sql.Open("postgres", postgrestest.DB(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := sandbox.New(sandbox.Config{DB: db, Database: "x", Series: 18}); err == nil {
		t.Error("New took an empty database")
	}
}

// TestSearch covers what the recorded cases leave out of domains; the expected ids follow from fixtures.json.
func TestSearch(t *testing.T) {
	h := newSandbox(t, 18)
	tests := []struct{ name, domain, want string }{
		{"and of all", `["ref", "=", "CONF"], ["is_company", "=", true]`, "[91001, 91005]"},
		{"explicit and", `"&", ["ref", "=", "CONF"], ["is_company", "=", true]`, "[91001, 91005]"},
		{"not of or", `["ref", "=", "CONF"], "!", "|", ["id", "=", 91001], ["id", "=", 91005]`, "[91002, 91003, 91006]"},
		{"different from a value finds NULL", `["ref", "=", "CONF"], ["city", "!=", "before"], ["email", "!=", "x"]`, "[91001, 91002, 91003, 91005]"},
		{"not in finds NULL", `["ref", "=", "CONF"], ["city", "not in", ["before"]]`, "[91001, 91002, 91003, 91005]"},
		{"the empty text is as good as NULL", `["ref", "=", "CONF"], ["city", "not in", ["before", ""]]`, "[91001, 91002]"},
		{"in with false finds NULL", `["ref", "=", "CONF"], ["city", "in", ["before", false]]`, "[91003, 91005, 91006]"},
		{"in nothing", `["ref", "=", "CONF"], ["id", "in", []]`, "[]"},
		{"not in nothing", `["id", "=", 91001], ["id", "not in", []]`, "[91001]"},
		{"false is NULL", `["ref", "=", "CONF"], ["parent_id", "=", false], ["is_company", "=", false]`, "[91003, 91006]"},
		{"comparison", `["ref", "=", "CONF"], ["color", ">", 1]`, "[91001]"},
		{"like has case", `["ref", "=", "CONF"], ["name", "like", "alpha"]`, "[]"},
		{"ilike has none", `["ref", "=", "CONF"], ["name", "ilike", "ALPHA"]`, "[91001]"},
		{"not ilike", `["ref", "=", "CONF"], ["name", "not ilike", "a"]`, "[91005]"},
		{"=like is a pattern", `["ref", "=", "CONF"], ["name", "=like", "Conf %t%"]`, "[91002, 91006]"},
		{"=ilike is a pattern", `["ref", "=", "CONF"], ["name", "=ilike", "conf b%"]`, "[91002]"},
		{"=? without a value", `["ref", "=", "CONF"], ["city", "=?", false], ["color", "=", 7]`, "[91001]"},
		{"many2one by name", `["ref", "=", "CONF"], ["country_id", "=", "Belgium"]`, "[91001, 91002]"},
		{"many2one by part of the name", `["parent_id", "ilike", "alph"]`, "[91002]"},
		{"many2many by id", `["category_id", "in", [92001]]`, "[91001]"},
		{"many2many by name", `["category_id", "=", "Conf Cat Two"]`, "[91001]"},
		{"many2many empty", `["ref", "=", "CONF"], ["category_id", "=", false], ["color", "=", 1]`, "[91006]"},
		{"one2many", `["child_ids", "in", [91002]]`, "[91001]"},
		{"path over one2many", `["child_ids.name", "=", "Conf Beta"]`, "[91001]"},
		{"path over two", `["parent_id.country_id.code", "=", "BE"]`, "[91002]"},
		{"parent_of", `["id", "parent_of", 91002]`, "[91001, 91002]"},
		{"child_of by name", `["ref", "=", "CONF"], ["id", "child_of", "Conf Alpha"]`, "[91001, 91002]"},
		{"active named in the domain", `["ref", "=", "CONF"], ["active", "=", false]`, "[91004]"},
		{"always true", `["id", "=", 91001], [1, "=", 1]`, "[91001]"},
		{"never true", `[0, "=", 1]`, "[]"},
		{"quotes stay data", `["name", "=", "'; DROP TABLE res_partner; --"]`, "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ask(t, h, 18, fmt.Sprintf(`2, "admin", "res.partner", "search", [[%s]], {"order": "id"}`, test.domain))
			if got.Error != nil || string(got.Result) != test.want {
				t.Errorf("search %s = %s %v, want %s", test.domain, got.Result, got.Error, test.want)
			}
		})
	}
}

// TestFailedCallLeavesNothing: the first record of a list is not kept when the second one is refused.
func TestFailedCallLeavesNothing(t *testing.T) {
	h := newSandbox(t, 18)
	got := ask(t, h, 18, `2, "admin", "res.partner.category", "create", [[{"name": "kept?"}, {"color": 1}]]`)
	if got.Error == nil || got.Error.Data.Name != "odoo.exceptions.ValidationError" {
		t.Fatalf("create without the mandatory name: %s %v", got.Result, got.Error)
	}
	got = ask(t, h, 18, `2, "admin", "res.partner.category", "search_count", [[["name", "=", "kept?"]]]`)
	if string(got.Result) != "0" {
		t.Errorf("%s records of the failed call are there", got.Result)
	}
}

// TestUsersByRPC: a user that a caller creates can log in, changes its password, and is refused once archived.
func TestUsersByRPC(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			h := newSandbox(t, series)
			made := ask(t, h, series, `2, "admin", "res.users", "create", [{"name": "New", "login": "new", "password": "first", "email": "n@x.test"}]`)
			if made.Error != nil {
				t.Fatalf("create: %v", made.Error)
			}
			uid := string(made.Result)
			steps := []struct{ name, arguments, want string }{
				{"log in and read", uid + `, "first", "res.users", "read", [[` + uid + `], ["name", "email", "active", "share"]]`,
					`[{"id": ` + uid + `, "name": "New", "email": "n@x.test", "active": true, "share": false}]`},
				{"is an internal user", uid + `, "first", "res.partner", "search_count", [[["id", "=", 91001]]]`, "1"},
				{"change the password", uid + `, "first", "res.users", "change_password", ["first", "second"]`, "true"},
				{"the old one is refused", uid + `, "first", "res.users", "context_get", []`, "odoo.exceptions.AccessDenied"},
				{"the new one is not", uid + `, "second", "res.partner", "search_count", [[["id", "=", 91001]]]`, "1"},
				{"rename", `2, "admin", "res.users", "write", [[` + uid + `], {"name": "Newer"}]`, "true"},
				{"renamed", `2, "admin", "res.users", "search_read", [[["name", "=", "Newer"]], ["login"]]`,
					`[{"id": ` + uid + `, "login": "new"}]`},
				{"archive", `2, "admin", "res.users", "write", [[` + uid + `], {"active": false}]`, "true"},
				{"archived", uid + `, "second", "res.users", "context_get", []`, "odoo.exceptions.AccessDenied"},
			}
			for _, step := range steps {
				got := ask(t, h, series, step.arguments)
				answer := string(got.Result)
				if got.Error != nil {
					answer = got.Error.Data.Name
				}
				if answer != step.want {
					t.Fatalf("%s: %s, want %s", step.name, answer, step.want)
				}
			}
		})
	}
}

// TestArchivingDisablesKeys: with the company's setting on, the keys of an archived user are switched off and come back
// (schema-18.json, "archive a user while the company option is set").
func TestArchivingDisablesKeys(t *testing.T) {
	for _, setting := range []bool{false, true} {
		t.Run(fmt.Sprint("setting ", setting), func(t *testing.T) {
			db := database(t, 18)
			if _, err := db.Exec(`UPDATE res_company SET archived_user_disable_auth_api_key = $1`, setting); err != nil {
				t.Fatal(err)
			}
			h, err := sandbox.New(sandbox.Config{DB: db, Database: "odoo18", Series: 18})
			if err != nil {
				t.Fatal(err)
			}
			for _, active := range []bool{false, true} {
				got := ask(t, h, 18, fmt.Sprintf(`2, "admin", "res.users", "write", [[9010], {"active": %v}]`, active))
				if got.Error != nil {
					t.Fatal(got.Error)
				}
				var key bool
				if err := db.QueryRow(`SELECT active FROM auth_api_key WHERE id = 505`).Scan(&key); err != nil {
					t.Fatal(err)
				}
				if want := active || !setting; key != want {
					t.Errorf("user active %v: the key is %v, want %v", active, key, want)
				}
			}
		})
	}
}

// TestCredentialsFollowTheTables: what was verified before does not outlive a change by plain SQL.
func TestCredentialsFollowTheTables(t *testing.T) {
	tests := []struct{ name, arguments, change string }{
		{"password changed", `9001, "rpcuser-pw"`, `UPDATE res_users SET password = (SELECT password FROM res_users WHERE id = 9004) WHERE id = 9001`},
		{"user archived", `9009, "lowrounds-pw"`, `UPDATE res_users SET active = false WHERE id = 9009`},
		{"two-factor authentication switched on", `9010, "sigscratch-pw"`, `UPDATE res_users SET totp_secret = 'X' WHERE id = 9010`},
		{"key deleted", `9004, "5e5000010123456789abcdef0123456789abcdef"`, `DELETE FROM res_users_apikeys WHERE id = 80002`},
		{"key expired", `9004, "5e5000050123456789abcdef0123456789abcdef"`, `UPDATE res_users_apikeys SET expiration_date = '2020-01-01' WHERE id = 80006`},
		{"key of another scope", `9004, "5e5000020123456789abcdef0123456789abcdef"`, `UPDATE res_users_apikeys SET scope = 'x' WHERE id = 80003`},
	}
	db := database(t, 18)
	h, err := sandbox.New(sandbox.Config{DB: db, Database: "odoo18", Series: 18})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			arguments := test.arguments + `, "res.users", "context_get", []`
			for range 2 {
				if got := ask(t, h, 18, arguments); got.Error != nil {
					t.Fatalf("before: %v", got.Error)
				}
			}
			if _, err := db.Exec(test.change); err != nil {
				t.Fatal(err)
			}
			if got := ask(t, h, 18, arguments); got.Error == nil || got.Error.Data.Name != "odoo.exceptions.AccessDenied" {
				t.Errorf("after: %s %v, want AccessDenied", got.Result, got.Error)
			}
		})
	}
}

// TestSecretsStayInside: no answer and no log holds a secret of the canary or its stored form.
func TestSecretsStayInside(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			db := database(t, series)
			if err := fixtures.LoadCanary(context.Background(), db, series); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			h, err := sandbox.New(sandbox.Config{DB: db, Database: fmt.Sprintf("odoo%d", series), Series: series, Log: zerolog.New(&log)})
			if err != nil {
				t.Fatal(err)
			}
			c := fixtures.Canary
			var seen []string
			for _, secret := range []string{c.Password, c.NativeKey} {
				for _, call := range []string{
					`"res.users", "read", [[%d]]`, `"res.users", "search_read", [[["id", "=", %d]]]`,
					`"res.users.apikeys", "search_read", [[["user_id", "=", %d]]]`, `"res.users", "no_such", [[%d]]`,
					`"res.users", "read", [[%d], ["password", "new_password"]]`,
				} {
					got := ask(t, h, series, fmt.Sprintf(`%d, %q, `+call, c.UID, secret, c.UID))
					seen = append(seen, string(got.Result))
					if got.Error != nil {
						seen = append(seen, got.Error.Data.Message)
					}
				}
			}
			all := strings.Join(seen, "\n") + log.String()
			for _, secret := range []string{c.Password, c.NativeKey, c.APIKey, "$pbkdf2-sha512$"} {
				if strings.Contains(all, secret) {
					t.Errorf("%q is in the output: %s", secret, all)
				}
			}
			if !strings.Contains(all, c.Login) {
				t.Errorf("the canary could not read itself: %s", all)
			}
		})
	}
}
