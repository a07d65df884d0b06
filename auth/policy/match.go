package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"odoobridge/rpc"
)

// matcher is the conditions of a rule. All that are set have to hold; of the alternatives within one, any.
type matcher struct {
	services  Service   // bits, never 0
	protocols protocols // bits, 0 is any

	models, methods, paths  globs
	keys, keyGroups, logins globs
	databases               globs
	groups                  []string // external ids
	sources                 []netip.Prefix
	window                  *window
}

// protocols are bits by rpc.Protocol.
type protocols uint16

func (p protocols) has(one rpc.Protocol) bool { return p == 0 || p&(1<<one) != 0 }

// wireProtocols are those that a rule can name, by the words of the log.
var wireProtocols = []rpc.Protocol{rpc.JSONRPC, rpc.XMLRPC2, rpc.XMLRPC1, rpc.JSON2, rpc.HTTP}

// matches asks what is cheap and rules out most first.
func (m *matcher) matches(c *Call) bool {
	return m.services&c.Service != 0 &&
		m.protocols.has(c.Protocol) &&
		m.keys.matchKnown(c.Key) &&
		m.logins.matchKnown(c.Login) &&
		m.models.match(c.Model) &&
		m.methods.match(c.Method) &&
		m.paths.match(c.Path) &&
		m.databases.matchKnown(c.DB) &&
		m.keyGroups.matchAny(c.KeyGroups) &&
		inOne(m.groups, c.Groups) &&
		within(c.Source, m.sources) &&
		(m.window == nil || m.window.has(c.Time))
}

func inOne(wanted, groups []string) bool {
	if len(wanted) == 0 {
		return true
	}
	for _, g := range groups {
		if slices.Contains(wanted, g) {
			return true
		}
	}
	return false
}

func within(addr netip.Addr, networks []netip.Prefix) bool {
	if len(networks) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// covers tells whether m matches every call that other does, as far as that is easily seen: a rule behind one that does is
// never asked.
func (m *matcher) covers(other *matcher) bool {
	return other.services&^m.services == 0 &&
		(m.protocols == 0 || other.protocols != 0 && other.protocols&^m.protocols == 0) &&
		m.models.cover(other.models) &&
		m.methods.cover(other.methods) &&
		m.paths.cover(other.paths) &&
		m.keys.cover(other.keys) &&
		m.logins.cover(other.logins) &&
		m.databases.cover(other.databases) &&
		m.keyGroups.cover(other.keyGroups) &&
		(len(m.groups) == 0 || len(other.groups) > 0 && !slices.ContainsFunc(other.groups, func(g string) bool { return !slices.Contains(m.groups, g) })) &&
		coverNetworks(m.sources, other.sources) &&
		m.window.covers(other.window)
}

func coverNetworks(wide, narrow []netip.Prefix) bool {
	if len(wide) == 0 {
		return true
	}
	for _, n := range narrow {
		if !slices.ContainsFunc(wide, func(w netip.Prefix) bool { return w.Bits() <= n.Bits() && w.Contains(n.Addr()) }) {
			return false
		}
	}
	return len(narrow) > 0
}

// ParseProtocol reads the name of a protocol as rules and logs write it.
func ParseProtocol(name string) (rpc.Protocol, error) {
	var words []string
	for _, p := range wireProtocols {
		if p.String() == name {
			return p, nil
		}
		words = append(words, p.String())
	}
	return 0, fmt.Errorf("%q is none of %s", name, strings.Join(words, ", "))
}

// ParseService reads the name of one service.
func ParseService(name string) (Service, error) {
	if i := slices.Index(services, name); i >= 0 {
		return 1 << i, nil
	}
	return 0, fmt.Errorf("%q is none of %s", name, strings.Join(services, ", "))
}
