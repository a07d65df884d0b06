package keyring

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"strings"

	"odoobridge/auth"
)

// A key made here is
//
//	obk_ + 43 digits of base 62 (256 random bits) + 6 digits of base 62 (CRC-32 of all before)
//
// with the digits 0-9A-Za-z in this order and zeros in front. The prefix tells scanners for secrets what it is, the
// checksum tells them and people what is none. docs/KEYS.md has it for the writers of scanners.
const (
	keyPrefix      = "obk_"
	randomBytes    = 32
	randomDigits   = 43
	checksumDigits = 6
	keySize        = len(keyPrefix) + randomDigits + checksumDigits

	digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// NewKey is a key that nobody has.
func NewKey() auth.Secret {
	var b [randomBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	body := keyPrefix + base62(new(big.Int).SetBytes(b[:]), randomDigits)
	return auth.Secret(body + checksum(body))
}

func checksum(body string) string {
	return base62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body)))), checksumDigits)
}

// base62 writes n with so many digits.
func base62(n *big.Int, size int) string {
	b := make([]byte, size)
	base, digit := big.NewInt(int64(len(digits))), new(big.Int)
	for i := size - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		b[i] = digits[digit.Int64()]
	}
	return string(b)
}

// Mistyped tells whether a key has the prefix of those made here, but is none of them: cut off, or a character of it
// changed. It says nothing of keys of other forms, and is for those who hold the key, not for answers to callers.
func Mistyped(key auth.Secret) bool {
	text := key.Reveal()
	if !strings.HasPrefix(text, keyPrefix) {
		return false
	}
	return len(text) != keySize || checksum(text[:keySize-checksumDigits]) != text[keySize-checksumDigits:]
}
