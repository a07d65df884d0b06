package page

import (
	"fmt"
	"net/http"

	"odoobridge/auth/policy"
)

// policiesPage is the rules in force, in the order in which they are asked.
type policiesPage struct{ Rules []policyRow }

type policyRow struct {
	ID, Place, Effect, Limits string
	Trial                     bool
}

func (p *Page) policies(w http.ResponseWriter, r *http.Request, s *session) error {
	var page policiesPage
	if p.cfg.Policies != nil {
		set := p.cfg.Policies()
		for _, rule := range append(set.Rules(), set.Default()) {
			page.Rules = append(page.Rules, describeRule(rule))
		}
	}
	return p.show(w, r, http.StatusOK, "policies", view{Title: "Policies", Active: "policies", session: s, Page: page})
}

func describeRule(r *policy.Rule) policyRow {
	row := policyRow{ID: r.ID, Place: r.Place(), Effect: "refuses", Trial: r.DryRun}
	switch {
	case r.Allow && r.ReadOnly:
		row.Effect = "allows reading"
	case r.Allow:
		row.Effect = "allows"
	}
	if r.Rate > 0 {
		row.Limits = fmt.Sprintf("%g calls a second, %d at once", r.Rate, r.Burst)
	}
	if r.Concurrency > 0 {
		if row.Limits != "" {
			row.Limits += ", "
		}
		row.Limits += fmt.Sprintf("%d at work at once", r.Concurrency)
	}
	if row.Limits != "" {
		row.Limits += ", for each " + r.Per.String()
	}
	return row
}
