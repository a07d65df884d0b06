package bridge

import (
	"context"
	"net/http"

	"odoobridge/auth"
	"odoobridge/odoo"
	"odoobridge/rpc"
)

// caller is who calls, as far as the call asks for it.
type caller struct {
	auth.Identity
	known bool // false for a call that needs no one, and for a login that failed
}

// identity finds out who calls. A login that does not hold is no error: its answer is false.
func (b *Bridge) identity(ctx context.Context, r *http.Request, rec *Record, call odoo.Call) (caller, error) {
	p, err := b.presented(r, rec.Source)
	byHeader := hasHeader(p)
	if !byHeader && call.Envelope.Protocol == rpc.JSON2 && (err == nil || err == errNoKey) {
		return caller{}, rpc.NoBearer() // json2.apikey, json2.emptybearer
	}
	if err != nil {
		return caller{}, err
	}
	db, err := b.database(call, byHeader)
	if err != nil {
		return caller{}, err
	}
	rec.DB = db
	if byHeader {
		return b.byHeader(ctx, rec, call, db, p)
	}
	switch call.Kind {
	case odoo.Object:
		return b.byCall(ctx, rec, call, db, p)
	case odoo.Login:
		return b.byLogin(ctx, rec, call, db, p)
	}
	return caller{}, nil
}

// database is the one the caller is looked up in: the call's, or, for a caller known by a header, the default one where
// the call names none.
func (b *Bridge) database(call odoo.Call, byHeader bool) (string, error) {
	credentials := call.Kind == odoo.Object || call.Kind == odoo.Login
	if byHeader && (!credentials || !call.DB.Truthy()) {
		return b.defaultDB(), nil
	}
	if !credentials {
		return "", nil
	}
	if call.Kind == odoo.Object && !byHeader {
		if wrong := call.CheckBeforeDatabase(); wrong != nil {
			return "", wrong
		}
		if call.Series >= 19 && !call.Password.Truthy() {
			return "", &auth.Error{Kind: auth.Denied, Reason: "no password in the call"}
		}
	}
	db, wrong := call.DBName()
	if wrong != nil {
		return "", wrong
	}
	if !b.serves(db) {
		if byHeader {
			return "", &auth.Error{Kind: auth.Denied, Reason: "the database is not served here; see --db"}
		}
		return "", odoo.NoSuchDatabase(db)
	}
	return db, nil
}

// byHeader knows the caller by the request's headers. What the call itself says of the user must not contradict them,
// and its password is not looked at.
func (b *Bridge) byHeader(ctx context.Context, rec *Record, call odoo.Call, db string, p auth.Presented) (caller, error) {
	switch call.Kind {
	case odoo.Object:
		p.Call = &auth.CallCredentials{}
		if call.UserGiven() {
			uid, wrong := call.UserID()
			if wrong != nil {
				return caller{}, &auth.Error{Kind: auth.Denied, Reason: "the uid in the call is no number, and so not the header's user"}
			}
			p.Call.UID = uid
		}
	case odoo.Login:
		p.Call = &auth.CallCredentials{ByLogin: true, Login: call.LoginText()}
		if call.Login.Truthy() && p.Call.Login == "" {
			return refused(rec, &auth.Error{Kind: auth.Denied, Reason: "the login in the call is no text, and so not the header's user"})
		}
	}
	id, err := b.identify(ctx, rec, db, p)
	if err != nil && call.Kind == odoo.Login {
		return refused(rec, err)
	}
	return caller{id, err == nil}, err
}

// byCall knows the caller by the uid and password in the call.
func (b *Bridge) byCall(ctx context.Context, rec *Record, call odoo.Call, db string, p auth.Presented) (caller, error) {
	uid, wrong := call.UserID()
	if wrong != nil {
		return caller{}, wrong
	}
	p.Call = &auth.CallCredentials{UID: uid}
	p.Call.Password, p.Call.PasswordNotText = password(call)
	id, err := b.identify(ctx, rec, db, p)
	switch auth.KindOf(err) {
	case auth.UnknownDatabase:
		return caller{}, odoo.NoSuchDatabase(db)
	case auth.UnknownUser:
		return caller{}, odoo.NoSuchUser(uid)
	case auth.NoPassword:
		if wrong := call.NoPassword(); wrong != nil {
			return caller{}, wrong
		}
	}
	return caller{id, err == nil}, err
}

// byLogin knows the caller by the login and password of common.login or authenticate.
func (b *Bridge) byLogin(ctx context.Context, rec *Record, call odoo.Call, db string, p auth.Presented) (caller, error) {
	if wrong := call.CheckUserAgent(); wrong != nil {
		return caller{}, wrong
	}
	p.Call = &auth.CallCredentials{ByLogin: true, Login: call.LoginText()}
	p.Call.Password, p.Call.PasswordNotText = password(call)
	id, err := b.identify(ctx, rec, db, p)
	switch auth.KindOf(err) {
	case auth.UnknownDatabase:
		return caller{}, odoo.NoSuchDatabase(db)
	case auth.NoPassword:
		if wrong := call.NoPassword(); wrong != nil {
			return caller{}, wrong
		}
	}
	if err != nil {
		return refused(rec, err)
	}
	return caller{id, true}, nil
}

func password(call odoo.Call) (text auth.Secret, notText bool) {
	text = auth.Secret(call.PasswordText())
	return text, text == "" && call.Password.Truthy()
}

// refused is a login that does not hold: its answer is false, as Odoo's is to every AccessDenied in authenticate, the
// cooldown's included; its reason is kept for the log. Another error stays one.
func refused(rec *Record, err error) (caller, error) {
	switch auth.KindOf(err) {
	case auth.Denied, auth.NoPassword, auth.UnknownUser, auth.Cooldown:
		rec.Err = err
		return caller{}, nil
	}
	return caller{}, err
}

func (b *Bridge) identify(ctx context.Context, rec *Record, db string, p auth.Presented) (auth.Identity, error) {
	id, err := b.cfg.Auth.Identify(ctx, db, p)
	if err != nil {
		return id, err
	}
	rec.UID, rec.Login, rec.Via, rec.Key, rec.Basic = id.UID, id.Login, id.Via.String(), id.KeyName, id.Also
	rec.KeyID, rec.Kind = id.KeyID, id.Method
	return id, nil
}
