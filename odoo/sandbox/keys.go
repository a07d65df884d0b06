package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Native API keys are made and removed by methods that ask for the password again, unless the session was asked within
// the last minutes (check_identity of series 15 to 19): they answer the window of a wizard, res.users.identitycheck, whose
// run_check does what was wanted. Outside of a web session they are refused; series 15 takes a call of /jsonrpc for one
// that was not asked yet (errors.apikeys.make.json).

// keyRounds is what native keys are hashed with.
const keyRounds = 6000

type runner func(e *env, r *records, args map[string]any) (any, error)

// recheckedMethods are those methods.
var recheckedMethods = map[string]runner{"make_key": runMakeKey, "remove": runRemoveKeys}

// identityChecked is one of them, done at once or after the wizard.
func identityChecked(name string) runner {
	run := recheckedMethods[name]
	return func(e *env, r *records, args map[string]any) (any, error) {
		if e.session == nil && e.series >= 16 {
			return nil, userError("This method can only be accessed over HTTP")
		}
		if e.session != nil && e.session.confirmed() {
			return run(e, r, args)
		}
		request := []any{e.context, r.model.name, r.ids, name}
		if e.series >= 16 {
			request = append(request, []any{}, newDict())
		}
		text := jsonEncoder{series: e.series}
		if err := text.encode(request); err != nil {
			return nil, err
		}
		id, err := e.superuser().create(e.models["res.users.identitycheck"], newDict("request", text.String()))
		if err != nil {
			return nil, err
		}
		title := "Security Control"
		if e.series >= 19 {
			title = "Access Control"
		}
		window := newDict("type", "ir.actions.act_window", "res_model", "res.users.identitycheck", "res_id", id, "name", title,
			"target", "new", "views", []any{[]any{false, "form"}})
		if e.series >= 19 {
			window.set("context", newDict("dialog_size", "medium"))
		}
		return window, nil
	}
}

// runCheck compares the password, which series 19 takes from the context and the others from the wizard, and does what
// the wizard was opened for.
func runCheck(e *env, r *records, _ map[string]any) (any, error) {
	if e.session == nil && e.series >= 16 {
		return nil, assertionError("This method can only be accessed over HTTP")
	}
	ids, err := e.checkRecords(r.model, r.ids, "read")
	if err != nil {
		return nil, err
	}
	if len(ids) != 1 {
		return nil, valueError("Expected singleton: " + repr(r))
	}
	given := "w.password"
	if e.series >= 19 {
		given = "NULL"
	}
	var request, password, stored string
	err = e.tx.QueryRowContext(e.ctx, "SELECT w.request, coalesce("+given+", ''), coalesce(u.password, '')"+
		" FROM res_users_identitycheck w JOIN res_users u ON u.id = w.create_uid WHERE w.id = $1", ids[0]).Scan(&request, &password, &stored)
	if err != nil {
		return nil, e.databaseError(err)
	}
	if v, ok := e.context.get("password"); ok && e.series >= 19 {
		password = str(v)
	}
	if !verifySecret(stored, password) {
		return nil, userError("Incorrect Password, try again or click on Forgot Password to reset your password.")
	}
	if e.series < 19 {
		if err := e.exec("UPDATE res_users_identitycheck SET password = NULL WHERE id = $1", ids[0]); err != nil {
			return nil, err
		}
	}
	if e.session != nil {
		e.session.confirm()
	}
	return e.resume(request)
}

// resume calls the method that a wizard was opened for.
func (e *env) resume(request string) (any, error) {
	v, err := decodeJSON([]byte(request))
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok || len(list) < 4 {
		return nil, fmt.Errorf("the request of an identity check is %s", request)
	}
	inner := *e
	if inner.context, err = toDict(list[0]); err != nil {
		return nil, err
	}
	m := e.models[str(list[1])]
	if m == nil {
		return nil, fmt.Errorf("the request of an identity check is of %s", str(list[1]))
	}
	run := recheckedMethods[str(list[3])]
	if run == nil {
		return nil, fmt.Errorf("the request of an identity check is for %s", str(list[3]))
	}
	return run(&inner, &records{model: m, ids: browse(list[2])}, nil)
}

