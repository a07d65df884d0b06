package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"odoobridge/auth"
	"odoobridge/auth/limit"
	"odoobridge/odoo/queue"
	"odoobridge/odoo/upstream"
)

// Config is everything `serve` can be told. It is filled from the settings table below and from nowhere else.
type Config struct {
	DatabaseURL      *url.URL
	OdooURL          *url.URL
	Databases        []string // those served, the default first
	Listen           string
	AdminListen      string
	AdminPage        bool
	TLS, AdminTLS    tlsFiles
	TrustedSources   []netip.Prefix
	TrustedProxies   []netip.Prefix
	Basic            bool
	Freshness        time.Duration // 0 is strict
	StaleLimit       time.Duration
	Impersonation    auth.Impersonation
	ArchivedUsers    auth.ArchivedUsers
	EnvironmentKeys  string // file or folder, "" is none
	Policies         string // file or folder, "" is none
	RedisURL         string
	RedisTimeout     time.Duration
	DBServiceFull    bool
	ForwardXML       bool
	UpstreamProtocol upstream.Protocol
	DocUser          string // login; "" is none
	WebSession       bool
	Controllers      []string      // path prefixes, without a slash at the end
	MaxBody          int64         // bytes
	BodyMemory       int64         // bytes
	BodyTimeout      time.Duration // 0 is none
	CallTimeout      time.Duration
	Limits           queue.Limits
	BreakerLimit     int // failures to connect in a row; 0 is no breaker
	BreakerPause     time.Duration
	DrainDelay       time.Duration
	DrainTimeout     time.Duration
	LogLevel         string
	OTLPEndpoint     *url.URL // of an OpenTelemetry collector; nil is none, or that of OpenTelemetry's own variables
	Traces           bool     // they are to be sent

	Effective string // all of it as a YAML file, without secrets
}

// setting is one thing that can be configured: `--name` on the command line, ODOOBRIDGE_NAME in the environment and
// `name` in the YAML file, with dashes written as underscores in the latter two.
type setting struct {
	name, usage, byDefault string
	set                    func(c *Config, value string) error
	show                   func(value string) string // nil shows the value as it is; used where a secret may be inside
}

