//go:build unix

package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"odoobridge/odoo/sandbox"
	"odoobridge/odoo/sandbox/sandboxtest"
)

// step is one call and its answer: the result, or the class of the error.
type step struct{ name, arguments, want string }

// walk makes the calls in order. "$1" in arguments stands for the first step's result, and so on.
func walk(t *testing.T, h *sandbox.Sandbox, series int, steps []step) {
	t.Helper()
	var results []string
	for _, s := range steps {
		for i := len(results) - 1; i >= 0; i-- {
			mark := fmt.Sprintf("$%d", i+1)
			s.arguments, s.want = strings.ReplaceAll(s.arguments, mark, results[i]), strings.ReplaceAll(s.want, mark, results[i])
		}
		got := ask(t, h, series, s.arguments)
		answer := string(got.Result)
		if got.Error != nil {
			answer = got.Error.Data.Name + ": " + got.Error.Data.Message
		}
		if s.want != "*" && answer != s.want {
			t.Errorf("%s: %s\n%s\nwant\n%s", s.name, s.arguments, answer, s.want)
		}
		results = append(results, answer)
	}
}

// TestSale orders two products: defaults of the lines, amounts, number, states, rights.
func TestSale(t *testing.T) {
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			h := sandboxOn(t, sandboxtest.Database(t, series, "sale"), series)
			refused := "odoo.exceptions.UserError: Some orders are not in a state requiring confirmation."
			if series == 15 {
				refused = "odoo.exceptions.UserError: It is not allowed to confirm an order in the following states: done, cancel"
			}
			forbidden := "odoo.exceptions.AccessError: You are not allowed to create 'Sales Order' (sale.order) records.\n\n" +
				"This operation is allowed for the following groups:\n\t- Sales/Administrator\n\t- Sales/User: Own Documents Only\n\n" +
				"Contact your administrator to request access if necessary."
			if series == 19 {
				forbidden = strings.NewReplacer("Sales/", "").Replace(forbidden)
			}
			const as = `9001, "rpcuser-pw", `
			walk(t, h, series, []step{
				{"product by code", as + `"product.product", "search", [[["default_code", "=", "DESK-1"]]]`, "*"},
				{"its names", as + `"product.product", "read", [$1, ["display_name", "name", "lst_price", "uom_id", "product_tmpl_id"]]`, "*"},
				{"template", as + `"product.template", "search_read", [[["default_code", "=", "LAMP-1"]], ["name", "list_price", "product_variant_id"]]`, "*"},
				{"order", as + `"sale.order", "create", [{"partner_id": 91001, "order_line": [[0, 0, {"product_id": 1, "product_uom_qty": 2}]]}]`, "*"},
				{"its amounts", as + `"sale.order", "read", [[$4], ["name", "state", "amount_untaxed", "amount_tax", "amount_total", "user_id", "partner_invoice_id"]]`,
					`[{"id": $4, "name": "S00001", "state": "draft", "amount_untaxed": 1500.0, "amount_tax": 225.0, "amount_total": 1725.0, ` +
						`"user_id": [9001, "Rpc User"], "partner_invoice_id": [91001, "Conf Alpha"]}]`},
				{"its line", as + `"sale.order.line", "search_read", [[["order_id", "=", $4]], ["name", "price_unit", "price_subtotal", "price_total", "state", "order_partner_id"]]`,
					`[{"id": 1, "name": "[DESK-1] Oak Desk", "price_unit": 750.0, "price_subtotal": 1500.0, "price_total": 1725.0, "state": "draft", "order_partner_id": [91001, "Conf Alpha"]}]`},
				{"discount", as + `"sale.order.line", "write", [[1], {"discount": 10}]`, "true"},
				{"another line", as + `"sale.order", "write", [[$4], {"order_line": [[0, 0, {"product_id": 2, "price_unit": 0.335, "product_uom_qty": 3}]]}]`, "true"},
				{"amounts follow", as + `"sale.order", "read", [[$4], ["amount_untaxed", "amount_tax", "amount_total"]]`,
					`[{"id": $4, "amount_untaxed": 1351.02, "amount_tax": 202.65, "amount_total": 1553.67}]`},
				{"remove the line", as + `"sale.order", "write", [[$4], {"order_line": [[2, 2, 0]]}]`, "true"},
				{"amounts follow again", as + `"sale.order", "read", [[$4], ["amount_untaxed", "amount_total"]]`,
					`[{"id": $4, "amount_untaxed": 1350.0, "amount_total": 1552.5}]`},
				{"unlink the line itself", as + `"sale.order.line", "unlink", [[1]]`, "true"},
				{"nothing is left", as + `"sale.order", "read", [[$4], ["amount_total", "order_line"]]`, `[{"id": $4, "amount_total": 0.0, "order_line": []}]`},
				{"confirm", as + `"sale.order", "action_confirm", [[$4]]`, "true"},
				{"confirmed", as + `"sale.order", "search_read", [[["state", "=", "sale"]], ["name"]]`, `[{"id": $4, "name": "S00001"}]`},
				{"unlink a confirmed one", `2, "admin", "sale.order", "unlink", [[$4]]`,
					"odoo.exceptions.UserError: You can not delete a sent quotation or a confirmed sales order. You must first cancel it."},
				{"cancel", as + `"sale.order", "action_cancel", [[$4]]`, "true"},
				{"confirm a cancelled one", as + `"sale.order", "action_confirm", [[$4]]`, refused},
				{"a second one, with a name of its own", as + `"sale.order", "create", [{"partner_id": 91001, "name": "SHOP/7"}]`, "*"},
				{"the number is not used up", as + `"sale.order", "read", [[$19], ["name"]]`, `[{"id": $19, "name": "SHOP/7"}]`},
				{"of a user without rights", `9004, "keyuser-pw", "sale.order", "create", [{"partner_id": 91001}]`, forbidden},
				{"portal users see their own", `9005, "rpcportal-pw", "sale.order", "search_count", [[]]`, "0"},
				{"products by name", as + `"product.product", "name_search", ["lamp"]`, `[[2, "[LAMP-1] Desk Lamp"]]`},
				{"unlink a cancelled one", `2, "admin", "sale.order", "unlink", [[$4]]`, "true"},
				{"new product", `2, "admin", "product.product", "create", [{"name": "Shelf", "default_code": "SHELF-1", "list_price": 80}]`, "*"},
				{"has one variant", as + `"product.template", "search_read", [[["default_code", "=", "SHELF-1"]], ["product_variant_ids"]]`, "*"},
				{"by its template's field", as + `"product.product", "search_count", [[["default_code", "=", "SHELF-1"], ["product_tmpl_id.list_price", "=", 80]]]`, "1"},
			})
		})
	}
}
