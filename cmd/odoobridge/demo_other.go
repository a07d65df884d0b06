//go:build !unix

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (p program) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Try it (on Unix systems)",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("demo runs a private PostgreSQL, which works on Unix systems only; use docker compose here")
		},
	}
}
