package sandbox

import (
	"slices"
	"strings"
)

// method is a public method of models, as data and a function.
type method struct {
	signature signature
	class     bool // @api.model: called on the model, without ids
	first     bool // @api.model_create_multi: the answer has the shape of the first argument
	overrides bool // res.partner and res.users define it anew, which TypeErrors show
	model     string
	since     int // the first series that has it, 0 is all
	until     int // the last one, 0 is all
	run       func(e *env, r *records, args map[string]any) (any, error)
}

// methods are all that the sandbox can do with a model. Signatures are those of Odoo, by series where they differ.
var methods = []method{
	{signature: parseSignature("BaseModel.search(self, args, offset=0, limit=None, order=None, count=False)"), class: true, until: 15, run: runSearch},
	{signature: parseSignature("BaseModel.search(self, domain, offset=0, limit=None, order=None)"), class: true, since: 16, run: runSearch},
	{signature: parseSignature("BaseModel.search_count(self, args)"), class: true, until: 15, run: runSearchCount},
	{signature: parseSignature("BaseModel.search_count(self, domain, limit=None)"), class: true, since: 16, run: runSearchCount},
	{signature: parseSignature("BaseModel.search_read(self, domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs)"), class: true, run: runSearchRead},
	{signature: parseSignature("BaseModel.read_group(self, domain, fields, groupby, offset=0, limit=None, orderby=False, lazy=True)"), class: true, run: runReadGroup},
	{signature: parseSignature("Base.formatted_read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None)"), class: true, since: 19, run: runFormattedReadGroup},
	{signature: parseSignature("BaseModel.read(self, fields=None, load='_classic_read')"), run: runRead},
	{signature: parseSignature("create(self, vals_list)"), class: true, first: true, overrides: true, run: runCreate},
	{signature: parseSignature("BaseModel.write(self, vals)"), overrides: true, run: runWrite},
	{signature: parseSignature("BaseModel.unlink(self)"), run: runUnlink},
	{signature: parseSignature("BaseModel.exists(self)"), until: 18, run: runExists},
	{signature: parseSignature("BaseModel.browse(self, ids=None)"), until: 18, run: runBrowse},
	{signature: parseSignature("BaseModel.sudo(self, flag=True)"), until: 18, run: runSelf},
	{signature: parseSignature("BaseModel.with_user(self, user)"), until: 18, run: runSelf},
	{signature: parseSignature("BaseModel.ensure_one(self)"), until: 18, run: runEnsureOne},
	{signature: parseSignature("BaseModel.mapped(self, func)"), until: 18, run: runMapped},
	{signature: parseSignature("BaseModel.filtered_domain(self, domain)"), until: 18, run: runFilteredDomain},
	{signature: parseSignature("BaseModel.fields_get(self, allfields=None, attributes=None)"), class: true, run: runFieldsGet},
	{signature: parseSignature("BaseModel.default_get(self, fields_list)"), class: true, until: 18, run: runDefaultGet},
	{signature: parseSignature("BaseModel.default_get(self, fields)"), class: true, since: 19, run: runDefaultGet},
	{signature: parseSignature("BaseModel.name_search(self, name='', args=None, operator='ilike', limit=100)"), class: true, until: 18, run: runNameSearch},
	{signature: parseSignature("BaseModel.name_search(self, name='', domain=None, operator='ilike', limit=100)"), class: true, since: 19, run: runNameSearch},
	{signature: parseSignature("BaseModel.name_create(self, name)"), class: true, overrides: true, run: runNameCreate},
	{signature: parseSignature("BaseModel.name_get(self)"), until: 16, run: runNameGet},
	{signature: parseSignature("BaseModel.check_access_rights(self, operation, raise_exception=True)"), class: true, run: runCheckAccessRights},
	{signature: parseSignature("BaseModel.has_access(self, operation)"), since: 18, run: runHasAccess},
	{signature: parseSignature("BaseModel.export_data(self, fields_to_export)"), run: runExportData},
	{signature: parseSignature("BaseModel.load(self, fields, data)"), class: true, run: runLoad},
	{signature: parseSignature("Base.web_read(self, specification)"), since: 17, run: runWebRead},
	{signature: parseSignature("Base.web_search_read(self, domain=None, fields=None, offset=0, limit=None, order=None)"), class: true, until: 15, run: runWebSearchRead},
	{signature: parseSignature("Base.web_search_read(self, domain, specification, offset=0, limit=None, order=None, count_limit=None)"), class: true, since: 17, run: runWebSearchRead},
	{signature: parseSignature("BaseModel.toggle_active(self)"), run: runToggleActive},
	{signature: parseSignature("BaseModel.action_archive(self)"), run: runArchive},
	{signature: parseSignature("BaseModel.action_unarchive(self)"), run: runUnarchive},
	{signature: parseSignature("BaseModel.check_access(self, operation)"), since: 18, until: 18, run: runCheckAccess},
	{signature: parseSignature("BaseModel.check_access_rule(self, operation)"), run: runCheckAccess},
	{signature: parseSignature("copy(self, default=None)"), run: runCopy},
	{signature: parseSignature("BaseModel.get_external_id(self)"), run: runGetExternalID},
	{signature: parseSignature("BaseModel.get_metadata(self)"), run: runGetMetadata},
	{signature: parseSignature("Partner.onchange_email(self)"), until: 18, model: "res.partner", run: runNothing},
	{signature: parseSignature("Users.on_change_login(self)"), model: "res.users", run: runNothing},
	{signature: parseSignature("Users.change_password(self, old_passwd, new_passwd)"), class: true, model: "res.users", run: runChangePassword},
	{signature: parseSignature("Users.context_get(self)"), class: true, model: "res.users", run: runContextGet},
	{signature: parseSignature("Users.has_group(self, group_ext_id)"), class: true, until: 15, model: "res.users", run: runHasGroup},
	{signature: parseSignature("Users.has_group(self, group_ext_id)"), since: 16, until: 18, model: "res.users", run: runHasGroup},
	{signature: parseSignature("ResUsers.has_group(self, group_ext_id)"), since: 19, model: "res.users", run: runHasGroup},
	{signature: parseSignature("APIKeyDescription.make_key(self)"), model: "res.users.apikeys.description", run: identityChecked("make_key")},
	{signature: parseSignature("APIKeys.remove(self)"), model: "res.users.apikeys", run: identityChecked("remove")},
	{signature: parseSignature("CheckIdentity.run_check(self)"), model: "res.users.identitycheck", run: runCheck},
	{signature: parseSignature("IrConfigParameter.get_param(self, key, default=False)"), class: true, model: "ir.config_parameter", run: runGetParam},
	{signature: parseSignature("IrConfigParameter.set_param(self, key, value)"), class: true, model: "ir.config_parameter", run: runSetParam},
}

