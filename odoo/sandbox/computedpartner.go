package sandbox

import (
	"database/sql"
	"net/mail"
	"strings"
	"time"

	"github.com/lib/pq"
)

// defaultAddress is how the addresses of most countries are written.
const defaultAddress = "%(street)s\n%(street2)s\n%(city)s %(state_code)s %(zip)s\n%(country_name)s"

// rowsByID runs a query about records, whose first column is their id; read scans the row.
func rowsByID(e *env, query string, read func(rows *sql.Rows) (int64, any, error), args ...any) (map[int64]any, error) {
	rows, err := e.tx.QueryContext(e.ctx, query, args...)
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer rows.Close()
	byID := make(map[int64]any)
	for rows.Next() {
		id, v, err := read(rows)
		if err != nil {
			return nil, err
		}
		byID[id] = v
	}
	return byID, e.databaseError(rows.Err())
}

// contactAddress is a partner's address as its country writes it, with the name of its company before it.
func contactAddress(e *env, ids []int64) (map[int64]any, error) {
	query := `SELECT p.id, coalesce(p.commercial_company_name, ''), coalesce(p.street, ''), coalesce(p.street2, ''),
			coalesce(p.city, ''), coalesce(p.zip, ''), coalesce(` + translated(e, "c.name") + `, ''), coalesce(c.address_format, $2)
		FROM res_partner p LEFT JOIN res_country c ON c.id = p.country_id WHERE p.id = ANY ($1)`
	return rowsByID(e, query, func(rows *sql.Rows) (id int64, _ any, err error) {
		var company, street, street2, city, zip, country, format string
		err = rows.Scan(&id, &company, &street, &street2, &city, &zip, &country, &format)
		lines := strings.Split(strings.NewReplacer("%(street)s", street, "%(street2)s", street2, "%(city)s", city, "%(zip)s", zip,
			"%(country_name)s", country, "%(state_code)s", "", "%(state_name)s", "", "%(country_code)s", "").Replace(format), "\n")
		if company != "" {
			lines = append([]string{company}, lines...)
		}
		for i, line := range lines {
			lines[i] = strings.Join(strings.Fields(line), " ")
		}
		return id, strings.Join(lines, "\n"), err
	}, pq.Array(ids), defaultAddress)
}

// translated is the English text of a column, which is JSON from series 16 on.
func translated(e *env, column string) string {
	if e.series >= 16 {
		return column + "->>'en_US'"
	}
	return column
}

// formattedEmail is "Name" <address>.
func formattedEmail(e *env, ids []int64) (map[int64]any, error) {
	const query = "SELECT id, coalesce(name, 'False'), coalesce(email, '') FROM res_partner WHERE id = ANY ($1)"
	return rowsByID(e, query, func(rows *sql.Rows) (id int64, _ any, err error) {
		var name, email string
		err = rows.Scan(&id, &name, &email)
		switch {
		case email == "" && e.series < 16:
			return id, "", err
		case email == "":
			return id, false, err
		}
		if parsed, bad := mail.ParseAddress(email); bad == nil {
			email = parsed.Address
		}
		return id, `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" <` + email + ">", err
	}, pq.Array(ids))
}

func partnerZoneOffset(e *env, ids []int64) (map[int64]any, error) {
	return zoneOffset(e, "SELECT id, coalesce(tz, '') FROM res_partner WHERE id = ANY ($1)", ids)
}

func userZoneOffset(e *env, ids []int64) (map[int64]any, error) {
	return zoneOffset(e, "SELECT u.id, coalesce(p.tz, '') FROM res_partner p JOIN res_users u ON u.partner_id = p.id WHERE u.id = ANY ($1)", ids)
}

// zoneOffset is how far the time zones that a query finds are from UTC now: "+0100".
func zoneOffset(e *env, query string, ids []int64) (map[int64]any, error) {
	now := time.Now()
	return rowsByID(e, query, func(rows *sql.Rows) (id int64, _ any, err error) {
		var zone string
		err = rows.Scan(&id, &zone)
		location, unknown := time.LoadLocation(zone)
		if unknown != nil || zone == "" {
			location = time.UTC
		}
		return id, now.In(location).Format("-0700"), err
	}, pq.Array(ids))
}

func activeLanguages(e *env, ids []int64) (map[int64]any, error) {
	n, err := e.ids("SELECT count(*) FROM res_lang WHERE active")
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]any, len(ids))
	for _, id := range ids {
		byID[id] = n[0]
	}
	return byID, nil
}
