package sandbox

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// keyIndexSize is how many characters of a native key res_users_apikeys.index holds.
const keyIndexSize = 8

// passwordRounds is what the series hashes passwords with: passlib's default, from series 16 on 600,000.
func passwordRounds(series int) int {
	if series < 16 {
		return 25000
	}
	return 600000
}

// fewRounds is what a stored password is hashed anew for when it has fewer. Odoo 18 and 19 would do so below 600,000;
// the passwords of the fixture state have 25,000, and the first login of each user of each test would take a second.
const fewRounds = 25000

// account is what the table says of a user who presents a secret.
type account struct {
	uid            int64
	active         bool
	password, totp string // stored password; secret of the two-factor authentication
	user           *user
}

// account finds a user by a condition with one parameter; ok is false where there is none.
func (s *Sandbox) account(ctx context.Context, condition string, arg any) (a account, ok bool, err error) {
	row := s.db.QueryRowContext(ctx, `SELECT u.id, coalesce(u.active, FALSE), coalesce(u.password, ''), coalesce(u.totp_secret, ''), `+userColumns+`
		FROM res_users u JOIN res_partner p ON p.id = u.partner_id WHERE u.`+condition, arg)
	a.user, err = s.registry.scanUser(row, &a.uid, &a.active, &a.password, &a.totp)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, false, nil
	}
	return a, err == nil, err
}

// login finds the active user of a login and checks the secret. AccessDenied is an error here.
func (s *Sandbox) login(ctx context.Context, login, secret any) (int64, error) {
	if !truthy(login) || s.series != 18 && !truthy(secret) {
		return 0, accessDenied()
	}
	a, ok, err := s.account(ctx, "login = $1 AND u.active", str(login))
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, accessDenied()
	}
	return a.uid, s.checkSecret(ctx, a, secret)
}

// caller is who a call is made as. user is nil where nothing of them was read yet.
type caller struct {
	uid  int64
	user *user
}

// checkUser is what each call on the service object begins with. The secret is the user's password or a native key.
func (s *Sandbox) checkUser(ctx context.Context, uid, secret any) (caller, error) {
	id, ok := uid.(int64)
	if !truthy(secret) || !ok || id == 0 {
		return caller{}, accessDenied()
	}
	a, ok, err := s.account(ctx, "id = $1", id)
	switch {
	case err != nil:
		return caller{}, err
	case !ok:
		return caller{}, missingError("res.users", uid, id)
	case !a.active:
		return caller{}, accessDenied()
	}
	return caller{id, a.user}, s.checkSecret(ctx, a, secret)
}

// checkSecret accepts the password, unless the user has two-factor authentication, and a native key that may be used for
// RPC and has not expired.
func (s *Sandbox) checkSecret(ctx context.Context, a account, secret any) error {
	if !truthy(secret) {
		return assertionError("scope and key required") // series 18 looks among the keys then (common.auth.nopassword)
	}
	text, isText := secret.(string)
	if a.totp == "" {
		if !isText {
			return typeError("secret must be unicode or bytes, not " + typeName(secret))
		}
		if s.proofs.verify(a.password, text) {
			return s.upgradePassword(ctx, a, text)
		}
	}
	if !isText {
		return typeError("'" + typeName(secret) + "' object is not subscriptable")
	}
	return s.checkNativeKey(ctx, a.uid, text)
}

func (s *Sandbox) checkNativeKey(ctx context.Context, uid int64, key string) error {
	unexpired := ""
	if s.registry.column("res_users_apikeys", "expiration_date") {
		unexpired = " AND (expiration_date IS NULL OR expiration_date >= now() AT TIME ZONE 'utc')"
	}
	index := []rune(key)
	index = index[:min(len(index), keyIndexSize)]
	rows, err := s.db.QueryContext(ctx, `SELECT key FROM res_users_apikeys
		WHERE user_id = $1 AND index = $2 AND (scope IS NULL OR scope = 'rpc')`+unexpired, uid, string(index))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var hash string
		if err := rows.Scan(&hash); err != nil {
			return err
		}
		if s.proofs.verify(hash, key) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return accessDenied()
}

// upgradePassword replaces a stored password that is deprecated, as passlib's verify_and_update makes Odoo do.
func (s *Sandbox) upgradePassword(ctx context.Context, a account, password string) error {
	h, hashed := parseHash(a.password)
	if hashed && (s.series < 16 || h.rounds >= fewRounds) {
		return nil
	}
	replacement, err := hashPassword(password, s.registry.passwordRounds)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, "UPDATE res_users SET password = $1 WHERE id = $2 AND password = $3", replacement, a.uid, a.password)
	return err
}

// hashPassword is a password as Odoo stores it.
func hashPassword(password string, rounds int) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	key, err := pbkdf2.Key(sha512.New, password, salt, rounds, sha512.Size)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s%d$%s$%s", hashPrefix, rounds, adaptedBase64.EncodeToString(salt), adaptedBase64.EncodeToString(key)), nil
}

// proofs remembers what was verified, so that only the first call of a secret costs its rounds. The stored value is part
// of the key: a changed password or key is verified anew.
type proofs struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]bool
}

// maxProofs bounds the memory; when it is full, everything is forgotten.
const maxProofs = 10000

func newProofs() *proofs { return &proofs{known: make(map[[sha256.Size]byte]bool)} }

func (p *proofs) verify(stored, secret string) bool {
	key := sha256.Sum256([]byte(strconv.Itoa(len(stored)) + ":" + stored + secret))
	p.mu.Lock()
	holds, known := p.known[key]
	p.mu.Unlock()
	if known {
		return holds
	}
	holds = verifySecret(stored, secret)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxProofs {
		clear(p.known)
	}
	p.known[key] = holds
	return holds
}

// hashPrefix begins passlib's pbkdf2_sha512 hashes: $pbkdf2-sha512$rounds$salt$hash.
const hashPrefix = "$pbkdf2-sha512$"

// adaptedBase64 is passlib's: '.' for '+', no padding.
var adaptedBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)

type passwordHash struct {
	rounds    int
	salt, key []byte
}

func parseHash(stored string) (passwordHash, bool) {
	rest, ok := strings.CutPrefix(stored, hashPrefix)
	parts := strings.Split(rest, "$")
	if !ok || len(parts) != 3 {
		return passwordHash{}, false
	}
	rounds, err := strconv.Atoi(parts[0])
	salt, saltErr := adaptedBase64.DecodeString(parts[1])
	key, keyErr := adaptedBase64.DecodeString(parts[2])
	if err != nil || rounds < 1 || saltErr != nil || keyErr != nil {
		return passwordHash{}, false
	}
	return passwordHash{rounds, salt, key}, true
}

// verifySecret accepts a passlib hash or, as Odoo's crypt context does, clear text.
func verifySecret(stored, secret string) bool {
	if stored == "" || secret == "" {
		return false
	}
	h, ok := parseHash(stored)
	if !ok {
		return subtle.ConstantTimeCompare([]byte(stored), []byte(secret)) == 1
	}
	key, err := pbkdf2.Key(sha512.New, secret, h.salt, h.rounds, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1
}
