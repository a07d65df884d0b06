package sandbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/lib/pq"
)

// env is Odoo's environment: a transaction, a user, a context.
type env struct {
	*registry
	ctx     context.Context
	tx      *sql.Tx
	uid     int64
	su      bool // no access checks: the superuser, and what Odoo does on its own
	context *dict
	user    *user
	stale   map[string]bool // caches that the transaction makes stale: see signal

	session    *openSession // the web session of the call, nil where there is none
	inheriting bool         // the record that is created is part of one that inherits from it
}

// user is what rules and access rights ask of a user.
type user struct {
	name              string
	lang, tz          string
	companyID         int64
	companies         []int64
	commercialPartner int64
	groups            map[int64]bool
}

// records is a recordset: ids as the caller gave them.
type records struct {
	model *model
	ids   []any
}

// superuser is a copy of the environment that checks no rights.
func (e *env) superuser() *env {
	c := *e
	c.su = true
	return &c
}

// with is a copy of the environment whose context has one more member.
func (e *env) with(key string, value any) *env {
	c := *e
	c.context = e.context.copy()
	c.context.set(key, value)
	return &c
}

// userColumns are what is needed of a user u and their partner p.
const userColumns = `p.name, coalesce(p.lang, ''), coalesce(p.tz, ''), u.company_id, coalesce(p.commercial_partner_id, p.id),
	ARRAY(SELECT cid FROM res_company_users_rel WHERE user_id = u.id ORDER BY cid),
	ARRAY(SELECT gid FROM res_groups_users_rel WHERE uid = u.id)`

// scanUser reads a row that ends with userColumns.
func (r *registry) scanUser(row *sql.Row, before ...any) (*user, error) {
	u := &user{}
	var direct []int64
	err := row.Scan(append(before, &u.name, &u.lang, &u.tz, &u.companyID, &u.commercialPartner, pq.Array(&u.companies), pq.Array(&direct))...)
	u.groups = r.closure(direct)
	return u, err
}

// readUser reads what is needed of the user that the environment acts as.
func (e *env) readUser() (err error) {
	row := e.tx.QueryRowContext(e.ctx, "SELECT "+userColumns+" FROM res_users u JOIN res_partner p ON p.id = u.partner_id WHERE u.id = $1", e.uid)
	if e.user, err = e.scanUser(row); err != nil {
		return fmt.Errorf("read user %d: %w", e.uid, err)
	}
	return nil
}

// companies are the ones that rules compare with: those of the context, else the user's.
func (e *env) companies() ([]int64, error) {
	allowed, _ := e.context.get("allowed_company_ids")
	list, _ := items(allowed)
	if len(list) == 0 {
		return e.user.companies, nil
	}
	var ids []int64
	for _, v := range list {
		id, ok := v.(int64)
		if !ok || !slices.Contains(e.user.companies, id) && !e.su {
			return nil, accessError("Access to unauthorized or invalid companies.")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// checkContext looks at what every call looks at: the language must be one that is active, from series 16 on.
func (e *env) checkContext() error {
	lang, _ := e.context.get("lang")
	if e.series < 16 || !truthy(lang) {
		return nil
	}
	var active bool
	err := e.tx.QueryRowContext(e.ctx, "SELECT EXISTS (SELECT FROM res_lang WHERE code = $1 AND active)", str(lang)).Scan(&active)
	if err != nil {
		return err
	}
	if !active {
		return userError("Invalid language code: " + str(lang))
	}
	return nil
}

// ids runs a query of one integer column.
func (e *env) ids(query string, args ...any) ([]int64, error) {
	rows, err := e.tx.QueryContext(e.ctx, query, args...)
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, e.databaseError(rows.Err())
}

func (e *env) exec(statement string, args ...any) error {
	_, err := e.tx.ExecContext(e.ctx, statement, args...)
	return e.databaseError(err)
}

func quote(identifier string) string { return pq.QuoteIdentifier(identifier) }
