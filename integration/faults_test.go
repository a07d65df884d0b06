//go:build unix

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"odoobridge/fixtures/postgres/postgrestest"
)

// stateDB is the DSN of a database of the test's own with the state of series 18.
func stateDB(t *testing.T) string { return stateOf(t, 18) }

// stateOf is that of any series.
func stateOf(t *testing.T, series int) string {
	t.Helper()
	return postgrestest.DB(t, postgrestest.Template(t, database(series), func(dsn string) error { return loadState(dsn, series) }))
}

// serve starts the bridge on free ports, serving the database under the name that its DSN has, as the role of asBridge.
func serve(t *testing.T, dsn, odooURL string, flags ...string) *process {
	t.Helper()
	return start(t, append([]string{"serve", "--database-url", asBridge(t, dsn), "--odoo-url", odooURL,
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, flags...)...)
}

// wantJSONError checks an error in JSON-RPC's form.
func wantJSONError(t *testing.T, a answer, status int, class, message string) {
	t.Helper()
	var reply struct {
		JSONRPC string `json:"jsonrpc"`
		ID      any    `json:"id"`
		Error   struct {
			Data struct{ Name, Message string }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil {
		t.Fatalf("status %d, no JSON: %s", a.status, a.body)
	}
	data := reply.Error.Data
	if a.status != status || reply.JSONRPC != "2.0" || data.Name != class || !strings.Contains(data.Message, message) {
		t.Errorf("status %d, error %s %q; want %d, %s, %q", a.status, data.Name, data.Message, status, class, message)
	}
}

// wantFault checks an error in XML-RPC's form.
func wantFault(t *testing.T, a answer, status int, message string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, "<fault>") || !strings.Contains(a.body, message) {
		t.Errorf("status %d, want %d with a fault that says %q:\n%s", a.status, status, message, a.body)
	}
}

func wantContact(t *testing.T, a answer) {
	t.Helper()
	if a.status != http.StatusOK || !strings.Contains(a.body, "Conf Alpha") {
		t.Errorf("status %d, want 200 and Conf Alpha:\n%s", a.status, a.body)
	}
}

func TestOdooAway(t *testing.T) {
	b := serve(t, stateDB(t), "http://"+closedPort(t))
	db := database18(b)
	wantJSONError(t, post(t, b.ready["bridge"]+"/jsonrpc", "application/json", readContact(db, rpcUser, rpcPassword)),
		502, "werkzeug.exceptions.BadGateway", "The call was not sent")
	for _, path := range []string{"/xmlrpc/2/object", "/xmlrpc/object"} {
		a := post(t, b.ready["bridge"]+path, "text/xml", xmlReadContact(db, rpcUser, rpcPassword))
		wantFault(t, a, 502, "The call was not sent")
	}
	if a := get(t, b.ready["admin"]+"/readyz"); a.status != 503 || !strings.Contains(a.body, "odoo") {
		t.Errorf("/readyz: %d %s; want 503 that names odoo", a.status, a.body)
	}
	if a := get(t, b.ready["admin"]+"/livez"); a.status != 200 {
		t.Errorf("/livez: %d %s", a.status, a.body)
	}
}

// database18 is the name of the database that a bridge serves: the last part of --database-url.
func database18(b *process) string {
	dsn := b.cmd.Args[3]
	name, _, _ := strings.Cut(dsn[strings.LastIndex(dsn, "/")+1:], "?")
	return name
}

// TestNeverSentTwice has an Odoo that takes a call and hangs up: the call may have been carried out. The second call goes
// over a connection that is kept from before, which net/http itself would be ready to replace.
func TestNeverSentTwice(t *testing.T) {
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	odoo := newFakeOdoo(t, hangUp)
	b := serve(t, stateDB(t), odoo.URL)
	for calls := int64(1); calls <= 3; calls++ {
		// version travels over a connection that is then kept.
		if a := post(t, b.ready["bridge"]+"/jsonrpc", "application/json", jsonCall("common", "version")); a.status != 200 {
			t.Fatalf("version: %d %s", a.status, a.body)
		}
		a := post(t, b.ready["bridge"]+"/jsonrpc", "application/json", readContact(database18(b), rpcUser, rpcPassword))
		wantJSONError(t, a, 502, "werkzeug.exceptions.BadGateway", "may have been carried out")
		if n := odoo.calls.Load(); n != calls {
			t.Fatalf("Odoo got %d calls for %d", n, calls)
		}
	}
}

// TestWrongCredentialsStayHere counts what reaches Odoo, whose cooldown would lock out everyone behind the bridge.
func TestWrongCredentialsStayHere(t *testing.T) {
	odoo := newFakeOdoo(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{}`) })
	b := serve(t, stateDB(t), odoo.URL)
	url, db := b.ready["bridge"]+"/jsonrpc", database18(b)
	tests := []struct {
		name, body string
		headers    []string
	}{
		{"wrong password", readContact(db, rpcUser, "wrong"), nil},
		{"empty password", readContact(db, rpcUser, ""), nil},
		{"archived user", readContact(db, 9002, "archived-pw"), nil},
		{"unknown key", readContact(db, 0, ""), []string{"API-KEY", "no-such-key"}},
		{"uid of another", readContact(db, 2, ""), []string{"API-KEY", rpcKey}},
		{"wrong Basic", readContact(db, 0, ""), []string{"Authorization", basic("rpcuser", "wrong")}},
		{"unknown login", readContact(db, 0, ""), []string{"Authorization", basic("nobody", "wrong")}},
		{"unknown Bearer", readContact(db, 0, ""), []string{"Authorization", "Bearer no-such-key"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantJSONError(t, post(t, url, "application/json", test.body, test.headers...),
				200, "odoo.exceptions.AccessDenied", "Access Denied")
		})
	}
	// A uid that does not exist is not even a matter of credentials (recorded: auth.wronguid).
	wantJSONError(t, post(t, url, "application/json", readContact(db, 999999, rpcPassword)),
		200, "odoo.exceptions.MissingError", "Record does not exist")
	if n := odoo.calls.Load(); n != 0 {
		t.Errorf("%d refused calls reached Odoo", n)
	}
}

func TestBodyOverTheLimit(t *testing.T) {
	odoo := newFakeOdoo(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"result": "small"}`) })
	b := serve(t, stateDB(t), odoo.URL, "--max-body", "4KiB")
	db, large := database18(b), strings.Repeat("x", 5000)
	jsonBody := jsonCall("object", "execute_kw", db, rpcUser, rpcPassword, "res.partner", "search", []any{large})
	wantJSONError(t, post(t, b.ready["bridge"]+"/jsonrpc", "application/json", jsonBody),
		413, "werkzeug.exceptions.RequestEntityTooLarge", "larger than 4096 bytes")
	wantFault(t, post(t, b.ready["bridge"]+"/xmlrpc/2/object", "text/xml", strings.Replace(
		xmlReadContact(db, rpcUser, rpcPassword), "Conf", large, 1)+strings.Repeat(" ", 5000)), 413, "larger than 4096 bytes")

	// A body that does not say how long it is.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.ready["bridge"]+"/jsonrpc",
		struct{ io.Reader }{strings.NewReader(jsonBody)})
	if err != nil {
		t.Fatal(err)
	}
	a, err := do(request, "Content-Type", "application/json")
	if err != nil {
		t.Fatal(err)
	}
	wantJSONError(t, a, 413, "werkzeug.exceptions.RequestEntityTooLarge", "larger than 4096 bytes")
	if n := odoo.calls.Load(); n != 0 {
		t.Errorf("%d of these calls reached Odoo", n)
	}
	a = post(t, b.ready["bridge"]+"/jsonrpc", "application/json", readContact(db, rpcUser, rpcPassword))
	if a.status != 200 || !strings.Contains(a.body, "small") {
		t.Errorf("a small call after them: %d %s", a.status, a.body)
	}
}

