package sandbox

// relationFact are what a relational field's class says in Python and no table holds.
type relationFact struct {
	domain   domain // of the records in it
	archived bool   // its context shows archived records too
	bypass   bool   // auto_join, from series 19 on bypass_search_access: searched without access checks
}

// relationFacts are the facts of Odoo 15 to 19, by "model.field".
var relationFacts = map[string]relationFact{
	"res.partner.child_ids":     {domain: condition{field: "active", op: "=", value: true}, archived: true},
	"res.partner.user_ids":      {bypass: true},
	"res.users.partner_id":      {bypass: true},
	"res.company.all_child_ids": {archived: true},
}

func factsOf(m *model, f *field) relationFact { return relationFacts[m.name+"."+f.name] }
