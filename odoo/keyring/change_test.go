package keyring_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/directory"
	"odoobridge/odoo/keyring"
)

// signalled is where the object stands by which Odoo's workers are told.
func (b *base) signalled(t *testing.T, series int) (n int) {
	t.Helper()
	query := "SELECT last_value FROM base_cache_signaling_default"
	if series >= 19 {
		query = "SELECT count(*) FROM orm_signaling_default"
	}
	b.one(t, query, &n)
	return n
}

// perChange is how far one change moves it: a row comes with the commit; a sequence moves at once, and so once more after it.
func perChange(series int) int {
	if series >= 19 {
		return 1
	}
	return 2
}

// row is what matters of a row of auth_api_key.
func (b *base) row(t *testing.T, id int64) string {
	t.Helper()
	var text string
	b.one(t, fmt.Sprintf(`SELECT coalesce((SELECT concat_ws(' ', name, 'uid', user_id, CASE WHEN active THEN 'active' ELSE 'inactive' END, 'written by', write_uid)
		FROM auth_api_key WHERE id = %d), 'gone')`, id), &text)
	return text
}

// TestChanges does each thing once on the recorded state, and once more where that is nothing to do.
func TestChanges(t *testing.T) {
	ctx := context.Background()
	admin := keyring.Actor{UID: 2, Name: "admin", Source: "192.0.2.7"}
	ref := keyring.Named("conf rpcuser") // 501, of 9001; in the group conf of 18
	tests := []struct {
		name   string
		series []int
		do     func(b *base) (keyring.Key, error)
		row    string // of 501 after it
		action string // in the audit log
		detail string
		again  bool // doing it twice is no change
	}{
		{"archive", []int{18, 19}, func(b *base) (keyring.Key, error) { return b.Archive(ctx, b.name, admin, ref) },
			"conf rpcuser uid 9001 inactive written by 2", "archive", "of rpcuser", true},
		{"assign", []int{18, 19}, func(b *base) (keyring.Key, error) { return b.Assign(ctx, b.name, admin, ref, "archived") },
			"conf rpcuser uid 9002 active written by 2", "assign", "from rpcuser to archived", true},
		{"rotate", []int{18, 19}, func(b *base) (keyring.Key, error) {
			key, secret, err := b.Rotate(ctx, b.name, admin, ref, 0)
			if keyring.Mistyped(secret) || secret == "" {
				return key, errors.New("no new key")
			}
			return key, err
		}, "conf rpcuser uid 9001 active written by 2", "rotate", "of rpcuser, the old key stopped at once", false},
		{"revoke", []int{18, 19}, func(b *base) (keyring.Key, error) { return b.Revoke(ctx, b.name, admin, ref) },
			"gone", "revoke", "of rpcuser", false},
		{"revoke by id", []int{18, 19}, func(b *base) (keyring.Key, error) { return b.Revoke(ctx, b.name, admin, keyring.Numbered(501)) },
			"gone", "revoke", "of rpcuser", false},
		{"out of a group and into one", []int{18}, func(b *base) (keyring.Key, error) {
			return b.ChangeGroups(ctx, b.name, admin, ref, []string{"conf_empty"}, []string{"conf"})
		}, "conf rpcuser uid 9001 active written by 2", "groups", "from [conf] to [conf_empty]", true},
		{"into no group", []int{18}, func(b *base) (keyring.Key, error) { return b.SetGroups(ctx, b.name, admin, ref, nil) },
			"conf rpcuser uid 9001 active written by 2", "groups", "from [conf] to []", true},
	}
	for _, tt := range tests {
		for _, series := range tt.series {
			t.Run(fmt.Sprintf("%s in %d", tt.name, series), func(t *testing.T) {
				b := newBase(t, series)
				before := b.signalled(t, series)
				if key, err := tt.do(b); err != nil || key.ID != 501 {
					t.Fatalf("%+v, %v", key, err)
				}
				if got := b.row(t, 501); got != tt.row {
					t.Errorf("row: %s, want %s", got, tt.row)
				}
				if moved := b.signalled(t, series) - before; moved != perChange(series) {
					t.Errorf("Odoo was told %d times, want %d", moved, perChange(series))
				}
				if len(b.entries) != 1 || b.entries[0].Action != tt.action || b.entries[0].Detail != tt.detail || b.entries[0].By != admin ||
					b.entries[0].ID != 501 || b.entries[0].Object != "conf rpcuser" || b.entries[0].DB != b.name || b.entries[0].At.IsZero() {
					t.Errorf("audit %+v", b.entries)
				}
				if tt.again {
					if _, err := tt.do(b); err != nil || len(b.entries) != 1 || b.signalled(t, series)-before != perChange(series) {
						t.Errorf("again: %v, audit %+v", err, b.entries)
					}
				}
			})
		}
	}
}

