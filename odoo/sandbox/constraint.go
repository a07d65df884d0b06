package sandbox

import (
	"fmt"

	"github.com/lib/pq"
)

// constraint is a CHECK or UNIQUE of a model's class: holds is SQL about a row r.
type constraint struct{ name, holds, message string }

// constraints are those of Odoo's models that the tables of the sandbox do not have.
var constraints = map[string][]constraint{
	"res.partner": {
		{"res_partner_check_name", "(r.type = 'contact' AND r.name IS NOT NULL) OR r.type != 'contact'", "Contacts require a name"},
	},
	"res.currency": {
		{"res_currency_rounding_gt_zero", "r.rounding > 0", "The rounding factor must be greater than 0!"},
		{"res_currency_unique_name", unique("res_currency", "name"), "The currency code must be unique!"},
	},
	"res.currency.rate": {
		{"res_currency_rate_currency_rate_check", "r.rate > 0", "The currency rate must be strictly positive."},
		{"res_currency_rate_unique_name_per_day", unique("res_currency_rate", "name", "currency_id", "company_id"), "Only one currency rate per day allowed!"},
	},
	"res.country": {
		{"res_country_name_uniq", unique("res_country", "name"), "The name of the country must be unique!"},
		{"res_country_code_uniq", unique("res_country", "code"), "The code of the country must be unique!"},
	},
	"res.lang": {
		{"res_lang_name_uniq", unique("res_lang", "name"), "The name of the language must be unique!"},
		{"res_lang_code_uniq", unique("res_lang", "code"), "The code of the language must be unique!"},
	},
}

// unique is the condition that no other row has the same values.
func unique(table string, columns ...string) string {
	sql := "NOT EXISTS (SELECT FROM " + table + " o WHERE o.id != r.id"
	for _, c := range columns {
		sql += " AND o." + c + " = r." + c
	}
	return sql + ")"
}

// checkConstraints refuses records that break a constraint.
func (e *env) checkConstraints(m *model, ids []int64) error {
	for _, c := range constraints[m.name] {
		broken, err := e.ids(fmt.Sprintf("SELECT r.id FROM %s r WHERE r.id = ANY ($1) AND NOT (%s)", quote(m.table), c.holds), pq.Array(ids))
		if err != nil {
			return err
		}
		if len(broken) > 0 {
			return e.broken(c)
		}
	}
	return nil
}

// broken words a violated constraint: series 15 tells its name in English (errors.unique).
func (e *env) broken(c constraint) error {
	if e.series < 16 {
		return validationError(c.name)
	}
	return validationError("The operation cannot be completed: " + c.message)
}
