package directory

import (
	"context"
	"errors"
	"time"

	"github.com/lib/pq"
)

// What follows is for `odoobridge doctor`: what there is to know of a database and of the role on it. Unlike Read, it needs no
// right but to connect, unless it says so.

// Session is what PostgreSQL says of a connection and its role.
type Session struct {
	Server    string // version: "15.14"
	Role      string
	Superuser bool
	Owner     string // of res_users; "" where the role sees no such table
	IsOwner   bool   // the role is that owner, or has its rights
	TLS       string // version, such as "TLSv1.3"; "" is none
	ReadOnly  bool   // a standby, or default_transaction_read_only
	Now       time.Time
}

// Session connects and asks. It is where all that is wrong with an address or a login shows; [FaultOf] tells what.
func (d *Directory) Session(ctx context.Context, db string) (s Session, err error) {
	err = d.ask(ctx, db, func(ctx context.Context, b *base) error {
		return b.db.QueryRowContext(ctx, `
			SELECT current_setting('server_version'), current_user, r.rolsuper, coalesce(pg_get_userbyid(t.relowner), ''),
				coalesce(pg_has_role(t.relowner, 'USAGE'), false),
				coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), ''),
				current_setting('transaction_read_only')::bool, clock_timestamp()
			FROM pg_roles r LEFT JOIN pg_class t ON t.oid = to_regclass('res_users')
			WHERE r.rolname = current_user`).
			Scan(&s.Server, &s.Role, &s.Superuser, &s.Owner, &s.IsOwner, &s.TLS, &s.ReadOnly, &s.Now)
	})
	return s, err
}

// Access is a right, and how it stands with it.
type Access struct {
	Right
	There   bool // the database has the table and the column
	Allowed bool // the role may
}

// Access tells of each of [Rights] whether the role has it.
func (d *Directory) Access(ctx context.Context, db string) (list []Access, err error) {
	rights := Rights()
	tables, columns, privileges := make([]string, len(rights)), make([]string, len(rights)), make([]string, len(rights))
	for i, r := range rights {
		tables[i], columns[i], privileges[i] = r.Table, r.Column, r.Privilege
	}
	err = d.ask(ctx, db, func(ctx context.Context, b *base) error {
		rows, err := b.db.QueryContext(ctx, `
			SELECT coalesce(w.col = '' AND c.oid IS NOT NULL OR a.attnum IS NOT NULL, false),
				coalesce(CASE WHEN w.privilege = 'USAGE' AND a.attnum IS NOT NULL THEN has_sequence_privilege(pg_get_serial_sequence(w.tab, w.col), 'USAGE')
					WHEN w.col = '' THEN has_table_privilege(c.oid, w.privilege)
					WHEN w.privilege <> 'USAGE' THEN has_column_privilege(c.oid, a.attnum, w.privilege) END, false)
			FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w(tab, col, privilege, place)
			LEFT JOIN pg_class c ON c.oid = to_regclass(w.tab)
			LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = w.col AND NOT a.attisdropped
			ORDER BY w.place`, pq.Array(tables), pq.Array(columns), pq.Array(privileges))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			access := Access{Right: rights[len(list)]}
			if err := rows.Scan(&access.There, &access.Allowed); err != nil {
				return err
			}
			list = append(list, access)
		}
		return rows.Err()
	})
	return list, err
}

// Module is a row of ir_module_module.
type Module struct {
	Name, State string
	Version     string // latest_version: "18.0.1.3"; "" for NULL
}

// Modules are the modules of those names that Odoo knows. The role must be allowed to read ir_module_module.
func (d *Directory) Modules(ctx context.Context, db string, names ...string) (modules []Module, err error) {
	err = d.ask(ctx, db, func(ctx context.Context, b *base) error {
		rows, err := b.db.QueryContext(ctx, `SELECT name, coalesce(state, ''), coalesce(latest_version, '') FROM ir_module_module
			WHERE name = ANY ($1::text[]) ORDER BY name`, pq.Array(names))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var m Module
			if err := rows.Scan(&m.Name, &m.State, &m.Version); err != nil {
				return err
			}
			modules = append(modules, m)
		}
		return rows.Err()
	})
	return modules, err
}

