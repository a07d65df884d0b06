package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"odoobridge/auth"
	"odoobridge/auth/policy"
	"odoobridge/odoo/directory"
)

// policyCommand has a command for each thing that is done with policies.
func (p program) policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Look at policies: which rule decides a call, and whether a file can be used",
		Long:  "Look at policies, the rules of who may call what and how often (docs/POLICIES.md). Nothing is called and nothing is changed.",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.policyTest(), p.policyCheck())
	return cmd
}

func (p program) policyCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Tell whether a policy file, or a folder of them, can be used",
		Long: "Tell whether a policy file, or a folder of them, can be used, and which of its rules are never asked. All that is wrong is told\n" +
			"at once, with file and line; the exit status is 2 then.",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("which file? odoobridge policy check FILE")}
			}
			set, warnings, err := policy.Read(args[0])
			told := checkJSON{Warnings: append([]string{}, warnings...), Problems: []string{}}
			if err != nil {
				if problems := (policy.Problems)(nil); errors.As(err, &problems) {
					told.Problems = problems
				} else {
					told.Problems = []string{err.Error()}
				}
				err = usageError{fmt.Errorf("the policies can't be used:\n%w", err)}
			} else {
				told.Rules = len(set.Rules())
			}
			switch {
			case asJSON:
				return errors.Join(p.printValue(told), err)
			case err != nil:
				return err
			}
			for _, w := range warnings {
				fmt.Fprintln(p.stdout, "warning:", w)
			}
			_, err = fmt.Fprintf(p.stdout, "%d rules can be used\n", len(set.Rules()))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// checkJSON is what `policy check --json` prints.
type checkJSON struct {
	Rules    int      `json:"rules"`
	Warnings []string `json:"warnings"`
	Problems []string `json:"problems"` // where there are some no rule can be used
}

// testFlags are the call that `policy test` asks about.
type testFlags struct {
	key, user, db, source, protocol, service, model, method, path, at string
	keyGroups, groups                                                 []string
	json                                                              bool
}

const policyTestLong = `Print the rule that decides a call, with its file and line, and whether the call may be made. Limits are told, and not
counted.

With --database-url the user and the groups of --key, or of --user, are looked up in the database, where rules ask for them;
without it --user, --key-group and --group say them. The exit status is 0 where the call may be made, 1 where it is refused or
that can't be found out, 2 for a wrong command line or policies that can't be used.`

func (p program) policyTest() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:     "test --key NAME --model MODEL --method METHOD",
		Short:   "Print the rule that decides a call",
		Long:    policyTestLong,
		Example: "  odoobridge policy test --policies policies.yaml --key shop-fr --model sale.order --method write",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.testPolicy(cmd, f) },
	}
	addSettings(cmd.Flags(), "policies", "database-url")
	optional(cmd.Flags(), "database-url")
	flags := cmd.Flags()
	flags.StringVar(&f.key, "key", "", "name of the caller's key")
	flags.StringArrayVar(&f.keyGroups, "key-group", nil, "code of a group of the key; may be given several times")
	flags.StringVar(&f.user, "user", "", "login of the caller")
	flags.StringArrayVar(&f.groups, "group", nil, "external id of a group of the user; may be given several times")
	flags.StringVar(&f.db, "db", "", "database (default: the one of --database-url)")
	flags.StringVar(&f.source, "source", "127.0.0.1", "address of the caller")
	flags.StringVar(&f.protocol, "protocol", "jsonrpc", "jsonrpc, xmlrpc/2, xmlrpc, json/2, or http for what has a path")
	flags.StringVar(&f.service, "service", "object", "object, common, db, session, controller, doc or version")
	flags.StringVar(&f.model, "model", "", "model of Odoo")
	flags.StringVar(&f.method, "method", "", "method of the model, or of the service")
	flags.StringVar(&f.path, "path", "", "path, of a session, a controller and the like")
	flags.StringVar(&f.at, "at", "", "when, as 2026-12-24T18:30:00+01:00 (default: now)")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// call is the call that the flags tell of.
func (f testFlags) call() (c policy.Call, err error) {
	var problems Problems
	wrong := func(flag string, err error) {
		if err != nil {
			problems = append(problems, "--"+flag+": "+err.Error())
		}
	}
	c = policy.Call{DB: f.db, Login: f.user, Key: f.key, KeyGroups: f.keyGroups, Groups: f.groups, Model: f.model, Method: f.method,
		Path: f.path, Time: time.Now()}
	c.Source, err = netip.ParseAddr(f.source)
	if err != nil {
		wrong("source", fmt.Errorf("%q is no address", f.source))
	}
	c.Protocol, err = policy.ParseProtocol(f.protocol)
	wrong("protocol", err)
	c.Service, err = policy.ParseService(f.service)
	wrong("service", err)
	if f.at != "" {
		if c.Time, err = time.Parse(time.RFC3339, f.at); err != nil {
			wrong("at", fmt.Errorf("%q is no time such as 2026-12-24T18:30:00+01:00", f.at))
		}
	}
	if c.Service == policy.Object && f.model == "" {
		wrong("model", errors.New("which model? Other services than object have none"))
	}
	if c.Service == policy.Object && f.method == "" {
		wrong("method", errors.New("which method?"))
	}
	if problems != nil {
		return c, usageError{problems}
	}
	return c, nil
}

