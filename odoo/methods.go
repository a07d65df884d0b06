package odoo

import (
	"slices"

	"odoobridge/rpc"
)

// ormMethod is what JSON-2 in front of an older Odoo has to know of a method of the ORM. Parameters are those of 19.
type ormMethod struct {
	perModel bool       // @api.model: called on the model, without ids
	until    rpc.Series // perModel up to this series only; 0 is all
	shapes   bool       // execute_kw looks at its first argument, which has to be positional, for the shape of the answer
	required []string
	renamed  []renamed
}

// renamed is a parameter that had another name up to a series.
type renamed struct {
	name, before string
	until        rpc.Series
}

// ormMethods are the methods of all models, and those of a few models that callers use. What is not here is taken for a
// method of records where the call has ids, else for one of the model.
var ormMethods = map[string]ormMethod{
	"search":              {perModel: true, required: []string{"domain"}, renamed: []renamed{{"domain", "args", 15}}},
	"search_count":        {perModel: true, required: []string{"domain"}, renamed: []renamed{{"domain", "args", 15}}},
	"search_read":         {perModel: true},
	"web_search_read":     {perModel: true, required: []string{"domain", "specification"}},
	"read_group":          {perModel: true, required: []string{"domain", "fields", "groupby"}},
	"read":                {},
	"web_read":            {required: []string{"specification"}},
	"create":              {perModel: true, shapes: true, required: []string{"vals_list"}},
	"write":               {required: []string{"vals"}},
	"unlink":              {},
	"copy":                {},
	"copy_data":           {},
	"default_get":         {perModel: true, required: []string{"fields"}, renamed: []renamed{{"fields", "fields_list", 18}}},
	"fields_get":          {perModel: true},
	"name_search":         {perModel: true, renamed: []renamed{{"domain", "args", 18}}},
	"name_create":         {perModel: true, required: []string{"name"}},
	"has_access":          {required: []string{"operation"}},
	"check_access_rights": {perModel: true, required: []string{"operation"}},
	"get_external_id":     {},
	"get_metadata":        {},
	"export_data":         {required: []string{"fields_to_export"}},
	"load":                {perModel: true, required: []string{"fields", "data"}},
	"get_view":            {perModel: true},
	"get_views":           {perModel: true, required: []string{"views"}},
	"onchange":            {required: []string{"values", "field_names", "fields_spec"}},
	"action_archive":      {},
	"action_unarchive":    {},
	"toggle_active":       {},
	"message_post":        {},

	"context_get":     {perModel: true},                                     // res.users
	"change_password": {perModel: true},                                     // res.users
	"has_group":       {perModel: true, until: 15},                          // res.users
	"get_param":       {perModel: true, required: []string{"key"}},          // ir.config_parameter
	"set_param":       {perModel: true, required: []string{"key", "value"}}, // ir.config_parameter
}

// private are the methods that 19 made private (@api.private), and that earlier series let callers use.
var private = []string{
	"browse", "check_access", "concat", "ensure_one", "exists", "fetch", "filtered", "filtered_domain", "flush_model",
	"flush_recordset", "grouped", "init", "invalidate_model", "invalidate_recordset", "lock_for_update", "mapped", "modified", "new",
	"search_fetch", "sorted", "sudo", "try_lock_for_update", "union", "update", "with_company", "with_context", "with_env", "with_prefetch", "with_user",
}

func isPrivate(method string) bool {
	return len(method) > 0 && method[0] == '_' || slices.Contains(private, method)
}
