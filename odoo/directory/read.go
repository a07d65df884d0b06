package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lib/pq"

	"odoobridge/auth"
)

// Read implements [auth.Directory] in one statement, and so in one round trip and one snapshot.
func (d *Directory) Read(ctx context.Context, db string, q auth.Query) (rows auth.Rows, err error) {
	err = d.use(ctx, db, func(ctx context.Context, b *base, l *layout) error {
		var now time.Time
		var retirementsThere bool
		var document []byte
		args := []any{pq.Array(q.Users), nullable(q.Login), pq.Array(q.AuthAPIKeys), text(q.AuthAPIKey.Reveal()),
			pq.Array(q.NativeKeys), text(q.NativeKeyHead), q.Settings, pq.Array(q.TechNames), pq.Array(q.KeyNames)}
		v := variantOf(q.Memberships)
		if v&withGroups != 0 {
			args = append(args, pq.Array(q.Groups))
		}
		row := b.db.QueryRowContext(ctx, l.read[v], args...)
		if err := row.Scan(&now, &retirementsThere, &document); err != nil {
			return err
		}
		if retirementsThere != l.has(retirements+".key_id") {
			// A key may be there that was replaced and must be refused in time, so this is not left to the next look.
			return errLayoutChanged
		}
		rows, err = decode(document, q.Settings, l)
		rows.Now = now
		return err
	})
	if err != nil {
		return auth.Rows{}, err
	}
	return rows, nil
}

// readStatement composes the statement of Read. The rows of each table come by a list of ids: conditions joined by OR
// would have PostgreSQL compare each row of the table with each id.
func (l *layout) readStatement(v variant) string {
	authKeys := `SELECT NULL::bigint AS id, NULL::bigint AS user_id
		WHERE $3::bigint[] IS NULL AND $4::text IS NULL AND $8::text[] IS NULL AND $9::text[] IS NULL AND false`
	if l.has("auth_api_key.id") {
		techName := `btrim(regexp_replace(translate(name, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), '[^a-z0-9]+', '_', 'g'), '_')` // auth.TechName
		if l.has("auth_api_key.tech_name") {
			techName = `coalesce(nullif(tech_name, ''), ` + techName + `)`
		}
		active := l.column("auth_api_key.active", "true")
		authKeys = fmt.Sprintf(`SELECT id, user_id, name, %s AS tech_name, key, coalesce(%s, false) AS active, NULL::numeric AS retires,
				%s AS groups
			FROM auth_api_key WHERE id IN (
				SELECT unnest($3::bigint[]) UNION SELECT id FROM auth_api_key WHERE key = $4::text
				UNION SELECT id FROM auth_api_key WHERE %[1]s = ANY ($8::text[])
				UNION SELECT id FROM auth_api_key WHERE name = ANY ($9::text[]))`, techName, active, l.keyGroups(v, "auth_api_key.id"))
		if l.has(retirements + ".key_id") {
			// A key that was replaced is the old value of another, and all else is the other's, whoever changes it.
			authKeys = fmt.Sprintf(`
				SELECT k.id, m.user_id, m.name, m.tech_name, k.key, k.active AND m.active AS active, extract(epoch FROM o.retires_at) AS retires,
					%[5]s AS groups
				FROM (%[1]s) k LEFT JOIN %[2]s o ON o.key_id = k.id
				JOIN (SELECT id, user_id, name, %[3]s AS tech_name, coalesce(%[4]s, false) AS active FROM auth_api_key) m
				ON m.id = coalesce(o.of_id, k.id)`, authKeys, retirements, techName, active, l.keyGroups(v, "m.id"))
		}
	}
	nativeKeys := `SELECT NULL::bigint AS id, NULL::bigint AS user_id WHERE $5::bigint[] IS NULL AND $6::text IS NULL AND false`
	if l.has("res_users_apikeys.id") {
		nativeKeys = fmt.Sprintf(`SELECT id, user_id, name, %s AS scope, key AS hash, extract(epoch FROM %s) AS expires
			FROM res_users_apikeys WHERE id IN (
				SELECT unnest($5::bigint[]) UNION SELECT id FROM res_users_apikeys WHERE "index" = $6::text)`,
			l.column("res_users_apikeys.scope", "NULL"), l.column("res_users_apikeys.expiration_date", "NULL::timestamp"))
	}
	setting := "false"
	if l.has("res_company.archived_user_disable_auth_api_key") {
		setting = "(SELECT c.archived_user_disable_auth_api_key FROM res_company c WHERE c.id = u.company_id)"
	}
	totp := "false"
	if l.has("res_users.totp_secret") {
		totp = "u.totp_secret <> ''"
	}
	members, groups := l.userGroups(v)
	return `WITH RECURSIVE ` + members + `a AS (` + authKeys + `), n AS (` + nativeKeys + `),
		u AS (
			SELECT u.id, u.login, coalesce(u.active, false) AS active, u.password,
				coalesce(` + totp + `, false) AS totp, coalesce(` + setting + `, false) AS archived_keys_disabled,
				` + groups + ` AS groups
			FROM res_users u WHERE u.id IN (
				SELECT unnest($1::bigint[]) UNION SELECT user_id FROM a UNION SELECT user_id FROM n
				UNION SELECT id FROM res_users WHERE login = $2::text))
		SELECT now(), EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = 'odoobridge' AND c.relname = 'key_retirement'), json_build_object(
			'users', (SELECT json_agg(u) FROM u),
			'auth', (SELECT json_agg(a ORDER BY a.id) FROM a),
			'native', (SELECT json_agg(n ORDER BY n.id) FROM n),
			'settings', (SELECT json_object_agg(p.key, p.value) FROM ir_config_parameter p WHERE $7::bool
				AND p.key IN ('` + cooldownAfter + `', '` + cooldownDuration + `')))`
}

