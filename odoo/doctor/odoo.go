package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"odoobridge/odoo/directory"
	"odoobridge/odoo/upstream"
)

// odooChecks are what can be seen of Odoo without credentials.
func (x *examination) odooChecks() []check {
	reached := groupOdoo + "/" + checkReach
	at := func(name string, look func(context.Context, *report)) check {
		return check{group: groupOdoo, name: name, needs: []string{reached}, look: look}
	}
	checks := []check{
		{group: groupOdoo, name: checkReach, look: x.lookAtReach},
		at("odoo.tls", x.lookAtOdooTLS),
		at("odoo.endpoints", x.lookAtEndpoints),
		at("odoo.clock", x.lookAtOdooClock),
		at("odoo.proxy_mode", x.lookAtProxyMode),
		at("odoo.workers", x.lookAtWorkers),
	}
	for _, db := range x.Databases {
		checks = append(checks, check{group: groupDatabase + db, name: "odoo.addon", needs: []string{reached},
			look: func(ctx context.Context, r *report) { x.lookAtAddon(ctx, r, db) }})
	}
	return checks
}

const versionCall = `{"jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "version", "args": []}, "id": 1}`

var jsonContent = upstream.Field{Name: "Content-Type", Value: "application/json"}

func (x *examination) lookAtReach(ctx context.Context, r *report) {
	version, err := x.odoo.Version(ctx, x.UpstreamProtocol)
	if err != nil {
		x.tellReach(ctx, r, err)
		r.without("Odoo can't be reached")
		return
	}
	x.version, x.reached = version, true
	if version.Series < 12 {
		r.fail(fmt.Sprintf("Odoo %s at %s is older than 12", version.Text, x.OdooURL), "its RPC was never looked at", "# upgrade Odoo")
		return
	}
	r.ok("Odoo %s answers at %s", version.Text, x.OdooURL)
}

// tellReach tells apart what keeps Odoo from answering.
func (x *examination) tellReach(ctx context.Context, r *report, err error) {
	const why = "calls are answered 502"
	at := x.OdooURL.String()
	look := "curl -sS -i " + quote(strings.TrimRight(at, "/")+"/web/webclient/version_info") + " -H 'Content-Type: application/json' -d '{}'"
	var failed *upstream.Error
	isUpstream := errors.As(err, &failed)
	switch fault := directory.FaultOf(err); {
	case fault == directory.FaultHost:
		r.fail(fmt.Sprintf("the host %q of odoo_url is not known here: %v", x.OdooURL.Hostname(), err), why,
			"getent hosts "+quote(x.OdooURL.Hostname())+" || echo unknown", "# name the right host: export ODOOBRIDGE_ODOO_URL=http://HOST:8069")
	case fault == directory.FaultRefused:
		r.fail(fmt.Sprintf("nobody listens at %s: %v", x.OdooURL.Host, err), why,
			"# start Odoo, or name the right port (http_port, http_interface in odoo.conf): export ODOOBRIDGE_ODOO_URL=http://HOST:8069", look)
	case fault == directory.FaultTLS && x.OdooURL.Scheme == "https":
		r.fail(fmt.Sprintf("the certificate of %s is not accepted, or it speaks no TLS: %v", x.OdooURL.Host, err), why,
			"openssl s_client -connect "+quote(x.OdooURL.Host)+" </dev/null",
			"# have the authority's certificate in this machine's store: cp ca.crt /usr/local/share/ca-certificates/ && update-ca-certificates",
			"# Odoo itself speaks no TLS: export ODOOBRIDGE_ODOO_URL=http://HOST:8069")
	case fault == directory.FaultTimeout, isUpstream && failed.Kind == upstream.Timeout:
		r.fail(fmt.Sprintf("no answer from %s in %v: %v", x.OdooURL.Host, x.Timeout, err), why+", or wait",
			look, "# a firewall or a wrong address; or all workers of Odoo are busy")
	case isUpstream:
		r.fail(fmt.Sprintf("what listens at %s does not speak HTTP as Odoo does: %v", x.OdooURL.Host, err), why, look,
			"# name Odoo's own HTTP port: export ODOOBRIDGE_ODOO_URL=http://HOST:8069")
	case x.UpstreamProtocol == upstream.RPC && x.hasJSON(ctx):
		r.fail(fmt.Sprintf("this Odoo has /json/2 alone, and upstream_protocol is rpc: %v", err), "calls are answered 404",
			"export ODOOBRIDGE_UPSTREAM_PROTOCOL=auto")
	default:
		r.fail(fmt.Sprintf("what answers at %s is no Odoo: %v", at, err), why, look,
			"# another program, a page before Odoo, or a path that is missing: export ODOOBRIDGE_ODOO_URL=http://HOST:8069")
	}
}

