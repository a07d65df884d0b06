// Odoo's external API with github.com/kolo/xmlrpc; see ../README.md for what is asked.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/kolo/xmlrpc"
)

// withKey sends the API-KEY header with each request.
type withKey struct {
	key string
	to  http.RoundTripper
}

func (w withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("API-KEY", w.key)
	return w.to.RoundTrip(r)
}

// odoo is one user of one database: by login and password in the calls, or by the key in the header.
type odoo struct {
	common, models      *xmlrpc.Client
	db, login, password string
	uid                 int64
}

func dial(url, db, login, password, key string) (*odoo, error) {
	var transport http.RoundTripper // nil is the client's own
	if key != "" {
		transport, login, password = withKey{key, http.DefaultTransport}, "", ""
	}
	common, err := xmlrpc.NewClient(url+"/xmlrpc/2/common", transport)
	if err != nil {
		return nil, err
	}
	models, err := xmlrpc.NewClient(url+"/xmlrpc/2/object", transport)
	return &odoo{common: common, models: models, db: db, login: login, password: password}, err
}

// authenticate is the user's id, or false if it is refused.
func (o *odoo) authenticate() (uid any, err error) {
	err = o.common.Call("authenticate", []any{o.db, o.login, o.password, map[string]any{}}, &uid)
	return uid, err
}

// call decodes what execute_kw answers into result, a pointer to a structure of it or to any.
func (o *odoo) call(result any, model, method string, args []any, options map[string]any) error {
	if options == nil {
		options = map[string]any{}
	}
	return o.models.Call("execute_kw", []any{o.db, o.uid, o.password, model, method, args, options}, result)
}

// faultText is how a fault reads: kolo/xmlrpc stands on net/rpc, which hands errors on as text.
var faultText = regexp.MustCompile(`(?s)^Fault\((\d+)\): (.*)$`)

// fault is the code and text of the fault that a call has to end in.
func (o *odoo) fault(model, method string, args ...any) (code int, text string, err error) {
	var answer any
	err = o.call(&answer, model, method, args, nil)
	if err == nil {
		return 0, "", fmt.Errorf("%s.%s was not refused: %v", model, method, answer)
	}
	parts := faultText.FindStringSubmatch(err.Error())
	if parts == nil {
		return 0, "", err
	}
	code, err = strconv.Atoi(parts[1])
	return code, parts[2], err
}

type (
	object map[string]any
	list   []any
)

func main() {
	seen, err := run(os.Getenv("ODOO_URL"), os.Getenv("ODOO_DB"), os.Getenv("ODOO_LOGIN"), os.Getenv("ODOO_PASSWORD"), os.Getenv("ODOO_API_KEY"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(url, db, login, password, key string) (object, error) {
	o, err := dial(url, db, login, password, key)
	if err != nil {
		return nil, err
	}
	seen := object{}

	var version struct {
		Series string `xmlrpc:"server_serie"`
	}
	if err := o.common.Call("version", nil, &version); err != nil {
		return nil, err
	}
	seen["version"] = version.Series
	if seen["uid"], err = o.authenticate(); err != nil {
		return nil, err
	}
	if key == "" { // with a key the calls go without
		o.uid = seen["uid"].(int64)
	}
	wrong, err := dial(url, db, login, "wrong", key)
	if key != "" {
		wrong, err = dial(url, db, "", "", "wrong")
	}
	if err != nil {
		return nil, err
	}
	if seen["refused_login"], err = wrong.authenticate(); err != nil {
		return nil, err
	}

	steps := []func(*odoo, object) error{read, contact, rate, native, refusals}
	for _, step := range steps {
		if err := step(o, seen); err != nil {
			return nil, err
		}
	}
	if key != "" {
		o.uid = 9001 // not the key's user
	} else {
		o.password = "wrong"
	}
	seen["nobody"], _, err = o.fault("res.partner", "read", []int{91001})
	return seen, err
}

func read(o *odoo, seen object) error {
	var contacts, fields any
	err := o.call(&contacts, "res.partner", "search_read", list{list{list{"ref", "=", "CONF"}}},
		object{"fields": list{"name", "parent_id"}, "order": "id desc", "limit": 4})
	if err != nil {
		return err
	}
	seen["contacts"] = contacts
	err = o.call(&fields, "res.partner", "fields_get", list{list{"name", "parent_id"}}, object{"attributes": list{"type", "relation"}})
	seen["fields"] = fields
	return err
}

func contact(o *odoo, seen object) error {
	var id int64
	if err := o.call(&id, "res.partner", "create", list{object{"name": "ConfNew Go"}}, nil); err != nil {
		return err
	}
	seen["created"] = id > 0
	var written, unlinked bool
	values := object{"name": `ConfNew Ünï €uro 日本 😀 <&>"'`, "email": false, "is_company": true}
	if err := o.call(&written, "res.partner", "write", list{list{id}, values}, nil); err != nil {
		return err
	}
	seen["written"] = written
	// A field may be false where it has no value, so that its type is any.
	var records []struct {
		Name      string `xmlrpc:"name" json:"name"`
		Email     any    `xmlrpc:"email" json:"email"`
		IsCompany bool   `xmlrpc:"is_company" json:"is_company"`
	}
	if err := o.call(&records, "res.partner", "read", list{list{id}, list{"name", "email", "is_company"}}, nil); err != nil {
		return err
	}
	seen["read_back"] = records[0]
	if err := o.call(&unlinked, "res.partner", "unlink", list{list{id}}, nil); err != nil {
		return err
	}
	seen["unlinked"] = unlinked
	var left []int64
	err := o.call(&left, "res.partner", "search", list{list{list{"id", "=", id}}}, nil)
	seen["left"] = len(left)
	return err
}

func rate(o *odoo, seen object) error {
	var rates []any
	err := o.call(&rates, "res.currency.rate", "search_read", list{list{list{"name", "=", "2024-02-29"}}},
		object{"fields": list{"name", "rate", "create_date"}})
	if err != nil {
		return err
	}
	seen["rate"] = rates[0]
	return nil
}

func native(o *odoo, seen object) error {
	// A date of XML-RPC's own. What Odoo makes of it is seen in a field's default, which goes nowhere.
	moment := time.Date(2024, time.February, 29, 12, 34, 56, 0, time.UTC)
	var defaults struct {
		Name string `xmlrpc:"name"`
	}
	err := o.call(&defaults, "res.partner", "default_get", list{list{"name"}}, object{"context": object{"default_name": moment}})
	if err != nil {
		return err
	}
	seen["native_date"] = defaults.Name
	return nil
}

func refusals(o *odoo, seen object) error {
	code, text, err := o.fault("no.such.model", "read", list{1})
	if err != nil {
		return err
	}
	seen["unknown_model"] = object{"code": code, "text": text}
	seen["private_method"], _, err = o.fault("res.partner", "_search", list{})
	return err
}