var settings = []setting{
	{"database-url", "PostgreSQL of Odoo, as postgres://user:password@host:5432/name", "",
		func(c *Config, v string) (err error) { c.DatabaseURL, err = postgresURL(v); return }, redactURL},
	{"odoo-url", "Odoo itself, as http://host:8069", "",
		func(c *Config, v string) (err error) { c.OdooURL, err = httpURL(v); return }, redactURL},
	{"db", "databases served, the default one first, comma-separated (default: the one of --database-url)", "",
		func(c *Config, v string) error { c.Databases = splitList(v); return nil }, nil},
	{"listen", "address of the bridge", ":8079",
		func(c *Config, v string) error { c.Listen = v; return checkAddress(v) }, nil},
	{"admin-listen", "address of /livez, /readyz and /metrics", "127.0.0.1:8078",
		func(c *Config, v string) error { c.AdminListen = v; return checkAddress(v) }, nil},
	{"admin-page", "on has administrators of Odoo sign in at --admin-listen for users, keys and traffic, off does not", "on",
		func(c *Config, v string) (err error) { c.AdminPage, err = oneOf(v, "off", "on"); return }, nil},
	{"tls-cert", "PEM file with the certificate of --listen and those that sign it, read again when it changes; without one it speaks HTTP", "",
		func(c *Config, v string) error { c.TLS.Cert = v; return nil }, nil},
	{"tls-key", "PEM file with the key of --tls-cert", "",
		func(c *Config, v string) error { c.TLS.Key = v; return nil }, nil},
	{"admin-tls-cert", "as --tls-cert, for --admin-listen", "",
		func(c *Config, v string) error { c.AdminTLS.Cert = v; return nil }, nil},
	{"admin-tls-key", "PEM file with the key of --admin-tls-cert", "",
		func(c *Config, v string) error { c.AdminTLS.Key = v; return nil }, nil},
	{"trusted-sources", "networks from which the API-KEY header is honoured",
		"127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,169.254.0.0/16,fe80::/10",
		func(c *Config, v string) (err error) { c.TrustedSources, err = parsePrefixes(v); return }, nil},
	{"trusted-proxies", "networks of reverse proxies whose X-Forwarded-For is believed", "",
		func(c *Config, v string) (err error) { c.TrustedProxies, err = parsePrefixes(v); return }, nil},
	{"basic", "what Authorization: Basic means: users (an Odoo login) or off (ignored)", "users",
		func(c *Config, v string) (err error) { c.Basic, err = oneOf(v, "off", "users"); return }, nil},
	{"freshness", "how old what is known of a key or user may be; strict asks the database on every call", "1s",
		func(c *Config, v string) (err error) { c.Freshness, err = parseFreshness(v); return }, nil},
	{"stale-limit", "how long known callers are served while PostgreSQL is away", "30s",
		func(c *Config, v string) (err error) { c.StaleLimit, err = parseDuration(v); return }, nil},
	{"impersonation", "how a caller known by an auth_api_key is passed on: auto (addon where Odoo has it, else mint), mint (a native key of theirs), addon (Odoo's add-on odoobridge) or off", "auto",
		func(c *Config, v string) (err error) { c.Impersonation, err = auth.ParseImpersonation(v); return }, nil},
	{"archived-users", "what decides on the key of an archived user: setting, stored, deny or allow", "setting",
		func(c *Config, v string) (err error) { c.ArchivedUsers, err = auth.ParseArchivedUsers(v); return }, nil},
	{"environment-keys", "ini file or folder with sections [api_key_NAME] and key = ..., which stand in place of stored auth_api_key keys", "",
		func(c *Config, v string) error { c.EnvironmentKeys = v; return nil }, nil},
	{"policies", "YAML file or folder with the rules of who may call what, and how often", "",
		func(c *Config, v string) error { c.Policies = v; return nil }, nil},
	{"redis-url", "Redis or Valkey by which several bridges hold the limits of policies and the cooldown of failed logins together, as redis://user:password@host:6379/0", "",
		func(c *Config, v string) error { c.RedisURL = v; return limit.CheckURL(v) }, redactURL},
	{"redis-timeout", "how long a call may wait for an answer of Redis, after which this bridge counts by itself", "250ms",
		func(c *Config, v string) (err error) { c.RedisTimeout, err = parsePause(v); return }, nil},
	{"db-service", "methods of the db service: limited (list, db_exist, server_version, list_lang) or full", "limited",
		func(c *Config, v string) (err error) { c.DBServiceFull, err = oneOf(v, "limited", "full"); return }, nil},
	{"upstream-protocol", "how calls reach Odoo: auto (by rpc where Odoo has /jsonrpc, else by json2), rpc (/jsonrpc and /xmlrpc) or json2 (/json/2 alone)", "auto",
		func(c *Config, v string) (err error) { c.UpstreamProtocol, err = upstream.ParseProtocol(v); return }, nil},
	{"doc-user", "login of a user of Odoo's group Technical Documentation, as whom /doc-bearer is read where json2 needs the names of a method's arguments", "",
		func(c *Config, v string) error { c.DocUser = v; return nil }, nil},
	{"upstream-xmlrpc", "how XML-RPC calls reach Odoo: transcode (through its quicker /jsonrpc) or forward (through its /xmlrpc)", "transcode",
		func(c *Config, v string) (err error) { c.ForwardXML, err = oneOf(v, "transcode", "forward"); return }, nil},
	{"web-session", "on passes /web/session/* and the calls of its sessions on to Odoo, off does not", "on",
		func(c *Config, v string) (err error) { c.WebSession, err = oneOf(v, "off", "on"); return }, nil},
	{"controllers", "path prefixes of Odoo's own auth=\"api_key\" controllers, such as /shopinvader/, passed on once the API-KEY is checked", "",
		func(c *Config, v string) (err error) { c.Controllers, err = parsePaths(v); return }, nil},
	{"max-body", "largest request body, in bytes or with KiB, MiB, GiB", "128MiB",
		func(c *Config, v string) (err error) { c.MaxBody, err = parseSize(v); return }, nil},
	{"body-memory", "what the bodies of all requests together may take, as max-body; more are answered 503", "1GiB",
		func(c *Config, v string) (err error) { c.BodyMemory, err = parseSize(v); return }, nil},
	{"body-timeout", "longest pause between two pieces of a request body; 0 is any", "60s",
		func(c *Config, v string) (err error) { c.BodyTimeout, err = parseDuration(v); return }, nil},
	{"call-timeout", "how long Odoo may take to begin its answer; 0 leaves it to Odoo's own limit", "0s",
		func(c *Config, v string) (err error) { c.CallTimeout, err = parseDuration(v); return }, nil},
	{"max-calls", "calls at work in Odoo at once, best as many as it has workers; the others wait in turns; 0 is any number", "64",
		func(c *Config, v string) (err error) { c.Limits.Calls, err = parseCount(v, 0); return }, nil},
	{"queue-limit", "calls of one caller that may wait for a place at Odoo; more are answered 429", "1000",
		func(c *Config, v string) (err error) { c.Limits.Own, err = parseCount(v, 1); return }, nil},
	{"queue-total", "calls that may wait for a place at Odoo in all; more are answered 503", "5000",
		func(c *Config, v string) (err error) { c.Limits.All, err = parseCount(v, 0); return }, nil},
	{"queue-timeout", "how long a call may wait for a place at Odoo, answered 503; 0 is any", "30s",
		func(c *Config, v string) (err error) { c.Limits.Wait, err = parseDuration(v); return }, nil},
	{"breaker-failures", "failures to connect to Odoo in a row after which calls are refused at once; 0 is never", "5",
		func(c *Config, v string) (err error) { c.BreakerLimit, err = parseCount(v, 0); return }, nil},
	{"breaker-pause", "how long they are refused before a connection is tried for again", "1s",
		func(c *Config, v string) (err error) { c.BreakerPause, err = parsePause(v); return }, nil},
	{"drain-delay", "how long new calls are still taken after SIGTERM, while /readyz says 503 so that a load balancer notices", "0s",
		func(c *Config, v string) (err error) { c.DrainDelay, err = parseDuration(v); return }, nil},
	{"drain-timeout", "how long running calls may finish after SIGTERM", "30s",
		func(c *Config, v string) (err error) { c.DrainTimeout, err = parseDuration(v); return }, nil},
	{"log-level", "debug, info, warn or error", "info",
		func(c *Config, v string) error { c.LogLevel = v; return checkLogLevel(v) }, nil},
	{"otlp-endpoint", "OpenTelemetry collector that traces are sent to, as http://host:4318; OTEL_EXPORTER_OTLP_* and OTEL_TRACES_SAMPLER are heeded too", "",
		func(c *Config, v string) (err error) { c.OTLPEndpoint, err = httpURL(v); return }, redactURL},
}

