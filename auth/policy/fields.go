package policy

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// field is one field of a rule.
type field struct {
	name string
	read func(r *reader, rule *Rule, n *yaml.Node, name string)
}

// ruleFields are all there are but id and effect, in the order of the documentation.
var ruleFields = []field{
	{"keys", globsInto(func(m *matcher) *globs { return &m.keys }, nil)},
	{"key_groups", globsInto(func(m *matcher) *globs { return &m.keyGroups }, nil)},
	{"users", globsInto(func(m *matcher) *globs { return &m.logins }, nil)},
	{"groups", (*reader).groups},
	{"databases", globsInto(func(m *matcher) *globs { return &m.databases }, nil)},
	{"sources", (*reader).sources},
	{"protocols", (*reader).protocols},
	{"services", (*reader).services},
	{"models", globsInto(func(m *matcher) *globs { return &m.models }, modelGlob)},
	{"methods", globsInto(func(m *matcher) *globs { return &m.methods }, methodGlob)},
	{"paths", globsInto(func(m *matcher) *globs { return &m.paths }, pathGlob)},
	{"time", (*reader).window},
	{"read_only", func(r *reader, rule *Rule, n *yaml.Node, name string) { rule.ReadOnly = r.boolean(n, name) }},
	{"rate", func(r *reader, rule *Rule, n *yaml.Node, name string) { rule.Rate = r.rate(n, name) }},
	{"burst", func(r *reader, rule *Rule, n *yaml.Node, name string) { rule.Burst = r.count(n, name) }},
	{"concurrency", func(r *reader, rule *Rule, n *yaml.Node, name string) { rule.Concurrency = r.count(n, name) }},
	{"per", (*reader).per},
	{"dry_run", func(r *reader, rule *Rule, n *yaml.Node, name string) {
		rule.DryRun = rule.DryRun || r.boolean(n, name)
	}},
}

var ruleFieldNames = func() []string {
	names := []string{"id", "effect"}
	for _, f := range ruleFields {
		names = append(names, f.name)
	}
	return names
}()

// ruleID keeps ids fit for logs, labels of metrics and error messages.
var ruleID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (r *reader) rule(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "a rule is a mapping with an id and an effect, not %s", said(n))
		return
	}
	fields := r.fields(n, ruleFieldNames...)
	rule := &Rule{File: r.name, Line: n.Line, DryRun: r.dryRun, Per: PerKey}
	r.identify(rule, n, fields["id"])
	known := false // whether the effect is
	if effect := fields["effect"]; effect == nil {
		r.wrong(n, "effect is missing: allow or deny")
	} else {
		rule.Allow, known = r.effect(effect, "effect")
	}
	for _, f := range ruleFields {
		if value := fields[f.name]; value != nil {
			f.read(r, rule, value, f.name)
		}
	}
	r.checkServices(rule, fields)
	if known {
		r.checkEffect(rule, fields)
	}
	r.rules = append(r.rules, rule)
}

func (r *reader) identify(rule *Rule, n, id *yaml.Node) {
	switch {
	case id == nil:
		r.wrong(n, "id is missing: a name of the rule for logs and errors")
		return
	case id.Kind != yaml.ScalarNode || !ruleID.MatchString(id.Value):
		r.wrong(id, "id: %s is no id: up to 64 letters, digits, dots, dashes and underscores", said(id))
		return
	case id.Value == DefaultID:
		r.wrong(id, "id: %q stands for the default; choose another", id.Value)
		return
	}
	rule.ID = id.Value
	if first := r.byID[rule.ID]; first != nil {
		r.wrong(id, "id: %q is there already at %s", rule.ID, first.Place())
		return
	}
	r.byID[rule.ID] = rule
}

// checkServices checks what fields say of the kind of call beside each other, and sets the services where they leave them open.
func (r *reader) checkServices(rule *Rule, fields map[string]*yaml.Node) {
	m := &rule.match
	paths, models, methods := fields["paths"], fields["models"], fields["methods"]
	switch {
	case fields["services"] != nil && m.services == 0:
		return // none that is known
	case fields["services"] != nil:
	case paths != nil && (models != nil || methods != nil || rule.ReadOnly):
		r.wrong(paths, "paths: a call with a path has no model and no method that are known; make two rules of it")
		return
	case models != nil || methods != nil || rule.ReadOnly:
		m.services = Object
	case paths != nil:
		m.services = passages
	default:
		m.services = unnamed
	}
	if models != nil && m.services&Object == 0 {
		r.wrong(models, "models: only calls of the service object have a model")
	}
	if methods != nil && m.services&^passages == 0 {
		r.wrong(methods, "methods: only calls of the services object, common and db have a method")
	}
	if paths != nil && m.services&passages == 0 {
		r.wrong(paths, "paths: only calls of the services session, controller, doc and version have a path")
	}
}

