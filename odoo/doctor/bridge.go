package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
)

func (x *examination) bridgeChecks() []check {
	return []check{
		{group: groupBridge, name: "bridge.ports", look: x.lookAtPorts},
		{group: groupBridge, name: "bridge.tls", look: x.lookAtBridgeTLS},
		{group: groupBridge, name: "bridge.admin", look: x.lookAtAdmin},
	}
}

// lookAtPorts tells whether serve could listen, or does already.
func (x *examination) lookAtPorts(ctx context.Context, r *report) {
	taken := map[string]bool{}
	for _, s := range []struct{ setting, address string }{{"listen", x.Listen}, {"admin_listen", x.AdminListen}} {
		err := tryListen(ctx, s.address)
		switch {
		case err == nil:
			continue
		case errors.Is(err, syscall.EADDRINUSE):
			taken[s.setting] = true
		case errors.Is(err, syscall.EACCES):
			r.fail(fmt.Sprintf("%s: %s can't be listened at: ports below 1024 are for root", s.setting, s.address), "serve does not start",
				"export ODOOBRIDGE_"+strings.ToUpper(s.setting)+"="+quote(":8079"))
		default:
			r.fail(fmt.Sprintf("%s: %s can't be listened at: %v", s.setting, s.address, errors.Unwrap(err)), "serve does not start",
				"export ODOOBRIDGE_"+strings.ToUpper(s.setting)+"="+quote(":8079"))
		}
	}
	if len(taken) == 0 {
		if len(r.findings) == 0 {
			r.ok("%s and %s are free; no bridge runs here", x.Listen, x.AdminListen)
		}
		return
	}
	running, notReady := x.askReady(ctx)
	switch {
	case running && len(notReady) > 0:
		r.warn("a bridge runs here and is not ready: "+strings.Join(notReady, "; "), "it refuses calls that need what is missing; the other findings say more",
			"curl -s http://"+dialable(x.AdminListen)+"/readyz")
	case running:
		r.ok("a bridge runs here at %s and is ready", x.Listen)
	default:
		setting, address := "listen", x.Listen
		if !taken[setting] {
			setting, address = "admin_listen", x.AdminListen
		}
		_, port, _ := net.SplitHostPort(address) // checked with the configuration
		r.fail(fmt.Sprintf("%s: another program listens at %s, and no bridge answers at %s", setting, address, x.AdminListen), "serve does not start",
			"ss -ltnp 'sport = :"+port+"'  # says which program")
	}
}

func tryListen(ctx context.Context, address string) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err == nil {
		err = l.Close()
	}
	return err
}

// dialable is the address at which a listener of address is reached from this machine.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// askReady asks the bridge that may run here whether it is ready, and for what it is not.
func (x *examination) askReady(ctx context.Context) (running bool, notReady []string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, x.adminURL()+"/readyz", nil)
	if err != nil {
		return false, nil
	}
	request.Close = true
	response, err := ownListener.RoundTrip(request) // no redirects
	if err != nil {
		return false, nil
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Ready  *bool
		Checks map[string]string
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &answer) != nil || answer.Ready == nil {
		return false, nil
	}
	for name, said := range answer.Checks {
		if said != "ok" {
			notReady = append(notReady, name+": "+said)
		}
	}
	slices.Sort(notReady)
	return true, notReady
}

// adminURL is where a bridge of this configuration answers to this machine.
func (x *examination) adminURL() string {
	scheme := "http://"
	if x.AdminTLS {
		scheme = "https://"
	}
	return scheme + dialable(x.AdminListen)
}

// ownListener asks a listener of this machine, whose certificate is for the name that others know it by.
var ownListener = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}

func (x *examination) lookAtBridgeTLS(_ context.Context, r *report) {
	switch {
	case loopback(x.Listen):
		r.ok("%s is reached from this machine alone", x.Listen)
	case x.TLS:
		r.ok("the bridge speaks TLS at %s", x.Listen)
	case len(x.TrustedProxies) > 0:
		r.ok("the bridge speaks HTTP at %s, to the reverse proxies in trusted_proxies, which are to speak TLS", x.Listen)
	default:
		r.warn(fmt.Sprintf("the bridge speaks HTTP without TLS at %s, and no reverse proxy is named", x.Listen),
			"keys and passwords cross the network in clear text, unless a proxy that speaks TLS is in front",
			"# set tls_cert and tls_key, or with a proxy on this machine:", "export ODOOBRIDGE_LISTEN=127.0.0.1:8079 ODOOBRIDGE_TRUSTED_PROXIES=127.0.0.1")
	}
}

// loopback tells whether a listener of address is reached from this machine alone.
func loopback(address string) bool {
	host, _, _ := net.SplitHostPort(address) // checked with the configuration
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (x *examination) lookAtAdmin(_ context.Context, r *report) {
	if loopback(x.AdminListen) {
		r.ok("%s, for administrators and metrics, is reached from this machine alone", x.AdminListen)
		return
	}
	r.warn(x.AdminListen+" is reached from other machines", "who reaches it sees metrics and what is wrong; the pages for administrators are served over TLS alone, by a proxy in trusted_proxies",
		"export ODOOBRIDGE_ADMIN_LISTEN=127.0.0.1:8078", "# or let nobody but Prometheus and that proxy reach it, by a firewall or a network of its own")
}
