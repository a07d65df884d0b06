package auth

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"strings"
)

const (
	// hashPrefix begins the only kind of hash Odoo stores since series 12.
	hashPrefix = "$pbkdf2-sha512$"
	// NativeKeyRounds are the pbkdf2 rounds of Odoo's native keys (fixtures: "pbkdf2-sha512, 6000 rounds").
	NativeKeyRounds = 6000
	// maxPasswordSize is where passlib refuses a password, in bytes.
	maxPasswordSize = 4096
)

// adaptedBase64 is passlib's: '.' stands for '+', and there is no padding.
var adaptedBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").
	WithPadding(base64.NoPadding).Strict()

// passwordHash is passlib's `$pbkdf2-sha512$rounds$salt$checksum`.
type passwordHash struct {
	rounds   int
	salt     []byte
	checksum [sha512.Size]byte
}

var errNoHash = errors.New("not a $pbkdf2-sha512$rounds$salt$checksum hash")

// parseHash reads a hash exactly as passlib writes it. The error never quotes it.
func parseHash(stored Secret) (passwordHash, error) {
	rest, ok := strings.CutPrefix(stored.Reveal(), hashPrefix)
	fields := strings.Split(rest, "$")
	if !ok || len(fields) != 3 || strings.ContainsAny(rest, "\r\n") { // line breaks are none of Go's base64's business
		return passwordHash{}, errNoHash
	}
	rounds, err := strconv.ParseUint(fields[0], 10, 32)
	if err != nil || rounds == 0 || rounds > math.MaxInt32 || fields[0][0] == '0' {
		return passwordHash{}, errNoHash
	}
	h := passwordHash{rounds: int(rounds)}
	if h.salt, err = adaptedBase64.DecodeString(fields[1]); err != nil {
		return passwordHash{}, errNoHash
	}
	checksum, err := adaptedBase64.DecodeString(fields[2])
	if err != nil || len(checksum) != len(h.checksum) {
		return passwordHash{}, errNoHash
	}
	copy(h.checksum[:], checksum)
	return h, nil
}

// verify tells in constant time whether h is the hash of password.
func (h passwordHash) verify(password Secret) bool {
	sum := derive(password, h.salt, h.rounds)
	return subtle.ConstantTimeCompare(sum, h.checksum[:]) == 1
}

// HashKey makes the hash under which Odoo stores a native key, from a salt of the caller's choice: 16 random bytes.
func HashKey(key Secret, salt []byte) Secret {
	sum := derive(key, salt, NativeKeyRounds)
	return Secret(hashPrefix + strconv.Itoa(NativeKeyRounds) + "$" +
		adaptedBase64.EncodeToString(salt) + "$" + adaptedBase64.EncodeToString(sum))
}

// derive is PBKDF2-HMAC-SHA512 with a checksum of 64 bytes.
func derive(password Secret, salt []byte, rounds int) []byte {
	sum, err := pbkdf2.Key(sha512.New, password.Reveal(), salt, rounds, sha512.Size)
	if err != nil { // only in FIPS 140-3 mode, for a key or salt it finds too short
		return nil
	}
	return sum
}

// verifyAny returns the index of the first among the stored values that secret verifies against, -1 if there is none,
// and the rounds it took. Stored values that are no hash compare as clear text where they may be, as in the crypt
// context Odoo has for passwords (auth.plainhash).
//
// A miss takes at least the rounds given, whatever is stored, so that its duration doesn't tell whether there was
// anything to compare with.
func verifyAny(secret Secret, stored []storedSecret, rounds int) (match, spent int) {
	if len(secret) > maxPasswordSize {
		return -1, 0
	}
	for i, s := range stored {
		h, err := parseHash(s.value)
		switch {
		case err == nil:
			spent += h.rounds
			if h.verify(secret) {
				return i, spent
			}
		case s.mayBeClear && s.value != "" && !strings.HasPrefix(s.value.Reveal(), hashPrefix):
			if equalSecrets(secret, s.value) {
				return i, spent
			}
		}
	}
	if missing := rounds - spent; missing > 0 {
		derive(secret, dummySalt, missing)
		spent += missing
	}
	return -1, spent
}

// storedSecret is a value to verify against.
type storedSecret struct {
	value      Secret
	mayBeClear bool
}

// dummySalt is as long as the salts of passlib.
var dummySalt = make([]byte, 16)

// equalSecrets compares in a time that tells nothing but the lengths.
func equalSecrets(a, b Secret) bool {
	return subtle.ConstantTimeCompare([]byte(a.Reveal()), []byte(b.Reveal())) == 1
}