// checkEffect checks what fields say beside the effect, and sets the burst where they leave it open.
func (r *reader) checkEffect(rule *Rule, fields map[string]*yaml.Node) {
	if !rule.Allow {
		for _, name := range []string{"read_only", "rate", "burst", "concurrency", "per"} {
			if fields[name] != nil {
				r.wrong(fields[name], "%s: it goes with effect: allow; a rule that denies refuses all that it matches", name)
			}
		}
		return
	}
	if fields["burst"] != nil && fields["rate"] == nil {
		r.wrong(fields["burst"], "burst: it says nothing without a rate")
	}
	if rule.Rate > 0 && rule.Burst == 0 {
		rule.Burst = int(max(1, math.Ceil(rule.Rate)))
	}
	if fields["per"] != nil && fields["rate"] == nil && fields["concurrency"] == nil {
		r.wrong(fields["per"], "per: it says nothing without a rate or a concurrency")
	}
}

// list are the texts of a list, or of a single one.
func (r *reader) list(n *yaml.Node, name string) (items []*yaml.Node) {
	all := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		all = n.Content
	}
	for _, item := range all {
		item = resolve(item)
		if item.Kind != yaml.ScalarNode || isNull(item) {
			r.wrong(item, "%s: a text is expected, not %s", name, said(item))
			continue
		}
		items = append(items, item)
	}
	if len(all) == 0 {
		r.wrong(n, "%s: the list is empty, and would match nothing; leave it out to match all", name)
	}
	return items
}

// globsInto reads patterns, which check, if it isn't nil, may refuse.
func globsInto(of func(*matcher) *globs, check func(text string) error) func(*reader, *Rule, *yaml.Node, string) {
	return func(r *reader, rule *Rule, n *yaml.Node, name string) {
		list := of(&rule.match)
		for _, item := range r.list(n, name) {
			g, err := compileGlob(item.Value)
			if err == nil && check != nil {
				err = check(item.Value)
			}
			if err != nil {
				r.wrong(item, "%s: %v", name, err)
				continue
			}
			*list = append(*list, g)
		}
	}
}

var (
	modelChars  = regexp.MustCompile(`^[a-z0-9_.*?]+$`)
	methodChars = regexp.MustCompile(`^[A-Za-z0-9_*?]+$`)
)

func modelGlob(text string) error {
	if !modelChars.MatchString(text) {
		return fmt.Errorf("%q matches no model: their names are of small letters, digits, dots and underscores, such as sale.order", text)
	}
	return nil
}

func methodGlob(text string) error {
	if !methodChars.MatchString(text) {
		return fmt.Errorf("%q matches no method: their names are of letters, digits and underscores, such as search_read", text)
	}
	return nil
}

func pathGlob(text string) error {
	if text[0] != '/' && text[0] != '*' {
		return fmt.Errorf("%q matches no path: they begin with a slash", text)
	}
	if len(text) > 1 && text[len(text)-1] == '/' {
		return fmt.Errorf("%q matches no path: one is looked at without the slash at its end; write %s or %s*", text, text[:len(text)-1], text)
	}
	return nil
}

var externalID = regexp.MustCompile(`^[A-Za-z0-9_]+\.[A-Za-z0-9_.-]+$`)

func (r *reader) groups(rule *Rule, n *yaml.Node, name string) {
	for _, item := range r.list(n, name) {
		if !externalID.MatchString(item.Value) {
			r.wrong(item, "%s: %s is no external id of a group such as sales_team.group_sale_salesman; patterns are none either", name, said(item))
			continue
		}
		rule.match.groups = append(rule.match.groups, item.Value)
	}
}

