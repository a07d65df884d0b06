package auth

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Directory reads what identity needs from the tables of an Odoo database. [odoobridge/auth/directorytest] is its
// contract as tests.
type Directory interface {
	// Read returns the rows that q names, all of one moment. A row that does not exist is not in the answer; that is no
	// error. Tables and columns that the series lacks read as empty, with the defaults told at the fields.
	//
	// The error is [ErrUnknownDatabase] for a database that does not exist or is not served; any other means that the
	// database could not be asked. No error contains a secret.
	Read(ctx context.Context, db string, q Query) (Rows, error)
}

// ErrUnknownDatabase is a database that does not exist or is not served.
var ErrUnknownDatabase = errors.New("no such database")

// Query names rows. The users of all keys found come along unasked.
type Query struct {
	Users         []int64  // by res_users.id
	Login         *string  // by res_users.login, exactly
	AuthAPIKeys   []int64  // by auth_api_key.id
	AuthAPIKey    Secret   // by auth_api_key.key, exactly; "" names none
	KeyNames      []string // by auth_api_key.name, exactly
	TechNames     []string // by AuthAPIKey.TechName
	NativeKeys    []int64  // by res_users_apikeys.id
	NativeKeyHead string   // by res_users_apikeys.index, the first 8 characters of the key; "" names none
	Settings      bool     // the settings of the database
	Memberships            // of the keys and users found
}

// Memberships are which groups of keys and users are wanted. What is not asked for is not read, and needs no right to.
type Memberships struct {
	KeyGroups bool     // the groups of auth_api_key
	Groups    []string // external ids of groups of users: base.group_system
}

func (m Memberships) equal(o Memberships) bool {
	return m.KeyGroups == o.KeyGroups && slices.Equal(m.Groups, o.Groups)
}

// Rows are the answer to a [Query].
type Rows struct {
	Now         time.Time // the database's clock at the read, which decides on expiry
	Users       []User
	AuthAPIKeys []AuthAPIKey
	NativeKeys  []NativeKey
	Settings    Settings // zero unless asked for

	memberships Memberships // that were asked for
}

// User is a row of res_users.
type User struct {
	ID       int64
	Login    string
	Active   bool   // NULL is false, as Odoo reads it
	Password Secret // a passlib hash or clear text; "" for NULL
	TOTP     bool   // totp_secret is set; false without the module auth_totp
	// ArchivedKeysDisabled is res_company.archived_user_disable_auth_api_key of the user's company; false without it.
	ArchivedKeysDisabled bool
	Groups               []string // of those asked for, the ones that the user is in, by itself or since another implies it
}

// AuthAPIKey is a row of auth_api_key, OCA's module of that name.
type AuthAPIKey struct {
	ID     int64
	UserID int64
	Name   string
	// TechName names the key in files: auth_api_key.tech_name, or the name as TechName makes one of it where that is empty
	// or absent, without the module auth_api_key_server_env.
	TechName string
	Key      Secret // clear text
	Active   bool   // true where the column is absent, before series 17
	// Retires is when a key that was replaced with an overlap (`odoobridge keys rotate --overlap`) stops working; zero for
	// all others. Such a key goes by the Name and TechName of the one that replaced it.
	Retires time.Time
	// Groups are the auth_api_key_group.code of the key's groups; empty unless asked for, and without that table.
	Groups []string
}

// NativeKey is a row of res_users_apikeys, absent before series 14.
type NativeKey struct {
	ID      int64
	UserID  int64
	Name    string
	Scope   string    // "" for NULL, which is every scope
	Hash    Secret    // pbkdf2-sha512
	Expires time.Time // zero for never, and where the column is absent, before series 18
}

// Settings are what concerns logging in among the parameters of a database.
type Settings struct {
	CooldownAfter    int           // base.login_cooldown_after; 0 switches the cooldown off
	CooldownDuration time.Duration // base.login_cooldown_duration
	PasswordRounds   int           // the largest number of pbkdf2 rounds among the passwords; 0 when there are none
}

// Values of a stock Odoo where ir_config_parameter has no row.
const (
	DefaultCooldownAfter    = 10
	DefaultCooldownDuration = 60 * time.Second
)

// Minter makes native keys on behalf of users, the secret under which callers known by an auth_api_key reach Odoo.
type Minter interface {
	// Mint makes a native key of scope rpc for the user uid.
	Mint(ctx context.Context, db string, uid int64) (MintedKey, error)
	// Revoke removes keys that Mint made, by their row. Rows that are gone already are no error.
	Revoke(ctx context.Context, db string, ids []int64) error
	// Collect removes what processes that are dead left behind in db, and tells how many rows that were. It never removes what a
	// living one made, and so may want to see for a while that a process is dead.
	Collect(ctx context.Context, db string) (int, error)
}

// ErrNoNativeKeys is a database without the table of native keys: series 12 and 13.
var ErrNoNativeKeys = errors.New("this series of Odoo has no native API keys")

// ErrMayNotMint is a database role that may not make native keys, or a database that can't be written to.
var ErrMayNotMint = errors.New("native API keys can't be made")

// MintedKey is a native key fresh from [Minter.Mint].
type MintedKey struct {
	ID      int64     // of its row in res_users_apikeys
	Key     Secret    // 40 hexadecimal digits
	Hash    Secret    // as stored
	Expires time.Time // zero for never
	Now     time.Time // the database's clock when it was made
}
