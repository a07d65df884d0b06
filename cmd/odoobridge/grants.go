package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"odoobridge/odoo/directory"
	"odoobridge/odoo/keyring"
)

func (p program) grantsCommand() *cobra.Command {
	var role string
	var keys bool
	cmd := &cobra.Command{
		Use:   "grants [--keys]",
		Short: "Print the SQL that gives a database role what the bridge needs, and no more",
		Long: "Print the SQL that gives a database role what the bridge needs, and no more: single columns to read, and native keys to make.\n" +
			"With --keys also what it takes to manage keys, by \"odoobridge keys\" and on the admin page.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			sql := directory.Grants(role)
			if keys {
				sql += keyring.Grants(role)
			}
			_, err := fmt.Fprint(p.stdout, sql)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", "odoobridge", "role, which must exist")
	cmd.Flags().BoolVar(&keys, "keys", false, "also what managing keys needs")
	return cmd
}