const (
	cooldownAfter    = "base.login_cooldown_after"
	cooldownDuration = "base.login_cooldown_duration"
)

// document is what the statement of Read returns.
type document struct {
	Users []struct {
		ID                   int64       `json:"id"`
		Login                string      `json:"login"`
		Active               bool        `json:"active"`
		Password             clearSecret `json:"password"`
		TOTP                 bool        `json:"totp"`
		ArchivedKeysDisabled bool        `json:"archived_keys_disabled"`
		Groups               []string    `json:"groups"`
	} `json:"users"`
	Auth []struct {
		ID      int64       `json:"id"`
		UserID  int64       `json:"user_id"`
		Name    string      `json:"name"`
		Tech    string      `json:"tech_name"`
		Key     clearSecret `json:"key"`
		Active  bool        `json:"active"`
		Retires epoch       `json:"retires"`
		Groups  []string    `json:"groups"`
	} `json:"auth"`
	Native []struct {
		ID      int64       `json:"id"`
		UserID  int64       `json:"user_id"`
		Name    string      `json:"name"`
		Scope   string      `json:"scope"`
		Hash    clearSecret `json:"hash"`
		Expires epoch       `json:"expires"`
	} `json:"native"`
	Settings map[string]string `json:"settings"`
}

// clearSecret is a secret as the database stores it; the JSON of [auth.Secret] is one-way.
type clearSecret = string

func decode(raw []byte, settings bool, l *layout) (auth.Rows, error) {
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return auth.Rows{}, fmt.Errorf("the rows of users and keys have an unexpected form: %T", err) // err may quote them
	}
	var rows auth.Rows
	for _, u := range doc.Users {
		rows.Users = append(rows.Users, auth.User{ID: u.ID, Login: u.Login, Active: u.Active, Password: auth.Secret(u.Password),
			TOTP: u.TOTP, ArchivedKeysDisabled: u.ArchivedKeysDisabled, Groups: u.Groups})
	}
	for _, k := range doc.Auth {
		rows.AuthAPIKeys = append(rows.AuthAPIKeys, auth.AuthAPIKey{ID: k.ID, UserID: k.UserID, Name: k.Name,
			TechName: k.Tech, Key: auth.Secret(k.Key), Active: k.Active, Retires: k.Retires.Time, Groups: k.Groups})
	}
	for _, k := range doc.Native {
		rows.NativeKeys = append(rows.NativeKeys, auth.NativeKey{ID: k.ID, UserID: k.UserID, Name: k.Name, Scope: k.Scope,
			Hash: auth.Secret(k.Hash), Expires: k.Expires.Time})
	}
	if settings {
		rows.Settings = auth.Settings{
			CooldownAfter:    parameter(doc.Settings[cooldownAfter], auth.DefaultCooldownAfter),
			CooldownDuration: time.Duration(parameter(doc.Settings[cooldownDuration], int(auth.DefaultCooldownDuration/time.Second))) * time.Second,
			PasswordRounds:   l.passwordRounds,
		}
	}
	return rows, nil
}

// parameter is Python's int() of a system parameter, where it is one.
func parameter(value string, otherwise int) int {
	if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32); err == nil {
		return int(n)
	}
	return otherwise
}

// epoch is a timestamp in seconds since 1970, UTC. null and infinity are the zero time, never.
type epoch struct{ time.Time }

func (e *epoch) UnmarshalJSON(raw []byte) error {
	seconds, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	switch {
	case string(raw) == "null" || math.IsInf(seconds, 1):
		return nil
	case math.IsInf(seconds, -1):
		e.Time = time.Unix(0, 0)
		return nil
	case err != nil:
		return err
	}
	whole, fraction := math.Modf(seconds)
	e.Time = time.Unix(int64(whole), int64(fraction*1e9)).UTC()
	return nil
}

// text is a parameter that names a row; nil, which names none, for what no text of PostgreSQL can be equal to.
func text(s string) any {
	if s == "" || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return nil
	}
	return s
}

func nullable(s *string) any {
	if s == nil {
		return nil
	}
	return text(*s)
}
