package bridge

import (
	"net/http"
	"net/netip"
	"strings"
)

// Source is the address of the client: the connection's, or, where that is a trusted proxy's, the last address of
// X-Forwarded-For that is none. Nothing before it is believed, since a client can write there what it likes.
func Source(r *http.Request, proxies []netip.Prefix) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := ap.Addr().Unmap()
	if !Within(addr, proxies) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // no address: what stands before it can't be placed
		}
		addr = hop.Unmap()
		if !Within(addr, proxies) {
			break
		}
	}
	return addr
}

// Within tells whether addr is of one of networks.
func Within(addr netip.Addr, networks []netip.Prefix) bool {
	addr = addr.WithZone("")
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
