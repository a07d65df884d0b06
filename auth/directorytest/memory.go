package directorytest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"odoobridge/auth"
)

// Memory is an [auth.Directory] and [auth.Minter] over rows in memory, for tests of what is done with rows: its tables
// are changed at will, its reads are counted, its clock is set, and it fails when told to. That it answers as a real
// one, [Run] proves.
type Memory struct {
	DB  string           // its one database
	Now func() time.Time // the database's clock

	mu        sync.Mutex
	rows      auth.Rows
	reads     int
	mintFault error
	fault     error
	gate      chan struct{} // closed: reads go through
	nextID    int64
}

// NewMemory makes a database with the given rows.
func NewMemory(db string, rows auth.Rows, now func() time.Time) *Memory {
	open := make(chan struct{})
	close(open)
	return &Memory{DB: db, Now: now, rows: rows, gate: open, nextID: 100_000}
}

// Change runs f on the tables.
func (m *Memory) Change(f func(*auth.Rows)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.rows)
}

// Fail has every use fail with err from now on, until it is called with nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = err
}

// Hold keeps every read waiting until release is called, after it has counted.
func (m *Memory) Hold() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gate := make(chan struct{})
	m.gate = gate
	return func() { close(gate) }
}

// FailMint makes Mint alone fail with err, nil ends that.
func (m *Memory) FailMint(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mintFault = err
}

// Reads is how many times it was read.
func (m *Memory) Reads() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads
}

// NativeKeys is a copy of that table.
func (m *Memory) NativeKeys() []auth.NativeKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.rows.NativeKeys)
}

func (m *Memory) check(db string) error {
	if db != m.DB {
		return fmt.Errorf("%w: %q", auth.ErrUnknownDatabase, db)
	}
	return m.fault
}

// Read implements [auth.Directory].
func (m *Memory) Read(ctx context.Context, db string, q auth.Query) (auth.Rows, error) {
	m.mu.Lock()
	m.reads++
	gate := m.gate
	m.mu.Unlock()
	select {
	case <-gate:
	case <-ctx.Done():
		return auth.Rows{}, ctx.Err()
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(db); err != nil {
		return auth.Rows{}, err
	}
	out := auth.Rows{Now: m.Now()}
	users := slices.Clone(q.Users)
	for _, k := range m.rows.AuthAPIKeys {
		if k.TechName == "" {
			k.TechName = auth.TechName(k.Name)
		}
		if slices.Contains(q.AuthAPIKeys, k.ID) || q.AuthAPIKey != "" && k.Key == q.AuthAPIKey || slices.Contains(q.TechNames, k.TechName) || slices.Contains(q.KeyNames, k.Name) {
			if !q.KeyGroups {
				k.Groups = nil
			}
			out.AuthAPIKeys = append(out.AuthAPIKeys, k)
			users = append(users, k.UserID)
		}
	}
	for _, k := range m.rows.NativeKeys {
		head := headOf(k)
		if slices.Contains(q.NativeKeys, k.ID) || q.NativeKeyHead != "" && head == q.NativeKeyHead {
			out.NativeKeys = append(out.NativeKeys, k)
			users = append(users, k.UserID)
		}
	}
	for _, u := range slices.Backward(m.rows.Users) { // no order is promised
		if slices.Contains(users, u.ID) || q.Login != nil && u.Login == *q.Login {
			u.Groups = wanted(u.Groups, q.Groups)
			out.Users = append(out.Users, u)
		}
	}
	if q.Settings {
		out.Settings = m.rows.Settings
	}
	return out, nil
}

// wanted are those of the groups that are asked for.
func wanted(groups, asked []string) (some []string) {
	for _, g := range groups {
		if slices.Contains(asked, g) {
			some = append(some, g)
		}
	}
	return some
}

// headOf is the `index` of a key. The rows have no column for it, since nobody asks for it: it is kept in the name.
func headOf(k auth.NativeKey) string {
	return k.Name[strings.LastIndex(k.Name, "#")+1:]
}

// Named is the name of a native key in a [Memory], which tells the first 8 characters of the key.
func Named(name, head string) string { return name + " #" + head }

// Mint implements [auth.Minter].
func (m *Memory) Mint(_ context.Context, db string, uid int64) (auth.MintedKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(db); err != nil {
		return auth.MintedKey{}, err
	}
	if m.mintFault != nil {
		return auth.MintedKey{}, m.mintFault
	}
	if !slices.ContainsFunc(m.rows.Users, func(u auth.User) bool { return u.ID == uid && u.Active }) {
		return auth.MintedKey{}, fmt.Errorf("uid %d is gone or archived", uid)
	}
	var random [20]byte
	_, _ = rand.Read(random[:])
	m.nextID++
	key := auth.Secret(hex.EncodeToString(random[:]))
	minted := auth.MintedKey{ID: m.nextID, Key: key, Hash: auth.HashKey(key, random[:16]), Now: m.Now(), Expires: m.Now().Add(24 * time.Hour)}
	m.rows.NativeKeys = append(m.rows.NativeKeys, auth.NativeKey{ID: minted.ID, UserID: uid, Scope: "rpc",
		Name: Named("odoobridge "+fmt.Sprint(uid), string(key[:8])), Hash: minted.Hash, Expires: minted.Expires})
	return minted, nil
}

// Revoke implements [auth.Minter].
func (m *Memory) Revoke(_ context.Context, db string, ids []int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(db); err != nil {
		return err
	}
	m.rows.NativeKeys = slices.DeleteFunc(m.rows.NativeKeys, func(k auth.NativeKey) bool { return slices.Contains(ids, k.ID) })
	return nil
}

// Collect implements [auth.Minter]; there are no other processes.
func (m *Memory) Collect(_ context.Context, db string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return 0, m.check(db)
}

// ErrAway is a fault for [Memory.Fail]: PostgreSQL is away.
var ErrAway = errors.New("connection refused")
