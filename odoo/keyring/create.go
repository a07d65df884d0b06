package keyring

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"odoobridge/auth"
)

// maxName bounds a name, in characters.
const maxName = 200

// Create makes a key for the user of that login, who may be archived. The key itself is returned here and nowhere again.
func (k *Keyring) Create(ctx context.Context, db string, by Actor, login, name string) (key Key, secret auth.Secret, err error) {
	if err := checkName(name); err != nil {
		return Key{}, "", err
	}
	secret = NewKey()
	err = k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		uid, err := c.user(ctx, login)
		if err != nil {
			return err
		}
		if err := c.free(ctx, name); err != nil {
			return err
		}
		id, err := c.insert(ctx, name, secret, uid, true)
		if err != nil {
			return err
		}
		c.did("create", name, id, "for %s", login)
		key, err = c.key(ctx, Numbered(id))
		return err
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

func checkName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return wrong(ErrInvalid, "a key needs a name")
	case strings.TrimSpace(name) != name:
		return wrong(ErrInvalid, "the name %q begins or ends with a blank", name)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return wrong(ErrInvalid, "the name %q has characters in it that can't be shown", name)
	case utf8.RuneCountInString(name) > maxName:
		return wrong(ErrInvalid, "the name %.20q... is longer than %d characters", name, maxName)
	}
	return nil
}

// user is the id of the user of a login.
func (c *change) user(ctx context.Context, login string) (uid int64, err error) {
	if !utf8.ValidString(login) || strings.ContainsRune(login, 0) {
		return 0, wrong(ErrUnknownUser, "there is no user with the login %q", login)
	}
	err = c.QueryRowContext(ctx, `SELECT id FROM res_users WHERE login = $1`, login).Scan(&uid)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, wrong(ErrUnknownUser, "there is no user with the login %q, neither active nor archived", login)
	}
	return uid, err
}

// free refuses a name that a key has.
func (c *change) free(ctx context.Context, name string) error {
	var id int64
	err := c.QueryRowContext(ctx, `SELECT id FROM auth_api_key WHERE name = $1 LIMIT 1`, name).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return wrong(ErrDuplicate, "there is a key named %q already, of id %d: names are unique; rotate it, or choose another name", name, id)
}

// insert makes a row as Odoo's ORM would.
func (c *change) insert(ctx context.Context, name string, key auth.Secret, uid int64, active bool) (id int64, err error) {
	columns, values := "", ""
	args := []any{name, key.Reveal(), uid, c.by.uid()}
	if c.has("auth_api_key.active") {
		args = append(args, active)
		columns, values = ", active", ", $5"
	}
	if c.has("auth_api_key.tech_name") { // of the module auth_api_key_server_env, which fills it the same way
		columns, values = columns+", tech_name", values+", "+"$"+strconv.Itoa(len(args)+1)
		args = append(args, auth.TechName(name))
	}
	err = c.QueryRowContext(ctx, `
		INSERT INTO auth_api_key (name, key, user_id, create_uid, write_uid, create_date, write_date`+columns+`)
		VALUES ($1, $2, $3, $4, $4, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'`+values+`) RETURNING id`, args...).Scan(&id)
	return id, err
}

// key finds the one key that ref names.
func (c *change) key(ctx context.Context, ref Ref) (Key, error) {
	condition, arg := "k.id = $1", any(ref.ID)
	if ref.ID == 0 {
		condition, arg = "k.name = $1", strings.ToValidUTF8(ref.Name, "\uFFFD")
	}
	keys, err := list(ctx, c, c.layout, condition, arg)
	switch {
	case err != nil:
		return Key{}, err
	case len(keys) == 0:
		return Key{}, wrong(ErrUnknownKey, "there is no key %v; `odoobridge keys list` shows those there are", ref)
	case len(keys) > 1:
		return Key{}, wrong(ErrAmbiguous, "%d keys are named %q, the first of them of the ids %d and %d: name one by --id, and give the other another name in Odoo",
			len(keys), ref.Name, keys[0].ID, keys[1].ID)
	}
	return keys[0], nil
}

// current is key, but refuses one that was replaced: it goes with the one that replaced it.
func (c *change) current(ctx context.Context, ref Ref) (Key, error) {
	key, err := c.key(ctx, ref)
	if err == nil && key.RetiresFor != 0 {
		return Key{}, wrong(ErrInvalid, "%q is a key that was replaced: name the one that replaced it, of id %d", key.Name, key.RetiresFor)
	}
	return key, err
}
