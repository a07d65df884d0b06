package policy

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"odoobridge/rpc"
)

func parse(t testing.TB, text string) *Set {
	t.Helper()
	s, _, err := Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// read is a call that most rules of these tests match.
func read() Call {
	return Call{DB: "prod", Login: "shop@example.com", Key: "shop-fr", KeyGroups: []string{"ecommerce"}, Groups: []string{"base.group_user"},
		Source: netip.MustParseAddr("10.1.2.3"), Protocol: rpc.JSONRPC, Service: Object, Model: "sale.order", Method: "read",
		Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)} // a Tuesday
}

func TestMatchers(t *testing.T) {
	change := func(f func(*Call)) Call { c := read(); f(&c); return c }
	path := func(s Service, path string) Call {
		return change(func(c *Call) { c.Service, c.Model, c.Method, c.Path, c.Protocol = s, "", "", path, rpc.HTTP })
	}
	at := func(day, hour, minute int) Call {
		return change(func(c *Call) { c.Time = time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) })
	}
	for _, tc := range []struct {
		name, fields string
		call         Call
		want         bool
	}{
		{"nothing", "", read(), true},
		{"nothing, a controller", "", path(Controller, "/shop/x"), true},
		{"nothing, a session", "", path(Session, "/web/session/destroy"), true},
		{"nothing, a login", "", change(func(c *Call) { c.Service = Common }), false},
		{"nothing, a version", "", path(Version, "/web/version"), false},
		{"key", "keys: [shop-*]", read(), true},
		{"another key", "keys: [erp-*]", read(), false},
		{"no key", "keys: ['*']", change(func(c *Call) { c.Key = "" }), false},
		{"key group", "key_groups: [ecommerce]", read(), true},
		{"key group, another", "key_groups: [erp, 'e?p']", read(), false},
		{"key group, none", "key_groups: ['*']", change(func(c *Call) { c.KeyGroups = nil }), false},
		{"user", "users: ['*@example.com']", read(), true},
		{"user, another", "users: [admin]", read(), false},
		{"user, nobody", "users: ['*']", change(func(c *Call) { c.Login = "" }), false},
		{"group", "groups: [base.group_system, base.group_user]", read(), true},
		{"group, another", "groups: [base.group_system]", read(), false},
		{"database", "databases: [pro*]", read(), true},
		{"database, another", "databases: [test]", read(), false},
		{"source", "sources: [10.0.0.0/8]", read(), true},
		{"source, one address", "sources: 10.1.2.3", read(), true},
		{"source, another", "sources: [192.0.2.0/24, 'fe80::/10']", read(), false},
		{"source, v4 in v6", "sources: [10.0.0.0/8]", change(func(c *Call) { c.Source = netip.MustParseAddr("::ffff:10.1.2.3") }), true},
		{"protocol", "protocols: [jsonrpc]", read(), true},
		{"protocol, pattern", "protocols: [xmlrpc*]", change(func(c *Call) { c.Protocol = rpc.XMLRPC1 }), true},
		{"protocol, pattern, another", "protocols: [xmlrpc*]", read(), false},
		{"protocol, JSON-2", "protocols: [json/2]", change(func(c *Call) { c.Protocol = rpc.JSON2 }), true},
		{"service", "services: [common, db]", change(func(c *Call) { c.Service = DB }), true},
		{"service, all", "services: ['*']", change(func(c *Call) { c.Service = Common }), true},
		{"service, another", "services: [common]", read(), false},
		{"service and method", "services: [common]\n    methods: [authenticate]", change(func(c *Call) { c.Service, c.Method = Common, "authenticate" }), true},
		{"model", "models: [sale.*]", read(), true},
		{"model, single", "models: sale.order", read(), true},
		{"model, one character", "models: ['sale?order']", read(), true},
		{"model, longer", "models: [sale.order]", change(func(c *Call) { c.Model = "sale.order.line" }), false},
		{"model, a controller", "models: ['*']", path(Controller, "/shop/x"), false},
		{"method", "methods: [read, search*]", read(), true},
		{"method, another", "methods: [search*]", read(), false},
		{"method, a controller", "methods: ['*']", path(Controller, "/shop/x"), false},
		{"path", "paths: [/shop/*]", path(Controller, "/shop/x"), true},
		{"path, another", "paths: [/shop/*]", path(Controller, "/shopping"), false},
		{"path, a model's method", "paths: ['*']", read(), false},
		{"all hold", "keys: [shop-*]\n    models: [sale.*]\n    sources: [10.0.0.0/8]", read(), true},
		{"one does not", "keys: [shop-*]\n    models: [sale.*]\n    sources: [10.2.0.0/16]", read(), false},
		{"alias", "keys: &k [shop-*]\n    users: *k", read(), false},

		{"weekday", "time: {days: [mon-fri]}", at(24, 9, 0), true},
		{"weekend", "time: {days: [mon-fri]}", at(28, 9, 0), false},
		{"days over the end of the week", "time: {days: [fri-mon]}", at(29, 9, 0), true},
		{"hours", "time: {from: '08:00', to: '18:00'}", at(24, 17, 59), true},
		{"the end is not in it", "time: {from: '08:00', to: '18:00'}", at(24, 18, 0), false},
		{"until midnight", "time: {from: '20:00', to: '24:00'}", at(24, 23, 59), true},
		{"after midnight, of the day before", "time: {days: [tue], from: '22:00', to: '06:00'}", at(25, 5, 59), true},
		{"after midnight, of no day", "time: {days: [tue], from: '22:00', to: '06:00'}", at(24, 5, 59), false},
		{"before midnight", "time: {days: [tue], from: '22:00', to: '06:00'}", at(24, 22, 0), true},
		{"Paris is an hour ahead", "time: {from: '10:00', to: '11:00', timezone: Europe/Paris}", at(24, 9, 30), true},
		{"Paris is another day", "time: {days: [wed], timezone: Europe/Paris}", at(24, 23, 30), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fields := ""
			if tc.fields != "" {
				fields = "\n    " + tc.fields
			}
			s := parse(t, "rules:\n  - id: it\n    effect: deny"+fields+"\n")
			d := s.Decide(&tc.call)
			if got := d.Rule != nil && d.Rule.ID == "it"; got != tc.want {
				t.Errorf("matches: %v, want %v", got, tc.want)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	write := read()
	write.Method = "write"
	custom := read()
	custom.Method = "read_all_prices"
	login := read()
	login.Service, login.Method, login.Model = Common, "authenticate", ""
	const (
		shop = "  - {id: shop, effect: allow, keys: [shop-*], read_only: true}\n"
		all  = "  - {id: all, effect: deny}\n"
	)
	for _, tc := range []struct {
		name, file string
		call       Call
		want       string // rule, refusal, rule on trial and its refusal
	}{
		{"the default of all is allow", "rules: []\n", read(), "default - - -"},
		{"default deny", "default: deny\n", read(), "default denied - -"},
		{"the default is not for logins", "default: deny\n", login, "- - - -"},
		{"the first decides", "rules:\n" + shop + all, read(), "shop - - -"},
		{"the first decides, the other way round", "rules:\n" + all + shop, read(), "all denied - -"},
		{"read only", "rules:\n" + shop, write, "shop may-write - -"},
		{"read only and a method that sounds so", "rules:\n" + shop, custom, "shop may-write - -"},
		{"a rule on trial decides nothing", "rules:\n  - {id: new, effect: deny, dry_run: true}\n" + shop, read(), "shop - new denied"},
		{"nor does it allow", "default: deny\nrules:\n  - {id: new, effect: allow, dry_run: true}\n", read(), "default denied new -"},
		{"a rule on trial behind one in force is not reached", "rules:\n" + shop + "  - {id: new, effect: deny, dry_run: true}\n", read(), "shop - - -"},
		{"a file on trial, its default too", "dry_run: true\ndefault: deny\n", read(), "- - default denied"},
		{"a file on trial, the first of its rules", "dry_run: true\ndefault: deny\nrules:\n" + shop + all, read(), "- - shop -"},
		{"a file on trial, read only", "dry_run: true\nrules:\n" + shop, write, "default - shop may-write"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := parse(t, tc.file).Decide(&tc.call)
			word := func(r *Rule) string {
				if r == nil {
					return "-"
				}
				return r.ID
			}
			refusals := map[Refusal]string{None: "-", Denied: "denied", MayWrite: "may-write"}
			got := strings.Join([]string{word(d.Rule), refusals[d.Refusal], word(d.Trial), refusals[d.TrialRefusal]}, " ")
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestReads(t *testing.T) {
	for _, tc := range []struct {
		model, method string
		want          bool
	}{
		{"res.partner", "search_read", true}, {"res.partner", "read_group", true}, {"res.partner", "fields_get", true},
		{"res.partner", "name_search", true}, {"res.partner", "web_search_read", true}, {"res.partner", "web_read", true},
		{"res.partner", "create", false}, {"res.partner", "web_save", false}, {"res.partner", "name_create", false},
		{"res.partner", "copy", false}, {"res.partner", "onchange", false}, {"res.partner", "export_data", false},
		{"res.partner", "", false}, {"res.partner", "READ", false}, {"res.partner", "read_prices", false},
		{"ir.config_parameter", "get_param", true}, {"x.shop", "get_param", false}, {"res.users", "context_get", true},
	} {
		if got := Reads(tc.model, tc.method); got != tc.want {
			t.Errorf("Reads(%q, %q) is %v", tc.model, tc.method, got)
		}
	}
}
