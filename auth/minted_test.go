package auth

import (
	"context"
	"testing"
	"time"
)

// counter is a Minter that makes a new key each time.
type counter struct {
	Minter
	made int64
}

func (c *counter) Mint(context.Context, string, int64) (MintedKey, error) {
	c.made++
	return MintedKey{ID: c.made, Key: "key", Hash: "hash", Now: time.Unix(0, 0)}, nil
}

// TestMintingComesLate has a caller ask for a key after another one, whom it didn't see, has made it.
func TestMintingComesLate(t *testing.T) {
	c := &counter{}
	d := New(Config{Minter: c}).newDatabase("db")
	for range 2 {
		if _, err := d.mint(context.Background(), 7, nil); err != nil {
			t.Fatal(err)
		}
	}
	if c.made != 1 {
		t.Errorf("%d keys were made", c.made)
	}
}