func (s setting) env() string  { return "ODOOBRIDGE_" + strings.ToUpper(s.key()) }
func (s setting) key() string  { return strings.ReplaceAll(s.name, "-", "_") }
func (s setting) flag() string { return "--" + s.name }

// value is what a setting was given, and where.
type value struct{ text, place string }

// Problems are all that is wrong with a configuration, each with its place.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// addSettings adds the flags of settings: those named, or all.
func addSettings(fs *pflag.FlagSet, names ...string) {
	for _, s := range settings {
		if len(names) == 0 || slices.Contains(names, s.name) {
			fs.String(s.name, s.byDefault, s.usage)
		}
	}
	fs.String("config", "", "YAML file with the same settings, database_url: and so on")
}

// optionalFlag marks a flag of a setting that is required elsewhere.
const optionalFlag = "optional"

// optional makes a setting that is required one that a command can do without.
func optional(fs *pflag.FlagSet, name string) {
	fs.Lookup(name).Annotations = map[string][]string{optionalFlag: {}}
}

// loadConfig merges flags over environment over the YAML file over defaults, and returns every problem at once, as
// Problems. Only settings that fs has flags for are read; that the file has others is no mistake.
func loadConfig(fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) (Config, []value, error) {
	fromFile, problems := readFileOf(fs, lookupEnv)
	var c Config
	effective := make([]value, len(settings))
	for i, s := range settings {
		if fs.Lookup(s.name) == nil {
			continue
		}
		v, err := s.given(fs, lookupEnv, fromFile)
		if err != nil {
			problems = append(problems, err.Error())
		}
		effective[i] = v
		if v.text == "" && s.byDefault == "" || err != nil {
			continue
		}
		if err := s.set(&c, v.text); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", v.place, err))
		}
	}
	given := func(name string) bool {
		i := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
		return effective[i].text != ""
	}
	for _, need := range []string{"database-url", "odoo-url"} {
		if f := fs.Lookup(need); f != nil && f.Annotations[optionalFlag] == nil && !given(need) {
			s := setting{name: need}
			problems = append(problems, fmt.Sprintf("%s is required (or %s, or %s in the file)", s.flag(), s.env(), s.key()))
		}
	}
	if c.DatabaseURL != nil && len(c.Databases) == 0 {
		if name := strings.TrimPrefix(c.DatabaseURL.Path, "/"); name != "" {
			c.Databases = []string{name}
		} else {
			problems = append(problems, "--db: no database to serve: name it here or in --database-url")
		}
	}
	if c.Listen != "" && c.Listen == c.AdminListen && !strings.HasSuffix(c.Listen, ":0") {
		problems = append(problems, fmt.Sprintf("--admin-listen: %q is the address of --listen too", c.AdminListen))
	}
	for _, problem := range []string{c.TLS.problem(""), c.AdminTLS.problem("admin-")} {
		if problem != "" {
			problems = append(problems, problem)
		}
	}
	if c.StaleLimit < c.Freshness {
		problems = append(problems, fmt.Sprintf("--stale-limit: %v is shorter than --freshness, %v", c.StaleLimit, c.Freshness))
	}
	if c.BodyMemory < 2*c.MaxBody {
		problems = append(problems, fmt.Sprintf("--body-memory: %d bytes are less than twice --max-body, %d, which the buffer of one growing body can need", c.BodyMemory, c.MaxBody))
	}
	if l := c.Limits; l.All > 0 && l.Own >= l.All {
		problems = append(problems, fmt.Sprintf("--queue-limit: %d leaves one caller all the room of --queue-total, %d; it must be less", l.Own, l.All))
	}
	var ps Problems
	if c.Traces, ps = wantsTraces(c.OTLPEndpoint, lookupEnv); ps != nil {
		problems = append(problems, ps...)
	}
	if problems != nil {
		return Config{}, nil, problems
	}
	var text strings.Builder
	printConfig(&text, c, effective)
	c.Effective = text.String()
	return c, effective, nil
}

