package sandbox

import (
	"slices"
	"strings"
)

// checkAccess raises AccessError unless one of the user's groups has the right on the model.
func (e *env) checkAccess(m *model, operation string) error {
	if e.su || len(m.access) == 0 && !m.abstract {
		return nil // a model without recorded rights is open, such as wizards are
	}
	var names []string
	for _, a := range m.access {
		allows := map[string]bool{"read": a.read, "write": a.write, "create": a.create, "unlink": a.unlink}[operation]
		switch {
		case !allows:
			continue
		case a.group == 0 || e.user.groups[a.group]:
			return nil
		}
		if g := e.groups[a.group]; g != nil {
			names = append(names, "\t- "+g.fullName)
		}
	}
	verb := map[string]string{"read": "access", "write": "modify", "create": "create", "unlink": "delete"}[operation]
	text := "You are not allowed to " + verb + " '" + m.description + "' (" + m.name + ") records.\n\n"
	if len(names) == 0 {
		text += "No group currently allows this operation."
	} else {
		slices.Sort(names)
		text += "This operation is allowed for the following groups:\n" + strings.Join(slices.Compact(names), "\n")
	}
	return accessError(text + "\n\nContact your administrator to request access if necessary.")
}

// ruleError is raised for records that the record rules withhold.
func (e *env) ruleError(m *model, operation string) error {
	if e.series < 16 {
		verb := map[string]string{"read": "access", "write": "modify", "create": "create", "unlink": "delete"}[operation]
		return accessError("Due to security restrictions, you are not allowed to " + verb + " '" + m.description + "' (" + m.name +
			") records.\n\nContact your administrator to request access if necessary.")
	}
	return accessError("Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, " + e.user.name + " (id=" +
		str(e.uid) + ") doesn't have '" + operation + "' access to:\n- " + m.description + " (" + m.name + ")\n\n" +
		"If you really, really need access, perhaps you can win over your friendly administrator with a batch of freshly baked cookies.")
}

// forbiddenField is raised for a field that no group may see.
func (e *env) forbiddenField(m *model, names ...string) error {
	who := m.description + " (" + m.name + ")"
	list := "\n- " + strings.Join(names, " (always forbidden)\n- ") + " (always forbidden)"
	switch {
	case e.series < 16:
		return accessError("The requested operation can not be completed due to security restrictions.\n\nDocument type: " + who +
			"\nOperation: read\nUser: " + str(e.uid) + "\nFields:" + list)
	case e.series < 19:
		return accessError("You do not have enough rights to access the fields \"" + strings.Join(names, ",") + "\" on " + who +
			". Please contact your system administrator.\n\nOperation: read\nUser: " + str(e.uid) + "\nFields:" + list)
	}
	return accessError("You do not have enough rights to access the field \"" + names[0] + "\" on " + who +
		". Please contact your system administrator.\n\nOperation: read\nUser: " + str(e.uid) + "\nGroups: always forbidden")
}

// checkMode refuses an operation that is none of those that rights are about.
func checkMode(operation string) error {
	switch operation {
	case "read", "write", "create", "unlink":
		return nil
	}
	return assertionError("Invalid access mode")
}

func runCheckAccessRights(e *env, r *records, args map[string]any) (any, error) {
	if err := checkMode(str(args["operation"])); err != nil {
		return nil, err
	}
	err := e.checkAccess(r.model, str(args["operation"]))
	if truthy(args["raise_exception"]) && (err != nil || e.series >= 18) {
		return nil, err // from series 18 on it answers None: read.car
	}
	return err == nil, nil
}

func runHasAccess(e *env, r *records, args map[string]any) (any, error) {
	if err := checkMode(str(args["operation"])); err != nil {
		return nil, err
	}
	operation := str(args["operation"])
	if err := checkMode(operation); err != nil {
		return nil, err
	}
	if e.checkAccess(r.model, operation) != nil {
		return false, nil
	}
	ids, err := e.recordIDs(r.ids)
	if err != nil || len(ids) == 0 {
		return err == nil, err
	}
	allowed, err := e.allowed(r.model, ids, operation)
	return len(allowed) == len(ids), err
}

// runCheckAccess is check_access, and check_access_rule, which looks at the record rules only up to series 16.
func runCheckAccess(e *env, r *records, args map[string]any) (any, error) {
	if err := checkMode(str(args["operation"])); err != nil {
		return nil, err
	}
	operation := str(args["operation"])
	if e.series >= 17 {
		if err := e.checkAccess(r.model, operation); err != nil {
			return nil, err
		}
	}
	ids, err := e.recordIDs(r.ids)
	if err != nil {
		return nil, err
	}
	there, err := e.existing(r.model, ids)
	if err != nil {
		return nil, err
	}
	allowed, err := e.allowed(r.model, ids, operation)
	if err == nil && len(allowed) < len(there) {
		err = e.ruleError(r.model, operation)
	}
	return nil, err
}
