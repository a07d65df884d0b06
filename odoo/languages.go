package odoo

import (
	_ "embed"
	"encoding/json"
	"strings"
)

// languageFile is the codes and names of the languages that Odoo 19 knows, one a line, sorted by name, in JSON.
//
//go:embed languages.json
var languageFile string

// languages is the answer to db.list_lang (db.list_lang.json). Odoo has it from a file of its own and not from a database.
var languages = json.RawMessage(strings.NewReplacer("[\n", "[", ",\n", ", ", "\n", "").Replace(languageFile))
