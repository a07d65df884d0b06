package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

// digest stands for a secret and what it was shown for. It is keyed with a random value of the process, so that one
// that leaks can't be searched for.
type digest [sha256.Size]byte

// digester makes digests. Its key is random and never leaves it.
type digester [sha256.Size]byte

func newDigester() (d digester) {
	_, _ = rand.Read(d[:]) // never fails: crypto/rand ends the process instead
	return d
}

// of digests parts, each with its length before it, so that no two lists of parts are the same bytes.
func (d *digester) of(parts ...string) digest {
	var room [512]byte
	b := append(room[:0], d[:]...)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}
