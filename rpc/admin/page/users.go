package page

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

// shownUsers bounds the list of users; a text narrows it.
const shownUsers = 200

// usersPage is the list of users.
type usersPage struct {
	Text    string
	Users   []keyring.User
	More    bool // than are shown
	Problem string
}

func (p *Page) users(w http.ResponseWriter, r *http.Request, s *session) error {
	page := usersPage{Text: strings.TrimSpace(r.URL.Query().Get("q"))}
	users, err := p.cfg.Keys.Users(r.Context(), s.db, page.Text, shownUsers+1)
	if problem, known := explained(err); known {
		page.Problem = problem
	} else if err != nil {
		return unavailable(err)
	}
	page.More = len(users) > shownUsers
	page.Users = users[:min(len(users), shownUsers)]
	return p.show(w, r, http.StatusOK, "users", view{Title: "Users", Active: "users", session: s, Page: page})
}

// userPage is one user.
type userPage struct {
	User  keyring.User
	Keys  []keyRow
	Usage []keyring.Usage // of every key and the password, where it is kept
	Rule  auth.ArchivedUsers
}

func (p *Page) user(w http.ResponseWriter, r *http.Request, s *session) error {
	login := r.URL.Query().Get("login")
	users, err := p.cfg.Keys.Users(r.Context(), s.db, login, 0)
	if err != nil {
		return keysError(err)
	}
	i := slices.IndexFunc(users, func(u keyring.User) bool { return u.Login == login })
	if i < 0 {
		return &pageError{http.StatusNotFound, "No such user", "No user has this login, neither an active nor an archived one."}
	}
	page := userPage{User: users[i], Rule: p.cfg.ArchivedUsers}
	keys, _, err := p.listKeys(r.Context(), s.db)
	if err != nil {
		return keysError(err)
	}
	for _, k := range keys {
		if k.UID == page.User.UID {
			page.Keys = append(page.Keys, k)
		}
	}
	usage, _ := p.cfg.Keys.Report(r.Context(), s.db, usedDays) // shown where it is kept
	for _, u := range usage {
		if u.UID == page.User.UID {
			page.Usage = append(page.Usage, u)
		}
	}
	return p.show(w, r, http.StatusOK, "user", view{Title: page.User.Login, Active: "users", session: s, Page: page})
}

// settingsPage is what Odoo's companies say of keys.
type settingsPage struct {
	Companies []keyring.Company
	Rule      auth.ArchivedUsers
	Problem   string
}

func (p *Page) settings(w http.ResponseWriter, r *http.Request, s *session) error {
	page := settingsPage{Rule: p.cfg.ArchivedUsers}
	var err error
	page.Companies, err = p.cfg.Keys.Companies(r.Context(), s.db)
	if problem, known := explained(err); known {
		page.Problem = problem
	} else if err != nil {
		return unavailable(err)
	}
	return p.show(w, r, http.StatusOK, "settings", view{Title: "Settings", Active: "settings", session: s, Page: page})
}

func (p *Page) setCompany(w http.ResponseWriter, r *http.Request, s *session) error {
	id, err := strconv.ParseInt(r.PostFormValue("company"), 10, 64)
	if err != nil {
		return &pageError{http.StatusBadRequest, "No such company", "The form names none."}
	}
	disable := r.PostFormValue("disable") == "yes"
	err = p.cfg.Keys.SetCompanySetting(r.Context(), s.db, p.actor(r, s), id, disable)
	if problem, known := explained(err); known {
		s.tell(notice{problem, true})
	} else if err != nil {
		return unavailable(err)
	} else if disable {
		s.tell(notice{Text: "The company disables the keys of archived users now."})
	} else {
		s.tell(notice{Text: "The keys of the company's archived users go on working now."})
	}
	http.Redirect(w, r, "/settings", http.StatusSeeOther)
	return nil
}

// shownEntries is how many lines of the audit log are shown.
const shownEntries = 200

// auditPage is the audit log.
type auditPage struct {
	Entries []keyring.Entry
	Problem string
}

func (p *Page) audit(w http.ResponseWriter, r *http.Request, s *session) error {
	var page auditPage
	var err error
	page.Entries, err = p.cfg.Keys.Audit(r.Context(), s.db, shownEntries)
	if problem, known := explained(err); known {
		page.Problem = problem
	} else if err != nil {
		return unavailable(err)
	}
	return p.show(w, r, http.StatusOK, "audit", view{Title: "Audit log", Active: "audit", session: s, Page: page})
}
