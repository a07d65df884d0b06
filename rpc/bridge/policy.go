package bridge

import (
	"fmt"

	"odoobridge/auth"
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

// checkCall asks the rules whether the call may be made.
func (b *Bridge) checkCall(rec *Record, rules *policy.Set, call odoo.Call, who auth.Identity) error {
	if rules == nil {
		return nil
	}
	c := policyCall(rec, who)
	c.Service, c.Model, c.Method = serviceOf(call), call.Model, call.Method
	if call.Kind != odoo.Object {
		c.Method = call.Envelope.Method
	}
	return b.check(rec, rules, &c)
}

// checkPassage asks the rules whether a passage may be taken.
func (b *Bridge) checkPassage(x *exchange, rules *policy.Set, g *gate, path string) error {
	if rules == nil {
		return nil
	}
	c := policyCall(x.rec, x.who)
	c.Service, c.Path = g.service, path
	return b.check(x.rec, rules, &c)
}

func policyCall(rec *Record, who auth.Identity) policy.Call {
	return policy.Call{DB: rec.DB, Login: who.Login, Key: who.KeyName, Source: rec.Source, Protocol: rec.Protocol, Time: rec.Start}
}

// check decides, and keeps in the record which rule did.
func (b *Bridge) check(rec *Record, rules *policy.Set, c *policy.Call) error {
	d := rules.Decide(c)
	rec.Rule, rec.Trial = "", ""
	if d.Rule != nil {
		rec.Rule = d.Rule.ID
	}
	if d.Refusal != policy.None {
		return &forbiddenError{rule: d.Rule, refusal: d.Refusal, what: describe(c)}
	}
	if d.TrialRefusal != policy.None {
		rec.Trial = d.Trial.ID
	}
	return nil
}

// forbiddenError is a call that a rule refuses. It says which and what, and nothing of the caller.
type forbiddenError struct {
	rule    *policy.Rule
	refusal policy.Refusal
	what    string
}

// Error is for the log, and names the rule's place in its file.
func (e *forbiddenError) Error() string {
	if place := e.rule.Place(); place != "" {
		return e.told() + " (" + place + ")"
	}
	return e.told()
}

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
