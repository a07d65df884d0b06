package doctor

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// report is where a check says what it found.
type report struct {
	check    check
	findings []Finding
	stop     string // why checks that need this one can't be made; "" if they can
}

func (r *report) add(level Level, text, why string, remedy []string) {
	r.findings = append(r.findings, Finding{Group: r.check.group, Check: r.check.name, Level: level, Text: text, Why: why, Remedy: remedy})
}

func (r *report) ok(format string, args ...any) { r.add(OK, fmt.Sprintf(format, args...), "", nil) }

func (r *report) skip(format string, args ...any) {
	r.add(Skipped, fmt.Sprintf(format, args...), "", nil)
}

func (r *report) warn(text, why string, remedy ...string) { r.add(Warning, text, why, remedy) }

func (r *report) fail(text, why string, remedy ...string) { r.add(Failure, text, why, remedy) }

// without says why what needs this check is not looked at.
func (r *report) without(format string, args ...any) { r.stop = fmt.Sprintf(format, args...) }

// quote makes one word of s for a shell.
func quote(s string) string {
	plain := s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,", c)
	})
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// psql is the command that opens a database as another role, who is asked for a password. role "" is PostgreSQL's superuser.
func (x *examination) psql(db, role string) string {
	if role == "" {
		role = "postgres"
	}
	u := url.URL{Scheme: "postgres", User: url.User(role), Host: x.DatabaseURL.Host, Path: "/" + db}
	kept := url.Values{}
	for _, name := range []string{"host", "port", "sslmode", "sslrootcert"} {
		if v := x.DatabaseURL.Query().Get(name); v != "" {
			kept.Set(name, v)
		}
	}
	u.RawQuery = kept.Encode()
	return "psql " + quote(u.String())
}

// sql is the command that runs a statement as another role.
func (x *examination) sql(db, role, statement string) string {
	return x.psql(db, role) + " -c " + quote(statement)
}

// server is where PostgreSQL is by database_url: a host or the folder of a socket, and a port.
func (x *examination) server() (host, port string) {
	query := x.DatabaseURL.Query()
	return cmp.Or(query.Get("host"), x.DatabaseURL.Hostname(), "localhost"), cmp.Or(query.Get("port"), x.DatabaseURL.Port(), "5432")
}

// postgres names that for people.
func (x *examination) postgres() string { return net.JoinHostPort(x.server()) }

// private tells whether a host is this machine, or an address of a network that is nobody's on the Internet. Names other than
// localhost are not looked up: they tell of nothing but what a resolver says today; those without a dot are of a private network.
func private(host string) bool {
	if strings.HasPrefix(host, "/") {
		return true // a socket
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".internal") ||
		strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".svc")
}
