//go:build unix

package example_test

import (
	"os"
	"testing"

	"github.com/kolo/xmlrpc"

	"odoobridge/odoo/sandbox/sandboxtest"
)

func TestMain(m *testing.M) { os.Exit(sandboxtest.Main(m)) }

// addContact is what is tested here: an integration that makes a contact in Odoo.
func addContact(url, db, name string) (id int64, err error) {
	object, err := xmlrpc.NewClient(url+"/xmlrpc/2/object", nil)
	if err != nil {
		return 0, err
	}
	defer object.Close()
	err = object.Call("execute_kw", []any{db, 2, "admin", "res.partner", "create", []any{map[string]any{"name": name}}}, &id)
	return id, err
}

func TestAddContact(t *testing.T) {
	odoo := sandboxtest.Start(t, 18)
	odoo.Snapshot()
	t.Run("makes one contact", func(t *testing.T) {
		defer odoo.Restore()
		if id, err := addContact(odoo.URL, odoo.Database, "Corner Bakery"); err != nil || id == 0 {
			t.Errorf("contact %d, %v", id, err)
		}
		if n := odoo.Executions("res.partner", "create"); n != 1 {
			t.Errorf("made %d contacts", n)
		}
	})
	t.Run("tells of a refusal", func(t *testing.T) {
		defer odoo.Restore()
		odoo.Fault("denied", "res.partner", "create", 1)
		if id, err := addContact(odoo.URL, odoo.Database, "Corner Bakery"); err == nil {
			t.Errorf("contact %d though access was denied", id)
		}
	})
}
