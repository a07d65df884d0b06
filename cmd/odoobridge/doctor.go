package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"odoobridge/odoo/doctor"
)

func (p program) doctorCommand() *cobra.Command {
	var asJSON bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "doctor --database-url postgres://... --odoo-url http://...",
		Short: "Look at the configuration, the databases and Odoo, and tell what is wrong and what to do",
		Long: "Look at the configuration, the databases and Odoo, and tell what is wrong and what to do.\n" +
			"It takes what `odoobridge serve` takes, changes nothing, and can be run beside a bridge.\n" +
			"Exit status: 0 nothing failed (there may be warnings), 1 something failed, 2 wrong usage or configuration.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := loadConfig(cmd.Flags(), p.lookupEnv)
			if err != nil {
				return usageError{fmt.Errorf("the configuration can't be used:\n%w", err)}
			}
			if timeout <= 0 {
				return usageError{fmt.Errorf("--timeout: %v is no time in which anything can be looked at", timeout)}
			}
			return p.doctor(cmd.Context(), cfg, timeout, asJSON)
		},
	}
	addSettings(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON, for scripts")
	cmd.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "how long each check may take")
	return cmd
}

func (p program) doctor(ctx context.Context, cfg Config, timeout time.Duration, asJSON bool) error {
	findings, err := doctor.Run(ctx, doctor.Config{
		DatabaseURL:      cfg.DatabaseURL,
		OdooURL:          cfg.OdooURL,
		Databases:        cfg.Databases,
		Listen:           cfg.Listen,
		AdminListen:      cfg.AdminListen,
		TLS:              cfg.TLS.Cert != "",
		AdminTLS:         cfg.AdminTLS.Cert != "",
		TrustedSources:   cfg.TrustedSources,
		TrustedProxies:   cfg.TrustedProxies,
		Impersonation:    cfg.Impersonation,
		ArchivedUsers:    cfg.ArchivedUsers,
		EnvironmentKeys:  cfg.EnvironmentKeys,
		Policies:         cfg.Policies,
		RedisURL:         cfg.RedisURL,
		RedisTimeout:     cfg.RedisTimeout,
		AdminPage:        cfg.AdminPage,
		OTLPEndpoint:     cfg.OTLPEndpoint,
		UpstreamProtocol: cfg.UpstreamProtocol,
		DocUser:          cfg.DocUser,
		MaxCalls:         cfg.Limits.Calls,
		Timeout:          timeout,
	})
	if err != nil {
		return usageError{err}
	}
	if asJSON {
		err = printFindingsJSON(p.stdout, findings)
	} else {
		err = printFindings(p.stdout, findings, colourOf(p.stdout, p.lookupEnv))
	}
	if err == nil && doctor.Failed(findings) {
		return errors.New("doctor found what makes calls fail")
	}
	return err
}

func count(findings []doctor.Finding, level doctor.Level) (n int) {
	for _, f := range findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

func printFindingsJSON(w io.Writer, findings []doctor.Finding) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // remedies are to be copied
	return encoder.Encode(map[string]any{
		"ok": !doctor.Failed(findings), "warnings": count(findings, doctor.Warning), "failures": count(findings, doctor.Failure), "findings": findings,
	})
}

// colours are those of the levels on a terminal: green, yellow, red, grey.
var colours = map[doctor.Level]string{doctor.OK: "\x1b[32m", doctor.Warning: "\x1b[33m", doctor.Failure: "\x1b[31m", doctor.Skipped: "\x1b[90m"}

// colourOf tells whether w is a terminal that shall have colours (https://no-color.org).
func colourOf(w io.Writer, lookupEnv func(string) (string, bool)) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	no, _ := lookupEnv("NO_COLOR")
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && no == ""
}

// printFindings writes the findings by group, one line each, with what to do indented below.
func printFindings(w io.Writer, findings []doctor.Finding, colour bool) error {
	var b strings.Builder
	group := ""
	for _, f := range findings {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "%s\n", group)
		}
		level := fmt.Sprintf("%-8s", f.Level)
		if colour {
			level = colours[f.Level] + level + "\x1b[0m"
		}
		text := oneLine(f.Text)
		if f.Why != "" {
			text += ": " + oneLine(f.Why)
		}
		fmt.Fprintf(&b, "  %s %-22s %s\n", level, f.Check, text)
		for _, line := range f.Remedy {
			fmt.Fprintf(&b, "             %s\n", line)
		}
	}
	fmt.Fprintf(&b, "%d failures, %d warnings, %d ok, %d not looked at\n", count(findings, doctor.Failure), count(findings, doctor.Warning),
		count(findings, doctor.OK), count(findings, doctor.Skipped))
	_, err := io.WriteString(w, b.String())
	return err
}

// oneLine puts a text that came from elsewhere on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
