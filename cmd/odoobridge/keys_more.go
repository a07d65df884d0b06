package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"odoobridge/odoo/keyring"
)

func (p program) keysGroups() *cobra.Command {
	var f keysFlags
	var add, remove []string
	cmd := &cobra.Command{
		Use:   "groups [NAME --add CODE --remove CODE]",
		Short: "List the groups of keys, or put a key into some and take it out of others",
		Long: "List the groups of OCA's module auth_api_key_group and their keys; or put the key NAME into groups and take it out of others,\n" +
			"by their codes. Policies may be written for groups. Groups themselves are made in Odoo.",
	}
	f.addName(cmd)
	named := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && f.id == 0 && add == nil && remove == nil {
			return nil
		}
		if err := named(cmd, args); err != nil {
			return err
		}
		if add == nil && remove == nil {
			return usageError{fmt.Errorf("which groups? %s", cmd.UseLine())}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
			if add == nil && remove == nil {
				groups, err := w.Groups(ctx, w.db)
				if err != nil {
					return err
				}
				return p.printGroups(groups, f.json)
			}
			key, err := w.ChangeGroups(ctx, w.db, w.by, f.ref(args), add, remove)
			if err != nil {
				return err
			}
			return p.printDone("Now", key, w.rule, f.json)
		})
	}
	cmd.Flags().StringSliceVar(&add, "add", nil, "code of a group to put the key into (repeatable)")
	cmd.Flags().StringSliceVar(&remove, "remove", nil, "code of a group to take the key out of (repeatable)")
	return cmd
}

func (p program) keysSetting() *cobra.Command {
	var f keysFlags
	var company int64
	cmd := &cobra.Command{
		Use:   "setting [on|off --company ID]",
		Short: "Show or set \"disable API key for archived user\" of the companies",
		Long: "Show or set \"disable API key for archived user\" of the companies. While it is on, keys of the company's archived users are\n" +
			"refused by the bridge (archived_users: setting). Odoo looks at it when a user is archived, and archives their keys then;\n" +
			"those of users archived before stay as they are in Odoo.",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && company == 0:
				return nil
			case len(args) != 1 || args[0] != "on" && args[0] != "off":
				return usageError{fmt.Errorf("on or off? %s", cmd.UseLine())}
			case company == 0:
				return usageError{fmt.Errorf("of which company? %s (\"keys setting\" lists the ids)", cmd.UseLine())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				if len(args) == 1 {
					if err := w.SetCompanySetting(ctx, w.db, w.by, company, args[0] == "on"); err != nil {
						return err
					}
				}
				companies, err := w.Companies(ctx, w.db)
				if err != nil {
					return err
				}
				return p.printCompanies(companies, f.json)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().Int64Var(&company, "company", 0, "id of the company")
	return cmd
}

func (p program) keysInit() *cobra.Command {
	var f keysFlags
	var role string
	var show bool
	cmd := &cobra.Command{
		Use:   "init [--role ROLE]",
		Short: "Make the schema odoobridge: overlaps, last use, report and audit log need it",
		Long: "Make the schema odoobridge in the database, for what Odoo's tables have no room for: until when a replaced key works, who used\n" +
			"which key when, the audit log. Run it as the owner of the database, once in each; again does no harm. Nothing else makes it,\n" +
			"and Odoo's own tables are not changed. DROP SCHEMA odoobridge CASCADE removes it.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if show {
				_, err := fmt.Fprint(p.stdout, keyring.Schema(role))
				return err
			}
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				if err := w.Init(ctx, w.db, w.by, role); err != nil {
					return err
				}
				if f.json {
					return p.printValue(map[string]string{"db": w.db, "role": role})
				}
				_, err := fmt.Fprintf(p.stdout, "The schema odoobridge is in database %s, and the role %s may use it.\n", w.db, role)
				return err
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&role, "role", "odoobridge", "role that the bridge connects as")
	cmd.Flags().BoolVar(&show, "print", false, "print the SQL, and run nothing")
	return cmd
}

func (p program) keysSweep() *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Remove replaced keys whose overlap is over",
		Long: "Remove replaced keys whose overlap is over. A running bridge refuses them anyway, and removes them itself where its role has\n" +
			"the rights of \"odoobridge grants --keys\"; until they are removed Odoo's own auth=\"api_key\" controllers take them.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				removed, err := w.Sweep(ctx, w.db, w.by)
				if err != nil {
					return err
				}
				if f.json {
					return p.printValue(map[string]int{"removed": removed})
				}
				_, err = fmt.Fprintln(p.stdout, "Removed:", removed)
				return err
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (p program) keysAudit() *cobra.Command {
	var f keysFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show the last changes of keys: who, what, when, from where",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usageError{fmt.Errorf("--limit: %d is no number of lines", limit)}
			}
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				entries, err := w.Audit(ctx, w.db, limit)
				if err != nil {
					return err
				}
				return p.printAudit(entries, f.json)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "how many, the last ones")
	return cmd
}

func (p program) printGroups(groups []keyring.Group, asJSON bool) error {
	if asJSON {
		list := make([]map[string]any, len(groups))
		for i, g := range groups {
			list[i] = map[string]any{"id": g.ID, "code": g.Code, "name": g.Name, "keys": append([]string{}, g.Keys...)}
		}
		return p.printValue(list)
	}
	t := newTable("CODE", "NAME", "KEYS")
	for _, g := range groups {
		t.add(g.Code, g.Name, joined(g.Keys))
	}
	return t.print(p.stdout)
}

func (p program) printCompanies(companies []keyring.Company, asJSON bool) error {
	if asJSON {
		list := make([]map[string]any, len(companies))
		for i, c := range companies {
			list[i] = map[string]any{"id": c.ID, "name": c.Name, "disable_archived": c.DisablesArchived}
		}
		return p.printValue(list)
	}
	t := newTable("ID", "COMPANY", "DISABLE API KEY FOR ARCHIVED USER")
	for _, c := range companies {
		state := "off"
		if c.DisablesArchived {
			state = "on"
		}
		t.add(strconv.FormatInt(c.ID, 10), c.Name, state)
	}
	return t.print(p.stdout)
}

func (p program) printAudit(entries []keyring.Entry, asJSON bool) error {
	if asJSON {
		list := make([]map[string]any, len(entries))
		for i, e := range entries {
			list[i] = map[string]any{"at": e.At, "actor": e.By.Name, "actor_uid": e.By.UID, "source": e.By.Source,
				"action": e.Action, "object": e.Object, "object_id": e.ID, "detail": e.Detail}
		}
		return p.printValue(list)
	}
	t := newTable("WHEN", "WHO", "FROM", "WHAT", "OF", "DETAIL")
	for _, e := range entries {
		t.add(e.At.Local().Format("2006-01-02 15:04:05"), e.By.Name, e.By.Source, e.Action, e.Object, e.Detail)
	}
	return t.print(p.stdout)
}
