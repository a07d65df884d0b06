package directory_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/directory"
)

// minted is the names of the native keys that were made.
func (b *base) minted(t *testing.T) (names []string) {
	t.Helper()
	rows, err := b.super.Query("SELECT name FROM res_users_apikeys WHERE name LIKE 'odoobridge %' ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

func mint(t *testing.T, d *directory.Directory, b *base, uid int64) auth.MintedKey {
	t.Helper()
	key, err := d.Mint(context.Background(), b.name, uid)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func collect(t *testing.T, d *directory.Directory, b *base, want int) {
	t.Helper()
	if n, err := d.Collect(context.Background(), b.name); n != want || err != nil {
		t.Fatalf("collected %d keys, want %d; %v", n, want, err)
	}
}

func TestMintedRow(t *testing.T) {
	b := newBase(t, 18)
	key := mint(t, b.open(t), b, 9001)
	var index, scope, created, expires string
	err := b.super.QueryRow(`SELECT "index", scope, (now() AT TIME ZONE 'utc' - create_date < '1 minute')::text,
		(expiration_date - create_date)::text FROM res_users_apikeys WHERE id = $1 AND user_id = 9001`, key.ID).
		Scan(&index, &scope, &created, &expires)
	if err != nil || index != key.Key.Reveal()[:8] || scope != "rpc" || created != "true" || expires != "1 day" {
		t.Errorf("got %q, %q, created just now %s, expires after %s; %v", index, scope, created, expires, err)
	}
	if names := b.minted(t); len(names) != 1 || !regexp.MustCompile(`^odoobridge [0-9a-f]{16} 9001$`).MatchString(names[0]) {
		t.Errorf("got the names %q", names)
	}
}

// TestSideBySide has two processes not take each other's keys, until one dies.
func TestSideBySide(t *testing.T) {
	b := newBase(t, 18)
	b.exec(t, `INSERT INTO res_users_apikeys (name, user_id, scope, "index", key)
		VALUES ('odoobridge', 2, 'rpc', '00000000', 'x'), ('odoobridge notes', 2, 'rpc', '00000000', 'x'),
			('odoobridge 0123456789abcdef 77', 2, 'rpc', '00000000', 'x')`) // a person's, with names like ours
	one, err := directory.Open(directory.Options{DSN: auth.Secret(b.dsn)})
	if err != nil {
		t.Fatal(err)
	}
	other := b.open(t, func(o *directory.Options) { o.Grace = time.Nanosecond })
	mint(t, one, b, 9001)
	mint(t, one, b, 9004)
	mint(t, other, b, 9001)
	collect(t, one, b, 0)
	collect(t, other, b, 0)
	if err := one.Close(); err != nil { // without removing its keys, as if it had been killed
		t.Fatal(err)
	}
	collected := 0
	for collected < 2 { // PostgreSQL lets go of the lock a moment after the connection is closed
		n, err := other.Collect(context.Background(), b.name)
		if err != nil {
			t.Fatal(err)
		}
		collected += n
	}
	if names := b.minted(t); collected != 2 || len(names) != 3 {
		t.Errorf("collected %d, left %q", collected, names)
	}
}

// TestLostLock cuts the session that holds the lock: the process takes it again, and no key is lost, though another looks in
// between.
func TestLostLock(t *testing.T) {
	b := newBase(t, 18)
	one, other := b.open(t), b.open(t)
	mint(t, one, b, 9001)
	b.cutLocks(t)
	collect(t, other, b, 0)
	collect(t, other, b, 0)
	collect(t, one, b, 0)
	mint(t, one, b, 9004)
	collect(t, other, b, 0)
	if names := b.minted(t); len(names) != 2 {
		t.Errorf("left %q", names)
	}

	// Seen alive once more, it has to be dead for as long as anyone.
	hasty := b.open(t, func(o *directory.Options) { o.Grace = time.Nanosecond })
	b.cutLocks(t)
	collect(t, hasty, b, 0) // suspected
	mint(t, one, b, 9005)
	collect(t, hasty, b, 0)
	b.cutLocks(t)
	collect(t, hasty, b, 0)
	if names := b.minted(t); len(names) != 3 {
		t.Errorf("left %q", names)
	}
}

// TestLockIsKept has a process that nobody calls take its lock again when it was lost.
func TestLockIsKept(t *testing.T) {
	b := newBase(t, 18)
	mint(t, b.open(t, func(o *directory.Options) { o.Grace = 200 * time.Millisecond }), b, 9001)
	holder := func() (pid int) {
		err := b.super.QueryRow(`SELECT coalesce(max(pid), 0) FROM pg_locks WHERE locktype = 'advisory'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&pid)
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	first := holder()
	b.exec(t, `SELECT pg_terminate_backend($1)`, first)
	eventually(t, "the lock taken again", func() bool { pid := holder(); return pid != 0 && pid != first })
}

// TestAliveTransaction: what a bridge keeps open for as long as it runs holds nothing up.
func TestAliveTransaction(t *testing.T) {
	b := newBase(t, 18)
	b.exec(t, `ALTER ROLE "odd""role" SET idle_in_transaction_session_timeout = '50ms'`)
	defer b.exec(t, `ALTER ROLE "odd""role" RESET idle_in_transaction_session_timeout`)
	mint(t, b.open(t), b, 9001)
	time.Sleep(200 * time.Millisecond) // were it cut, it would be by now; sooner or later is no matter
	var state string
	var idle, tables int
	err := b.super.QueryRow(`SELECT a.state, count(*) FILTER (WHERE a.backend_xmin IS NULL AND a.backend_xid IS NULL),
			(SELECT count(*) FROM pg_locks t WHERE t.pid = a.pid AND t.relation::regclass::text NOT LIKE 'pg\_%')
		FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' WHERE a.datname = current_database() GROUP BY a.state, a.pid`).
		Scan(&state, &idle, &tables)
	if err != nil || state != "idle in transaction" || idle != 1 || tables != 0 {
		t.Errorf("%q, without a snapshot %d, %d tables locked; %v", state, idle, tables, err)
	}
}

// cutLocks ends the one session that holds an advisory lock.
func (b *base) cutLocks(t *testing.T) {
	t.Helper()
	var cut int
	if err := b.super.QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_locks
		WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&cut); err != nil || cut != 1 {
		t.Fatalf("cut %d sessions, %v", cut, err)
	}
	for left := 1; left > 0; { // it ends a moment later
		if err := b.super.QueryRow(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMintRefused(t *testing.T) {
	b := newBase(t, 18)
	d := b.open(t)
	for name, uid := range map[string]int64{"archived": 9002, "unknown": 424242} {
		if _, err := d.Mint(context.Background(), b.name, uid); err == nil || !strings.Contains(err.Error(), "gone or archived") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.exec(t, `REVOKE INSERT ON res_users_apikeys FROM "odd""role"`)
	if _, err := d.Mint(context.Background(), b.name, 9001); !errors.Is(err, auth.ErrMayNotMint) || !strings.Contains(err.Error(), "odoobridge grants") {
		t.Errorf("without the right: %v", err)
	}
}

// TestRevokeSparesOthers removes nothing that was not made here, whatever it is asked.
func TestRevokeSparesOthers(t *testing.T) {
	b := newBase(t, 18)
	d := b.open(t)
	if err := d.Revoke(context.Background(), b.name, []int64{80002}); err != nil {
		t.Fatal(err)
	}
	if rows := read(t, d, b, auth.Query{NativeKeys: []int64{80002}}); len(rows.NativeKeys) != 1 {
		t.Error("a person's key was removed")
	}
}