func TestRestore(t *testing.T) {
	b := newBase(t, 18)
	key, err := b.Restore(context.Background(), b.name, by, keyring.Named("conf inactive key"))
	if err != nil || !key.Active || b.row(t, 503) != "conf inactive key uid 9001 active written by 1" {
		t.Errorf("%+v, %v, row %s", key, err, b.row(t, 503))
	}
}

// TestAssignToArchivedUser: as Odoo's own computation of active, where the company's setting is on; but none is restored.
func TestAssignToArchivedUser(t *testing.T) {
	b := newBase(t, 18)
	ctx := context.Background()
	if err := b.SetCompanySetting(ctx, b.name, by, 1, true); err != nil {
		t.Fatal(err)
	}
	if key, err := b.Assign(ctx, b.name, by, keyring.Named("conf rpcuser"), "archived"); err != nil || key.Active {
		t.Errorf("%+v, %v; want it archived", key, err)
	}
	if key, err := b.Assign(ctx, b.name, by, keyring.Named("conf rpcuser"), "admin"); err != nil || key.Active {
		t.Errorf("%+v, %v; want it still archived", key, err)
	}
}

func TestCompanySetting(t *testing.T) {
	for _, series := range []int{18, 19} {
		b := newBase(t, series)
		before := b.signalled(t, series)
		for _, on := range []bool{true, true} { // the second is no change
			if err := b.SetCompanySetting(context.Background(), b.name, by, 1, on); err != nil {
				t.Fatal(err)
			}
		}
		companies, err := b.Companies(context.Background(), b.name)
		if err != nil || len(companies) == 0 || companies[0].ID != 1 || !companies[0].DisablesArchived {
			t.Errorf("%d: %+v, %v", series, companies, err)
		}
		if moved := b.signalled(t, series) - before; moved != perChange(series) || len(b.entries) != 1 || b.entries[0].Action != "setting" {
			t.Errorf("%d: told %d times, audit %+v", series, moved, b.entries)
		}
		keys, err := b.List(context.Background(), b.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if refused := key.Refused(auth.ArchivedBySetting, time.Now()); (refused != "") != (key.ID == 502 || key.ID == 503) {
				t.Errorf("%d: %s: refused %q", series, key.Name, refused)
			}
		}
		if err := b.SetCompanySetting(context.Background(), b.name, by, 99, true); !errors.Is(err, keyring.ErrUnknownCompany) {
			t.Errorf("%d: unknown company: %v", series, err)
		}
	}
}

