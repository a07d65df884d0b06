package odoo

import (
	"slices"

	"odoobridge/rpc"
)

// ormMethod is what has to be known of a method of the ORM where arguments have names on one side and places on the other.
// Parameters are those of 19, the required ones first, as Python has them.
type ormMethod struct {
	perModel bool       // @api.model: called on the model, without ids
	until    rpc.Series // perModel up to this series only; 0 is all
	own      bool       // of the model's class, or overridden by it, which TypeErrors show; else of BaseModel
	required []string
	optional []string
	renamed  []renamed
}

// renamed is a parameter that had another name up to a series.
type renamed struct {
	name, before string
	until        rpc.Series
}

// ormMethods are the methods of all models, and those of a few models that callers use. JSON-2 in front of an older Odoo takes
// what is not here for a method of records where the call has ids, else for one of the model.
var ormMethods = map[string]ormMethod{
	"search": {perModel: true, required: []string{"domain"}, optional: []string{"offset", "limit", "order"},
		renamed: []renamed{{"domain", "args", 15}}},
	"search_count":    {perModel: true, required: []string{"domain"}, optional: []string{"limit"}, renamed: []renamed{{"domain", "args", 15}}},
	"search_read":     {perModel: true, optional: []string{"domain", "fields", "offset", "limit", "order"}},
	"web_search_read": {perModel: true, required: []string{"domain", "specification"}, optional: []string{"offset", "limit", "order", "count_limit"}},
	"web_name_search": {perModel: true, required: []string{"name", "specification"}, optional: []string{"domain", "operator", "limit"}},
	"read_group": {perModel: true, required: []string{"domain", "fields", "groupby"},
		optional: []string{"offset", "limit", "orderby", "lazy"}},
	"formatted_read_group": {perModel: true, required: []string{"domain"},
		optional: []string{"groupby", "aggregates", "having", "offset", "limit", "order"}},
	"web_read_group":            {perModel: true, required: []string{"domain", "groupby"}, optional: []string{"aggregates", "limit", "offset", "order"}},
	"read_progress_bar":         {perModel: true, required: []string{"domain", "group_by", "progress_bar"}},
	"read":                      {optional: []string{"fields", "load"}},
	"web_read":                  {required: []string{"specification"}},
	"create":                    {perModel: true, own: true, required: []string{"vals_list"}},
	"write":                     {own: true, required: []string{"vals"}},
	"web_save":                  {required: []string{"vals", "specification"}, optional: []string{"next_id"}},
	"unlink":                    {},
	"copy":                      {optional: []string{"default"}},
	"copy_data":                 {optional: []string{"default"}},
	"default_get":               {perModel: true, required: []string{"fields"}, renamed: []renamed{{"fields", "fields_list", 18}}},
	"fields_get":                {perModel: true, optional: []string{"allfields", "attributes"}},
	"name_search":               {perModel: true, optional: []string{"name", "domain", "operator", "limit"}, renamed: []renamed{{"domain", "args", 18}}},
	"name_create":               {perModel: true, required: []string{"name"}},
	"has_access":                {required: []string{"operation"}},
	"check_access_rights":       {perModel: true, required: []string{"operation"}, optional: []string{"raise_exception"}},
	"get_external_id":           {},
	"get_metadata":              {},
	"get_base_url":              {},
	"get_formview_id":           {optional: []string{"access_uid"}},
	"get_formview_action":       {optional: []string{"access_uid"}},
	"get_field_translations":    {required: []string{"field_name"}, optional: []string{"langs"}},
	"update_field_translations": {required: []string{"field_name", "translations"}, optional: []string{"source_lang"}},
	"export_data":               {required: []string{"fields_to_export"}},
	"load":                      {perModel: true, required: []string{"fields", "data"}},
	"get_view":                  {perModel: true, optional: []string{"view_id", "view_type"}},
	"get_views":                 {perModel: true, required: []string{"views"}, optional: []string{"options"}},
	"onchange":                  {required: []string{"values", "field_names", "fields_spec"}},
	"action_archive":            {},
	"action_unarchive":          {},
	"toggle_active":             {},
	"message_post":              {},
	"message_subscribe":         {optional: []string{"partner_ids", "subtype_ids"}},
	"message_unsubscribe":       {optional: []string{"partner_ids"}},

	"context_get":     {perModel: true, own: true},                                                           // res.users
	"change_password": {perModel: true, own: true, required: []string{"old_passwd", "new_passwd"}},           // res.users
	"has_group":       {perModel: true, own: true, until: 15, required: []string{"group_ext_id"}},            // res.users
	"get_param":       {perModel: true, own: true, required: []string{"key"}, optional: []string{"default"}}, // ir.config_parameter
	"set_param":       {perModel: true, own: true, required: []string{"key", "value"}},                       // ir.config_parameter
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
