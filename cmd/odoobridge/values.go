package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"odoobridge/rpc"
)

// The readers of single configuration values. Their errors name the value and what is expected instead, and never a
// secret inside it.

func postgresURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// The parse error would quote the value, password included.
		return nil, errors.New("not a URL of the form postgres://user:password@host:5432/name")
	}
	return u, nil
}

func httpURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("not a URL of the form http://host:8069")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("a URL without user, query and fragment is expected: http://host:8069")
	}
	return u, nil
}

// redactURL hides the password of a URL, also where libpq takes one as a parameter.
func redactURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "[redacted]"
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(name, "password") {
			q.Set(name, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u.Redacted()
}

func splitList(s string) []string {
	var list []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(list, part) {
			list = append(list, part)
		}
	}
	return list
}

func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is no address of the form host:port or :port", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q: port %q is not a number from 0 to 65535", s, port)
	}
	return nil
}

func parsePrefixes(s string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, part := range splitList(s) {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			addr, aerr := netip.ParseAddr(part)
			if aerr != nil {
				return nil, fmt.Errorf("%q is no network (10.0.0.0/8) and no address (10.1.2.3)", part)
			}
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// parsePaths reads path prefixes and cuts their last slash.
func parsePaths(s string) ([]string, error) {
	var list []string
	for _, part := range splitList(s) {
		path := rpc.CleanPath(part)
		if !strings.HasPrefix(part, "/") || path == "/" || strings.ContainsAny(path, "{}?#%") || slices.Contains(strings.Split(path, "/"), "..") {
			return nil, fmt.Errorf("%q is no path prefix such as /shopinvader/", part)
		}
		list = append(list, path)
	}
	return list, nil
}

// oneOf reads a choice of two and tells whether it is the second.
func oneOf(v, first, second string) (bool, error) {
	switch v {
	case first:
		return false, nil
	case second:
		return true, nil
	}
	return false, fmt.Errorf("%q is neither %s nor %s", v, first, second)
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no duration such as 30s or 5m", s)
	}
	return d, nil
}

// parsePause reads a duration of some length.
func parsePause(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		return 0, fmt.Errorf("%q is no pause; a duration such as 1s is expected", s)
	}
	return d, err
}

// parseCount reads a number that is at least smallest.
func parseCount(s string, smallest int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < smallest || n > 1_000_000 {
		return 0, fmt.Errorf("%q is no number from %d to 1000000", s, smallest)
	}
	return n, nil
}

func parseFreshness(s string) (time.Duration, error) {
	if s == "strict" {
		return 0, nil
	}
	d, err := parseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is neither strict nor a duration such as 1s", s)
	}
	return d, nil
}

func parseSize(s string) (int64, error) {
	number, unit := s, int64(1)
	for suffix, u := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if n, ok := strings.CutSuffix(s, suffix); ok {
			number, unit = strings.TrimSpace(n), u
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > 1<<40/unit {
		return 0, fmt.Errorf("%q is no size such as 1048576 or 128MiB", s)
	}
	return n * unit, nil
}

func checkLogLevel(s string) error {
	switch s {
	case zerolog.LevelDebugValue, zerolog.LevelInfoValue, zerolog.LevelWarnValue, zerolog.LevelErrorValue:
		return nil
	}
	return fmt.Errorf("%q is none of debug, info, warn, error", s)
}
