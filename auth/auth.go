// Package auth finds out who calls, and whether they may: it takes the credentials that a request presented and the
// rows of Odoo's tables, and answers with the res.users row they stand for, or with an [Error].
//
// It speaks no HTTP, no SQL and no wire format. What it needs of Odoo's tables it asks of a [Directory]; what it writes
// there goes through a [Minter].
//
// The heart is the proof: the fact that a credential was verified against what a row stored. Proofs are kept in memory,
// so that a caller who is known takes no query and no hash; the rows behind them are read again all the time, and the
// decision whether the caller may pass (archived, key active, company's setting, totp, expiry) is taken anew from the
// row on every call. See [Authenticator].
package auth

import (
	"fmt"
	"net/netip"
)

// Presented is every credential a request showed, before anything is believed.
type Presented struct {
	APIKey Secret           // the API-KEY header; "" when absent
	Basic  *Login           // Authorization: Basic; nil when absent
	Bearer Secret           // Authorization: Bearer; "" when absent
	Call   *CallCredentials // the call's own; nil when it carries none
	Source netip.Addr       // the client, for the cooldown
}

// Login is a login and what was shown for it: a password or a native key.
type Login struct {
	Login    string
	Password Secret
}

// Format implements [fmt.Formatter], so that no verb gets at the password.
func (l Login) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "{%q %v}", l.Login, l.Password) }

// CallCredentials are the credentials among a call's own arguments: a uid and a password for `object`, a login and a
// password for `common`.
//
// Beside a header they are not checked but compared: the uid may be absent or the identity's own, the login empty or
// the identity's own. A password is ignored then.
type CallCredentials struct {
	ByLogin bool   // common: Login counts. Otherwise object: UID counts.
	Login   string // exact and case-sensitive, as in Odoo (common.auth.login.case); "" when absent
	UID     int64  // after Python's int(); 0 when absent: false, null, "" and 0

	Password Secret // "" when absent, empty, or no string
	// PasswordNotText is set for a password that is neither empty nor a string. Odoo raises a TypeError for it, after
	// it has found the user (auth.pw.int): here that is an [Error] of kind [NoPassword].
	PasswordNotText bool
}

// Format implements [fmt.Formatter], so that no verb gets at the password.
func (c CallCredentials) Format(f fmt.State, _ rune) {
	if c.ByLogin {
		_, _ = fmt.Fprintf(f, "{%q %v}", c.Login, c.Password)
	} else {
		_, _ = fmt.Fprintf(f, "{%d %v}", c.UID, c.Password)
	}
}

// Identity is the res.users row found, how, and by which key. It is good for the call it was made for, not longer.
type Identity struct {
	DB       string
	UID      int64
	Login    string // res_users.login
	Archived bool   // res_users.active is not true; only ever so for an auth_api_key
	Method   Method
	Via      Via
	KeyID    int64  // the row in auth_api_key or res_users_apikeys; 0 for a password
	KeyName  string // that row's name, for the log; no secret
	Also     string // the login of a Basic header that held beside an API-KEY; else ""

	KeyGroups []string // codes of the key's groups, where Config.Memberships asks for them
	Groups    []string // external ids of the user's groups, of those that Config.Memberships asks for

	// own is what the caller presented, where Odoo accepts it as the password. It is behind a pointer because fmt prints
	// unexported fields without asking their methods.
	own *Secret
	key *Secret // the auth_api_key that was shown, else nil
}

// Method is what the credential was verified against.
type Method uint8

const (
	ByAuthAPIKey Method = iota + 1 // a row of OCA's auth_api_key
	ByNativeKey                    // a row of res_users_apikeys, Odoo's own since series 14
	ByPassword                     // res_users.password
)

// String is the method's name in the log.
func (m Method) String() string {
	switch m {
	case ByAuthAPIKey:
		return "auth_api_key"
	case ByNativeKey:
		return "native_key"
	case ByPassword:
		return "password"
	}
	return fmt.Sprintf("Method(%d)", uint8(m))
}

// Via is the place of the request where the credential was.
type Via uint8

const (
	ViaAPIKey Via = iota + 1 // the API-KEY header
	ViaBasic                 // Authorization: Basic
	ViaBearer                // Authorization: Bearer
	ViaCall                  // the call's own arguments
)

// String is the place's name in the log.
func (v Via) String() string {
	switch v {
	case ViaAPIKey:
		return "api-key"
	case ViaBasic:
		return "basic"
	case ViaBearer:
		return "bearer"
	case ViaCall:
		return "call"
	}
	return fmt.Sprintf("Via(%d)", uint8(v))
}