// privateMethods are the methods that series 19 made private (@api.private) and that earlier ones let callers use.
var privateMethods = []string{
	"exists", "browse", "sudo", "with_user", "ensure_one", "mapped", "filtered", "filtered_domain", "sorted", "with_context",
	"with_company", "with_env", "with_prefetch", "search_fetch", "fetch", "flush_model", "flush_recordset", "invalidate_model",
	"invalidate_recordset", "init", "check_access", "concat", "grouped", "lock_for_update", "modified", "new", "try_lock_for_update",
	"union", "update",
}

// findMethod is the method a public name stands for.
func (e *env) findMethod(m *model, name string) (method, error) {
	if e.series >= 19 && slices.Contains(privateMethods, name) {
		return method{}, e.privateMethod(m.name, name)
	}
	if action, ok := m.actions[name]; ok && len(action.Set) > 0 {
		return actionMethod(m, name, action), nil
	}
	for _, candidate := range methods {
		_, own, qualified := strings.Cut(candidate.signature.name, ".")
		if !qualified {
			own = candidate.signature.name
		}
		if own == name && e.has(candidate, m) {
			return candidate.named(e.series, m), nil
		}
	}
	if name == "env" && e.series < 16 {
		return method{}, typeError("'member_descriptor' object is not callable")
	}
	if name == "env" && e.series < 19 {
		return method{}, attributeError("'Environment' object has no attribute '__name__'")
	}
	if e.series < 16 && m.fields[name] != nil {
		return method{}, attributeError("'" + fieldClass(m.fields[name].kind) + "' object has no attribute '__name__'")
	}
	if e.series >= 19 {
		return method{}, attributeError("The method '" + m.name + "." + name + "' does not exist")
	}
	return method{}, attributeError("The method '" + name + "' does not exist on the model '" + m.name + "'")
}

func (e *env) has(candidate method, m *model) bool {
	return (candidate.model == "" || candidate.model == m.name) &&
		(candidate.since == 0 || e.series >= candidate.since) && (candidate.until == 0 || e.series <= candidate.until)
}

// named gives the method the name it has in the TypeErrors of a model and series: create is wrapped by a decorator that
// hides its class up to series 18.
func (mt method) named(series int, m *model) method {
	name := mt.signature.name[strings.LastIndexByte(mt.signature.name, '.')+1:]
	switch {
	case mt.overrides && m.class != "" && (name != "create" || series >= 19):
		mt.signature.name = m.class + "." + name
	case name == "create" && series >= 19:
		mt.signature.name = "BaseModel.create"
	}
	return mt
}

// fieldClass is the class of a field's kind.
func fieldClass(kind string) string {
	var name strings.Builder
	for _, word := range strings.Split(kind, "_") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}
