package sandbox

import "time"

// attributes are what a model's class says in Python and no table holds.
type attributes struct {
	order    string                 // _order
	recName  string                 // _rec_name, the field that names a record
	inherits string                 // the many2one of _inherits
	parent   string                 // _parent_name
	class    string                 // the class that overrides create and write, as TypeErrors name it; "" is BaseModel
	defaults map[string]any         // values of new records, a func(*env) any for those that depend on the caller
	searched []string               // the fields that name_search looks in, beside the name
	unique   map[string]string      // messages of unique constraints
	digits   map[string]int         // decimals of float fields
	loop     func(series int) error // what a circle of parents raises
	declared []string               // the fields in the order of the class
	abstract bool                   // no table, and nobody may use it
	noAccess []string               // fields that nobody may read over RPC
	display  []string               // forms of a record's name: the first one whose fields are set
	path     bool                   // a record is named with what is above it: "All / Saleable"
	with     string                 // the one2many that a new record gets one record in
}

func callerLang(e *env) any {
	if lang, _ := e.context.get("lang"); truthy(lang) {
		return lang
	}
	return orFalse(e.user.lang)
}

func callerZone(e *env) any {
	zone, _ := e.context.get("tz")
	if truthy(zone) {
		return zone
	}
	return false
}

func noMembers(*env) any { return []any{[]any{int64(commandSet), int64(0), []any{}}} }

func ownCompanies(*env) any { return []any{[]any{int64(commandSet), int64(0), []any{int64(1)}}} }

func today(*env) any { return time.Now().UTC().Format(dateLayout) }

// attributesOf is what the table below says of a model in a series, with the defaults of BaseModel.
func attributesOf(name string, series int) attributes {
	a := modelAttributes[name]
	if a.order == "" {
		a.order = "id"
	}
	if a.recName == "" {
		a.recName = "name"
	}
	if a.parent == "" {
		a.parent = "parent_id"
	}
	if name == "res.partner" && series >= 16 {
		a.order, a.recName = "complete_name ASC, id DESC", "complete_name"
	}
	if name == "res.partner" && series >= 19 {
		a.class = "ResPartner"
	}
	return a
}

// modelAttributes are facts of Odoo 15 to 19, each where a recorded case needs it.
var modelAttributes = map[string]attributes{
	"res.partner": {
		order: "display_name", recName: "display_name", class: "Partner",
		defaults: map[string]any{
			"active": true, "type": "contact", "color": int64(0), "is_company": false, "partner_share": true, "lang": callerLang,
			"tz": callerZone, "category_id": noMembers,
		},
		searched: []string{"email", "ref", "vat", "company_registry"},
		declared: []string{
			"name", "complete_name", "date", "title", "parent_id", "parent_name", "child_ids", "ref", "lang", "active_lang_count",
			"tz", "tz_offset", "user_id", "vat", "same_vat_partner_id", "bank_ids", "website", "comment", "category_id", "credit_limit",
			"active", "employee", "function", "type", "street", "street2", "zip", "city", "state_id", "country_id", "country_code",
			"partner_latitude", "partner_longitude", "email", "email_formatted", "phone", "mobile", "is_company", "industry_id",
			"company_type", "company_id", "color", "user_ids", "partner_share", "contact_address", "commercial_partner_id",
			"commercial_company_name", "company_name", "barcode", "self",
		},
		digits: map[string]int{"partner_latitude": 7, "partner_longitude": 7},
		loop:   func(int) error { return validationError("You cannot create recursive Partner hierarchies.") },
	},
	"res.users": {
		order: "name, login", inherits: "partner_id",
		defaults: map[string]any{
			"active": true, "company_id": int64(1), "company_ids": ownCompanies, "lang": callerLang, "tz": callerZone,
		},
		searched: []string{"login"},
		unique:   map[string]string{"res_users_login_key": "You can not have two users with the same login!"},
		noAccess: []string{"totp_secret", "totp_last_counter"},
	},
	"res.users.identitycheck": {noAccess: []string{"request"}},
	"base":                    {abstract: true},
	"res.company":             {order: "sequence, name", unique: map[string]string{"res_company_name_uniq": "The company name must be unique!"}},
	"res.country":             {order: "name", searched: []string{"code"}},
	"res.country.state":       {order: "code", searched: []string{"code"}},
	"res.currency": {
		order: "active desc, name", digits: map[string]int{"rounding": 6}, defaults: map[string]any{"active": true}, searched: []string{"full_name"},
	},
	"res.currency.rate": {order: "name desc", defaults: map[string]any{"company_id": int64(1), "name": today}},
	"res.lang":          {order: "active desc, name"},
	"res.groups":        {order: "name"},
	"res.partner.category": {
		order: "name", path: true, defaults: map[string]any{"active": true},
		declared: []string{"name", "color", "parent_id", "child_ids", "active", "parent_path", "partner_ids"},
		loop: func(series int) error {
			if series >= 19 {
				return validationError("Recursion Detected.")
			}
			return userError("Recursion Detected.")
		},
	},
	"ir.model":        {order: "model", searched: []string{"model"}},
	"ir.model.fields": {order: "name", recName: "field_description"},
	"ir.config_parameter": {
		order: "key", recName: "key",
		unique: map[string]string{"ir_config_parameter_key_uniq": "Key must be unique."},
	},
	"ir.attachment": {order: "id desc", defaults: map[string]any{"type": "binary", "company_id": int64(1)}},
	"auth.api.key": {
		defaults: map[string]any{"active": true},
		unique:   map[string]string{"auth_api_key_name_uniq": "Api Key name must be unique."},
	},
	"auth.api.key.group": {},
	"res.users.apikeys":  {},
	"res.partner.bank":   {order: "sequence, id", recName: "acc_number"},
}
