package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"odoobridge/auth"
	"odoobridge/odoo/keyring"
)

// usedDays is over how many days the calls of a key are told.
const usedDays = 30

// keyRow is a key as it is shown.
type keyRow struct {
	keyring.Key
	Refused     string // why calls with it are refused now; "" where they are not
	Environment bool   // its value is in a file of the environment, which stands in place of the stored one
	Calls       int64  // in usedDays
	ByRule      []ruleRow
	Differs     bool // the rules for archived users differ about it
}

// ruleRow is how a key is treated under one of the rules for archived users.
type ruleRow struct {
	Rule    auth.ArchivedUsers
	Current bool
	Refused string
}

// rules are all those for archived users, the default first.
var rules = []auth.ArchivedUsers{auth.ArchivedBySetting, auth.ArchivedByStored, auth.ArchivedDeny, auth.ArchivedAllow}

func (p *Page) keyRow(k keyring.Key, used map[int64]int64, environment []string) keyRow {
	now := p.cfg.Now()
	row := keyRow{Key: k, Refused: k.Refused(p.cfg.ArchivedUsers, now), Environment: slices.Contains(environment, k.TechName), Calls: used[k.ID]}
	for _, rule := range rules {
		row.ByRule = append(row.ByRule, ruleRow{rule, rule == p.cfg.ArchivedUsers, k.Refused(rule, now)})
	}
	row.Differs = (row.ByRule[0].Refused == "") != (row.ByRule[1].Refused == "") // by the setting and as Odoo stores it
	return row
}

// State is the key's state in a word.
func (k keyRow) State() string {
	switch {
	case k.RetiresFor != 0:
		return "replaced"
	case !k.Active:
		return "archived"
	case k.Refused != "":
		return "refused"
	}
	return "works"
}

// Class is how the state is coloured.
func (k keyRow) Class() string {
	if k.Refused == "" {
		return "fine"
	}
	return "refused"
}

func (p *Page) environment() []string {
	if p.cfg.Environment == nil {
		return nil
	}
	return p.cfg.Environment()
}

// keysPage is the list of keys.
type keysPage struct {
	Text, State string
	States      []choice
	Keys        []keyRow
	All         int
	Rule        auth.ArchivedUsers
	Used        bool   // the use of keys is kept
	Problem     string // why there are none to see
}

func (p *Page) keys(w http.ResponseWriter, r *http.Request, s *session) error {
	page := keysPage{Text: strings.TrimSpace(r.URL.Query().Get("q")), State: r.URL.Query().Get("state"), Rule: p.cfg.ArchivedUsers}
	for _, state := range []string{"", "works", "refused", "archived", "replaced", "differs"} {
		page.States = append(page.States, choice{state, some(state, "any"), state == page.State})
	}
	rows, used, err := p.listKeys(r.Context(), s.db)
	if problem, known := explained(err); known {
		page.Problem = problem
	} else if err != nil {
		return unavailable(err)
	}
	page.All, page.Used = len(rows), used
	text := strings.ToLower(page.Text)
	for _, k := range rows {
		if page.State != "" && page.State != k.State() && (page.State != "differs" || !k.Differs) {
			continue
		}
		if strings.Contains(strings.ToLower(strings.Join(append([]string{k.Name, k.Login, k.UserName, k.TechName}, k.Groups...), "\n")), text) {
			page.Keys = append(page.Keys, k)
		}
	}
	return p.show(w, r, http.StatusOK, "keys", view{Title: "Keys", Active: "keys", session: s, Page: page})
}

// listKeys are all keys, and whether their use is kept.
func (p *Page) listKeys(ctx context.Context, db string) (rows []keyRow, used bool, err error) {
	keys, err := p.cfg.Keys.List(ctx, db)
	if err != nil {
		return nil, false, err
	}
	calls := map[int64]int64{}
	usage, err := p.cfg.Keys.Report(ctx, db, usedDays)
	for _, u := range usage {
		if u.Kind == auth.ByAuthAPIKey.String() {
			calls[u.KeyID] += u.Calls
		}
	}
	environment := p.environment()
	for _, k := range keys {
		rows = append(rows, p.keyRow(k, calls, environment))
	}
	return rows, err == nil, nil
}

// keyPage is one key, and what can be done with it.
type keyPage struct {
	Key      keyRow
	Rule     auth.ArchivedUsers
	Once     string
	Groups   []choice // nil where there are no groups
	Usage    []keyring.Usage
	Overlaps []choice
	Replaced []keyRow // what it has replaced, and that still works
}

// overlaps are offered for a rotation, the first one first.
var overlaps = []choice{{"24h", "for a day", false}, {"1h", "for an hour", false}, {"168h", "for a week", false}, {"0s", "not at all", false}}

