package sandbox

import (
	"slices"
)

// selfWriteable are the fields of res.users that users may write of themselves, whatever their rights
// (SELF_WRITEABLE_FIELDS of series 15 to 19).
var selfWriteable = []string{"signature", "action_id", "company_id", "email", "name", "image_1920", "lang", "tz"}

// ownPreferences says whether a write is of nothing but the caller's own preferences.
func (e *env) ownPreferences(m *model, ids []any, vals any) bool {
	d, ok := vals.(*dict)
	return m.name == "res.users" && ok && len(ids) == 1 && ids[0] == e.uid &&
		!slices.ContainsFunc(d.keys, func(name string) bool { return !slices.Contains(selfWriteable, name) })
}

// checkWrite refuses writes that Odoo refuses in Python: of a user, to archive oneself and to bring the superuser back
// (res.users.write of series 15 to 19).
func (e *env) checkWrite(m *model, ids []int64, vals *dict) error {
	if m.name != "res.users" {
		return nil
	}
	if password, _ := vals.get("new_password"); truthy(password) && slices.Contains(ids, e.uid) {
		return userError("Please use the change password wizard (in User Preferences or User menu) to change your own password.")
	}
	active, given := vals.get("active")
	if !given {
		return nil
	}
	const superuser = 1
	switch {
	case truthy(active) && slices.Contains(ids, superuser):
		return userError("You cannot activate the superuser.")
	case !truthy(active) && slices.Contains(ids, e.uid):
		return userError("You cannot deactivate the user you're currently logged in as.")
	}
	return nil
}
