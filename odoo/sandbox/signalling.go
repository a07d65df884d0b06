package sandbox

import (
	"maps"
	"slices"

	"github.com/lib/pq"
)

// signal says which caches Odoo tells its other workers to drop when records of a model change. All rows are measured on
// real Odoo: those of users, keys and parameters are in schema-N.json ("measured"), the others in signalling_test.go.
type signal struct {
	model        string
	operations   []string
	fields       []string // a write counts if it is of one of them; none is any
	caches       []string // up to series 15 there is one cache
	since, until int      // series, 0 is no limit
}

var (
	created  = []string{"create"}
	written  = []string{"write"}
	unlinked = []string{"unlink"}
	changed  = []string{"create", "write", "unlink"}
	defaults = []string{"default"}
	stable   = []string{"stable"}
)

var signals = []signal{
	{
		model: "res.users", operations: written, caches: defaults,
		fields: []string{"active", "login", "password", "lang", "tz", "company_id", "company_ids", "groups_id", "group_ids", "totp_secret"},
	},
	{model: "res.users", operations: written, fields: []string{"group_ids"}, caches: stable, since: 19},
	{model: "res.users", operations: unlinked, caches: defaults},
	{model: "res.groups", operations: changed, caches: defaults, until: 18},
	{model: "res.groups", operations: []string{"create", "unlink"}, caches: []string{"groups", "templates"}, since: 16, until: 18},
	{model: "res.groups", operations: written, fields: []string{"implied_ids"}, caches: []string{"groups", "templates"}, since: 16, until: 18},
	{model: "res.groups", operations: written, caches: stable, since: 19},
	{model: "res.groups", operations: []string{"create", "unlink"}, caches: []string{"groups"}, since: 19},
	{model: "res.groups", operations: written, fields: []string{"implied_ids"}, caches: []string{"groups"}, since: 19},
	{model: "res.company", operations: created, caches: defaults},
	{model: "res.company", operations: created, caches: stable, since: 19},
	{model: "res.company", operations: written, caches: defaults, until: 15},
	{model: "res.currency", operations: written, caches: defaults, since: 16, until: 18},
	{model: "res.currency", operations: written, caches: stable, since: 19},
	{model: "res.lang", operations: written, caches: defaults, until: 18},
	{model: "res.lang", operations: written, caches: stable, since: 19},
	{model: "ir.config_parameter", operations: changed, caches: defaults, until: 18},
	{model: "ir.config_parameter", operations: changed, caches: stable, since: 19},
	{model: "ir.model.access", operations: changed, caches: defaults, until: 18},
	{model: "ir.model.access", operations: changed, caches: stable, since: 19},
	{model: "ir.rule", operations: changed, caches: defaults},
	{model: "auth.api.key", operations: created, caches: defaults},
	{model: "auth.api.key", operations: written, fields: []string{"key", "user_id"}, caches: defaults},
}

// signal remembers which caches an operation makes stale; names are the fields that were written.
func (e *env) signal(m *model, operation string, names []string) {
	for _, s := range signals {
		if s.model != m.name || !slices.Contains(s.operations, operation) || s.since > e.series || s.until != 0 && s.until < e.series {
			continue
		}
		touched := s.fields == nil || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(s.fields, n) })
		if operation == "write" && !touched {
			continue
		}
		for _, cache := range s.caches {
			e.stale[cache] = true
		}
	}
}

// signalChanges tells of stale caches as the series does, each once in a transaction whatever was done in it: by the next
// value of a sequence, from series 19 on by a row.
func (e *env) signalChanges() error {
	for _, cache := range slices.Sorted(maps.Keys(e.stale)) {
		statement := "INSERT INTO " + quote("orm_signaling_"+cache) + " DEFAULT VALUES"
		switch {
		case e.series < 16:
			statement = "SELECT nextval('base_cache_signaling')"
		case e.series < 19:
			statement = "SELECT nextval(" + pq.QuoteLiteral("base_cache_signaling_"+cache) + ")"
		}
		if err := e.exec(statement); err != nil {
			return err
		}
		if e.series < 16 {
			break
		}
	}
	return nil
}
