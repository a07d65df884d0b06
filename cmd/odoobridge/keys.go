package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

const keysLong = `Manage the keys of OCA's module auth_api_key, in the tables of an Odoo database and without Odoo's help. A key
belongs to a user of Odoo, archived or not; whoever shows it in an API-KEY header acts as that user. Odoo's own keys, which
users make for themselves in their preferences, are not touched.

Every change is one transaction, is in force in the bridge within a second and in Odoo's workers at their next call, and is
written to the audit log. The database role needs what "odoobridge grants --keys" prints.`

// keysCommand has a command for each thing that is done with keys.
func (p program) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Manage API keys: list, create, rotate, revoke, archive, restore, assign, groups",
		Long:  keysLong,
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.keysList(), p.keysCreate(), p.keysRotate(), p.keysRevoke(),
		p.keysActive("archive", "Make a key not work until it is restored",
			"Make a key not work until it is restored, as archiving the record in Odoo does. Its user, its groups and the key itself stay.\n"+
				"The auth_api_key of Odoo before 17 can't archive: there the command fails and changes nothing.", (*keyring.Keyring).Archive),
		p.keysActive("restore", "Make an archived key work again",
			"Make an archived key work again, with the same value. A key whose user is archived goes on to be refused where\n"+
				"their company or archived_users says so: \"keys list\" tells.", (*keyring.Keyring).Restore),
		p.keysAssign(), p.keysGroups(), p.keysSetting(), p.keysInit(), p.keysSweep(), p.keysAudit())
	return cmd
}

// keysSettings are those of the settings that concern keys.
var keysSettings = []string{"database-url", "db", "archived-users"}

// keysFlags are what all commands of keys can be told.
type keysFlags struct {
	json bool
	id   int64
}

func (f *keysFlags) add(cmd *cobra.Command) {
	addSettings(cmd.Flags(), keysSettings...)
	cmd.Flags().Lookup("db").Usage = "database (default: the first that is served, or the one of --database-url)"
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// addName makes a command take the NAME of a key, or its id.
func (f *keysFlags) addName(cmd *cobra.Command) {
	f.add(cmd)
	cmd.Flags().Int64Var(&f.id, "id", 0, "id of the key, instead of NAME")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case f.id == 0 && len(args) == 0:
			return usageError{fmt.Errorf("which key? %s", cmd.UseLine())}
		case f.id != 0 && len(args) > 0:
			return usageError{fmt.Errorf("name the key by NAME or by --id, not by both: %q and %d", args[0], f.id)}
		case len(args) > 1:
			return usageError{fmt.Errorf("one key at a time: %q is one too many (a name with blanks is written in quotes)", args[1])}
		}
		return nil
	}
}

func (f *keysFlags) ref(args []string) keyring.Ref {
	if f.id != 0 {
		return keyring.Numbered(f.id)
	}
	return keyring.Named(args[0])
}

// keysWork is a keyring and what to do with it.
type keysWork struct {
	*keyring.Keyring
	db   string
	rule auth.ArchivedUsers
	by   keyring.Actor
}

// withKeys opens the keyring for a command.
func (p program) withKeys(cmd *cobra.Command, f func(context.Context, keysWork) error) error {
	cfg, _, err := loadConfig(cmd.Flags(), p.lookupEnv)
	if err != nil {
		return usageError{fmt.Errorf("the configuration can't be used:\n%w", err)}
	}
	if cmd.Flags().Changed("db") && len(cfg.Databases) > 1 {
		return usageError{fmt.Errorf("--db: keys are those of one database, and %q are %d", cfg.Databases, len(cfg.Databases))}
	}
	log, flush := newLog(p.stderr, zerolog.LevelInfoValue)
	defer flush()
	keys, err := keyring.Open(keyring.Options{
		DSN: auth.Secret(cfg.DatabaseURL.String()), Databases: cfg.Databases[:1], Audit: auditLog(log),
	})
	if err != nil {
		return usageError{err}
	}
	err = f(cmd.Context(), keysWork{keys, cfg.Databases[0], cfg.ArchivedUsers, p.operator()})
	err = errors.Join(err, keys.Close())
	if errors.Is(err, keyring.ErrInvalid) {
		return usageError{err}
	}
	return err
}

