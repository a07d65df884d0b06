package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"odoobridge/auth"
	"odoobridge/auth/limit"
	"odoobridge/auth/policy"
	"odoobridge/odoo"
	"odoobridge/rpc"
)

// Policies are the rules in force. *policy.Policies are some.
type Policies interface{ Set() *policy.Set }

// rules are those that decide a call from its beginning to its end, nil where there are none. They have to be taken before
// the caller is identified: what they want to know of callers is known of whoever is identified from then on.
func (b *Bridge) rules() *policy.Set {
	if b.cfg.Policies == nil {
		return nil
	}
	return b.cfg.Policies.Set()
}

// serviceOf is what a call is made of, to policies.
func serviceOf(call odoo.Call) policy.Service {
	switch {
	case call.Kind == odoo.Object:
		return policy.Object
	case call.Envelope.Service == "db":
		return policy.DB
	}
	return policy.Common
}

// admission is what a call that may be made holds until it ends. The zero admission is nothing, and may be left.
type admission struct{ place, trial limit.Place }

func (a admission) leave() {
	a.place.Leave()
	a.trial.Leave()
}

// admitCall asks the rules whether the call may be made, and counts it.
func (b *Bridge) admitCall(ctx context.Context, rec *Record, rules *policy.Set, call odoo.Call, who auth.Identity) (admission, error) {
	if rules == nil {
		return admission{}, nil
	}
	c := callOf(rec, call, who)
	return b.admit(ctx, rec, rules, &c, who)
}

// recheckCall asks the rules once more, of who has waited since. The call is counted already.
func (b *Bridge) recheckCall(rec *Record, rules *policy.Set, call odoo.Call, who auth.Identity) error {
	if rules == nil {
		return nil
	}
	c := callOf(rec, call, who)
	return redecide(rec, rules, &c)
}

func callOf(rec *Record, call odoo.Call, who auth.Identity) policy.Call {
	c := policyCall(rec, who)
	c.Service, c.Model, c.Method = serviceOf(call), call.Model, call.Method
	if call.Kind != odoo.Object {
		c.Method = call.Envelope.Method
	}
	return c
}

// admitPassage asks the rules whether a passage may be taken, and counts it.
func (b *Bridge) admitPassage(x *exchange, r *http.Request, rules *policy.Set, g *gate) (admission, error) {
	if rules == nil {
		return admission{}, nil
	}
	c := passageOf(x, r, g)
	return b.admit(r.Context(), x.rec, rules, &c, x.who)
}

// recheckPassage is recheckCall for a passage.
func (b *Bridge) recheckPassage(x *exchange, r *http.Request, rules *policy.Set, g *gate) error {
	if rules == nil {
		return nil
	}
	c := passageOf(x, r, g)
	return redecide(x.rec, rules, &c)
}

func passageOf(x *exchange, r *http.Request, g *gate) policy.Call {
	c := policyCall(x.rec, x.who)
	c.Service, c.Path = g.service, r.URL.Path
	return c
}

func policyCall(rec *Record, who auth.Identity) policy.Call {
	return policy.Call{DB: rec.DB, Login: who.Login, Key: who.KeyName, KeyGroups: who.KeyGroups, Groups: who.Groups,
		Source: rec.Source, Protocol: rec.Protocol, Time: rec.Start}
}

// admit decides on c and counts it by the rule that does. A rule on trial counts too, and refuses nothing.
func (b *Bridge) admit(ctx context.Context, rec *Record, rules *policy.Set, c *policy.Call, who auth.Identity) (a admission, err error) {
	d, err := decide(rec, rules, c)
	if err != nil {
		return admission{}, err
	}
	if d.Rule.Limited() {
		if a.place, err = b.count(ctx, rec, d.Rule, who); err != nil {
			if isLimit(err) {
				rec.Policy.Effect = limited
			}
			return admission{}, err
		}
	}
	if d.TrialRefusal == policy.None && d.Trial.Limited() {
		if a.trial, err = b.count(ctx, rec, d.Trial, who); isLimit(err) {
			rec.Trial = Verdict{d.Trial.ID, wouldLimit}
		}
	}
	return a, nil
}

// decide asks the rules and keeps in the record which one decided.
func decide(rec *Record, rules *policy.Set, c *policy.Call) (policy.Decision, error) {
	d := rules.Decide(c)
	rec.Policy, rec.Trial = Verdict{}, Verdict{}
	if d.Rule != nil {
		rec.Policy = Verdict{d.Rule.ID, allowed}
	}
	if d.Refusal != policy.None {
		rec.Policy.Effect = refusedByRule
		return d, &forbiddenError{rule: d.Rule, refusal: d.Refusal, what: describe(c)}
	}
	if d.TrialRefusal != policy.None {
		rec.Trial = Verdict{d.Trial.ID, wouldRefuse}
	}
	return d, nil
}

