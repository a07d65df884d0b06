package auth

import (
	"context"
	"fmt"
)

// KeyOf returns a native key made for the active user of that login in db: for what the bridge asks of Odoo itself, and not for
// a caller. The error is an [*Error], or ctx's.
func (a *Authenticator) KeyOf(ctx context.Context, db, login string) (Secret, error) {
	d := a.database(db)
	if d == nil {
		return "", &Error{Kind: UnknownDatabase, Reason: "database " + quoteShort(db) + " is not served or does not exist"}
	}
	rows, _, err := d.read(ctx, Query{Login: &login})
	if err != nil {
		return "", d.failure(ctx, fmt.Errorf("read the user %s: %w", quoteShort(login), err))
	}
	for _, u := range rows.Users {
		if u.Login == login && u.Active {
			return a.madeKey(ctx, Identity{DB: db, UID: u.ID, Login: login, Method: ByPassword})
		}
	}
	return "", denied("no active user of database %s has the login %s", quoteShort(db), quoteShort(login))
}
