package main

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
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (p program) healthCommand() *cobra.Command {
	var live bool
	var address string
	var timeout, wait time.Duration
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running bridge whether it is ready, for health checks where there is no shell and no curl",
		Long: "Ask a running bridge whether it is ready: exit status 0 where it is, 1 with the reason where it is not.\n" +
			"It is looked for where serve puts it: at --admin-listen, of the flag, the environment or the file of --config.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client := http.DefaultClient
			if address == "" {
				client = ownListener
				base, err := adminURL(cmd.Flags(), p.lookupEnv)
				if err != nil {
					return usageError{err}
				}
				address = base + "/readyz"
				if live {
					address = base + "/livez"
				}
			} else if _, err := httpURL(address); err != nil {
				return usageError{fmt.Errorf("--url: %w", err)}
			}
			if err := awaitHealth(cmd.Context(), client, address, timeout, wait); err != nil {
				return err
			}
			_, err := fmt.Fprintln(p.stdout, "ok", address)
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVar(&live, "live", false, "ask only whether it runs, not whether Odoo and the database are there (/livez instead of /readyz)")
	f.StringVar(&address, "url", "", "anything else that answers a GET with 200 where it is well, such as Odoo's http://127.0.0.1:8069/web/health")
	f.DurationVar(&timeout, "timeout", 5*time.Second, "how long the answer may take")
	f.DurationVar(&wait, "wait", 0, "how long to go on asking until it is well, as scripts do that have just started it")
	for _, name := range []string{"admin-listen", "admin-tls-cert"} {
		s := findSetting(name)
		f.String(s.name, s.byDefault, s.usage)
	}
	f.String("config", "", "YAML file of serve")
	return cmd
}

func findSetting(name string) setting {
	return settings[slices.IndexFunc(settings, func(s setting) bool { return s.name == name })]
}

// adminURL is where the admin listener of a bridge on this machine is reached, by what serve would be told.
func adminURL(fs *pflag.FlagSet, lookupEnv func(string) (string, bool)) (string, error) {
	v, problems := effectiveValue(findSetting("admin-listen"), fs, lookupEnv)
	if problems != nil {
		return "", problems
	}
	if err := checkAddress(v.text); err != nil {
		return "", fmt.Errorf("%s: %w", v.place, err)
	}
	host, port, _ := net.SplitHostPort(v.text) // checked
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if cert, problems := effectiveValue(findSetting("admin-tls-cert"), fs, lookupEnv); problems != nil {
		return "", problems
	} else if cert.text != "" {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port), nil
}

// ownListener asks a listener of this machine, whose certificate is for the name that others know it by.
var ownListener = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// awaitHealth asks until the answer is good, for as long as wait, and once at least. The error is that of the last answer.
func awaitHealth(ctx context.Context, client *http.Client, url string, timeout, wait time.Duration) error {
	const pause = 200 * time.Millisecond
	for end := time.Now().Add(wait); ; {
		asking, cancel := context.WithTimeout(ctx, timeout)
		err := askHealth(asking, client, url)
		cancel()
		if err == nil || time.Now().Add(pause).After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// askHealth returns an error unless a GET of url is answered with 200. Of /readyz it names the checks that failed.
func askHealth(ctx context.Context, client *http.Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return nil
	}
	const enough = 64 << 10
	body, _ := io.ReadAll(io.LimitReader(res.Body, enough)) // what there is of it
	var said struct {
		Checks map[string]string `json:"checks"`
	}
	_ = json.Unmarshal(body, &said) // others than /readyz have no checks
	var failed []string
	for name, what := range said.Checks {
		if what != "ok" {
			failed = append(failed, name+": "+what)
		}
	}
	if failed == nil {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	slices.Sort(failed)
	return errors.New("not ready: " + strings.Join(failed, "; "))
}
