package policy

// Reads tells whether a method of a model is known to read only. What is not known to is taken to write: of a method that is
// a module's own nothing can be told from its name.
//
// Known are methods of the ORM and of the web client that every model has, and a few of single models. A module may override
// them so that they write, as it may anything.
func Reads(model, method string) bool {
	if readers[method] {
		return true
	}
	return readersOf[model][method]
}

// readers are the methods of all models that only read, of series 12 to 19. What 19 made private is there for the earlier ones.
//
// Not among them are onchange, which runs code of the model's modules to propose values; export_data, which makes external ids
// for records that have none where those are asked for; and the ones that look up what they are given (mapped, filtered).
var readers = set(
	"search", "search_count", "search_read", "search_fetch", "read", "fetch", "exists", "browse",
	"read_group", "formatted_read_group", "formatted_read_grouping_sets", "read_progress_bar",
	"web_read", "web_search_read", "web_name_search", "web_read_group",
	"search_panel_select_range", "search_panel_select_multi_range",
	"name_search", "name_get", "get_external_id", "get_metadata", "get_base_url", "copy_data",
	"fields_get", "default_get", "get_field_translations", "get_empty_list_help",
	"get_view", "get_views", "fields_view_get", "load_views", "get_formview_id", "get_formview_action",
	"check_access_rights", "check_access_rule", "check_access", "has_access",
)

// readersOf are the methods of single models that only read.
var readersOf = map[string]map[string]bool{
	"res.users":           set("context_get", "has_group", "has_groups"),
	"ir.config_parameter": set("get_param"),
	"ir.model.access":     set("check"),
	"ir.model":            set("get_available_models", "display_name_for", "get_definitions"),
	"ir.model.data":       set("check_object_reference", "xmlid_to_res_id", "xmlid_to_res_model_res_id"),
}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}