// redecide is decide of a call that was admitted: what was said of it then stays, unless it is refused now.
func redecide(rec *Record, rules *policy.Set, c *policy.Call) error {
	admitted, trial := rec.Policy, rec.Trial
	_, err := decide(rec, rules, c)
	if err == nil {
		rec.Policy, rec.Trial = admitted, trial
	}
	return err
}

// count counts a call by the limits of a rule.
func (b *Bridge) count(ctx context.Context, rec *Record, r *policy.Rule, who auth.Identity) (limit.Place, error) {
	place, err := b.cfg.Limits.Take(ctx, subject(rec, r, who), limit.Limit{Rate: r.Rate, Burst: r.Burst, Concurrency: r.Concurrency})
	var over *limit.Refusal
	if errors.As(err, &over) {
		return place, &limitError{rule: r, over: over}
	}
	return place, err
}

// subject is what the limits of a rule count together. Where there is nothing of what they count apart, it is the next wider.
func subject(rec *Record, r *policy.Rule, who auth.Identity) limit.Subject {
	s := limit.Subject{Name: r.ID}
	switch {
	case r.Per == policy.PerRule:
	case r.Per == policy.PerKey && who.KeyID != 0:
		s.Kind, s.DB, s.ID = who.Method.String(), rec.DB, who.KeyID
	case r.Per != policy.PerSource && who.UID != 0:
		s.Kind, s.DB, s.ID = "user", rec.DB, who.UID
	default:
		s.Kind, s.Addr = "source", network(rec.Source)
	}
	return s
}

// network is an address, of IPv6 the first of the network that one customer is given, who may use any address in it.
func network(a netip.Addr) netip.Addr {
	if a = a.WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}

// limitError is a call that a rule allows, but not so often.
type limitError struct {
	rule *policy.Rule
	over *limit.Refusal
}

func isLimit(err error) bool {
	var over *limitError
	return errors.As(err, &over)
}

func (e *limitError) Error() string { return e.told() + at(e.rule) }

func (e *limitError) told() string {
	per := map[policy.Per]string{policy.PerKey: "each key", policy.PerUser: "each user", policy.PerSource: "each address", policy.PerRule: "all together"}[e.rule.Per]
	if e.over.Reason == limit.TooManyAt {
		return fmt.Sprintf("the policy rule %q allows %s %d calls at once", e.rule.ID, per, e.rule.Concurrency)
	}
	return fmt.Sprintf("the policy rule %q allows %s %g calls a second", e.rule.ID, per, e.rule.Rate)
}

func (e *limitError) wire() *rpc.Error {
	return &rpc.Error{Class: "werkzeug.exceptions.TooManyRequests", Status: http.StatusTooManyRequests, RetryAfter: e.over.After,
		Message: "429 Too Many Requests: " + e.told() + ". The call was not sent; try again later"}
}

// at is where a rule stands, for the log.
func at(r *policy.Rule) string {
	if place := r.Place(); place != "" {
		return " (" + place + ")"
	}
	return ""
}

// forbiddenError is a call that a rule refuses. It says which and what, and nothing of the caller.
type forbiddenError struct {
	rule    *policy.Rule
	refusal policy.Refusal
	what    string
}

// Error is for the log, and names the rule's place in its file.
func (e *forbiddenError) Error() string { return e.told() + at(e.rule) }

// told is for the caller.
func (e *forbiddenError) told() string {
	switch {
	case e.refusal == policy.MayWrite:
		return fmt.Sprintf("The policy rule %q allows reading only, and %s is not known to only read.", e.rule.ID, e.what)
	case e.rule.ID == policy.DefaultID:
		return fmt.Sprintf("No policy rule allows %s; the default refuses it.", e.what)
	}
	return fmt.Sprintf("The policy rule %q refuses %s.", e.rule.ID, e.what)
}

// wire is AccessError, which is Odoo's word for what a known caller may not do.
func (e *forbiddenError) wire() *rpc.Error {
	return &rpc.Error{Class: "odoo.exceptions.AccessError", Message: e.told()}
}

// describe says what a call would do, for the one who made it.
func describe(c *policy.Call) string {
	switch {
	case c.Path != "":
		return cut(c.Path)
	case c.Service == policy.Object:
		return fmt.Sprintf("the method %q of %q", cut(c.Method), cut(c.Model))
	}
	return fmt.Sprintf("%s.%s", c.Service, cut(c.Method))
}
