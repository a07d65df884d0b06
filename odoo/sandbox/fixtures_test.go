//go:build unix

package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"odoobridge/odoo/sandbox/sandboxtest"
)

// TestDocumentedFile: the fixture file of docs/SANDBOX.md does what is said of it.
func TestDocumentedFile(t *testing.T) {
	text, err := os.ReadFile("../../docs/SANDBOX.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	if example == nil {
		t.Fatal("docs/SANDBOX.md has no example")
	}
	file := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, example[1], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			h := sandboxOn(t, sandboxtest.Database(t, series, file), series)
			const as = `9001, "rpcuser-pw", `
			unique := "odoo.exceptions.ValidationError: The operation cannot be completed: There is a box of that code."
			if series == 15 {
				unique = "odoo.exceptions.ValidationError: shop_box_code_uniq"
			}
			walk(t, h, series, []step{
				{"the record of the file", as + `"shop.box", "search_read", [[], ["name", "code", "state", "weight", "country_id"]]`,
					`[{"id": 1, "name": "First", "code": "BOX0001", "state": "open", "weight": 3.5, "country_id": [20, "Belgium"]}]`},
				{"seen from the partner", as + `"res.partner", "search_read", [[["box_ids.name", "=", "First"]], ["name", "box_ids"]]`, "*"},
				{"the computed value follows", as + `"shop.line", "write", [[1], {"weight": 2.255}]`, "true"},
				{"in the box", as + `"shop.box", "read", [[1], ["weight"]]`, `[{"id": 1, "weight": 4.26}]`},
				{"another one", as + `"shop.box", "create", [{"name": "Second", "partner_id": 91001}]`, "2"},
				{"a line moves to it", as + `"shop.line", "write", [[1], {"box_id": 2}]`, "true"},
				{"both follow", as + `"shop.box", "search_read", [[], ["code", "weight"]]`,
					`[{"id": 1, "code": "BOX0001", "weight": 2.0}, {"id": 2, "code": "BOX0002", "weight": 2.26}]`},
				{"a code that is taken", as + `"shop.box", "write", [[2], {"code": "BOX0001"}]`, unique},
				{"a rule withholds what has no owner", as + `"shop.box", "create", [{"name": "Third"}]`, "*"},
				{"by code", as + `"shop.box", "name_search", ["BOX0002"]`, `[[2, "Second"]]`},
				{"a method", as + `"shop.box", "action_shut", [[2]]`, "true"},
				{"in another state", as + `"shop.box", "action_shut", [[1, 2]]`, "odoo.exceptions.UserError: Only an open box can be shut."},
				{"nothing of that call stays", as + `"shop.box", "search_count", [[["state", "=", "shut"]]]`, "1"},
				{"deleting with it the lines", `2, "admin", "shop.box", "unlink", [[1]]`, "true"},
				{"lines", as + `"shop.line", "search", [[]]`, "[1]"},
				{"unlink that is guarded", `2, "admin", "shop.box", "unlink", [[2]]`, "odoo.exceptions.UserError: A shut box stays."},
				{"the owner stays with the box", `2, "admin", "res.partner", "search_count", [[["name", "=", "Box Owner"]]]`, "1"},
			})
		})
	}
}
