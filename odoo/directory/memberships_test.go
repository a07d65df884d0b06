package directory_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/auth/directorytest"
	"odoobridge/odoo/directory"
)

// TestMembershipsAreFresh changes groups by plain SQL while a caller who is known calls: the identity tells the change.
func TestMembershipsAreFresh(t *testing.T) {
	for _, series := range []int{18, 19} {
		b := newBase(t, series)
		wanted := auth.Memberships{KeyGroups: true, Groups: []string{"base.group_user", "base.group_portal", "base.group_system"}}
		a := running(t, b.open(t), auth.Config{Freshness: time.Second, StaleLimit: 30 * time.Second,
			Memberships: func() auth.Memberships { return wanted }})
		groups := func() string {
			id, err := a.Identify(context.Background(), b.name, apiKey(directorytest.RPCUserKey))
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(id.Groups)
			return strings.Join(append(id.KeyGroups, id.Groups...), " ")
		}
		keyGroups := map[int]string{18: "conf "}[series]
		want := func(what, want string) {
			t.Helper()
			eventually(t, what, func() bool { return groups() == want })
		}
		want("as recorded", keyGroups+"base.group_user")
		const system = "(SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'group_system')"
		b.exec(t, "INSERT INTO res_groups_users_rel (uid, gid) VALUES (9001, "+system+")")
		want("a group given", keyGroups+"base.group_system base.group_user")
		b.exec(t, "DELETE FROM res_groups_users_rel WHERE uid = 9001 AND gid <> "+system)
		if series == 18 {
			want("a group alone", keyGroups+"base.group_system") // Odoo writes those that it implies beside it
		} else {
			want("a group that is implied through others", keyGroups+"base.group_system base.group_user")
		}
		b.exec(t, "DELETE FROM res_groups_users_rel WHERE uid = 9001")
		want("no group", strings.TrimSpace(keyGroups))
		if series == 18 {
			b.exec(t, "DELETE FROM auth_api_key_group_rel")
			want("no group of the key", "")
			b.exec(t, "DROP TABLE auth_api_key_group CASCADE")
			want("a module without groups", "")
		}
	}
}

// TestUnaskedMembershipsNeedNoRight: a role with the grants of before reads all but groups.
func TestUnaskedMembershipsNeedNoRight(t *testing.T) {
	b := newBase(t, 18)
	d := b.open(t)
	b.exec(t, `REVOKE ALL ON auth_api_key_group, auth_api_key_group_rel, ir_model_data, res_groups_users_rel, res_groups_implied_rel FROM "odd""role"`)
	b.exec(t, `REVOKE SELECT (code) ON auth_api_key_group FROM "odd""role"`)
	query := auth.Query{AuthAPIKey: directorytest.RPCUserKey}
	if rows := read(t, d, b, query); len(rows.Users) != 1 {
		t.Errorf("got %+v", rows)
	}
	for _, m := range []auth.Memberships{{KeyGroups: true}, {Groups: []string{"base.group_user"}}} {
		query.Memberships = m
		if _, err := d.Read(context.Background(), b.name, query); err == nil || !strings.Contains(err.Error(), "odoobridge grants") {
			t.Errorf("%+v without the right to: %v", m, err)
		}
	}
	b.exec(t, directory.Grants(role))
	read(t, d, b, query)
}