// readYAML returns the settings of a YAML file by flag name. Nested keys are joined: `trusted: {sources: ...}` is
// `trusted_sources`.
func readYAML(path string) (map[string]value, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	got := map[string]value{}
	if len(doc.Content) == 0 {
		return got, nil
	}
	var problems Problems
	var walk func(prefix string, n *yaml.Node)
	walk = func(prefix string, n *yaml.Node) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			key := prefix + k.Value
			place := fmt.Sprintf("%s:%d: %s", path, k.Line, key)
			name := strings.ReplaceAll(key, "_", "-")
			known := slices.ContainsFunc(settings, func(s setting) bool { return s.key() == key })
			switch {
			case !known && v.Kind == yaml.MappingNode:
				walk(key+"_", v)
			case !known:
				problems = append(problems, fmt.Sprintf("%s is no setting%s", place, didYouMean(key)))
			case got[name].place != "":
				problems = append(problems, fmt.Sprintf("%s is set twice, first at %s", place, got[name].place))
			default:
				text, err := scalar(v)
				if err != nil {
					problems = append(problems, fmt.Sprintf("%s: %v", place, err))
				}
				got[name] = value{text, place}
			}
		}
	}
	if root := doc.Content[0]; root.Kind == yaml.MappingNode {
		walk("", root)
	} else {
		problems = append(problems, fmt.Sprintf("%s:%d: the file must be a mapping of settings, such as `listen: :8079`", path, root.Line))
	}
	if problems != nil {
		return got, problems
	}
	return got, nil
}

// scalar is a YAML value as it would be written on the command line: a list becomes a,b,c.
func scalar(n *yaml.Node) (string, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "", nil
		}
		return n.Value, nil
	case yaml.SequenceNode:
		parts := make([]string, len(n.Content))
		for i, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return "", fmt.Errorf("line %d: a plain value is expected in the list", item.Line)
			}
			parts[i] = item.Value
		}
		return strings.Join(parts, ","), nil
	default:
		return "", errors.New("a plain value or a list is expected")
	}
}

// didYouMean names the setting that shares the longest beginning with a mistyped one.
func didYouMean(key string) string {
	best, length := "", 2
	for _, s := range settings {
		n := 0
		for n < len(key) && n < len(s.key()) && key[n] == s.key()[n] {
			n++
		}
		if n > length {
			best, length = s.key(), n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// printConfig writes the effective configuration as a YAML file that can be used again, without secrets.
func printConfig(w io.Writer, c Config, effective []value) {
	lines := make([]string, 0, len(settings))
	for i, s := range settings {
		v := effective[i]
		text := v.text
		if s.name == "db" {
			text = strings.Join(c.Databases, ",")
		}
		if s.show != nil {
			text = s.show(text)
		}
		lines = append(lines, fmt.Sprintf("%s: %s # %s", s.key(), strconv.Quote(text), v.place))
	}
	sort.Strings(lines)
	fmt.Fprintln(w, strings.Join(lines, "\n"))
}