// TestDrain sends SIGTERM while Odoo works on a call: the call is answered, new ones are not taken, the end is good.
func TestDrain(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	odoo := newFakeOdoo(t, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		io.WriteString(w, `{"jsonrpc": "2.0", "id": 1, "result": "slow but done"}`)
	})
	b := serve(t, stateDB(t), odoo.URL)
	url, db := b.ready["bridge"]+"/jsonrpc", database18(b)
	type result struct {
		answer answer
		err    error
	}
	results := make(chan result, 1)
	go func() {
		a, err := tryPost(context.Background(), url, "application/json", readContact(db, rpcUser, rpcPassword))
		results <- result{a, err}
	}()
	<-arrived
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "new calls are refused", func() bool {
		_, err := tryPost(t.Context(), url, "application/json", jsonCall("common", "version"))
		return err != nil
	})
	select {
	case <-b.exited:
		t.Error("the program ended before the running call had")
	default:
	}
	close(release)
	r := <-results
	if r.err != nil || r.answer.status != 200 || !strings.Contains(r.answer.body, "slow but done") {
		t.Errorf("the running call: %v, %+v", r.err, r.answer)
	}
	<-b.exited
	if status := b.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, b.stderr)
	}
}

// TestDrainDelay: for a while after SIGTERM the program says that it is stopping and answers calls, each on a connection that
// ends with the answer.
func TestDrainDelay(t *testing.T) {
	b := serve(t, stateDB(t), contactOdoo(t).URL, "--drain-delay", "5s")
	accepting := b.ready["admin"] + "/readyz/accepting"
	if a := get(t, accepting); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	call := func() *http.Response {
		res, err := http.Post(b.ready["bridge"]+"/jsonrpc", "application/json", strings.NewReader(readContact(database18(b), rpcUser, rpcPassword)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(tee(res.Body, "answer while it stops"))
		res.Body.Close()
		wantContact(t, answer{status: res.StatusCode, body: string(body)})
		if err != nil {
			t.Error(err)
		}
		return res
	}
	if res := call(); res.Close {
		t.Error("the connection ends while nothing is stopping")
	}
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says that it is stopping", func() bool {
		a := get(t, accepting)
		return a.status == 503 && strings.Contains(a.body, "stopping")
	})
	if a := get(t, b.ready["admin"]+"/readyz"); a.status != 503 {
		t.Errorf("/readyz: %d %s", a.status, a.body)
	}
	if a := get(t, b.ready["admin"]+"/readyz/odoo"); a.status != 200 {
		t.Errorf("/readyz/odoo: %d %s", a.status, a.body)
	}
	for range 2 {
		if res := call(); !res.Close {
			t.Error("the connection goes on after an answer of one who is stopping")
		}
	}
	<-b.exited
	if status := b.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, b.stderr)
	}
}

