package sandbox

import "slices"

// checkWrite refuses writes that Odoo refuses in Python: of a user, to archive oneself and to bring the superuser back
// (res.users.write of series 15 to 19).
func (e *env) checkWrite(m *model, ids []int64, vals *dict) error {
	active, given := vals.get("active")
	if m.name != "res.users" || !given {
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
