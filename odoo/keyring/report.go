package keyring

import (
	"context"
	"database/sql"
	"time"
)

// Usage is what one caller did by one key, or by the password, in one protocol.
type Usage struct {
	UID      int64
	Login    string
	Kind     string // auth_api_key, native_key or password
	KeyID    int64  // 0 for a password
	KeyName  string
	Protocol string
	Calls    int64
	Days     int // on which there were any
	LastAt   time.Time
	Source   string // of the last call; "" where it is not known
}

// LegacyProtocols are those whose endpoints Odoo gives up: /xmlrpc and /jsonrpc. What stays is json/2.
var LegacyProtocols = []string{"jsonrpc", "xmlrpc", "xmlrpc/2"}

// Report tells who called in the last days, today included, the most calls first. [ErrNoSchema] without the schema odoobridge.
func (k *Keyring) Report(ctx context.Context, db string, days int) (usage []Usage, err error) {
	err = k.useAny(ctx, db, func(ctx context.Context, db *sql.DB, l *layout) error {
		if !l.hasSchema() {
			return noSchema("who calls is kept")
		}
		rows, err := db.QueryContext(ctx, `
			SELECT uid, (array_agg(login ORDER BY day DESC))[1], kind, key_id, (array_agg(key_name ORDER BY day DESC))[1], protocol, sum(calls)::bigint,
				count(DISTINCT day), max(last_at), coalesce(host((array_agg(last_source ORDER BY last_at DESC))[1]), '')
			FROM odoobridge.key_use
			WHERE day > (now() AT TIME ZONE 'utc')::date - $1::int
			GROUP BY uid, kind, key_id, protocol ORDER BY 7 DESC, 1, 4, 6`, days)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var u Usage
			if err := rows.Scan(&u.UID, &u.Login, &u.Kind, &u.KeyID, &u.KeyName, &u.Protocol, &u.Calls, &u.Days, &u.LastAt, &u.Source); err != nil {
				return err
			}
			u.LastAt = u.LastAt.UTC()
			usage = append(usage, u)
		}
		return rows.Err()
	})
	return usage, err
}