// TestBadConfiguration: all that is wrong is told at once, and nothing is started.
func TestBadConfiguration(t *testing.T) {
	p, err := spawn(append(withoutSettings(), "ODOOBRIDGE_MAX_BODY=plenty"), "serve",
		"--database-url", "mysql://root:hunter2@db/odoo", "--odoo-url", "odoo:8069",
		"--listen", "somewhere", "--freshness", "soon", "--archived-users", "maybe")
	if err != nil {
		t.Fatal(err)
	}
	<-p.exited
	if status := p.cmd.ProcessState.ExitCode(); status != 2 {
		t.Errorf("exit status %d, want 2", status)
	}
	for _, problem := range []string{"--database-url: ", "--odoo-url: ", "--listen: ", "--freshness: ", "--archived-users: ",
		"ODOOBRIDGE_MAX_BODY: "} {
		if !strings.Contains(p.stderr.String(), problem) {
			t.Errorf("nothing is told about %s", problem)
		}
	}
	if p.stdout.String() != "" {
		t.Errorf("standard output: %s", p.stdout)
	}
	if strings.Contains(p.stderr.String(), "hunter2") {
		t.Error("a password is told")
	}
	if t.Failed() {
		t.Logf("standard error:\n%s", p.stderr)
	}
}

// TestCheckPrintsNoSecrets: what is in effect, and nothing started.
func TestCheckPrintsNoSecrets(t *testing.T) {
	p, err := spawn(withoutSettings(), "serve", "--check", "--database-url", "postgres://odoo:hunter2@db/odoo",
		"--odoo-url", "http://odoo:8069")
	if err != nil {
		t.Fatal(err)
	}
	<-p.exited
	out := p.stdout.String() + p.stderr.String()
	if status := p.cmd.ProcessState.ExitCode(); status != 0 || !strings.Contains(out, "odoo_url: ") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	if strings.Contains(out, "hunter2") || bytes.Contains([]byte(out), []byte("ready ")) {
		t.Errorf("a password, or a start:\n%s", out)
	}
}
