package sandbox

import (
	"strings"

	"github.com/lib/pq"
)

// runHasGroup tells whether a user is in a group: up to series 15 the caller, from 16 on the one that it is called on.
func runHasGroup(e *env, r *records, args map[string]any) (any, error) {
	name := str(args["group_ext_id"])
	if e.series < 16 {
		if !strings.Contains(name, ".") {
			return nil, assertionError("External ID '" + name + "' must be fully qualified")
		}
		group, err := e.groupID(name)
		return e.user.groups[group], err
	}
	if len(r.ids) != 1 {
		return nil, valueError("Expected singleton: " + repr(r))
	}
	internal, err := e.groupID("base.group_user")
	if err != nil {
		return nil, err
	}
	if r.ids[0] != e.uid && !e.user.groups[internal] {
		return nil, accessError("You can ony call user.has_group() with your current user.")
	}
	group, err := e.groupID(name)
	if err != nil {
		return nil, err
	}
	groups, err := e.groupsOf(r.ids[0])
	return groups[group], err
}

// groupID is the group of an external id, 0 where there is none.
func (e *env) groupID(name string) (int64, error) {
	module, name, _ := strings.Cut(name, ".")
	ids, err := e.ids("SELECT res_id FROM ir_model_data WHERE model = 'res.groups' AND module = $1 AND name = $2", module, name)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// groupsOf are the groups of a user, those that they imply among them.
func (e *env) groupsOf(user any) (map[int64]bool, error) {
	if user == e.uid {
		return e.user.groups, nil
	}
	id, err := idList([]any{user})
	if err != nil {
		return nil, err
	}
	direct, err := e.ids("SELECT gid FROM res_groups_users_rel WHERE uid = ANY ($1)", pq.Array(id))
	return e.closure(direct), err
}
