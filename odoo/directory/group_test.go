package directory_test

import (
	"errors"
	"testing"

	"odoobridge/auth"
)

func TestInGroup(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		b := newBase(t, series)
		d := b.open(t)
		in := func(uid int64, group string) bool {
			t.Helper()
			member, err := d.InGroup(t.Context(), b.name, uid, group)
			if err != nil {
				t.Fatalf("series %d: %v", series, err)
			}
			return member
		}
		for _, tc := range []struct {
			name  string
			uid   int64
			group string
			want  bool
		}{
			{"the administrator", 2, "base.group_system", true},
			{"what the group implies", 2, "base.group_erp_manager", true},
			{"what that implies", 2, "base.group_user", true},
			{"a user", 9001, "base.group_system", false},
			{"a user's group", 9001, "base.group_user", true},
			{"no such user", 999999, "base.group_system", false},
			{"no such group", 2, "base.no_such_group", false},
			{"no external id", 2, "group_system", false},
			{"a record that is no group", 2, "base.user_admin", false},
		} {
			if got := in(tc.uid, tc.group); got != tc.want {
				t.Errorf("series %d, %s: in %s is %v", series, tc.name, tc.group, got)
			}
		}
		b.exec(t, `DELETE FROM res_groups_users_rel WHERE uid = 2 AND gid IN (SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'group_system')`)
		if in(2, "base.group_system") {
			t.Errorf("series %d: still an administrator after the group was taken", series)
		}
		if _, err := d.InGroup(t.Context(), "no_such_db", 2, "base.group_system"); !errors.Is(err, auth.ErrUnknownDatabase) {
			t.Errorf("series %d, unknown database: %v", series, err)
		}
	}
}
