package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choices are the values of flags that have few, for the shell's completion; by "command flag" where it is another's too.
var choices = map[string][]string{
	"admin-page":        {"on", "off"},
	"archived-users":    {"setting", "stored", "deny", "allow"},
	"basic":             {"users", "off"},
	"db-service":        {"limited", "full"},
	"impersonation":     {"auto", "addon", "mint", "off"},
	"log-level":         {"debug", "info", "warn", "error"},
	"protocol":          {"jsonrpc", "xmlrpc", "json2"},
	"test protocol":     {"jsonrpc", "xmlrpc/2", "xmlrpc", "json/2", "http"},
	"test service":      {"object", "common", "db", "session", "controller", "doc", "version"},
	"series":            {"15", "18", "19"},
	"upstream-protocol": {"auto", "rpc", "json2"},
	"upstream-xmlrpc":   {"transcode", "forward"},
	"web-session":       {"on", "off"},
}

// fileFlags take the name of a file or a folder, which the shell completes by itself; no other flag does.
var fileFlags = map[string]bool{"config": true, "data": true, "environment-keys": true, "fixtures": true, "key-file": true, "policies": true,
	"tls-cert": true, "tls-key": true, "admin-tls-cert": true, "admin-tls-key": true}

// complete has the shell offer the values of flags, for the command and those below it.
func complete(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if fileFlags[f.Name] {
			return
		}
		offered, ok := choices[cmd.Name()+" "+f.Name]
		if !ok {
			offered = choices[f.Name]
		}
		// A flag without choices has none, which keeps the shell from offering files. The error is of a flag that is
		// unknown or done already, and this one is neither.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(offered, cobra.ShellCompDirectiveNoFileComp))
	})
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
}
