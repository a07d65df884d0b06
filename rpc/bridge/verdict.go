package bridge

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"odoobridge/auth/policy"
)

// Verdict is what a policy rule said of a call.
type Verdict struct {
	Rule   string // its id; policy.DefaultID is the default
	Effect string // allowed, refused or limited; of a rule on trial would_refuse or would_limit
}

// Kept tells whether the rule kept the call from Odoo.
func (v Verdict) Kept() bool { return v.Effect == refusedByRule || v.Effect == limited }

const (
	allowed       = "allowed"
	refusedByRule = "refused"
	limited       = "limited"
	wouldRefuse   = "would_refuse"
	wouldLimit    = "would_limit"
)

// policyMetrics count verdicts. Their labels are the rules of the files and no others, so that neither callers nor edits of
// the files can grow them without end.
type policyMetrics struct {
	verdicts *prometheus.CounterVec
	rules    *atomic.Pointer[map[string]bool]
}

// goneRule stands for a rule that is no longer there when a call that it decided ends.
const goneRule = "(gone)"

func newPolicyMetrics(reg prometheus.Registerer) policyMetrics {
	m := policyMetrics{
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "odoobridge_policy_verdicts_total", Help: "Calls by the policy rule that decided them, or is on trial and would have, and what it said.",
		}, []string{"rule", "effect"}),
		rules: &atomic.Pointer[map[string]bool]{},
	}
	m.rules.Store(&map[string]bool{})
	reg.MustRegister(m.verdicts)
	return m
}

// ShowRules makes the rules of a set the labels from now on, and forgets the counts of those that are in it no more.
func (m *Metrics) ShowRules(s *policy.Set) {
	rules := map[string]bool{policy.DefaultID: true}
	for _, r := range s.Rules() {
		rules[r.ID] = true
	}
	old := m.policies.rules.Swap(&rules)
	for id := range *old {
		if !rules[id] {
			m.policies.verdicts.DeletePartialMatch(prometheus.Labels{"rule": id})
		}
	}
}

func (m policyMetrics) observe(r *Record) {
	for _, v := range [...]Verdict{r.Policy, r.Trial} {
		if v.Rule == "" {
			continue
		}
		if !(*m.rules.Load())[v.Rule] {
			v.Rule = goneRule
		}
		m.verdicts.WithLabelValues(v.Rule, v.Effect).Inc()
	}
}
