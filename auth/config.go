package auth

import (
	"fmt"
	"time"
)

// Config is what an [Authenticator] is made of. Directory must be set, and Minter unless Impersonation is
// [ImpersonationOff]; zero values of the rest are replaced by their defaults, but for Freshness and StaleLimit, whose
// zero means something.
type Config struct {
	Directory Directory
	Minter    Minter
	// Databases are those whose leftovers are collected from the start; others are once they were asked for.
	Databases []string

	// Freshness bounds how old what is known of a key or user may be. 0 is strict: the database is asked on every call,
	// and no call is served while it is away.
	Freshness time.Duration
	// StaleLimit bounds for how long callers who are known are served while the database is away. 0 is not at all.
	StaleLimit time.Duration

	Impersonation Impersonation
	// Addon tells whether Odoo has the add-on odoobridge in a database. Default: nowhere.
	Addon         func(db string) bool
	ArchivedUsers ArchivedUsers

	// RenewBefore is how much of its life a native key made here has left when another is made in its place; while it has half of
	// that, no call waits for the other. Default 10 min.
	RenewBefore time.Duration
	// RetireAfter is how long a replaced key stays, for calls that are on their way with it. Default 5 min.
	RetireAfter time.Duration
	// CollectEvery is how often replaced keys are removed and leftovers of dead processes looked for. Default 1 min.
	CollectEvery time.Duration

	HashWorkers int // password hashes computed at once; default the number of CPUs
	HashQueue   int // password hashes waiting; default 64 per worker. More are Overloaded.
	MaxProofs   int // callers remembered; default 100,000

	// Memberships are which groups an Identity tells. They are asked for again and again: whoever is identified after they have
	// changed is known by the new ones. Default: none.
	Memberships func() Memberships
	// Tell is told of logins that failed, and of the one that ends such a series, for other bridges to [Authenticator.Learn]. It
	// must not wait. Default: nobody.
	Tell func(Attempt)
	// Warn is told of what fails in the background, for the log. Default: nobody.
	Warn func(db string, err error)
	Now  func() time.Time // default time.Now
}

// Impersonation is how a caller known by an auth_api_key is passed on to Odoo.
type Impersonation string

const (
	ImpersonationAuto  Impersonation = "auto"  // as addon where Odoo has it, else as mint
	ImpersonationMint  Impersonation = "mint"  // with a native key made for the user
	ImpersonationAddon Impersonation = "addon" // through Odoo's add-on, which takes the auth_api_key, and in no other way
	ImpersonationOff   Impersonation = "off"   // not at all: such callers are refused
)

// ParseImpersonation reads the name of an [Impersonation].
func ParseImpersonation(s string) (Impersonation, error) {
	switch i := Impersonation(s); i {
	case ImpersonationAuto, ImpersonationMint, ImpersonationAddon, ImpersonationOff:
		return i, nil
	}
	return "", fmt.Errorf("%q is no way of impersonation: use auto, mint, addon or off", s)
}

// ArchivedUsers is what decides on the auth_api_key of an archived user. A key that is itself inactive never works.
type ArchivedUsers string

const (
	ArchivedBySetting ArchivedUsers = "setting" // the company's setting, read live
	ArchivedByStored  ArchivedUsers = "stored"  // only the key's stored active, as Odoo itself
	ArchivedDeny      ArchivedUsers = "deny"
	ArchivedAllow     ArchivedUsers = "allow"
)

// ParseArchivedUsers reads the name of an [ArchivedUsers].
func ParseArchivedUsers(s string) (ArchivedUsers, error) {
	switch a := ArchivedUsers(s); a {
	case ArchivedBySetting, ArchivedByStored, ArchivedDeny, ArchivedAllow:
		return a, nil
	}
	return "", fmt.Errorf("%q is no rule for archived users: use setting, stored, deny or allow", s)
}
