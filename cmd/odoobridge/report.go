package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"odoobridge/odoo/keyring"
)

func (p program) reportCommand() *cobra.Command {
	var f keysFlags
	var days int
	var all bool
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Tell who still calls by the endpoints that Odoo gives up",
		Long: "Tell who still calls by /jsonrpc and /xmlrpc, which Odoo 22 no longer has: by user, key and protocol, how often, when last and\n" +
			"from where, so that a migration to /json/2 can be planned. The bridge writes it down in the schema odoobridge, where that is\n" +
			"(\"odoobridge keys init\"), every few seconds. Days are those of UTC.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 || days > 10_000 {
				return usageError{fmt.Errorf("--days: %d is no number from 1 to 10000", days)}
			}
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				usage, err := w.Report(ctx, w.db, days)
				if err != nil {
					return err
				}
				return p.printReport(usage, days, all, f.json)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&days, "days", 30, "of how many days, today included")
	cmd.Flags().BoolVar(&all, "all", false, "also who calls by /json/2 and Odoo's own controllers")
	return cmd
}

// usageJSON is a line of the report as scripts get it.
type usageJSON struct {
	User        string    `json:"user"` // login
	UID         int64     `json:"uid"`
	Kind        string    `json:"kind"`
	Key         string    `json:"key"`
	KeyID       int64     `json:"key_id"`
	Protocol    string    `json:"protocol"`
	Legacy      bool      `json:"legacy"`
	Calls       int64     `json:"calls"`
	Days        int       `json:"days"` // on which there were any
	CallsPerDay float64   `json:"calls_per_day"`
	LastAt      time.Time `json:"last_at"`
	Source      string    `json:"last_source"`
}

func (p program) printReport(usage []keyring.Usage, days int, all, asJSON bool) error {
	lines := []usageJSON{}
	for _, u := range usage {
		legacy := slices.Contains(keyring.LegacyProtocols, u.Protocol)
		if legacy || all {
			lines = append(lines, usageJSON{u.Login, u.UID, u.Kind, u.KeyName, u.KeyID, u.Protocol, legacy, u.Calls, u.Days,
				float64(u.Calls) / float64(u.Days), u.LastAt, u.Source})
		}
	}
	if asJSON {
		return p.printValue(lines)
	}
	legacy, users := map[int64]bool{}, map[int64]bool{}
	for _, u := range usage {
		users[u.UID] = true
		if slices.Contains(keyring.LegacyProtocols, u.Protocol) {
			legacy[u.UID] = true
		}
	}
	if _, err := fmt.Fprintf(p.stdout, "Users who called in the last %d days: %d, by endpoints that Odoo gives up: %d.\n", days, len(users), len(legacy)); err != nil {
		return err
	}
	if len(lines) == 0 {
		return nil
	}
	now := time.Now()
	t := newTable("USER", "BY", "PROTOCOL", "CALLS", "PER DAY", "LAST", "FROM")
	for _, l := range lines {
		t.add(l.User, shownBy(l), l.Protocol, strconv.FormatInt(l.Calls, 10), strconv.FormatFloat(l.CallsPerDay, 'f', 0, 64), ago(l.LastAt, now), l.Source)
	}
	return t.print(p.stdout)
}

func shownBy(l usageJSON) string {
	switch l.Kind {
	case "auth_api_key":
		return "key " + l.Key
	case "native_key":
		return "native key " + l.Key
	}
	return l.Kind
}
