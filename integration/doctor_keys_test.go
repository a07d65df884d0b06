//go:build unix

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sections are keys of the environment for each key of the fixtures.
const sections = `[api_key_conf_rpcuser]
key = conf-auth-api-key-rpcuser-of-the-file
[api_key_conf_archived_user]
key = conf-auth-api-key-archived-of-the-file
[api_key_conf_admin]
key = conf-auth-api-key-admin-of-the-file
[api_key_conf_scratch]
key = conf-auth-api-key-scratch-of-the-file
[api_key_canary]
key = conf-auth-api-key-other-of-the-file
`

// TestDoctorKeys: what is wrong with keys, or not as somebody may think.
func TestDoctorKeys(t *testing.T) {
	write := func(t *testing.T, c *clinic, text string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "keys.conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.set("environment_keys", path)
	}
	const archive = `UPDATE res_company SET archived_user_disable_auth_api_key = true`
	examineAll(t, []fault{
		{name: "one key twice", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `UPDATE auth_api_key SET key = 'conf-auth-api-key-rpcuser' WHERE id = 504`)
		},
			check: "keys.duplicates", level: "warning", text: `"conf rpcuser" (id 501), "conf admin" (id 504)`, remedy: "odoobridge keys rotate 'conf admin'",
			cured: func(t *testing.T, c *clinic) {
				c.sql(t, `UPDATE auth_api_key SET key = 'conf-auth-api-key-admin' WHERE id = 504`)
			}, key: rpcKey},
		{name: "weak keys", broken: func(t *testing.T, c *clinic) {
			c.sql(t, `UPDATE auth_api_key SET key = 'secret' WHERE id = 504; UPDATE auth_api_key SET key = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa' WHERE id = 505`)
		}, check: "keys.weak", level: "warning", text: `"conf admin" (id 504), "conf scratch" (id 505)`, remedy: "odoobridge keys rotate 'conf admin'",
			cured: func(t *testing.T, c *clinic) {
				c.sql(t, `UPDATE auth_api_key SET key = 'conf-auth-api-key-' || id WHERE id IN (504, 505)`)
			}, key: rpcKey},
		{name: "an archived user's without the add-on", flags: []string{"--addon=false"}, broken: func(*testing.T, *clinic) {}, check: "keys.archived", level: "warning",
			text: `can't be used: "conf archived user" (id 502) of "archived"`, remedy: "-i odoobridge --stop-after-init",
			cured: func(t *testing.T, c *clinic) { c.sql(t, `UPDATE res_users SET active = true WHERE id = 9002`) }, key: archivedKey, answer: "install the add-on odoobridge"},
		{name: "an archived user's, impersonation mint", broken: func(_ *testing.T, c *clinic) { c.set("impersonation", "mint") }, check: "keys.archived", level: "warning",
			text: `can't be used: "conf archived user"`, remedy: "export ODOOBRIDGE_IMPERSONATION=auto", key: archivedKey, answer: "install the add-on odoobridge"},
		{name: "setting and stored differ", broken: func(t *testing.T, c *clinic) { c.sql(t, archive) }, check: "keys.stored", level: "warning",
			text: `"conf archived user" (id 502) of "archived"`, remedy: "odoobridge keys archive 'conf archived user'",
			cured: func(t *testing.T, c *clinic) { c.sql(t, `UPDATE auth_api_key SET active = false WHERE id = 502`) }, key: rpcKey},
		{name: "a section without a key", flags: []string{"--addon=false"}, broken: func(t *testing.T, c *clinic) {
			write(t, c, sections+"[api_key_conf_admim]\nkey = conf-auth-api-key-admim-of-the-file\n")
		},
			check: "keys.environment", level: "warning", text: "[api_key_conf_admim]", remedy: "SELECT id, name FROM auth_api_key",
			cured: func(t *testing.T, c *clinic) { write(t, c, sections) }, key: rpcKey + "-of-the-file"},
		{name: "a key without a section", flags: []string{"--addon=false"}, broken: func(t *testing.T, c *clinic) {
			write(t, c, strings.Replace(sections, "[api_key_conf_admin]", "[mail_server]", 1))
		},
			check: "keys.environment", level: "warning", text: `"conf admin" (id 504) [api_key_conf_admin]`, remedy: "# add a section",
			cured: func(t *testing.T, c *clinic) { write(t, c, sections) }, key: rpcKey + "-of-the-file"},
		{name: "keys of the environment that Odoo does not know", broken: func(t *testing.T, c *clinic) { write(t, c, sections) }, check: "keys.environment_addon", level: "warning",
			text: "Odoo has not the module auth_api_key_server_env", remedy: "export ODOOBRIDGE_IMPERSONATION=mint", key: rpcKey + "-of-the-file", answer: "Access Denied"},
	})

	// What is done with an archived user's key, and why.
	for _, tc := range []struct{ rule, sql, want string }{
		{"setting", "", `that work (archived_users: setting), through the add-on: "conf archived user" (id 502) of "archived"`},
		{"setting", archive, `that are refused (archived_users: setting): "conf archived user" (id 502) of "archived": the user is archived, and their company disables API keys`},
		{"stored", archive, `that work (archived_users: stored), through the add-on: "conf archived user"`},
		{"deny", "", `that are refused (archived_users: deny): "conf archived user" (id 502) of "archived": the user is archived, and archived_users is deny`},
		{"allow", archive, `that work (archived_users: allow), through the add-on: "conf archived user"`},
		{"allow", `UPDATE auth_api_key SET active = false WHERE id = 502`, `that are refused (archived_users: allow): "conf archived user" (id 502) of "archived": the key is inactive`},
		{"setting", `UPDATE res_users SET active = true WHERE id = 9002`, "no key is an archived user's"},
	} {
		t.Run("archived_users "+tc.rule+" "+tc.sql, func(t *testing.T) {
			c := newClinic(t, 18)
			c.set("archived_users", tc.rule)
			c.sql(t, "SELECT 1; "+tc.sql)
			findings, _ := c.examine(t)
			for _, f := range findings {
				if f.Check == "keys.archived" && strings.Contains(f.Text, tc.want) {
					return
				}
			}
			t.Errorf("not said: %s; %+v", tc.want, findings)
		})
	}
}
