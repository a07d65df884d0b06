package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

// callFlags say whom the commands that call ask, and as whom. Secrets come from the environment or a file: a command line
// is for everyone to see.
type callFlags struct {
	url, db, protocol, keyFile, login string
}

const (
	keyVariable      = "ODOOBRIDGE_API_KEY"
	passwordVariable = "ODOOBRIDGE_PASSWORD"
)

func (f *callFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.url, "url", "http://127.0.0.1:8079", "the bridge, or Odoo itself ($ODOOBRIDGE_URL)")
	cmd.Flags().StringVar(&f.db, "db", "", "database; a bridge has a default one")
	cmd.Flags().StringVar(&f.protocol, "protocol", "jsonrpc", "jsonrpc, xmlrpc or json2")
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "file with the API key (default: $"+keyVariable+")")
	cmd.Flags().StringVar(&f.login, "login", "", "login, with the password or a native key in $"+passwordVariable+", instead of an API key")
}

func (p program) callCommand() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:   "call MODEL METHOD [JSON | NAME=JSON]...",
		Short: "Call a method of a model, and print its result as JSON",
		Long: "Call a method of a model, and print its result as JSON. Arguments are JSON, in their order, or NAME=JSON:\n\n" +
			`  odoobridge call res.partner search_read '[["ref", "=", "CONF"]]' 'fields=["name"]' limit=5` + "\n\n" +
			"By json2 all of them are named, the ids of records as ids=[1].",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{fmt.Errorf("a model and a method are expected: %s", cmd.UseLine())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			arguments, err := parseArguments(args[2:])
			if err != nil {
				return usageError{err}
			}
			c, err := p.caller(cmd, f)
			if err != nil {
				return err
			}
			result, err := c.call(cmd.Context(), args[0], args[1], arguments)
			if err != nil {
				return err
			}
			return p.printJSON(result)
		},
	}
	f.add(cmd)
	return cmd
}

func (p program) whoamiCommand() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Tell as which user calls are made with a key or a login, as JSON",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.caller(cmd, f)
			if err != nil {
				return err
			}
			result, err := whoami(cmd.Context(), c)
			if err != nil {
				return err
			}
			return p.printJSON(result)
		},
	}
	f.add(cmd)
	return cmd
}

// arguments are those of a method, each as JSON.
type arguments struct {
	positional []json.RawMessage
	named      map[string]json.RawMessage
}

var namedArgument = regexp.MustCompile(`^([A-Za-z_]\w*)=(?s:(.*))$`)

func parseArguments(texts []string) (arguments, error) {
	a := arguments{positional: []json.RawMessage{}, named: map[string]json.RawMessage{}}
	for i, text := range texts {
		name, value := "", text
		if m := namedArgument.FindStringSubmatch(text); m != nil {
			name, value = m[1], m[2]
		}
		if !json.Valid([]byte(value)) {
			return a, fmt.Errorf("argument %d is no JSON: %s (a text is '\"in quotes\"')", i+1, text)
		}
		if _, twice := a.named[name]; twice {
			return a, fmt.Errorf("argument %d: %s is given twice", i+1, name)
		}
		switch {
		case name != "":
			a.named[name] = json.RawMessage(value)
		case len(a.named) > 0:
			return a, fmt.Errorf("argument %d has no name, but stands behind one that has: %s", i+1, text)
		default:
			a.positional = append(a.positional, json.RawMessage(value))
		}
	}
	return a, nil
}

// caller makes calls by one of the protocols.
type caller interface {
	call(ctx context.Context, model, method string, a arguments) (json.RawMessage, error)
}

// caller is the one that the flags and the environment describe.
func (p program) caller(cmd *cobra.Command, f callFlags) (caller, error) {
	if v, ok := p.lookupEnv("ODOOBRIDGE_URL"); ok && !cmd.Flags().Changed("url") {
		f.url = v
	}
	base, err := url.Parse(strings.TrimRight(f.url, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.User != nil {
		return nil, usageError{errors.New("--url: not a URL of the form http://host:8079")}
	}
	who, err := p.credentials(f)
	if err != nil {
		return nil, err
	}
	switch f.protocol {
	case "jsonrpc":
		return &jsonCaller{url: base.String(), who: who}, nil
	case "xmlrpc":
		return &xmlCaller{url: base.String(), who: who}, nil
	case "json2":
		return &json2Caller{url: base.String(), who: who}, nil
	}
	return nil, usageError{fmt.Errorf("--protocol: %q is none of jsonrpc, xmlrpc and json2", f.protocol)}
}

// presented is what a call shows of who makes it: a key, or a login and a password.
type presented struct {
	db, login     string
	key, password auth.Secret
}

func (p program) credentials(f callFlags) (presented, error) {
	who := presented{db: f.db, login: f.login}
	if f.login != "" {
		password, ok := p.lookupEnv(passwordVariable)
		if !ok || f.keyFile != "" {
			return who, usageError{errors.New("--login goes with a password in $" + passwordVariable + ", and with no key")}
		}
		who.password = auth.Secret(password)
		return who, nil
	}
	if f.keyFile != "" {
		text, err := os.ReadFile(f.keyFile)
		if err != nil {
			return who, usageError{fmt.Errorf("--key-file: %w", err)}
		}
		who.key = auth.Secret(strings.TrimSpace(string(text)))
	} else if key, ok := p.lookupEnv(keyVariable); ok {
		who.key = auth.Secret(key)
	}
	if who.key == "" {
		return who, usageError{errors.New("no credentials: set $" + keyVariable + ", or give --key-file, or --login with $" + passwordVariable)}
	}
	if keyring.Mistyped(who.key) { // it is tried all the same: Odoo takes any text for a key
		fmt.Fprintln(p.stderr, "odoobridge: the key begins as those of this program do, but its checksum does not fit: was it cut off or mistyped?")
	}
	return who, nil
}

// whoami is what a user can be told of themselves.
func whoami(ctx context.Context, c caller) (json.RawMessage, error) {
	text, err := c.call(ctx, "res.users", "context_get", arguments{})
	if err != nil {
		return nil, err
	}
	var user struct {
		UID int64 `json:"uid"`
	}
	if err := json.Unmarshal(text, &user); err != nil {
		return nil, fmt.Errorf("context_get answered %s: %w", text, err)
	}
	if user.UID == 0 { // before series 16 it tells no uid
		named, ok := c.(interface {
			uid(ctx context.Context) (int64, error)
		})
		if !ok {
			return text, nil
		}
		if user.UID, err = named.uid(ctx); err != nil {
			return nil, err
		}
	}
	read := arguments{named: map[string]json.RawMessage{
		"domain":  json.RawMessage(fmt.Sprintf(`[["id", "=", %d]]`, user.UID)),
		"fields":  json.RawMessage(`["login", "name", "active", "company_id", "lang", "tz"]`),
		"context": json.RawMessage(`{"active_test": false}`),
	}}
	if text, err = c.call(ctx, "res.users", "search_read", read); err != nil {
		return nil, err
	}
	var found []json.RawMessage
	if err := json.Unmarshal(text, &found); err != nil || len(found) != 1 {
		return nil, fmt.Errorf("the user %d can't be read: %s", user.UID, text)
	}
	return found[0], nil
}

// printJSON prints a result as people and jq read it.
func (p program) printJSON(result json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, result, "", "  "); err != nil {
		return fmt.Errorf("the result is no JSON: %w", err)
	}
	b.WriteByte('\n')
	_, err := p.stdout.Write(b.Bytes())
	return err
}
