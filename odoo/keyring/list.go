package keyring

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/lib/pq"

	"odoobridge/auth"
)

// List returns all keys of a database, sorted by name.
func (k *Keyring) List(ctx context.Context, db string) (keys []Key, err error) {
	err = k.use(ctx, db, func(ctx context.Context, db *sql.DB, l *layout) error {
		keys, err = list(ctx, db, l, "true")
		return err
	})
	return keys, err
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// list returns the keys k that a condition holds for.
func list(ctx context.Context, db querier, l *layout, condition string, args ...any) ([]Key, error) {
	groups, retires, used := "NULL::text[]", "NULL::timestamptz, NULL::bigint", "NULL::timestamptz"
	if l.hasGroups() {
		groups = `(SELECT array_agg(g.code ORDER BY g.code) FROM auth_api_key_group g
			JOIN auth_api_key_group_rel r ON r.group_id = g.id WHERE r.key_id = k.id)`
	}
	retired, active := "", "coalesce("+l.column("auth_api_key.active", "k.active", "true")+", false)"
	if l.hasSchema() {
		retires = "o.retires_at, o.of_id"
		retired = "LEFT JOIN odoobridge.key_retirement o ON o.key_id = k.id LEFT JOIN auth_api_key m ON m.id = o.of_id"
		active += " AND (o.key_id IS NULL OR coalesce(" + l.column("auth_api_key.active", "m.active", "m.id IS NOT NULL") + ", false))" // see [Key.RetiresFor]
		used = "(SELECT max(s.last_at) FROM odoobridge.key_use s WHERE s.kind = 'auth_api_key' AND s.key_id = k.id)"
	}
	rows, err := db.QueryContext(ctx, `
		SELECT k.id, k.name, `+l.column("auth_api_key.tech_name", "k.tech_name", "NULL::text")+`,
			`+active+`,
			u.id, u.login, p.name, coalesce(u.active, false),
			coalesce(`+l.column("res_company.archived_user_disable_auth_api_key",
		"(SELECT c.archived_user_disable_auth_api_key FROM res_company c WHERE c.id = u.company_id)", "false")+`, false),
			k.create_date AT TIME ZONE 'utc', k.write_date AT TIME ZONE 'utc',
			`+groups+`, `+retires+`, `+used+`
		FROM auth_api_key k JOIN res_users u ON u.id = k.user_id LEFT JOIN res_partner p ON p.id = u.partner_id `+retired+`
		WHERE `+condition+` ORDER BY k.name, k.id`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	keys := []Key{}
	for rows.Next() {
		key := Key{Archives: l.has("auth_api_key.active")}
		var tech, userName sql.NullString
		var userActive bool
		var created, changed, retires, used sql.NullTime
		var of sql.NullInt64
		err := rows.Scan(&key.ID, &key.Name, &tech, &key.Active, &key.UID, &key.Login, &userName, &userActive,
			&key.CompanyDisablesArchived, &created, &changed, pq.Array(&key.Groups), &retires, &of, &used)
		if err != nil {
			return nil, err
		}
		key.TechName, key.UserName, key.UserArchived, key.RetiresFor = tech.String, userName.String, !userActive, of.Int64
		if key.TechName == "" {
			key.TechName = auth.TechName(key.Name)
		}
		key.Created, key.Changed, key.Retires, key.LastUsed = utc(created), utc(changed), utc(retires), utc(used)
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

// utc is a time of the database, zero for NULL.
func utc(t sql.NullTime) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}

// Users returns the users whose login or name contains a text, whatever the case of its letters, sorted by login; archived
// ones too. "" is every user. No more than limit are returned; 0 is all.
func (k *Keyring) Users(ctx context.Context, db, text string, limit int) (users []User, err error) {
	err = k.use(ctx, db, func(ctx context.Context, db *sql.DB, l *layout) error {
		rows, err := db.QueryContext(ctx, `
			SELECT u.id, u.login, coalesce(p.name, ''), NOT coalesce(u.active, false), coalesce(`+l.column("res_users.share", "u.share", "false")+`, false),
				(SELECT count(*) FROM auth_api_key k WHERE k.user_id = u.id)
			FROM res_users u LEFT JOIN res_partner p ON p.id = u.partner_id
			WHERE $1 = '' OR strpos(lower(u.login), lower($1)) > 0 OR strpos(lower(p.name), lower($1)) > 0
			ORDER BY u.login LIMIT nullif($2::bigint, 0)`, strings.ToValidUTF8(text, ""), limit)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var u User
			if err := rows.Scan(&u.UID, &u.Login, &u.Name, &u.Archived, &u.Portal, &u.Keys); err != nil {
				return err
			}
			users = append(users, u)
		}
		return rows.Err()
	})
	return users, err
}

// Groups returns the groups of keys, sorted by code. The error is [ErrNotInstalled] without the module auth_api_key_group.
func (k *Keyring) Groups(ctx context.Context, db string) (groups []Group, err error) {
	err = k.use(ctx, db, func(ctx context.Context, db *sql.DB, l *layout) error {
		if !l.hasGroups() {
			return noGroups()
		}
		rows, err := db.QueryContext(ctx, `
			SELECT g.id, g.code, g.name, (SELECT array_agg(k.name ORDER BY k.name) FROM auth_api_key k
				JOIN auth_api_key_group_rel r ON r.key_id = k.id WHERE r.group_id = g.id)
			FROM auth_api_key_group g ORDER BY g.code, g.id`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var g Group
			if err := rows.Scan(&g.ID, &g.Code, &g.Name, pq.Array(&g.Keys)); err != nil {
				return err
			}
			groups = append(groups, g)
		}
		return rows.Err()
	})
	return groups, err
}

func noGroups() error {
	return wrong(ErrNotInstalled, "the database has no groups of keys: install OCA's module auth_api_key_group in Odoo first")
}

// Companies returns the companies and their setting, sorted by name. The error is [ErrUnsupported] where the module has no
// such setting.
func (k *Keyring) Companies(ctx context.Context, db string) (companies []Company, err error) {
	err = k.use(ctx, db, func(ctx context.Context, db *sql.DB, l *layout) error {
		if !l.has(settingColumn) {
			return noSetting()
		}
		rows, err := db.QueryContext(ctx, `SELECT id, name, coalesce(archived_user_disable_auth_api_key, false) FROM res_company ORDER BY name, id`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var c Company
			if err := rows.Scan(&c.ID, &c.Name, &c.DisablesArchived); err != nil {
				return err
			}
			companies = append(companies, c)
		}
		return rows.Err()
	})
	return companies, err
}

const settingColumn = "res_company.archived_user_disable_auth_api_key"

func noSetting() error {
	return wrong(ErrUnsupported, "the auth_api_key of this series has no company setting for archived users (%s)", settingColumn)
}
