package keyring

import (
	"fmt"
	"time"

	"odoobridge/auth"
)

// Key is a row of auth_api_key, without the key itself, and what matters of its user.
type Key struct {
	ID       int64
	Name     string
	TechName string   // as environment files name it, see [auth.TechName]
	Groups   []string // codes of its groups (auth_api_key_group), sorted; none without that module
	Active   bool     // auth_api_key.active; true where the series lacks it
	Archives bool     // whether it can be archived: false where the series lacks auth_api_key.active

	UID          int64
	Login        string
	UserName     string // of the user's partner
	UserArchived bool
	// CompanyDisablesArchived is the setting "disable API key for archived user" of the user's company.
	CompanyDisablesArchived bool

	Created time.Time // zero where Odoo's column is empty
	Changed time.Time // likewise
	// LastUsed is when a call with it was last seen, as far as the schema odoobridge knows; else zero.
	LastUsed time.Time
	// Retires is when a key that was replaced with an overlap stops working; zero for all others.
	Retires time.Time
	// RetiresFor is the id of the key that replaced it; 0 for all others. The two go together: it is active only while that one
	// is.
	RetiresFor int64
}

// Refused tells why a call with the key would be refused at the time now under a rule for archived users; "" where it
// would not.
func (k Key) Refused(rule auth.ArchivedUsers, now time.Time) string {
	return auth.RefusalOf(
		auth.User{ID: k.UID, Login: k.Login, Active: !k.UserArchived, ArchivedKeysDisabled: k.CompanyDisablesArchived},
		auth.AuthAPIKey{ID: k.ID, UserID: k.UID, Name: k.Name, Active: k.Active, Retires: k.Retires}, rule, now)
}

// User is a row of res_users.
type User struct {
	UID      int64
	Login    string
	Name     string // of the user's partner
	Archived bool
	Portal   bool // res_users.share: no internal user
	Keys     int  // how many keys of auth_api_key are theirs
}

// Group is a row of auth_api_key_group.
type Group struct {
	ID   int64
	Code string
	Name string
	Keys []string // the names of its keys, sorted
}

// Company is a row of res_company with its setting.
type Company struct {
	ID   int64
	Name string
	// DisablesArchived is "disable API key for archived user".
	DisablesArchived bool
}

// Ref names a key: by name, or by id where that is not 0.
type Ref struct {
	ID   int64
	Name string
}

// Named is the key of that name.
func Named(name string) Ref { return Ref{Name: name} }

// Numbered is the key of that id.
func Numbered(id int64) Ref { return Ref{ID: id} }

func (r Ref) String() string {
	if r.ID != 0 {
		return fmt.Sprintf("of id %d", r.ID)
	}
	return fmt.Sprintf("%q", r.Name)
}

// Entry is a line of the audit log: what was done, by whom, from where. It holds no key.
type Entry struct {
	At     time.Time
	DB     string
	By     Actor
	Action string // create, rotate, revoke, archive, restore, assign, groups, setting, retired, init, policies
	Object string // the key's name, the company's, the file's
	ID     int64  // of its row
	Detail string // what else matters, for people
}