// TestRefused has each mistake told, and nothing changed by it.
func TestRefused(t *testing.T) {
	b := newBase(t, 18)
	ctx := context.Background()
	rpcuser := keyring.Named("conf rpcuser")
	tests := []struct {
		name string
		do   func() error
		want error
		says string
	}{
		{"unknown user", func() error { _, _, err := b.Create(ctx, b.name, by, "nobody", "x"); return err }, keyring.ErrUnknownUser, `"nobody"`},
		{"login in other letters", func() error { _, _, err := b.Create(ctx, b.name, by, "RPCUSER", "x"); return err }, keyring.ErrUnknownUser, `"RPCUSER"`},
		{"login that is no text", func() error { _, _, err := b.Create(ctx, b.name, by, "a\x00", "x"); return err }, keyring.ErrUnknownUser, ""},
		{"taken name", func() error { _, _, err := b.Create(ctx, b.name, by, "admin", "conf rpcuser"); return err }, keyring.ErrDuplicate, "501"},
		{"no name", func() error { _, _, err := b.Create(ctx, b.name, by, "admin", " "); return err }, keyring.ErrInvalid, "name"},
		{"name with a line break", func() error { _, _, err := b.Create(ctx, b.name, by, "admin", "a\nb"); return err }, keyring.ErrInvalid, ""},
		{"name too long", func() error { _, _, err := b.Create(ctx, b.name, by, "admin", strings.Repeat("n", 201)); return err }, keyring.ErrInvalid, "200"},
		{"unknown key", func() error { _, err := b.Archive(ctx, b.name, by, keyring.Named("nope")); return err }, keyring.ErrUnknownKey, `"nope"`},
		{"unknown id", func() error { _, err := b.Revoke(ctx, b.name, by, keyring.Numbered(77)); return err }, keyring.ErrUnknownKey, "77"},
		{"assigned to no one", func() error { _, err := b.Assign(ctx, b.name, by, rpcuser, "nobody"); return err }, keyring.ErrUnknownUser, "nobody"},
		{"unknown group", func() error { _, err := b.SetGroups(ctx, b.name, by, rpcuser, []string{"nope"}); return err }, keyring.ErrUnknownGroup, "conf_empty"},
		{"out of an unknown group", func() error { _, err := b.ChangeGroups(ctx, b.name, by, rpcuser, nil, []string{"nope"}); return err }, keyring.ErrUnknownGroup, ""},
		{"overlap without the schema", func() error { _, _, err := b.Rotate(ctx, b.name, by, rpcuser, time.Hour); return err }, keyring.ErrNoSchema, "odoobridge keys init"},
		{"negative overlap", func() error { _, _, err := b.Rotate(ctx, b.name, by, rpcuser, -1); return err }, keyring.ErrInvalid, ""},
		{"audit log without the schema", func() error { _, err := b.Audit(ctx, b.name, 1); return err }, keyring.ErrNoSchema, "odoobridge keys init"},
		{"report without the schema", func() error { _, err := b.Report(ctx, b.name, 1); return err }, keyring.ErrNoSchema, "odoobridge keys init"},
		{"schema for no role", func() error { return b.Init(ctx, b.name, by, "nope") }, keyring.ErrInvalid, "--role"},
		{"unknown database", func() error { _, err := b.List(ctx, "other"); return err }, auth.ErrUnknownDatabase, "other"},
	}
	var before, after string
	const all = `SELECT coalesce(string_agg(k::text, ';' ORDER BY id), '') || (SELECT last_value FROM base_cache_signaling_default) FROM auth_api_key k`
	b.one(t, all, &before)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.do(); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %v that says %q", err, tt.want, tt.says)
			}
		})
	}
	if b.one(t, all, &after); before != after || len(b.entries) != 0 {
		t.Errorf("something was changed, audit %+v", b.entries)
	}
}

// TestReferred: what refers to a key keeps it from being removed.
func TestReferred(t *testing.T) {
	b := newBase(t, 18)
	b.exec(t, `CREATE TABLE shop (key_id int REFERENCES auth_api_key); INSERT INTO shop VALUES (501)`)
	_, err := b.Revoke(context.Background(), b.name, by, keyring.Named("conf rpcuser"))
	if !errors.Is(err, keyring.ErrInUse) || !strings.Contains(err.Error(), "shop_key_id_fkey") || b.row(t, 501) == "gone" {
		t.Errorf("%v, row %s", err, b.row(t, 501))
	}
}

// TestAtOnce makes keys of one name from several places at once: 19 has no constraint that would keep a second away.
func TestAtOnce(t *testing.T) {
	b := newBase(t, 19)
	const makers = 8
	var made, taken int
	var mu sync.Mutex
	var working sync.WaitGroup
	for range makers {
		k, err := keyring.Open(keyring.Options{DSN: auth.Secret(b.dsn)})
		if err != nil {
			t.Fatal(err)
		}
		working.Go(func() {
			defer func() { _ = k.Close() }()
			_, _, err := k.Create(context.Background(), b.name, by, "rpcuser", "shop")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case errors.Is(err, keyring.ErrDuplicate):
				taken++
			default:
				t.Error(err)
			}
		})
	}
	working.Wait()
	if made != 1 || taken != makers-1 {
		t.Errorf("%d made, %d told that the name is taken", made, taken)
	}
	b.exec(t, `INSERT INTO auth_api_key (name, key, user_id) VALUES ('shop', 'x', 2)`) // by Odoo
	if _, err := b.Revoke(context.Background(), b.name, by, keyring.Named("shop")); !errors.Is(err, keyring.ErrAmbiguous) {
		t.Errorf("two of one name: %v", err)
	}
}