// runMakeKey makes the key that the wizard describes, for the caller, and answers the window that shows it once.
func runMakeKey(e *env, r *records, _ map[string]any) (any, error) {
	internal, err := e.xmlID("base.group_user")
	if err != nil {
		return nil, err
	}
	if !e.user.groups[internal] {
		return nil, accessError("Only internal users can create API keys")
	}
	ids, err := e.checkRecords(r.model, r.ids, "read")
	if err != nil {
		return nil, err
	}
	if len(ids) != 1 {
		return nil, valueError("Expected singleton: " + repr(r))
	}
	expires := "NULL::timestamp"
	if e.column("res_users_apikeys", "expiration_date") {
		expires = "expiration_date"
	}
	var name string
	var expiration *time.Time
	err = e.tx.QueryRowContext(e.ctx, "SELECT name, "+expires+" FROM res_users_apikeys_description WHERE id = $1", ids[0]).Scan(&name, &expiration)
	if err != nil {
		return nil, e.databaseError(err)
	}
	key, err := e.generateKey(name, expiration)
	if err != nil {
		return nil, err
	}
	if err := e.superuser().delete(r.model, ids); err != nil {
		return nil, err
	}
	return newDict("type", "ir.actions.act_window", "res_model", "res.users.apikeys.show", "name", "API Key Ready",
		"views", []any{[]any{false, "form"}}, "target", "new", "context", newDict("default_key", key)), nil
}

// generateKey stores a new key of the caller, good for any scope.
func (e *env) generateKey(name string, expiration *time.Time) (string, error) {
	secret := make([]byte, 20)
	rand.Read(secret) // never fails
	key := hex.EncodeToString(secret)
	hash, err := hashPassword(key, keyRounds)
	if err != nil {
		return "", err
	}
	columns, values := []string{"name", "user_id", "key", "index"}, []any{name, e.uid, hash, key[:keyIndexSize]}
	if e.column("res_users_apikeys", "expiration_date") {
		if err := e.checkExpiration(expiration); err != nil {
			return "", err
		}
		columns, values = append(columns, "expiration_date"), append(values, expiration)
	}
	marks := make([]string, len(columns))
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	return key, e.exec("INSERT INTO res_users_apikeys ("+join(columns)+") VALUES ("+strings.Join(marks, ", ")+")", values...)
}

// checkExpiration holds users other than administrators to the longest duration of their groups, in days.
func (e *env) checkExpiration(expiration *time.Time) error {
	system, err := e.isSystem()
	if err != nil || system {
		return err
	}
	if expiration == nil {
		return validationError("The API key must have an expiration date")
	}
	var groups []int64
	for id := range e.user.groups {
		groups = append(groups, id)
	}
	slices.Sort(groups)
	var days float64
	err = e.tx.QueryRowContext(e.ctx, "SELECT coalesce(nullif(max(api_key_duration), 0), 1) FROM res_groups WHERE id = ANY ($1)", pq.Array(groups)).Scan(&days)
	if err != nil {
		return e.databaseError(err)
	}
	if expiration.After(time.Now().UTC().Add(time.Duration(days * 24 * float64(time.Hour)))) {
		return validationError("You cannot exceed " + repr(days) + " days.")
	}
	return nil
}

func (e *env) isSystem() (bool, error) {
	system, err := e.xmlID("base.group_system")
	return e.su || e.user.groups[system], err
}

// runRemoveKeys removes keys of the caller; an administrator's reach is all.
func runRemoveKeys(e *env, r *records, _ map[string]any) (any, error) {
	closed := newDict("type", "ir.actions.act_window_close")
	if len(r.ids) == 0 {
		return closed, nil
	}
	ids, err := e.checkRecords(r.model, r.ids, "read")
	if err != nil {
		return nil, err
	}
	system, err := e.isSystem()
	if err != nil {
		return nil, err
	}
	others, err := e.ids("SELECT id FROM res_users_apikeys WHERE id = ANY ($1) AND user_id != $2", pq.Array(ids), e.uid)
	if err != nil {
		return nil, err
	}
	if !system && len(others) > 0 {
		return nil, accessError("You can not remove API keys unless they're yours or you are a system user")
	}
	return closed, e.delete(r.model, ids)
}
