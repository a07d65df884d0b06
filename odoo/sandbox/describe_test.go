//go:build unix

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"odoobridge/odoo/sandbox/sandboxtest"
)

// TestFieldsGet compares attributes with those of real Odoo (community, stock modules) and, of a fixture file's models,
// with what the file says.
func TestFieldsGet(t *testing.T) {
	every := []int{15, 18, 19}
	tests := []struct {
		series                        []int
		model, field, attribute, want string
	}{
		{every, "res.partner", "partner_latitude", "digits", `[10, 7]`},
		{every, "res.partner", "state_id", "domain", `"[('country_id', '=?', country_id)]"`},
		{every, "res.country", "code", "size", `2`},
		{every, "res.partner", "category_id", "relation", `"res.partner.category"`},
		{every, "res.partner", "image_1920", "attachment", `true`},
		{every, "res.partner", "comment", "sanitize_style", `false`},
		{every, "res.users", "name", "related", `"partner_id.name"`},
		{every, "res.country", "name", "translate", `true`},
		{every, "res.partner", "name", "translate", `false`},
		{every, "res.partner", "is_company", "change_default", `false`},
		{[]int{15}, "res.currency", "rounding", "group_operator", `"sum"`},
		{[]int{18, 19}, "res.currency", "rounding", "aggregator", `"sum"`},
		{[]int{18, 19}, "res.partner", "parent_id", "allow_hierachy_operators", `true`},
		{[]int{18, 19}, "res.partner", "display_name", "groupable", `false`},
		{every, "sale.order", "amount_total", "currency_field", `"currency_id"`},
		{every, "sale.order", "amount_total", "readonly", `true`},
		{every, "sale.order.line", "price_unit", "digits", `[16, 2]`},
		{every, "product.product", "list_price", "related", `"product_tmpl_id.list_price"`},
	}
	for _, series := range every {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			h := sandboxOn(t, sandboxtest.Database(t, series, "sale"), series)
			for _, test := range tests {
				for _, s := range test.series {
					if s != series {
						continue
					}
					got := ask(t, h, series, fmt.Sprintf(`2, "admin", %q, "fields_get", [[%q], [%q]]`, test.model, test.field, test.attribute))
					var fields map[string]map[string]json.RawMessage
					if err := json.Unmarshal(got.Result, &fields); err != nil {
						t.Fatalf("%v: %s %v", err, got.Result, got.Error)
					}
					if answer := string(fields[test.field][test.attribute]); answer != test.want {
						t.Errorf("%s of %s.%s is %s, want %s", test.attribute, test.model, test.field, answer, test.want)
					}
				}
			}
			walk(t, h, series, []step{
				{"defaults of a company", `2, "admin", "res.company", "default_get", [["sequence", "layout_background"]]`, `{"sequence": 10, "layout_background": "Blank"}`},
				{"defaults of an order", `2, "admin", "sale.order", "default_get", [["name", "state", "company_id", "user_id"]]`,
					`{"name": "New", "state": "draft", "company_id": 1, "user_id": 2}`},
			})
		})
	}
}
