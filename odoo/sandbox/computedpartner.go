package sandbox

import (
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// defaultAddress is how the addresses of most countries are written.
const defaultAddress = "%(street)s\n%(street2)s\n%(city)s %(state_code)s %(zip)s\n%(country_name)s"

// contactAddress is a partner's address as its country writes it, with the name of its company before it.
func contactAddress(e *env, id int64) (any, error) {
	var company, street, street2, city, zip, country, format string
	err := e.tx.QueryRowContext(e.ctx, `SELECT coalesce(p.commercial_company_name, ''), coalesce(p.street, ''), coalesce(p.street2, ''),
			coalesce(p.city, ''), coalesce(p.zip, ''), coalesce(`+translated(e, "c.name")+`, ''), coalesce(c.address_format, $2)
		FROM res_partner p LEFT JOIN res_country c ON c.id = p.country_id WHERE p.id = $1`, id, defaultAddress).
		Scan(&company, &street, &street2, &city, &zip, &country, &format)
	if err != nil {
		return nil, e.databaseError(err)
	}
	lines := strings.Split(strings.NewReplacer("%(street)s", street, "%(street2)s", street2, "%(city)s", city, "%(zip)s", zip,
		"%(country_name)s", country, "%(state_code)s", "", "%(state_name)s", "", "%(country_code)s", "").Replace(format), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	address := strings.Join(lines, "\n")
	if company != "" {
		address = company + "\n" + address
	}
	return address, nil
}

// translated is the English text of a column, which is JSON from series 16 on.
func translated(e *env, column string) string {
	if e.series >= 16 {
		return column + "->>'en_US'"
	}
	return column
}

// formattedEmail is "Name" <address>.
func formattedEmail(e *env, id int64) (any, error) {
	var name, email string
	err := e.tx.QueryRowContext(e.ctx, "SELECT coalesce(name, 'False'), coalesce(email, '') FROM res_partner WHERE id = $1", id).Scan(&name, &email)
	switch {
	case err != nil:
		return nil, e.databaseError(err)
	case email == "" && e.series < 16:
		return "", nil
	case email == "":
		return false, nil
	}
	if parsed, err := mail.ParseAddress(email); err == nil {
		email = parsed.Address
	}
	return fmt.Sprintf("%s <%s>", `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)+`"`, email), nil
}

func partnerZoneOffset(e *env, id int64) (any, error) {
	return zoneOffset(e, "SELECT coalesce(tz, '') FROM res_partner WHERE id = $1", id)
}

func userZoneOffset(e *env, id int64) (any, error) {
	return zoneOffset(e, "SELECT coalesce(p.tz, '') FROM res_partner p JOIN res_users u ON u.partner_id = p.id WHERE u.id = $1", id)
}

// zoneOffset is how far the time zone that a query finds is from UTC now: "+0100".
func zoneOffset(e *env, query string, id int64) (any, error) {
	var zone string
	err := e.tx.QueryRowContext(e.ctx, query, id).Scan(&zone)
	if err != nil {
		return nil, e.databaseError(err)
	}
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		location = time.UTC
	}
	return time.Now().In(location).Format("-0700"), nil
}

func activeLanguages(e *env, _ int64) (any, error) {
	var n int64
	err := e.tx.QueryRowContext(e.ctx, "SELECT count(*) FROM res_lang WHERE active").Scan(&n)
	return n, e.databaseError(err)
}