// TestBusy: Odoo writes keys and has not committed yet.
func TestBusy(t *testing.T) {
	b := newBase(t, 18)
	tx, err := b.super.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec(`INSERT INTO auth_api_key (name, key, user_id) VALUES ('shop', 'x', 2)`); err != nil {
		t.Fatal(err)
	}
	k, err := keyring.Open(keyring.Options{DSN: auth.Secret(b.dsn), Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	if _, _, err := k.Create(context.Background(), b.name, by, "rpcuser", "shop"); !errors.Is(err, keyring.ErrBusy) {
		t.Errorf("got %v, want that another transaction holds the keys", err)
	}
	if _, err := k.List(context.Background(), b.name); err != nil {
		t.Errorf("reading is kept waiting: %v", err)
	}
}

// TestBrokenOff cuts the session in the middle of each change: nothing of it is left.
func TestBrokenOff(t *testing.T) {
	ctx := context.Background()
	ref := keyring.Named("conf rpcuser")
	b := newBase(t, 18)
	if err := b.Init(ctx, b.name, by, "postgres"); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
		CREATE TRIGGER cut AFTER INSERT ON odoobridge.audit EXECUTE FUNCTION cut()`)
	var before, after string
	const all = `SELECT string_agg(k::text, ';' ORDER BY id) || coalesce((SELECT string_agg(r::text, ';') FROM auth_api_key_group_rel r), '') ||
		coalesce((SELECT string_agg(o::text, ';') FROM odoobridge.key_retirement o), '') || (SELECT string_agg(c::text, ';') FROM res_company c) FROM auth_api_key k`
	b.one(t, all, &before)
	told := len(b.entries)
	for name, do := range map[string]func() error{
		"create":  func() error { _, _, err := b.Create(ctx, b.name, by, "rpcuser", "shop"); return err },
		"rotate":  func() error { _, _, err := b.Rotate(ctx, b.name, by, ref, 0); return err },
		"overlap": func() error { _, _, err := b.Rotate(ctx, b.name, by, ref, time.Hour); return err },
		"revoke":  func() error { _, err := b.Revoke(ctx, b.name, by, ref); return err },
		"archive": func() error { _, err := b.Archive(ctx, b.name, by, ref); return err },
		"assign":  func() error { _, err := b.Assign(ctx, b.name, by, ref, "admin"); return err },
		"groups":  func() error { _, err := b.SetGroups(ctx, b.name, by, ref, nil); return err },
		"setting": func() error { return b.SetCompanySetting(ctx, b.name, by, 1, true) },
	} {
		if err := do(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if b.one(t, all, &after); before != after || len(b.entries) != told {
			t.Errorf("%s left something behind", name)
		}
	}
}

// TestWithoutModules: series 15 has no auth_api_key in the recordings; that of OCA before 17 has no column active, and there may
// be no groups and no setting.
func TestWithoutModules(t *testing.T) {
	ctx := context.Background()
	b := newBase(t, 15)
	_, err := b.List(ctx, b.name)
	if !errors.Is(err, keyring.ErrNotInstalled) || !strings.Contains(err.Error(), "install OCA's module auth_api_key") {
		t.Errorf("without the module: %v", err)
	}
	b.exec(t, `CREATE TABLE auth_api_key (id serial PRIMARY KEY, name varchar NOT NULL UNIQUE, key varchar NOT NULL, user_id int NOT NULL REFERENCES res_users,
		create_uid int, write_uid int, create_date timestamp, write_date timestamp)`)
	if _, _, err := b.Create(ctx, b.name, by, "rpcuser", "shop"); err != nil {
		t.Fatal(err)
	}
	var signalled int
	b.one(t, "SELECT last_value FROM base_cache_signaling", &signalled)
	if key, _, err := b.Rotate(ctx, b.name, by, keyring.Named("shop"), 0); err != nil || !key.Active || key.Archives {
		t.Errorf("%+v, %v", key, err)
	}
	var now int
	if b.one(t, "SELECT last_value FROM base_cache_signaling", &now); now != signalled+2 {
		t.Errorf("Odoo was told %d times", now-signalled)
	}
	if _, err := b.Archive(ctx, b.name, by, keyring.Named("shop")); !errors.Is(err, keyring.ErrUnsupported) || !strings.Contains(err.Error(), "revoke") {
		t.Errorf("archive: %v", err)
	}
	if _, err := b.Groups(ctx, b.name); !errors.Is(err, keyring.ErrNotInstalled) || !strings.Contains(err.Error(), "auth_api_key_group") {
		t.Errorf("groups: %v", err)
	}
	if err := b.SetCompanySetting(ctx, b.name, by, 1, true); !errors.Is(err, keyring.ErrUnsupported) {
		t.Errorf("setting: %v", err)
	}
	if _, err := b.Revoke(ctx, b.name, by, keyring.Named("shop")); err != nil {
		t.Error(err)
	}
}

// TestGrants does everything as a role with the rights of `grants` and `grants --keys`, and nothing with those of the former
// alone.
func TestGrants(t *testing.T) {
	ctx := context.Background()
	for _, series := range []int{18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			b := newBase(t, series)
			role := fmt.Sprintf(`key"role%d`, series)
			b.exec(t, fmt.Sprintf(`DO $$ BEGIN CREATE ROLE %[1]s LOGIN PASSWORD 'canary-role-password-71c0'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
				`"`+strings.ReplaceAll(role, `"`, `""`)+`"`))
			b.exec(t, directory.Grants(role))
			dsn := b.dsnOf(role, "canary-role-password-71c0")
			k := b.open(t, dsn)
			for name, do := range map[string]func() error{
				"list":   func() error { _, err := k.List(ctx, b.name); return err },
				"create": func() error { _, _, err := k.Create(ctx, b.name, by, "rpcuser", "shop"); return err },
			} {
				err := do()
				if !errors.Is(err, keyring.ErrNotGranted) || !strings.Contains(err.Error(), "odoobridge grants --keys") || strings.Contains(err.Error(), "canary") {
					t.Errorf("%s without the rights: %v", name, err)
				}
			}
			if err := k.Init(ctx, b.name, by, role); !errors.Is(err, keyring.ErrNotGranted) || !strings.Contains(err.Error(), "owner of the database") {
				t.Errorf("init: %v", err)
			}

			if err := b.Init(ctx, b.name, by, role); err != nil {
				t.Fatal(err)
			}
			b.exec(t, keyring.Grants(role))
			shop := keyring.Named("shop")
			steps := []struct {
				name string
				do   func() error
			}{
				{"create", func() error { _, _, err := k.Create(ctx, b.name, by, "rpcuser", "shop"); return err }},
				{"rotate", func() error { _, _, err := k.Rotate(ctx, b.name, by, shop, time.Hour); return err }},
				{"archive", func() error { _, err := k.Archive(ctx, b.name, by, shop); return err }},
				{"restore", func() error { _, err := k.Restore(ctx, b.name, by, shop); return err }},
				{"assign", func() error { _, err := k.Assign(ctx, b.name, by, shop, "admin"); return err }},
				{"groups", func() error {
					_, err := k.SetGroups(ctx, b.name, by, shop, []string{"conf"})
					if series == 19 && errors.Is(err, keyring.ErrNotInstalled) {
						return nil
					}
					return err
				}},
				{"setting", func() error { return k.SetCompanySetting(ctx, b.name, by, 1, true) }},
				{"list", func() error { _, err := k.List(ctx, b.name); return err }},
				{"users", func() error { _, err := k.Users(ctx, b.name, "", 0); return err }},
				{"companies", func() error { _, err := k.Companies(ctx, b.name); return err }},
				{"audit", func() error { _, err := k.Audit(ctx, b.name, 5); return err }},
				{"report", func() error { _, err := k.Report(ctx, b.name, 5); return err }},
				{"sweep", func() error {
					b.exec(t, `UPDATE odoobridge.key_retirement SET retires_at = now()`)
					n, err := k.Sweep(ctx, b.name, by)
					if n != 1 {
						t.Errorf("swept %d", n)
					}
					return err
				}},
				{"revoke", func() error { _, err := k.Revoke(ctx, b.name, by, shop); return err }},
			}
			for _, s := range steps {
				if err := s.do(); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			}
			var names []string
			keys, err := k.List(ctx, b.name)
			for _, key := range keys {
				names = append(names, key.Name)
			}
			if err != nil || len(keys) != 5 || slices.Contains(names, "shop") {
				t.Errorf("left %q, %v", names, err)
			}
		})
	}
}