// hasJSON tells whether there is an Odoo that has /json/2.
func (x *examination) hasJSON(ctx context.Context) bool {
	_, err := x.odoo.Version(ctx, upstream.JSON2)
	return err == nil
}

func (x *examination) lookAtOdooTLS(_ context.Context, r *report) {
	switch {
	case x.OdooURL.Scheme == "https":
		r.ok("the connection to Odoo is by TLS, and the certificate is good")
	case private(x.OdooURL.Hostname()):
		r.ok("the connection to Odoo is without TLS, within a private network (%s)", x.OdooURL.Hostname())
	default:
		r.warn("the connection to Odoo at "+x.OdooURL.Host+" is without TLS", "passwords and keys cross the network in clear text",
			"export ODOOBRIDGE_ODOO_URL=https://"+quote(x.OdooURL.Hostname())+"  # where a proxy before Odoo speaks TLS")
	}
}

// ask makes a request and returns the answer with its body, of which the beginning is enough.
func (x *examination) ask(ctx context.Context, request *upstream.Request) (status int, header map[string]string, body []byte, err error) {
	answer, err := x.odoo.Post(ctx, request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Close()
	header = map[string]string{}
	for _, f := range answer.Fields {
		header[f.Name] = f.Value
	}
	body, err = io.ReadAll(io.LimitReader(answer, 64<<10))
	return answer.Status, header, body, err
}

// lookAtEndpoints tells which of Odoo's ways in are there.
func (x *examination) lookAtEndpoints(ctx context.Context, r *report) {
	const versionXML = `<?xml version="1.0"?><methodCall><methodName>version</methodName><params/></methodCall>`
	var there, gone []string
	for _, e := range []struct {
		path    string
		request upstream.Request
	}{
		{"/jsonrpc", upstream.Request{Path: "/jsonrpc", Fields: []upstream.Field{jsonContent}, Body: []byte(versionCall)}},
		{"/xmlrpc/2", upstream.Request{Path: "/xmlrpc/2/common", Fields: []upstream.Field{{Name: "Content-Type", Value: "text/xml"}}, Body: []byte(versionXML)}},
		{"/json/2", upstream.Request{Method: http.MethodGet, Path: "/json/version"}},
	} {
		status, _, _, err := x.ask(ctx, &e.request)
		switch {
		case err != nil:
			r.warn(fmt.Sprintf("%s does not answer: %v", e.path, err), "calls that need it fail", "curl -sS -i "+quote(strings.TrimRight(x.OdooURL.String(), "/")+e.request.Path))
		case status == http.StatusOK:
			there = append(there, e.path)
		default:
			gone = append(gone, e.path)
		}
	}
	text := "there: " + strings.Join(there, ", ")
	if len(gone) > 0 {
		text += "; not there: " + strings.Join(gone, ", ")
	}
	switch {
	case len(there) == 0:
		r.fail(text, "there is no way in for calls", "# a proxy before Odoo may keep these paths to itself: export ODOOBRIDGE_ODOO_URL=http://HOST:8069")
	case x.version.JSON2:
		r.ok("%s: calls reach Odoo by /json/2", text)
	default:
		r.ok("%s: calls reach Odoo by /jsonrpc, which it gives up in 22", text)
	}
}

func (x *examination) lookAtOdooClock(ctx context.Context, r *report) {
	began := time.Now()
	_, header, _, err := x.ask(ctx, &upstream.Request{Method: http.MethodGet, Path: "/web/webclient/version_info"})
	if err != nil {
		r.skip("not looked at, because Odoo did not answer: %v", err)
		return
	}
	at, err := http.ParseTime(header["Date"])
	if err != nil {
		r.skip("not looked at, because Odoo's answers have no Date")
		return
	}
	tellClock(r, "Odoo", aheadOf(at, began, time.Now(), time.Second), "two-factor codes and the expiry of keys go by clocks, and logs don't fit together")
}

// lookAtProxyMode finds out whether Odoo believes X-Forwarded-Host, and so X-Forwarded-For. With proxy_mode on, the host in it is
// what Odoo routes by, and one that can't be a host is refused: 400 in 18 and 19, in 15 an error in JSON named
// werkzeug.exceptions.BadHost (tried on real servers of the three). With proxy_mode off nobody looks at it.
func (x *examination) lookAtProxyMode(ctx context.Context, r *report) {
	noHost := "\xe9" + strings.Repeat("0", 70) + ".example" // a label is 63 characters at most
	probe := func(name string) (ok bool, err error) {
		request := upstream.Request{Path: "/jsonrpc", Fields: []upstream.Field{jsonContent, {Name: name, Value: noHost}}, Body: []byte(versionCall)}
		if x.version.JSON2 {
			request = upstream.Request{Method: http.MethodGet, Path: "/json/version", Fields: request.Fields[1:]}
		}
		status, _, body, err := x.ask(ctx, &request)
		var answer struct{ Error json.RawMessage }
		return status == http.StatusOK && json.Unmarshal(body, &answer) == nil && answer.Error == nil, err
	}
	other, err := probe("X-Odoobridge-Doctor")
	forwarded, forwardedErr := probe("X-Forwarded-Host")
	const check = "grep -nE '^ *proxy_mode' /etc/odoo/odoo.conf  # on Odoo's machine"
	switch {
	case err != nil || forwardedErr != nil || !other:
		r.add(Skipped, "whether Odoo believes X-Forwarded-* can't be told: something between the bridge and Odoo minds the question", "", []string{check})
	case forwarded:
		r.warn("Odoo does not believe X-Forwarded-* (proxy_mode is off)",
			"its logs and session lists name the bridge's address for every caller, and its own cooldown counts them as one",
			"# on Odoo's machine, if none but the bridge and proxies reach Odoo, and then restart it:",
			"sed -i '/^ *proxy_mode/d; s/^\\[options\\]/&\\nproxy_mode = True/' /etc/odoo/odoo.conf")
	default:
		r.ok("Odoo believes X-Forwarded-* (proxy_mode is on): let nobody reach it but the bridge and proxies")
	}
}

// lookAtWorkers says what can't be seen from outside: Odoo answers alike, however many processes it has.
func (x *examination) lookAtWorkers(_ context.Context, r *report) {
	number := fmt.Sprint(x.MaxCalls)
	if x.MaxCalls == 0 {
		number = "0, any number"
	}
	r.add(Skipped, "how many workers Odoo has can't be seen from outside; max_calls is "+number+" and best the same as workers (0 is threads: db_maxconn, 64 by default)", "",
		[]string{"grep -nE '^ *(workers|db_maxconn)' /etc/odoo/odoo.conf  # on Odoo's machine"})
}

// lookAtAddon looks whether the add-on answers for a database.
func (x *examination) lookAtAddon(ctx context.Context, r *report, db string) {
	addon := upstream.NewAddon(x.odoo, []string{db}, time.Hour)
	addon.Look(ctx)
	x.facts[db].addon = addon.Installed(db)
	switch {
	case x.facts[db].addon:
		r.ok("the add-on odoobridge is installed and answers")
	case x.Impersonation == "addon":
		r.fail("the add-on odoobridge does not answer for this database, and impersonation is addon", "callers known by an auth_api_key are refused",
			"odoo-bin -d "+quote(db)+" -i odoobridge --stop-after-init  # docs/ADDON.md", "# or: export ODOOBRIDGE_IMPERSONATION=auto")
	default:
		r.ok("the add-on odoobridge is not installed (docs/ADDON.md): callers known by an auth_api_key get a native key made, and archived ones can't call")
	}
}

// lookAtSameDatabase looks whether Odoo works on the very database that the bridge reads: it knows the name, has the series of the
// module base, and has sessions there once it was made to open it.
func (x *examination) lookAtSameDatabase(ctx context.Context, r *report, db string) {
	facts := x.facts[db]
	if series := facts.series(); series != 0 && x.version.Series != 0 && series != int(x.version.Series) {
		r.fail(fmt.Sprintf("Odoo is %s, but the database's module base is %s", x.version.Text, facts.modules["base"].Version),
			"the bridge finds callers in another database than Odoo's", "# name the same database in database_url (or db) and the Odoo that serves it in odoo_url",
			x.sql(db, facts.session.Owner, "SELECT latest_version FROM ir_module_module WHERE name = 'base'"))
		return
	}
	known, err := x.odooKnows(ctx, db)
	if err != nil {
		r.skip("not looked at, because Odoo does not say whether it has the database: %v", err)
		return
	}
	if !known {
		r.fail(fmt.Sprintf("Odoo at %s has no database %q", x.OdooURL, db), "calls to it fail in Odoo, which looks for its databases on another server, or does not serve this one",
			"# name Odoo's database: export ODOOBRIDGE_DB=NAME", "grep -nE '^ *(db_host|db_port|db_name|dbfilter)' /etc/odoo/odoo.conf  # on Odoo's machine")
		return
	}
	sessions, err := x.directory.OtherRoles(ctx, db)
	switch {
	case err != nil:
		r.skip("not looked at, because the database did not answer: %v", err)
	case sessions == 0 && !facts.session.IsOwner && !facts.session.Superuser:
		r.warn(fmt.Sprintf("Odoo knows a database %q, but nobody but the bridge is connected to that of %s", db, x.postgres()),
			"Odoo's may be another of the same name, on another server or a copy; then the bridge finds callers in the wrong one",
			"grep -nE '^ *(db_host|db_port|db_name)' /etc/odoo/odoo.conf  # on Odoo's machine")
	default:
		r.ok("Odoo has this database, and is of its series")
	}
}

// odooKnows asks Odoo whether it has a database, by which it opens it.
func (x *examination) odooKnows(ctx context.Context, db string) (bool, error) {
	if x.version.JSON2 {
		// Without credentials it is 401 where the database is there, and 404 where it is not (json2.nodb).
		status, _, _, err := x.ask(ctx, &upstream.Request{Path: "/json/2/res.users/context_get", Body: []byte("{}"),
			Fields: []upstream.Field{jsonContent, {Name: "X-Odoo-Database", Value: db}}})
		if err == nil && status != http.StatusUnauthorized && status != http.StatusNotFound {
			err = fmt.Errorf("status %d", status)
		}
		return status == http.StatusUnauthorized, err
	}
	name, err := json.Marshal(db)
	if err != nil {
		return false, err
	}
	body := `{"jsonrpc": "2.0", "method": "call", "params": {"service": "db", "method": "db_exist", "args": [` + string(name) + `]}, "id": 1}`
	_, _, said, err := x.ask(ctx, &upstream.Request{Path: "/jsonrpc", Fields: []upstream.Field{jsonContent}, Body: []byte(body)})
	if err != nil {
		return false, err
	}
	var answer struct{ Result *bool }
	if err := json.Unmarshal(said, &answer); err != nil || answer.Result == nil {
		return false, errors.New("db.db_exist is not answered")
	}
	return *answer.Result, nil
}
