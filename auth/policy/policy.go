// Package policy decides from rules whether a call may be made. Rules are data: a matcher over the caller and the call, and
// what follows. They stand in files in an order, and the first one that matches decides; where none does, the default does.
//
// A [Set] is all rules of all files at one moment. It never changes: when a file does, another Set takes its place
// ([Policies]), so that a call is decided by one Set from beginning to end. A file that can't be used changes nothing.
//
// A rule on trial (dry_run) decides nothing. What it would have refused is told beside the decision of the rules that are in
// force; see [Decision].
//
// How often a caller may call is a matter of the rule that allows the call: it holds the numbers, and somebody else counts.
package policy

import (
	"net/netip"
	"strconv"
	"time"

	"odoobridge/rpc"
)

// Call is what rules look at.
type Call struct {
	DB        string
	Login     string   // res_users.login; "" where no one is known
	Key       string   // the name of the key that the caller is known by; "" where it was a password, or no one
	KeyGroups []string // auth_api_key_group.code of that key
	Groups    []string // external ids of the user's groups, implied ones included, as far as rules name them
	Source    netip.Addr
	Protocol  rpc.Protocol
	Service   Service
	Model     string // "" but for Object
	Method    string // of the model, or of common and db; "" for passages
	Path      string // of passages; "" otherwise
	Time      time.Time
}

// Service is what a call is made of. Its values are bits, so that a rule can name several.
type Service uint8

const (
	Object     Service = 1 << iota // a method of a model, by whatever protocol
	Common                         // the service common: login, authenticate, version, about
	DB                             // the service db
	Session                        // what belongs to Odoo's sessions: /web/session/* and the calls made within one
	Controller                     // Odoo's own auth="api_key" controllers
	Doc                            // Odoo 19's API documentation, /doc-bearer
	Version                        // /web/version and /json/version
)

// services are the names that files and logs use, in the order of the bits.
var services = []string{"object", "common", "db", "session", "controller", "doc", "version"}

const (
	// passages are the services whose calls have a path, and no method that the bridge reads.
	passages = Session | Controller | Doc | Version
	// unnamed are those that a rule speaks of that names none, and those that the default decides. The others tell nothing
	// of what a database holds, and clients call them before anything else: only a rule that names them refuses them.
	unnamed = Object | Session | Controller | Doc
)

// String is the name of the one service that s is.
func (s Service) String() string {
	for i, name := range services {
		if s == 1<<i {
			return name
		}
	}
	return "Service(" + strconv.Itoa(int(s)) + ")"
}

// Per is what a rule's limits count apart.
type Per uint8

const (
	PerKey    Per = iota + 1 // each key; a caller without one counts as PerUser, one who isn't known as PerSource
	PerUser                  // each user of a database, whatever they show
	PerSource                // each address; of IPv6 each /64
	PerRule                  // nothing: all calls that the rule allows count together
)

var pers = map[string]Per{"key": PerKey, "user": PerUser, "source": PerSource, "rule": PerRule}

// Rule is one rule. Its matchers are compiled and not to be seen; [Set.Decide] applies them.
type Rule struct {
	ID       string
	File     string // where it stands
	Line     int
	Allow    bool // else the calls it matches are refused
	ReadOnly bool // of the calls it allows, those that may write are refused; see Reads
	DryRun   bool // it is on trial

	// The limits of the calls that it allows; 0 is none.
	Rate        float64 // calls a second
	Burst       int     // calls at once while there were few before; at least 1 where there is a Rate
	Concurrency int     // calls at work at once
	Per         Per

	match matcher
}

// Limited tells whether the rule bounds how often the calls that it allows are made.
func (r *Rule) Limited() bool { return r != nil && (r.Rate > 0 || r.Concurrency > 0) }

// Place is where the rule stands, as file:line; "" for a default that no file names.
func (r *Rule) Place() string {
	if r.File == "" {
		return ""
	}
	return r.File + ":" + strconv.Itoa(r.Line)
}

// Refusal is why a rule refuses a call.
type Refusal uint8

const (
	None     Refusal = iota // it doesn't
	Denied                  // its effect is deny
	MayWrite                // it is read_only, and the call is not known to read only
)

// refuses tells whether and why r, which matches, refuses c.
func (r *Rule) refuses(c *Call) Refusal {
	switch {
	case !r.Allow:
		return Denied
	case r.ReadOnly && !(c.Service == Object && Reads(c.Model, c.Method)):
		return MayWrite
	}
	return None
}

// DefaultID stands for the default where a rule's id is told.
const DefaultID = "default"

// Decision is what a [Set] says of a call.
type Decision struct {
	Rule    *Rule   // that decided, the default's included; nil where nothing that is in force does, and the call may be made
	Refusal Refusal // None where the call may be made

	// Trial is the rule that would have decided were no rule on trial, where that is another one than Rule; else nil.
	Trial        *Rule
	TrialRefusal Refusal // what it would have said
}

// Set is the rules of all files at one moment.
type Set struct {
	rules []*Rule
	// byDefault decides where no rule does. Its ID is DefaultID.
	byDefault *Rule

	asks Asks
}

// Asks is what rules want to know of callers beyond what every call is told of.
type Asks struct {
	KeyGroups bool     // Call.KeyGroups
	Groups    []string // external ids, Call.Groups; sorted
}

// Asks is what has to be known to decide by the set.
func (s *Set) Asks() Asks { return s.asks }

// Rules are all rules in the order in which they are asked. They are not to be changed.
func (s *Set) Rules() []*Rule { return s.rules }

// Default is the rule that decides where no other does.
func (s *Set) Default() *Rule { return s.byDefault }

// Decide decides on c. It allocates nothing.
func (s *Set) Decide(c *Call) Decision {
	var first, inForce *Rule
	for _, r := range s.rules {
		if !r.match.matches(c) {
			continue
		}
		if first == nil {
			first = r
		}
		if !r.DryRun {
			inForce = r
			break
		}
	}
	if inForce == nil && c.Service&unnamed != 0 {
		if first == nil {
			first = s.byDefault
		}
		if !s.byDefault.DryRun {
			inForce = s.byDefault
		}
	}
	d := Decision{Rule: inForce}
	if inForce != nil {
		d.Refusal = inForce.refuses(c)
	}
	if first != inForce {
		d.Trial, d.TrialRefusal = first, first.refuses(c)
	}
	return d
}
