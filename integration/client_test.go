//go:build unix

package integration

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"odoobridge/fixtures"
)

// The users and keys of the fixture state (fixtures/conformance, kinds auth and headers).
const (
	rpcUser     = 9001
	rpcPassword = "rpcuser-pw"
	rpcKey      = "conf-auth-api-key-rpcuser"
	adminKey    = "conf-auth-api-key-admin"
)

// answer is an HTTP answer, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// post makes a request with the named headers; every answer is kept for the search for secrets.
func post(t *testing.T, url, contentType, body string, headers ...string) answer {
	t.Helper()
	a, err := tryPost(t.Context(), url, contentType, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tryPost(ctx context.Context, url, contentType, body string, headers ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", contentType)
	return do(request, headers...)
}

func get(t *testing.T, url string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := do(request, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func do(request *http.Request, headers ...string) (answer, error) {
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request.Close = true // so that no idle connection holds up a server's end
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	var head bytes.Buffer
	response.Header.Write(&head)
	io.Copy(io.Discard, tee(&head, "headers of the answer from "+request.URL.Path))
	body, err := io.ReadAll(tee(response.Body, "answer from "+request.URL.Path))
	return answer{response.StatusCode, response.Header, string(body)}, err
}

// jsonCall is a JSON-RPC request body.
func jsonCall(service, method string, args ...any) string {
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "method": "call", "id": 1,
		"params": map[string]any{"service": service, "method": method, "args": args},
	})
	if err != nil {
		panic(err) // args are the test's own
	}
	return string(body)
}

// readContact is a JSON-RPC call of rpcuser with the given uid and password; its result holds the name "Conf Alpha".
func readContact(db string, uid any, password string) string {
	return jsonCall("object", "execute_kw", db, uid, password, "res.partner", "read", []any{[]int{91001}, []string{"name"}})
}

// xmlReadContact is the same as an XML-RPC request body.
func xmlReadContact(db string, uid int, password string) string {
	return fmt.Sprintf("<?xml version='1.0'?><methodCall><methodName>execute_kw</methodName><params>"+
		"<param><value><string>%s</string></value></param><param><value><int>%d</int></value></param>"+
		"<param><value><string>%s</string></value></param><param><value><string>res.partner</string></value></param>"+
		"<param><value><string>read</string></value></param><param><value><array><data>"+
		"<value><array><data><value><int>91001</int></value></data></array></value>"+
		"<value><array><data><value><string>name</string></value></data></array></value>"+
		"</data></array></value></param></params></methodCall>", db, uid, password)
}

func basic(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}

func openDB(dsn string) (*sql.DB, error) { return sql.Open("postgres", dsn) }

// loadState fills an empty database with the fixture state and the canary.
func loadState(dsn string, series int) error {
	db, err := openDB(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := fixtures.Load(context.Background(), db, series); err != nil {
		return err
	}
	return fixtures.LoadCanary(context.Background(), db, series)
}

// database is the name of the demo's database.
func database(series int) string { return fmt.Sprintf("odoo%d", series) }
