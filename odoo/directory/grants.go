package directory

import (
	_ "embed"
	"strings"

	"github.com/lib/pq"
)

//go:embed grants.sql
var grants string

// Grants is the SQL that gives a role, which must exist, the [Rights] that this package needs in an Odoo database, and no
// more: single columns to read, and keys to make and remove. It is to be run in each database by the owner of its tables,
// and is not hurt by tables or columns that the database lacks.
func Grants(role string) string {
	var rows []string
	for _, r := range Rights() {
		var values []string
		for _, v := range []string{r.Table, r.Column, r.Privilege, string(r.For)} {
			values = append(values, pq.QuoteLiteral(v))
		}
		rows = append(rows, "\t\t["+strings.Join(values, ", ")+"]")
	}
	return strings.NewReplacer(
		":rights", strings.Join(rows, ",\n"),
		":role", pq.QuoteLiteral(pq.QuoteIdentifier(role)),
	).Replace(grants)
}
