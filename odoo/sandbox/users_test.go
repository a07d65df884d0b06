//go:build unix

package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestUsersLikeOdoo compares what happens to users, companies, attachments and tags with what was asked of real Odoo 15,
// 18 and 19 (community, stock modules).
func TestUsersLikeOdoo(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			h := sandboxOn(t, dsn(t, series), series)
			groups, portal, internal, signature := "groups_id", "10", "[8, 9, 1, 7]", `"<p data-o-mail-quote=\"1\">--<br data-o-mail-quote=\"1\">Zed &amp; Co</p>"`
			both := "The user cannot have more than one user types."
			unnamed := "The operation cannot be completed: Contacts require a name"
			withheld := "odoo.exceptions.AccessError: Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, Rpc Portal (id=9005) doesn't " +
				"have 'read' access to:\n- User (res.users)\n\nIf you really, really need access, perhaps you can win over your friendly administrator with a batch of freshly baked cookies."
			switch series {
			case 15:
				portal, internal, signature, unnamed = "9", "[7, 8, 1, 6]", "false", "res_partner_check_name"
				withheld = "odoo.exceptions.AccessError: Due to security restrictions, you are not allowed to access 'Users' (res.users) records.\n\n" +
					"Contact your administrator to request access if necessary."
			case 19:
				groups, internal, signature = "group_ids", "[1]", `"<div>Zed &amp; Co</div>"`
				both = "User 'Zed & Co' cannot be at the same time in exclusive groups 'Role / Portal', 'Role / User'."
			}
			uid := "9011"
			const as = `2, "admin", `
			steps := []step{
				{"a new user", as + `"res.users", "create", [{"name": "Zed & Co", "login": "zed"}]`, uid},
				{"is internal", as + `"res.users", "read", [[` + uid + `], ["share", "lang", "signature", "GROUPS"]]`,
					`[{"id": ` + uid + `, "share": false, "lang": "en_US", "signature": ` + signature + `, "GROUPS": ` + internal + `}]`},
				{"no name", as + `"res.users", "create", [{"login": "nameless"}]`, "odoo.exceptions.ValidationError: " + unnamed},
				{"another type besides", as + `"res.users", "write", [[` + uid + `], {"GROUPS": [[4, ` + portal + `]]}]`, "odoo.exceptions.ValidationError: " + both},
				{"another type instead", as + `"res.users", "write", [[` + uid + `], {"GROUPS": [[6, 0, [` + portal + `]]]}]`, "true"},
				{"is shared now", as + `"res.users", "read", [[` + uid + `], ["share"]]`, `[{"id": ` + uid + `, "share": true}]`},
				{"a second company", as + `"res.company", "create", [{"name": "Second"}]`, "2"},
				{"not the user's", as + `"res.users", "write", [[` + uid + `], {"company_id": 2}]`,
					"odoo.exceptions.ValidationError: Company Second is not in the allowed companies for user Zed & Co (YourCompany)."},
				{"archive oneself", as + `"res.users", "write", [[2], {"active": false}]`,
					"odoo.exceptions.UserError: You cannot deactivate the user you're currently logged in as."},
				{"unlink the superuser", as + `"res.users", "unlink", [[1]]`,
					"odoo.exceptions.UserError: You can not remove the admin user as it is used internally for resources created by Odoo (updates, module installation, ...)"},
				{"own preferences", `9001, "rpcuser-pw", "res.users", "write", [[9001], {"tz": "UTC"}]`, "true"},
				{"portal users don't see others", `9005, "rpcportal-pw", "res.users", "read", [[2], ["login"]]`, withheld},
				{"a text file", as + `"ir.attachment", "create", [{"name": "f.txt", "datas": "aGVsbG8="}]`, "*"},
				{"is known by its name", as + `"ir.attachment", "search_read", [[["name", "=", "f.txt"]], ["mimetype"]]`, "*"},
				{"a tag below another one", as + `"res.partner.category", "create", [{"name": "C", "parent_id": 92001}]`, "*"},
				{"is named with it", as + `"res.partner.category", "search_read", [[["name", "=", "C"]], ["display_name"]]`, `[{"id": $15, "display_name": "Conf Cat One / C"}]`},
			}
			for i := range steps {
				steps[i].arguments = strings.ReplaceAll(steps[i].arguments, "GROUPS", groups)
				steps[i].want = strings.ReplaceAll(steps[i].want, "GROUPS", groups)
			}
			walk(t, h, series, steps)
		})
	}
}
