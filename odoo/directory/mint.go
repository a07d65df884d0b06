package directory

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lib/pq"

	"odoobridge/auth"
)

const (
	// defaultKeyLifetime is how long a key lives that nobody renews or removes, where Odoo knows expiry: since series 18.
	defaultKeyLifetime = 24 * time.Hour

	keyBytes  = 20 // of a native key: 40 hexadecimal digits
	saltBytes = 16
	headSize  = 8 // of a key, as its `index`
)

// Mint implements [auth.Minter]. The row's name is `odoobridge <instance> <uid>`. The user must be active: Odoo refuses
// the keys of archived ones.
func (d *Directory) Mint(ctx context.Context, db string, uid int64) (auth.MintedKey, error) {
	key := auth.MintedKey{Key: newKey()}
	key.Hash = auth.HashKey(key.Key, newSalt())
	err := d.use(ctx, db, func(ctx context.Context, b *base, l *layout) error {
		if !l.has("res_users_apikeys.id") {
			return auth.ErrNoNativeKeys
		}
		return b.alive.hold(ctx, b, func(instance string) error {
			var expires *time.Time
			err := b.db.QueryRowContext(ctx, l.mintStatement(), uid, mintedName(instance)+strconv.FormatInt(uid, 10),
				key.Key.Reveal()[:headSize], key.Hash.Reveal(), d.keyLifetime.Seconds()).Scan(&key.ID, &key.Now, &expires)
			if errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("uid %d is gone or archived", uid)
			}
			if pq.As(err, insufficientPrivilege, readOnly) != nil {
				return fmt.Errorf("%w: %w", auth.ErrMayNotMint, err)
			}
			if expires != nil {
				key.Expires = *expires
			}
			return err
		})
	})
	if err != nil {
		return auth.MintedKey{}, err
	}
	return key, nil
}

// mintStatement inserts a row as Odoo's own wizard does, with an expiry where the series knows it.
func (l *layout) mintStatement() string {
	column, value, expires := "", "", "NULL::timestamptz FROM (SELECT $5::float8) unused"
	if l.has("res_users_apikeys.expiration_date") {
		column, value = ", expiration_date", ", (now() + make_interval(secs => $5)) AT TIME ZONE 'utc'"
		expires = "now() + make_interval(secs => $5)"
	}
	return `WITH minted AS (
			INSERT INTO res_users_apikeys (user_id, name, scope, "index", key, create_date` + column + `)
			SELECT id, $2::text, 'rpc', $3::text, $4::text, now() AT TIME ZONE 'utc'` + value + `
			FROM res_users WHERE id = $1::bigint AND active
			RETURNING id)
		SELECT minted.id, now(), (SELECT ` + expires + `) FROM minted`
}

// Revoke implements [auth.Minter].
func (d *Directory) Revoke(ctx context.Context, db string, ids []int64) error {
	return d.use(ctx, db, func(ctx context.Context, b *base, l *layout) error {
		if !l.has("res_users_apikeys.id") {
			return nil
		}
		_, err := b.db.ExecContext(ctx,
			`DELETE FROM res_users_apikeys WHERE id = ANY ($1::bigint[]) AND name LIKE 'odoobridge %'`, pq.Array(ids))
		return err
	})
}

// mintedPattern is what the names of keys made by bridges look like, and no name that a person gives.
const mintedPattern = `^odoobridge [0-9a-f]{16} [0-9]+$`

// mintedName begins the names of an instance's keys; the uid follows.
func mintedName(instance string) string { return "odoobridge " + instance + " " }

// newKey is a native key as Odoo makes them.
func newKey() auth.Secret {
	var b [keyBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return auth.Secret(hex.EncodeToString(b[:]))
}

func newSalt() []byte {
	b := make([]byte, saltBytes)
	_, _ = rand.Read(b) // never fails
	return b
}