// operator is who runs a command: by the system's word, and where sudo was used, by that of sudo.
func (p program) operator() keyring.Actor {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if sudo, ok := p.lookupEnv("SUDO_USER"); ok && sudo != "" {
		name = sudo + " as " + name
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return keyring.Actor{Name: name, Source: "command line on " + host}
}

// auditLog writes a line for each change of a key.
func auditLog(log zerolog.Logger) func(keyring.Entry) {
	return func(e keyring.Entry) {
		line := log.Info().Str("db", e.DB).Str("actor", e.By.Name)
		if e.By.UID != 0 {
			line = line.Int64("actor_uid", e.By.UID)
		}
		line.Str("source", e.By.Source).Str("action", e.Action).Str("object", e.Object).Int64("object_id", e.ID).Str("detail", e.Detail).Msg("audit")
	}
}

func (p program) keysList() *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all keys, whose they are, and whether they work",
		Long: "List all keys, whose they are, and whether the bridge takes them, by the rule --archived-users. The keys themselves are never\n" +
			"shown. When a key was last used is known with the schema odoobridge only (\"odoobridge keys init\").",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				keys, err := w.List(ctx, w.db)
				if err != nil {
					return err
				}
				return p.printKeys(keys, w.rule, f.json)
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (p program) keysCreate() *cobra.Command {
	var f keysFlags
	var login, name string
	cmd := &cobra.Command{
		Use:   "create --user LOGIN --name NAME",
		Short: "Make a key for a user, and show it once",
		Long: "Make a key for a user, who may be archived, and show it. It can't be shown again: Odoo keeps it in its table, but this\n" +
			"program does not read it out. Names are unique.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if login == "" || name == "" {
				return usageError{fmt.Errorf("whose, and by what name? %s", cmd.UseLine())}
			}
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				key, secret, err := w.Create(ctx, w.db, w.by, login, name)
				if err != nil {
					return err
				}
				return p.printNewKey("New key", key, secret, w.rule, f.json)
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&login, "user", "", "login of the user")
	cmd.Flags().StringVar(&name, "name", "", "name of the key, such as that of the program that will use it")
	return cmd
}

func (p program) keysRotate() *cobra.Command {
	var f keysFlags
	var overlap time.Duration
	cmd := &cobra.Command{
		Use:   "rotate NAME [--overlap 24h]",
		Short: "Give a key a new value, and show it once",
		Long: "Give a key a new value, and show it. Name, user and groups stay. The old value stops working at once, and so do those of\n" +
			"earlier rotations; with --overlap it goes on for so long, beside the new one and under the same policies, so that callers\n" +
			"can be changed one after the other. It is listed as \"NAME (until ...)\" and may be revoked before its time. An overlap needs\n" +
			"the schema odoobridge (\"odoobridge keys init\").",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				key, secret, err := w.Rotate(ctx, w.db, w.by, f.ref(args), overlap)
				if err != nil {
					return err
				}
				return p.printNewKey("New value of the key", key, secret, w.rule, f.json)
			})
		},
	}
	f.addName(cmd)
	cmd.Flags().DurationVar(&overlap, "overlap", 0, "how long the old value goes on working, such as 24h")
	return cmd
}

func (p program) keysRevoke() *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:   "revoke NAME",
		Short: "Remove a key for good",
		Long: "Remove a key for good, as deleting the record in Odoo does, and with it the values that it had before and that still work\n" +
			"(\"rotate --overlap\"). To stop a key for a while, archive it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				key, err := w.Revoke(ctx, w.db, w.by, f.ref(args))
				if err != nil {
					return err
				}
				return p.printDone("Revoked", key, w.rule, f.json)
			})
		},
	}
	f.addName(cmd)
	return cmd
}

func (p program) keysActive(name, short, long string,
	do func(*keyring.Keyring, context.Context, string, keyring.Actor, keyring.Ref) (keyring.Key, error)) *cobra.Command {
	var f keysFlags
	cmd := &cobra.Command{
		Use:   name + " NAME",
		Short: short,
		Long:  long,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				key, err := do(w.Keyring, ctx, w.db, w.by, f.ref(args))
				if err != nil {
					return err
				}
				return p.printDone("Now", key, w.rule, f.json)
			})
		},
	}
	f.addName(cmd)
	return cmd
}

func (p program) keysAssign() *cobra.Command {
	var f keysFlags
	var login string
	cmd := &cobra.Command{
		Use:   "assign NAME --user LOGIN",
		Short: "Give a key to another user",
		Long: "Give a key to another user: whoever shows it acts as them from now on, with their rights. The key itself stays. As in Odoo,\n" +
			"a key given to an archived user whose company disables the keys of such is archived with it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if login == "" {
				return usageError{fmt.Errorf("to whom? %s", cmd.UseLine())}
			}
			return p.withKeys(cmd, func(ctx context.Context, w keysWork) error {
				key, err := w.Assign(ctx, w.db, w.by, f.ref(args), login)
				if err != nil {
					return err
				}
				return p.printDone("Now", key, w.rule, f.json)
			})
		},
	}
	f.addName(cmd)
	cmd.Flags().StringVar(&login, "user", "", "login of the new user")
	return cmd
}
