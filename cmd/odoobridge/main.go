// Command odoobridge is the door through which integrations talk to Odoo. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses, a contract with scripts.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// run is the whole program; tests call it. It returns when the command has ended or ctx has, with the exit status.
func run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), stdout, stderr io.Writer) int {
	p := program{lookupEnv: lookupEnv, stdout: stdout, stderr: stderr}
	root := &cobra.Command{
		Use:           "odoobridge",
		Short:         "The door through which integrations talk to Odoo",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w\n%q lists the flags", err, cmd.CommandPath()+" --help")}
	})
	root.AddCommand(p.serveCommand(), p.doctorCommand(), p.demoCommand(), p.sandboxCommand(), p.callCommand(), p.whoamiCommand(), p.keysCommand(), p.reportCommand(), p.policyCommand(), p.grantsCommand(), p.healthCommand(), p.versionCommand(), p.manCommand())
	complete(root)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)

	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(stderr, "odoobridge:", err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// program is what every command has to do with the outside.
type program struct {
	lookupEnv      func(string) (string, bool)
	stdout, stderr io.Writer
}

// usageError is a command line, environment or file that can't be right.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%q is no command or flag of %q; --help lists them", args[0], cmd.CommandPath())}
	}
	return nil
}
