package auth

import "time"

// evidence is what the rows behind a proof said when they were last read: one user and, unless the proof is by
// password, one key.
type evidence struct {
	method Method
	user   User
	auth   AuthAPIKey // if method is ByAuthAPIKey
	native NativeKey  // if method is ByNativeKey

	present bool      // false when a row is gone
	digest  digest    // of stored, once sealed
	began   time.Time // our clock when the read began
	now     time.Time // the database's clock at the read

	memberships Memberships // that were asked for
}

// seal replaces the secrets by the digest of the one that counts, since evidence is kept.
func (e *evidence) seal(d *digester) *evidence {
	e.digest = d.of(e.stored().Reveal())
	e.user.Password, e.auth.Key, e.native.Hash = "", "", ""
	return e
}

// stored is the value that a credential must verify against, "" once sealed.
func (e *evidence) stored() Secret {
	switch e.method {
	case ByAuthAPIKey:
		return e.auth.Key
	case ByNativeKey:
		return e.native.Hash
	default:
		return e.user.Password
	}
}

// key is the id and name of the key's row.
func (e *evidence) key() (id int64, name string) {
	switch e.method {
	case ByAuthAPIKey:
		return e.auth.ID, e.auth.Name
	case ByNativeKey:
		return e.native.ID, e.native.Name
	default:
		return 0, ""
	}
}

// clock is the database's clock when ours says t.
func (e *evidence) clock(t time.Time) time.Time { return e.now.Add(t.Sub(e.began)) }

// decide tells why a caller whose credential verified against e may not pass at the time now of the database's clock;
// "" lets them pass. It is the whole of what the rows decide, and it looks at nothing else.
func decide(e *evidence, rule ArchivedUsers, now time.Time) (refusal string) {
	if !e.present {
		return "the user or the key is gone"
	}
	switch e.method {
	case ByAuthAPIKey:
		return RefusalOf(e.user, e.auth, rule, now)
	case ByNativeKey:
		return decideNativeKey(e, now)
	default:
		return decidePassword(e)
	}
}

// RefusalOf tells why a call with an auth_api_key is refused at the time now of the database's clock, by what the rows of
// the key and its user say; "" where it is not. It is the table of the inactive-user setting. Odoo itself goes by the stored active alone and derives
// it when a user is archived while the setting is on (schema-18, signalling: "archive a user while the company option
// is set").
func RefusalOf(u User, k AuthAPIKey, rule ArchivedUsers, now time.Time) string {
	switch {
	case k.UserID != u.ID:
		return "the key was given to another user"
	case !k.Active:
		return "the key is inactive (auth_api_key.active)"
	case !k.Retires.IsZero() && !now.Before(k.Retires):
		return "the key was replaced, and the overlap is over"
	case u.Active:
		return ""
	case rule == ArchivedDeny:
		return "the user is archived, and archived_users is deny"
	case rule == ArchivedBySetting && u.ArchivedKeysDisabled:
		return "the user is archived, and their company disables API keys of archived users"
	}
	return ""
}

// decideNativeKey is Odoo's condition on res_users_apikeys for RPC (auth.archived.key, auth.key.otherscope,
// auth.key.expired). Two-factor authentication doesn't matter here (auth.key.totp).
func decideNativeKey(e *evidence, now time.Time) string {
	switch {
	case e.native.UserID != e.user.ID:
		return "the native key is another user's"
	case !e.user.Active:
		return "the user is archived, and native keys of archived users don't work"
	case e.native.Scope != "" && e.native.Scope != nativeScope:
		return "the native key is for the scope " + quoteShort(e.native.Scope) + ", not for rpc"
	case !e.native.Expires.IsZero() && e.native.Expires.Before(now):
		return "the native key has expired"
	}
	return ""
}

// decidePassword is Odoo's condition on passwords for RPC (auth.archived, auth.totp).
func decidePassword(e *evidence) string {
	switch {
	case !e.user.Active:
		return "the user is archived"
	case e.user.TOTP:
		return "the user has two-factor authentication: use an API key instead of the password"
	}
	return ""
}

// nativeScope is the scope Odoo asks of a native key on RPC, besides none at all.
const nativeScope = "rpc"