// AuthAPIKeyIDs are the ids of the rows of auth_api_key, which [Directory.Read] takes; none without the module. The role must
// be allowed to read them.
func (d *Directory) AuthAPIKeyIDs(ctx context.Context, db string) (ids []int64, err error) {
	err = d.ask(ctx, db, func(ctx context.Context, b *base) error {
		err := b.db.QueryRowContext(ctx, `SELECT array_agg(id ORDER BY id) FROM auth_api_key`).Scan(pq.Array(&ids))
		if pq.As(err, undefinedTable) != nil {
			return nil
		}
		return err
	})
	return ids, err
}

// Made are the native keys that bridges made in a database.
type Made struct {
	Living    int      // of processes that run, on whatever machine
	Left      int      // of processes that are dead; running bridges collect them
	LeftNames []string // what the names of those begin with
}

// Made counts them. The role must be allowed to read res_users_apikeys.
func (d *Directory) Made(ctx context.Context, db string) (made Made, err error) {
	err = d.ask(ctx, db, func(ctx context.Context, b *base) error {
		rows, err := b.db.QueryContext(ctx, `
			SELECT split_part(name, ' ', 2), count(*) FROM res_users_apikeys WHERE name ~ '`+mintedPattern+`' GROUP BY 1`)
		if pq.As(err, undefinedTable) != nil {
			return nil
		}
		if err != nil {
			return err
		}
		counts := map[string]int{}
		var keys []int64
		var instances []string
		for rows.Next() {
			var instance string
			var n int
			if err := rows.Scan(&instance, &n); err != nil {
				return errors.Join(err, rows.Close())
			}
			counts[instance] = n
			instances, keys = append(instances, instance), append(keys, lockKey(instance))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		held, err := b.heldLocks(ctx, keys)
		for i, instance := range instances {
			if held[keys[i]] {
				made.Living += counts[instance]
			} else {
				made.Left += counts[instance]
				made.LeftNames = append(made.LeftNames, mintedName(instance))
			}
		}
		return err
	})
	return made, err
}

// heldLocks tells which of the advisory locks somebody holds, without trying to take one.
func (b *base) heldLocks(ctx context.Context, keys []int64) (map[int64]bool, error) {
	rows, err := b.db.QueryContext(ctx, `
		SELECT k FROM unnest($1::bigint[]) AS k
		WHERE EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND (l.classid::bigint << 32 | l.objid::bigint) = k)`, pq.Array(keys))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	held := map[int64]bool{}
	for rows.Next() {
		var key int64
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		held[key] = true
	}
	return held, rows.Err()
}

// OtherRoles is how many sessions other roles have on the database: Odoo's among them, where it is at work on this very one.
func (d *Directory) OtherRoles(ctx context.Context, db string) (sessions int, err error) {
	err = d.ask(ctx, db, func(ctx context.Context, b *base) error {
		return b.db.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND usename <> current_user`).Scan(&sessions)
	})
	return sessions, err
}

// Pooled tells whether a pooler is in front of PostgreSQL that gives a connection's transactions to whichever session is
// free, such as PgBouncer with pool_mode = transaction.
func (d *Directory) Pooled(ctx context.Context, db string) (pooled bool, err error) {
	err = d.ask(ctx, db, func(ctx context.Context, b *base) error {
		pooled, err = b.pooled(ctx)
		return err
	})
	return pooled, err
}

// pooledLooks is how often it is tried to catch a pooler, which may by chance give a connection the session that it had.
const pooledLooks = 3

// pooled holds a session by a transaction of one connection, and looks whether another connection had it before or has to do
// with another one now. PostgreSQL itself gives each connection a session of its own.
func (b *base) pooled(ctx context.Context) (bool, error) {
	one, err := b.db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = one.Close() }()
	other, err := b.db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = other.Close() }()
	for range pooledLooks {
		var before, held, after int
		if err := one.QueryRowContext(ctx, backend).Scan(&before); err != nil {
			return false, err
		}
		tx, err := other.BeginTx(ctx, nil)
		if err != nil {
			return false, err
		}
		err = tx.QueryRowContext(ctx, backend).Scan(&held)
		if err == nil {
			err = one.QueryRowContext(ctx, backend).Scan(&after)
		}
		if err := errors.Join(err, tx.Rollback()); err != nil {
			return false, err
		}
		if before == held || before != after {
			return true, nil
		}
	}
	return false, nil
}

const backend = `SELECT pg_backend_pid()`

// ask runs f on a database within the timeout, whatever the database looks like.
func (d *Directory) ask(ctx context.Context, name string, f func(context.Context, *base) error) error {
	b, err := d.base(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return b.explain(f(ctx, b))
}
