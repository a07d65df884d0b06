package odoo

import _ "embed"

// languageList is the codes and names of the languages that Odoo 19 knows, sorted by name, in JSON: its answer to
// db.list_lang (db.list_lang.json). Odoo has them from a file of its own and not from a database.
//
//go:embed languages.json
var languageList []byte
