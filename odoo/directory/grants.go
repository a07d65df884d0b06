package directory

import (
	_ "embed"
	"strings"

	"github.com/lib/pq"
)

//go:embed grants.sql
var grants string

// Grants is the SQL that gives a role, which must exist, what this package needs in an Odoo database, and no more:
// single columns to read, and keys to make and remove. It is to be run in each database by the owner of its tables, and
// is not hurt by tables or columns that the database lacks.
func Grants(role string) string {
	return strings.ReplaceAll(grants, ":role", pq.QuoteLiteral(pq.QuoteIdentifier(role)))
}