func (p *Page) key(w http.ResponseWriter, r *http.Request, s *session) error {
	page, err := p.keyPage(r.Context(), s, keyID(r))
	if err != nil {
		return err
	}
	page.Once = s.formOnce()
	return p.show(w, r, http.StatusOK, "key", view{Title: page.Key.Name, Active: "keys", session: s, Page: page})
}

func keyID(r *http.Request) int64 {
	id, _ := strconv.ParseInt(mux.Vars(r)["id"], 10, 64) // digits, by the route
	return id
}

func (p *Page) keyPage(ctx context.Context, s *session, id int64) (*keyPage, error) {
	keys, _, err := p.listKeys(ctx, s.db)
	if err != nil {
		return nil, keysError(err)
	}
	i := slices.IndexFunc(keys, func(k keyRow) bool { return k.ID == id })
	if i < 0 {
		return nil, &pageError{http.StatusNotFound, "No such key", "There is no key of this id any more. Perhaps it was revoked, or its overlap is over."}
	}
	page := &keyPage{Key: keys[i], Rule: p.cfg.ArchivedUsers, Overlaps: overlaps}
	for _, k := range keys {
		if k.RetiresFor == id {
			page.Replaced = append(page.Replaced, k)
		}
	}
	if groups, err := p.cfg.Keys.Groups(ctx, s.db); err == nil {
		for _, g := range groups {
			page.Groups = append(page.Groups, choice{g.Code, g.Name, slices.Contains(keys[i].Groups, g.Code)})
		}
	}
	usage, _ := p.cfg.Keys.Report(ctx, s.db, usedDays) // shown where it is kept
	for _, u := range usage {
		if u.Kind == auth.ByAuthAPIKey.String() && u.KeyID == id {
			page.Usage = append(page.Usage, u)
		}
	}
	slices.SortFunc(page.Usage, func(a, b keyring.Usage) int { return cmp.Compare(b.Calls, a.Calls) })
	return page, nil
}

// newKeyPage is the form for a new key.
type newKeyPage struct{ Login, Name, Once, Error string }

func (p *Page) newKey(w http.ResponseWriter, r *http.Request, s *session) error {
	return p.showNewKey(w, r, s, http.StatusOK, newKeyPage{Login: r.URL.Query().Get("user")})
}

func (p *Page) showNewKey(w http.ResponseWriter, r *http.Request, s *session, status int, page newKeyPage) error {
	page.Once = s.formOnce()
	return p.show(w, r, status, "newkey", view{Title: "New key", Active: "keys", session: s, Page: page})
}

// shownKey is the one page that a key is on.
type shownKey struct {
	Key    keyring.Key
	Secret string
	Until  time.Time // until when the old one works; zero where there is none, or it does no more
	New    bool
}

func (p *Page) createKey(w http.ResponseWriter, r *http.Request, s *session) error {
	if err := s.takeOnce(r); err != nil {
		return err
	}
	in := newKeyPage{Login: strings.TrimSpace(r.PostFormValue("login")), Name: strings.TrimSpace(r.PostFormValue("name"))}
	key, secret, err := p.cfg.Keys.Create(r.Context(), s.db, p.actor(r, s), in.Login, in.Name)
	if problem, known := explained(err); known {
		in.Error = problem
		return p.showNewKey(w, r, s, http.StatusUnprocessableEntity, in)
	} else if err != nil {
		return unavailable(err)
	}
	return p.showKey(w, r, s, shownKey{Key: key, Secret: secret.Reveal(), New: true})
}

func (p *Page) showKey(w http.ResponseWriter, r *http.Request, s *session, shown shownKey) error {
	return p.show(w, r, http.StatusOK, "shown", view{Title: "The key " + shown.Key.Name, Active: "keys", session: s, Page: shown})
}

// actor is who does what is done in a session.
func (p *Page) actor(r *http.Request, s *session) keyring.Actor {
	return keyring.Actor{UID: s.uid, Name: s.login, Source: p.source(r).String()}
}

// confirmPage asks whether something is meant.
type confirmPage struct {
	Title, Text, Button string
	Action              string
	Fields              []choice // of the form that is confirmed
	Back                string
}

