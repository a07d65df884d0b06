package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of a build that is given to others, as 1.2.3: set by -ldflags "-X main.release=1.2.3".
var release string

func (p program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, "odoobridge", version())
			return err
		},
	}
}

// version is that of the release, else the module's, else the commit it was built from; and Go's.
func version() string {
	v, goVersion := versions()
	return v + " " + goVersion
}

// versions are the program's, as far as it is known, and Go's.
func versions() (own, goVersion string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: "unknown"}
	}
	own = release
	if own == "" {
		own = info.Main.Version
	}
	if own == "" || own == "(devel)" {
		own = "devel"
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				own += " " + s.Value
			}
		}
	}
	return own, info.GoVersion
}
