//go:build unix

package sandbox_test

import (
	"fmt"
	"testing"
)

// TestConstraints: what the classes of Odoo's models forbid, as measured on real 15.0, 18.0 and 19.0.
func TestConstraints(t *testing.T) {
	const prefix = "The operation cannot be completed: "
	tests := []struct{ name, call, in15, later string }{
		{"a contact without a name", `"res.partner", "create", [{"email": "x@y.test"}]`, "res_partner_check_name", prefix + "Contacts require a name"},
		{"a rate of nothing", `"res.currency.rate", "create", [{"name": "2021-01-03", "rate": 0, "currency_id": 1}]`,
			"res_currency_rate_currency_rate_check", prefix + "The currency rate must be strictly positive."},
	}
	for _, series := range []int{15, 18, 19} {
		h := newSandbox(t, series)
		for _, test := range tests {
			t.Run(fmt.Sprint(series, " ", test.name), func(t *testing.T) {
				want := test.later
				if series == 15 {
					want = test.in15
				}
				got := ask(t, h, series, `2, "admin", `+test.call)
				if got.Error == nil || got.Error.Data.Name != "odoo.exceptions.ValidationError" || got.Error.Data.Message != want {
					t.Errorf("%s %v, want ValidationError %q", got.Result, got.Error, want)
				}
			})
		}
	}
}