// changeKey does what a form on a key's page says. What can't be taken back is asked for once more.
func (p *Page) changeKey(w http.ResponseWriter, r *http.Request, s *session) error {
	id, action := keyID(r), mux.Vars(r)["action"]
	back := fmt.Sprintf("/keys/%d", id)
	if mustConfirm(action, r) && r.PostFormValue("confirm") != "yes" {
		page, err := p.keyPage(r.Context(), s, id)
		if err != nil {
			return err
		}
		c := confirmation(action, page.Key)
		c.Action, c.Back = back+"/"+action, back
		for _, field := range []string{"overlap", "once"} {
			if v := r.PostFormValue(field); v != "" {
				c.Fields = append(c.Fields, choice{Value: v, Text: field})
			}
		}
		return p.show(w, r, http.StatusOK, "confirm", view{Title: c.Title, Active: "keys", session: s, Page: c})
	}
	if action == "rotate" {
		return p.rotateKey(w, r, s, id, back)
	}
	done, err := p.editKey(r, s, id, action)
	if problem, known := explained(err); known {
		s.tell(notice{problem, true})
	} else if err != nil {
		return unavailable(err)
	} else {
		s.tell(notice{Text: done})
		if action == "revoke" {
			back = "/keys"
		}
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

func (p *Page) editKey(r *http.Request, s *session, id int64, action string) (done string, err error) {
	ctx, by, ref := r.Context(), p.actor(r, s), keyring.Numbered(id)
	var key keyring.Key
	switch action {
	case "revoke":
		key, err = p.cfg.Keys.Revoke(ctx, s.db, by, ref)
		done = "The key " + key.Name + " was revoked: calls with it are refused."
	case "archive":
		key, err = p.cfg.Keys.Archive(ctx, s.db, by, ref)
		done = "The key " + key.Name + " was archived: calls with it are refused until it is restored."
	case "restore":
		key, err = p.cfg.Keys.Restore(ctx, s.db, by, ref)
		done = "The key " + key.Name + " was restored."
	case "assign":
		key, err = p.cfg.Keys.Assign(ctx, s.db, by, ref, strings.TrimSpace(r.PostFormValue("login")))
		done = "The key " + key.Name + " is now " + key.Login + "'s."
	case "groups":
		key, err = p.cfg.Keys.SetGroups(ctx, s.db, by, ref, r.PostForm["group"])
		done = "The key " + key.Name + " is in these groups: " + some(strings.Join(key.Groups, ", "), "none") + "."
	}
	return done, err
}

func (p *Page) rotateKey(w http.ResponseWriter, r *http.Request, s *session, id int64, back string) error {
	overlap, err := time.ParseDuration(r.PostFormValue("overlap"))
	if err != nil || overlap < 0 {
		return &pageError{http.StatusBadRequest, "No such overlap", "Choose one of those that are offered."}
	}
	if err := s.takeOnce(r); err != nil {
		return err
	}
	key, secret, err := p.cfg.Keys.Rotate(r.Context(), s.db, p.actor(r, s), keyring.Numbered(id), overlap)
	if problem, known := explained(err); known {
		s.tell(notice{problem, true})
		http.Redirect(w, r, back, http.StatusSeeOther)
		return nil
	} else if err != nil {
		return unavailable(err)
	}
	shown := shownKey{Key: key, Secret: secret.Reveal()}
	if overlap > 0 {
		shown.Until = p.cfg.Now().Add(overlap)
	}
	return p.showKey(w, r, s, shown)
}

// mustConfirm tells whether an action ends what may be in use.
func mustConfirm(action string, r *http.Request) bool {
	return action == "revoke" || action == "archive" || action == "rotate" && r.PostFormValue("overlap") == "0s"
}

func confirmation(action string, k keyRow) confirmPage {
	used := "No call with it was seen."
	if !k.LastUsed.IsZero() {
		used = "It was last used at " + k.LastUsed.UTC().Format("2006-01-02 15:04 UTC") + "."
	}
	switch action {
	case "revoke":
		return confirmPage{Title: "Revoke " + k.Name + "?", Button: "Revoke the key",
			Text: "The key of " + k.Login + " is removed for good, and what it has replaced. Calls with it are refused at once. " + used}
	case "archive":
		return confirmPage{Title: "Archive " + k.Name + "?", Button: "Archive the key",
			Text: "Calls with the key of " + k.Login + " are refused until it is restored. " + used}
	}
	return confirmPage{Title: "Rotate " + k.Name + " without an overlap?", Button: "Rotate the key",
		Text: "The old value stops working at once, so whoever calls with it is refused until they have the new one. " + used}
}

// keysError is an error of the keys, with what to do where that is known.
func keysError(err error) error {
	if problem, known := explained(err); known {
		return &pageError{http.StatusConflict, "The keys can't be shown", problem}
	}
	return unavailable(err)
}

// explained is the text of an error that says to the administrator what is wrong and what to do.
func explained(err error) (text string, known bool) {
	for _, kind := range []error{keyring.ErrNotInstalled, keyring.ErrUnknownUser, keyring.ErrUnknownKey, keyring.ErrUnknownGroup, keyring.ErrUnknownCompany,
		keyring.ErrDuplicate, keyring.ErrAmbiguous, keyring.ErrInvalid, keyring.ErrUnsupported, keyring.ErrNoSchema, keyring.ErrNotGranted,
		keyring.ErrBusy, keyring.ErrInUse} {
		if errors.Is(err, kind) {
			text := err.Error()
			return strings.ToUpper(text[:1]) + text[1:] + ".", true
		}
	}
	return "", false
}
