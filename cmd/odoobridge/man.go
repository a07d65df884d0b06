package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (p program) manCommand() *cobra.Command {
	var date string
	cmd := &cobra.Command{
		Use:    "man",
		Short:  "Print the manual page, for man -l and for packagers",
		Args:   noArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return writeManual(p.stdout, cmd.Root(), date)
		},
	}
	cmd.Flags().StringVar(&date, "date", "", "of the release, as 2026-11-24")
	return cmd
}

// writeManual writes odoobridge(1) in roff's man macros, from the commands and the settings themselves.
func writeManual(w io.Writer, root *cobra.Command, date string) error {
	var m manual
	fmt.Fprintf(&m, ".TH ODOOBRIDGE 1 \"%s\" \"odoobridge %s\" \"User Commands\"\n", date, manualVersion())
	m.WriteString(".nh\n.ad l\n") // names of settings and long lists are not to be hyphenated or spaced out
	m.section("NAME")
	m.text("odoobridge - " + uncapitalized(root.Short))
	m.section("SYNOPSIS")
	m.bold("odoobridge", " COMMAND [FLAG]...")
	m.section("DESCRIPTION")
	m.text("odoobridge serves Odoo's /jsonrpc, /xmlrpc and /json/2, finds out who calls from an API-KEY header, HTTP Basic, " +
		"a Bearer key or the call's own credentials, maps the caller to a user of the Odoo database, and passes the call on as that user.")
	m.section("COMMANDS")
	for _, c := range root.Commands() {
		m.command(c)
	}
	m.section("SETTINGS")
	m.text("serve is told by flags, by the environment and by the YAML file of --config, in this order: --odoo-url is " +
		"ODOOBRIDGE_ODOO_URL and odoo_url:. A variable ODOOBRIDGE_ODOO_URL_FILE names a file that holds the value.")
	for _, s := range settings {
		text := s.usage
		if s.byDefault != "" {
			text += " (default: " + s.byDefault + ")"
		}
		m.item(s.key(), "", text)
	}
	m.section("EXIT STATUS")
	m.item("0", "", "done")
	m.item("1", "", "failed")
	m.item("2", "", "wrong usage or configuration")
	m.section("SEE ALSO")
	m.bold("psql", "(1),")
	m.bold("systemd.exec", "(5)")
	_, err := io.WriteString(w, m.String())
	return err
}

// manualVersion is the release of the program; the manual of a build that is none does not say.
func manualVersion() string {
	if release == "" {
		return "(unreleased)"
	}
	return release
}

// manual is roff under construction.
type manual struct{ strings.Builder }

// request writes a macro with its arguments.
func (m *manual) request(name string, args ...string) {
	m.WriteString("." + name)
	for _, a := range args {
		fmt.Fprintf(m, ` "%s"`, strings.ReplaceAll(escapeRoff(a), `"`, `\(dq`))
	}
	m.WriteByte('\n')
}

func (m *manual) section(name string) { m.request("SH", name) }

// bold writes a line whose first word is bold.
func (m *manual) bold(word, rest string) {
	m.WriteString(`\fB` + escapeRoff(word) + `\fR` + escapeRoff(rest) + "\n")
}

// text writes paragraphs; those that are indented keep their lines.
func (m *manual) text(text string) {
	for i, paragraph := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		if i > 0 {
			m.request("PP")
		}
		if !strings.HasPrefix(paragraph, "  ") {
			m.lines(wrapped(paragraph))
			continue
		}
		m.request("EX")
		m.lines(strings.Split(paragraph, "\n"))
		m.request("EE")
	}
}

func (m *manual) lines(lines []string) {
	for _, line := range lines {
		line = escapeRoff(line)
		if strings.HasPrefix(line, ".") {
			line = `\&` + line
		}
		m.WriteString(line + "\n")
	}
}

// wrapped breaks a text into lines that are short enough to be read in the source.
func wrapped(text string) []string {
	const width = 60
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}

// item writes a term with what it stands for, indented.
func (m *manual) item(term, argument, text string) {
	m.request("TP")
	m.bold(term, argument)
	m.text(text)
}

// command writes a command and those below it, with the flags that are theirs.
func (m *manual) command(c *cobra.Command) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	if c.Name() == "completion" { // cobra's own, with a long text for each shell
		m.request("SS", c.CommandPath()+" bash|fish|powershell|zsh")
		m.text("Print a script that completes commands and flags in that shell. For bash, with Debian's bash-completion:\n\n" +
			"  odoobridge completion bash > /etc/bash_completion.d/odoobridge")
		return
	}
	m.request("SS", c.UseLine())
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	m.text(strings.TrimSpace(text))
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" || isSettingOf(c, f) {
			return
		}
		argument, usage := pflag.UnquoteUsage(f)
		if argument != "" {
			argument = " " + argument
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			usage += " (default: " + f.DefValue + ")"
		}
		m.item("--"+f.Name, argument, usage)
	})
	for _, sub := range c.Commands() {
		m.command(sub)
	}
}

// isSettingOf tells whether the flag is one of serve's settings, which have a section of their own.
func isSettingOf(c *cobra.Command, f *pflag.Flag) bool {
	if c.Name() != "serve" {
		return false
	}
	for _, s := range settings {
		if s.name == f.Name {
			return true
		}
	}
	return false
}

// roff escapes what roff would take for something else, and lets long lists of networks break at their commas.
var roff = strings.NewReplacer(",", `,\:`, `\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "`", `\(ga`, "'", `\(aq`)

func escapeRoff(s string) string { return roff.Replace(s) }

func uncapitalized(s string) string { return strings.ToLower(s[:1]) + s[1:] }
