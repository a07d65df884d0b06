package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"

	"odoobridge/rpc"
)

// ControllerPrefix is the path of a module of the shopinvader kind: its own controller with auth="api_key", as OCA's
// auth_api_key offers it. The user of a key may be archived: the module asks the key, not the user.
//
//	GET  /shopinvader/customer   the user behind the key, as JSON
//	POST /shopinvader/echo       the body again
const ControllerPrefix = "/shopinvader/"

// customer is the answer of /shopinvader/customer.
type customer struct {
	UID    int64  `json:"uid"`
	Login  string `json:"login"`
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

// serveController answers what is below ControllerPrefix, where the module is installed.
func (s *Sandbox) serveController(w http.ResponseWriter, r *http.Request, path string) error {
	who, ok, err := s.keyUser(r)
	switch {
	case err != nil:
		return err
	case !ok:
		return rpc.ErrorReply(rpc.HTTP, rpc.Series(s.series), nil, rpc.AccessDenied()).Write(w)
	}
	switch path {
	case ControllerPrefix + "customer":
		body, err := json.Marshal(who)
		if err != nil {
			return err
		}
		return okReply("application/json; charset=utf-8", s.series, string(body)).Write(w)
	case ControllerPrefix + "echo":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil // the connection's error: there is no one left to tell
		}
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_, err = w.Write(body)
		return err
	}
	return s.page(rpc.PageNotFound, r).Write(w)
}

// keyUser finds the user of the API-KEY header as auth_api_key does: among the active keys, whatever the user's state.
func (s *Sandbox) keyUser(r *http.Request) (who customer, ok bool, err error) {
	key := r.Header.Get("API-KEY")
	if key == "" {
		return who, false, nil
	}
	active := ""
	if s.registry.column("auth_api_key", "active") {
		active = " WHERE k.active"
	}
	rows, err := s.db.QueryContext(r.Context(), `SELECT k.key, u.id, u.login, p.name, u.active FROM auth_api_key k
		JOIN res_users u ON u.id = k.user_id JOIN res_partner p ON p.id = u.partner_id`+active)
	if err != nil {
		return who, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var stored string
		var row customer
		if err := rows.Scan(&stored, &row.UID, &row.Login, &row.Name, &row.Active); err != nil {
			return who, false, err
		}
		if subtle.ConstantTimeCompare([]byte(stored), []byte(key)) == 1 {
			who, ok = row, true
		}
	}
	return who, ok, rows.Err()
}