func (p program) testPolicy(cmd *cobra.Command, f testFlags) error {
	cfg, _, err := loadConfig(cmd.Flags(), p.lookupEnv)
	if err != nil {
		return usageError{fmt.Errorf("the configuration can't be used:\n%w", err)}
	}
	if cfg.Policies == "" {
		return usageError{errors.New("--policies is required (or ODOOBRIDGE_POLICIES, or policies in the file of --config)")}
	}
	c, err := f.call()
	if err != nil {
		return err
	}
	set, _, err := policy.Read(cfg.Policies)
	if errors.Is(err, os.ErrNotExist) {
		return usageError{err}
	}
	if err != nil {
		return usageError{fmt.Errorf("the policies can't be used:\n%w", err)}
	}
	if cfg.DatabaseURL != nil {
		if err := lookUpCaller(cmd.Context(), cfg, set.Asks(), &c); err != nil {
			return err
		}
	}
	v := verdictOf(set.Decide(&c))
	if f.json {
		err = p.printValue(v)
	} else {
		_, err = fmt.Fprint(p.stdout, v)
	}
	if err == nil && !v.Allowed {
		return errors.New("the call would be refused")
	}
	return err
}

// lookUpCaller completes c by what the database says of its key and user. What c says already stays.
func lookUpCaller(ctx context.Context, cfg Config, asks policy.Asks, c *policy.Call) error {
	if c.DB == "" {
		c.DB = cfg.Databases[0]
	}
	dir, err := directory.Open(directory.Options{DSN: auth.Secret(cfg.DatabaseURL.String()), Databases: []string{c.DB}})
	if err != nil {
		return usageError{err}
	}
	defer dir.Close()
	q := auth.Query{Memberships: auth.Memberships{KeyGroups: asks.KeyGroups, Groups: asks.Groups}}
	switch {
	case c.Key != "":
		q.KeyNames = []string{c.Key}
	case c.Login != "":
		q.Login = &c.Login
	default:
		return nil
	}
	rows, err := dir.Read(ctx, c.DB, q)
	if err != nil {
		return err
	}
	if c.Key != "" {
		if len(rows.AuthAPIKeys) == 0 {
			return fmt.Errorf("no auth_api_key of database %q has the name %q; leave --database-url out to ask about others", c.DB, c.Key)
		}
		c.KeyGroups = append(c.KeyGroups, rows.AuthAPIKeys[0].Groups...)
	}
	if len(rows.Users) == 0 {
		return fmt.Errorf("no user of database %q has the login %q", c.DB, c.Login)
	}
	if c.Login == "" {
		c.Login = rows.Users[0].Login
	}
	c.Groups = append(c.Groups, rows.Users[0].Groups...)
	return nil
}

// verdictJSON is what `policy test --json` prints.
type verdictJSON struct {
	Allowed bool       `json:"allowed"`
	Rule    *ruleJSON  `json:"rule"`            // that decides; null where nothing that is in force does
	Trial   *trialJSON `json:"trial,omitempty"` // the rule that would decide were none on trial, where that is another one
}

type ruleJSON struct {
	ID          string  `json:"id"`
	Place       string  `json:"place"` // file:line; "" of a default that no file has
	Effect      string  `json:"effect"`
	ReadOnly    bool    `json:"read_only,omitempty"`
	Reason      string  `json:"reason,omitempty"` // why it refuses
	Rate        float64 `json:"rate,omitempty"`
	Burst       int     `json:"burst,omitempty"`
	Concurrency int     `json:"concurrency,omitempty"`
	Per         string  `json:"per,omitempty"`
}

type trialJSON struct {
	Allowed bool `json:"allowed"`
	*ruleJSON
}

func verdictOf(d policy.Decision) verdictJSON {
	v := verdictJSON{Allowed: d.Refusal == policy.None, Rule: ruleOf(d.Rule, d.Refusal)}
	if trial := ruleOf(d.Trial, d.TrialRefusal); trial != nil {
		v.Trial = &trialJSON{d.TrialRefusal == policy.None, trial}
	}
	return v
}

func ruleOf(r *policy.Rule, refusal policy.Refusal) *ruleJSON {
	if r == nil {
		return nil
	}
	j := &ruleJSON{ID: r.ID, Place: r.Place(), Effect: "deny", ReadOnly: r.ReadOnly, Rate: r.Rate, Burst: r.Burst, Concurrency: r.Concurrency}
	if r.Allow {
		j.Effect = "allow"
	}
	if r.Limited() {
		j.Per = r.Per.String()
	}
	switch refusal {
	case policy.Denied:
		j.Reason = "it denies"
	case policy.MayWrite:
		j.Reason = "it is read_only, and the call is not known to only read"
	}
	return j
}

// String is the verdict for a terminal.
func (v verdictJSON) String() string {
	var b strings.Builder
	if v.Allowed {
		b.WriteString("allowed")
	} else {
		b.WriteString("refused")
	}
	if v.Rule == nil {
		b.WriteString(": no rule in force decides\n")
	} else {
		b.WriteString(" by " + v.Rule.String() + "\n")
	}
	if v.Trial != nil {
		word := "refused"
		if v.Trial.Allowed {
			word = "allowed"
		}
		b.WriteString("on trial: would be " + word + " by " + v.Trial.String() + "\n")
	}
	return b.String()
}

func (r *ruleJSON) String() string {
	text := fmt.Sprintf("rule %q", r.ID)
	if r.ID == policy.DefaultID {
		text = "the default"
	}
	if r.Place != "" {
		text += " (" + r.Place + ")"
	}
	if r.Reason != "" {
		return text + ": " + r.Reason
	}
	var limits []string
	if r.Rate > 0 {
		limits = append(limits, fmt.Sprintf("%g calls a second, %d at once after a pause", r.Rate, r.Burst))
	}
	if r.Concurrency > 0 {
		limits = append(limits, fmt.Sprintf("%d at work at once", r.Concurrency))
	}
	if limits != nil {
		text += fmt.Sprintf(", within %s, counted per %s", strings.Join(limits, " and "), r.Per)
	}
	return text
}