func (r *reader) sources(rule *Rule, n *yaml.Node, name string) {
	for _, item := range r.list(n, name) {
		p, err := netip.ParsePrefix(item.Value)
		if err != nil {
			addr, err := netip.ParseAddr(item.Value)
			if err != nil || addr.Zone() != "" {
				r.wrong(item, "%s: %s is no network (10.0.0.0/8) and no address (10.1.2.3)", name, said(item))
				continue
			}
			p = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen())
		}
		rule.match.sources = append(rule.match.sources, p.Masked())
	}
}

func (r *reader) protocols(rule *Rule, n *yaml.Node, name string) {
	r.bits(n, name, len(wireProtocols), func(i int) string { return wireProtocols[i].String() },
		func(i int) { rule.match.protocols |= 1 << wireProtocols[i] })
}

func (r *reader) services(rule *Rule, n *yaml.Node, name string) {
	r.bits(n, name, len(services), func(i int) string { return services[i] }, func(i int) { rule.match.services |= 1 << i })
}

// bits reads patterns for names of which there are count.
func (r *reader) bits(n *yaml.Node, name string, count int, word func(int) string, set func(int)) {
	for _, item := range r.list(n, name) {
		g, err := compileGlob(item.Value)
		if err != nil {
			r.wrong(item, "%s: %v", name, err)
			continue
		}
		found := false
		words := make([]string, count)
		for i := range count {
			if words[i] = word(i); g.matches(words[i]) {
				found = true
				set(i)
			}
		}
		if !found {
			r.wrong(item, "%s: %s is none of %s", name, said(item), strings.Join(words, ", "))
		}
	}
}

func (r *reader) window(rule *Rule, n *yaml.Node, name string) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "%s: a mapping with days, from, to and timezone is expected, not %s", name, said(n))
		return
	}
	fields := r.fields(n, "days", "from", "to", "timezone")
	w := &window{days: everyDay, zone: time.UTC}
	if days := fields["days"]; days != nil {
		w.days = 0
		for _, item := range r.list(days, "days") {
			some, err := parseDays(item.Value)
			if err != nil {
				r.wrong(item, "days: %v", err)
			}
			w.days |= some
		}
	}
	readable := true // whether both ends are
	for _, end := range []struct {
		name string
		at   *int
	}{{"from", &w.from}, {"to", &w.to}} {
		value := fields[end.name]
		if value == nil {
			continue
		}
		var err error
		if *end.at, err = parseClock(value.Value); err != nil || value.Kind != yaml.ScalarNode {
			r.wrong(value, "%s: %s is no time of the day such as \"08:30\"", end.name, said(value))
			readable = false
		}
	}
	if (fields["from"] == nil) != (fields["to"] == nil) {
		r.wrong(n, "%s: from and to go together", name)
	} else if fields["from"] != nil && readable && w.from == w.to {
		r.wrong(n, "%s: from and to are the same time; leave both out for the whole day", name)
	}
	if zone := fields["timezone"]; zone != nil {
		location, err := parseZone(zone.Value)
		if err != nil || zone.Kind != yaml.ScalarNode {
			r.wrong(zone, "timezone: %s is no time zone such as Europe/Paris or UTC", said(zone))
		} else {
			w.zone = location
		}
	}
	rule.match.window = w
}

func (r *reader) per(rule *Rule, n *yaml.Node, name string) {
	p, ok := pers[n.Value]
	if !ok || n.Kind != yaml.ScalarNode {
		r.wrong(n, "%s: %s is none of key, user, source, rule", name, said(n))
		return
	}
	rule.Per = p
}

// largestRate is more than any bridge makes.
const largestRate = 1_000_000

func (r *reader) rate(n *yaml.Node, name string) float64 {
	v, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || n.Kind != yaml.ScalarNode || !(v >= 0.0001 && v <= largestRate) {
		r.wrong(n, "%s: %s is no number of calls a second from 0.0001 to %d", name, said(n), largestRate)
		return 0
	}
	return v
}

func (r *reader) count(n *yaml.Node, name string) int {
	v, err := strconv.Atoi(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode || v < 1 || v > largestRate {
		r.wrong(n, "%s: %s is no number of calls from 1 to %d", name, said(n), largestRate)
		return 0
	}
	return v
}

// String is the word for p in files.
func (p Per) String() string {
	for _, name := range slices.Sorted(maps.Keys(pers)) {
		if pers[name] == p {
			return name
		}
	}
	return "Per(" + strconv.Itoa(int(p)) + ")"
}
