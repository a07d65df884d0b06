package keyring

import (
	_ "embed"
	"strings"

	"github.com/lib/pq"
)

//go:embed grants.sql
var grants string

// Grants is the SQL that gives a role, which must exist, what this package needs in an Odoo database beyond what the bridge
// itself needs (package directory): single columns to write, rows to remove. It is to be run in each database by the owner of
// its tables.
func Grants(role string) string {
	return strings.ReplaceAll(grants, ":role", pq.QuoteLiteral(pq.QuoteIdentifier(role)))
}
