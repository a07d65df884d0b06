//go:build unix

package integration

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"odoobridge/fixtures"
	"odoobridge/fixtures/conformance"
)

// TestCanary uses every secret of the canary in every way there is to present it, well and badly. The search of all
// output at the end of the run (TestMain) then says that none was repeated anywhere.
func TestCanary(t *testing.T) {
	canary := fixtures.Canary
	for _, series := range []int{15, 18, 19} {
		t.Run(fmt.Sprint(series), func(t *testing.T) {
			d := demo(t, series)
			db, jsonURL := database(series), d.ready["bridge"]+"/jsonrpc"
			read := readContact(db, 0, "")
			tests := []struct {
				name, body string
				headers    []string
				granted    bool
			}{
				{"password in the call", readContact(db, canary.UID, canary.Password), nil, true},
				{"native key in the call", readContact(db, canary.UID, canary.NativeKey), nil, true},
				{"API-KEY", read, []string{"API-KEY", canary.APIKey}, series > 15},
				{"native key as API-KEY", read, []string{"API-KEY", canary.NativeKey}, true},
				{"Basic", read, []string{"Authorization", basic(canary.Login, canary.Password)}, true},
				{"Basic with a native key", read, []string{"Authorization", basic(canary.Login, canary.NativeKey)}, true},
				{"Bearer", read, []string{"Authorization", "Bearer " + canary.NativeKey}, true},
				{"password of another user", readContact(db, rpcUser, canary.Password), nil, false},
				{"password as API-KEY", read, []string{"API-KEY", canary.Password}, false},
				{"password as Bearer", read, []string{"Authorization", "Bearer " + canary.Password}, false},
				{"key with something behind it", read, []string{"API-KEY", canary.APIKey + "x"}, false},
				{"unknown scheme", read, []string{"Authorization", "Digest " + canary.Password}, false},
				{"malformed Basic", read, []string{"Authorization", "Basic " + canary.Password}, false},
				{"underscores", read, []string{"API_KEY", canary.APIKey}, false},
				{"unknown database", readContact("no_such_db", canary.UID, canary.Password), nil, false},
				{"too few arguments", jsonCall("object", "execute_kw", db, canary.UID, canary.Password), nil, false},
				{"no such method", jsonCall("object", "execute_kw", db, canary.UID, canary.Password, "res.partner", "nope", []any{}), nil, false},
				{"no such model", jsonCall("object", "execute_kw", db, canary.UID, canary.Password, "no.model", "read", []any{}), nil, false},
				{"unknown method of object", jsonCall("object", "nope", db, canary.UID, canary.Password), nil, false},
				{"arguments that fit nothing", jsonCall("common", "authenticate", db, canary.Login, canary.Password), nil, false},
				{"key in broken JSON", "{", []string{"API-KEY", canary.APIKey}, false},
			}
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					a := post(t, jsonURL, "application/json", test.body, test.headers...)
					if granted := strings.Contains(a.body, "Conf Alpha"); granted != test.granted {
						t.Errorf("granted: %v, want %v: %d %s", granted, test.granted, a.status, a.body)
					}
				})
			}
			quoted(t, d.ready["bridge"], strings.TrimSuffix(readContact(db, canary.UID, canary.Password), "}"))
			for _, path := range []string{"/xmlrpc/2/object", "/xmlrpc/object"} {
				whole := xmlReadContact(db, canary.UID, canary.Password)
				post(t, d.ready["bridge"]+path, "text/xml", whole)
				post(t, d.ready["bridge"]+path, "text/xml", whole[:len(whole)-20])
				post(t, d.ready["bridge"]+path, "text/xml", xmlReadContact("no_such_db", canary.UID, canary.Password))
				post(t, d.ready["bridge"]+path, "text/xml", xmlReadContact(db, 0, ""), "API-KEY", canary.APIKey)
			}
			get(t, d.ready["bridge"]+"/nowhere?password="+canary.Password)
			if a := get(t, d.ready["admin"]+"/metrics"); a.status != 200 || !strings.Contains(a.body, "odoobridge_") {
				t.Errorf("/metrics: %d %.200s", a.status, a.body)
			}
			get(t, d.ready["admin"]+"/readyz")
			eventually(t, "the calls are in the log", func() bool {
				return strings.Contains(d.stderr.String(), canary.Login)
			})
		})
	}
}

// quoted sends a body that is no JSON. Odoo 15 quotes it back whole (recorded: pj.invalid), and the caller knows it
// anyway, so this answer is not searched; the logs still are.
func quoted(t *testing.T, bridge, body string) {
	t.Helper()
	c := conformance.Case{Request: conformance.Request{Method: http.MethodPost, Path: "/jsonrpc",
		Headers: []conformance.Header{{Name: "Content-Type", Value: "application/json"}}, Body: []byte(body)}}
	a, err := c.Send(t.Context(), bridge)
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != http.StatusBadRequest && a.Status != http.StatusOK || strings.Contains(string(a.Body), "Conf Alpha") {
		t.Errorf("broken JSON: %d %s", a.Status, a.Body)
	}
}

// TestSearchFindsSecrets: the search itself works.
func TestSearchFindsSecrets(t *testing.T) {
	var l ledger
	l.capture("log").Write([]byte("first line\nkey=planted-secret\n"))
	err := l.searchFor(map[string]string{"key": "planted-secret"})
	if err == nil || !strings.Contains(err.Error(), "the canary's key is in the log") || strings.Contains(err.Error(), "planted-secret") {
		t.Errorf("search: %v", err)
	}
	if err := l.searchFor(map[string]string{"key": "another"}); err != nil {
		t.Error(err)
	}
}
