package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

// keyJSON is a key as scripts get it. Times that are not known are null.
type keyJSON struct {
	ID           int64      `json:"id"`
	Name         string     `json:"name"`
	TechName     string     `json:"tech_name"`
	User         string     `json:"user"` // login
	UID          int64      `json:"uid"`
	UserName     string     `json:"user_name"`
	UserArchived bool       `json:"user_archived"`
	Active       bool       `json:"active"`
	Works        bool       `json:"works"`
	Refused      string     `json:"refused,omitempty"` // why, where it does not work
	Groups       []string   `json:"groups"`
	Created      *time.Time `json:"created"`
	Changed      *time.Time `json:"changed"`
	LastUsed     *time.Time `json:"last_used"`
	Retires      *time.Time `json:"retires"`
	RetiresFor   int64      `json:"retires_for,omitempty"`
	Key          string     `json:"key,omitempty"` // only of one that was just made
}

func toJSON(k keyring.Key, rule auth.ArchivedUsers) keyJSON {
	known := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	refused := k.Refused(rule, time.Now())
	return keyJSON{
		ID: k.ID, Name: k.Name, TechName: k.TechName, User: k.Login, UID: k.UID, UserName: k.UserName, UserArchived: k.UserArchived,
		Active: k.Active, Works: refused == "", Refused: refused, Groups: append([]string{}, k.Groups...),
		Created: known(k.Created), Changed: known(k.Changed), LastUsed: known(k.LastUsed), Retires: known(k.Retires), RetiresFor: k.RetiresFor,
	}
}

// state tells people whether a key works.
func state(k keyring.Key, rule auth.ArchivedUsers, now time.Time) string {
	switch refused := k.Refused(rule, now); {
	case refused != "":
		return "refused, because " + refused
	case !k.Retires.IsZero():
		return "works until " + k.Retires.Local().Format("2006-01-02 15:04:05")
	case k.UserArchived:
		return "works, for an archived user, through Odoo's add-on"
	}
	return "works"
}

func (p program) printKeys(keys []keyring.Key, rule auth.ArchivedUsers, asJSON bool) error {
	if asJSON {
		list := make([]keyJSON, len(keys))
		for i, k := range keys {
			list[i] = toJSON(k, rule)
		}
		return p.printValue(list)
	}
	now := time.Now()
	t := newTable("NAME", "USER", "UID", "GROUPS", "CREATED", "LAST USED", "STATE")
	for _, k := range keys {
		t.add(k.Name, k.Login, strconv.FormatInt(k.UID, 10), joined(k.Groups), ago(k.Created, now), ago(k.LastUsed, now), state(k, rule, now))
	}
	return t.print(p.stdout)
}

// printNewKey shows a key this once.
func (p program) printNewKey(what string, k keyring.Key, secret auth.Secret, rule auth.ArchivedUsers, asJSON bool) error {
	if asJSON {
		v := toJSON(k, rule)
		v.Key = secret.Reveal()
		return p.printValue(v)
	}
	_, err := fmt.Fprintf(p.stdout, "%s %q of %s (uid %d): %s. It is shown this once:\n\n    %s\n\n",
		what, k.Name, k.Login, k.UID, state(k, rule, time.Now()), secret.Reveal())
	return err
}

func (p program) printDone(what string, k keyring.Key, rule auth.ArchivedUsers, asJSON bool) error {
	if asJSON {
		return p.printValue(toJSON(k, rule))
	}
	now := ""
	if what == "Now" {
		now = ": " + state(k, rule, time.Now())
	}
	groups := ""
	if len(k.Groups) > 0 {
		groups = ", groups " + joined(k.Groups)
	}
	_, err := fmt.Fprintf(p.stdout, "%s %q of %s (uid %d)%s%s\n", what, k.Name, k.Login, k.UID, groups, now)
	return err
}

func (p program) printValue(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func joined(texts []string) string {
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, ", ")
}

// ago is a time as people say it.
func ago(t, now time.Time) string {
	switch age := now.Sub(t); {
	case t.IsZero():
		return "-"
	case age < time.Minute:
		return "just now"
	case age < time.Hour:
		return fmt.Sprintf("%d min ago", int(age.Minutes()))
	case age < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(age.Hours()))
	case age < 60*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(age.Hours()/24))
	}
	return t.Local().Format("2006-01-02")
}

// table is lines of columns, aligned when printed.
type table struct{ lines []string }

func newTable(columns ...string) *table {
	t := &table{}
	t.add(columns...)
	return t
}

// add adds a line. Names in Odoo may have anything in them: a tab would be taken for the end of the cell, and a terminal does
// what other control characters tell it.
func (t *table) add(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, c)
	}
	t.lines = append(t.lines, strings.Join(cells, "\t"))
}

func (t *table) print(w io.Writer) error {
	const gap = 2
	aligned := tabwriter.NewWriter(w, 0, 0, gap, ' ', 0)
	for _, line := range t.lines {
		if _, err := fmt.Fprintln(aligned, line); err != nil {
			return err
		}
	}
	return aligned.Flush()
}
