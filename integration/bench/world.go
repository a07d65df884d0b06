//go:build unix

package main

import (
	"bufio"
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"odoobridge/fixtures"
	"odoobridge/fixtures/postgres"
)

// answer is what the null upstream says to everything: a version, so that the bridge learns its series, and some bytes
// of the size of a small search_read.
const answer = `{"jsonrpc": "2.0", "id": 1, "result": {"server_serie": "18.0", "server_version": "18.0", "protocol_version": 1, ` +
	`"records": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}`

// jsonCall is the load: a small call of a caller known by an auth_api_key, so that the bridge rewrites it and puts a
// minted secret in.
const jsonCall = `{"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "object", "method": "execute_kw", ` +
	`"args": ["odoo18", 9001, "x", "res.partner", "search_read", [[["ref", "=", "CONF"]]], {"fields": ["name", "email"], "limit": 10}]}}`

// xmlCall is the same call by XML-RPC, which the bridge transcodes both ways.
const xmlCall = `<?xml version='1.0'?>
<methodCall>
<methodName>execute_kw</methodName>
<params>
<param>
<value><string>odoo18</string></value>
</param>
<param>
<value><int>9001</int></value>
</param>
<param>
<value><string>x</string></value>
</param>
<param>
<value><string>res.partner</string></value>
</param>
<param>
<value><string>search_read</string></value>
</param>
<param>
<value><array><data>
<value><array><data>
<value><array><data>
<value><string>ref</string></value>
<value><string>=</string></value>
<value><string>CONF</string></value>
</data></array></value>
</data></array></value>
</data></array></value>
</param>
<param>
<value><struct>
<member>
<name>fields</name>
<value><array><data>
<value><string>name</string></value>
<value><string>email</string></value>
</data></array></value>
</member>
<member>
<name>limit</name>
<value><int>10</int></value>
</member>
</struct></value>
</param>
</params>
</methodCall>
`

// contestant is a server that the load is sent to.
type contestant struct {
	name, url, contentType, body string
	headers                      [][2]string
}

// world is all that runs.
type world struct {
	contestants []contestant // the null upstream first, nginx second
	missing     []string     // peers that are not installed and can be done without
	children    []*child
	cluster     *postgres.Cluster

	dir        string
	null       string // addresses: the null upstream,
	url        string // the bridge before it,
	marshaller string // the stand-in for Odoo's marshalling, "" without Python,
	transcoder string // the bridge before that
}

// apiKey is that of a user of the fixture state.
var apiKey = [2]string{"API-KEY", "conf-auth-api-key-rpcuser"}

func (w *world) stop() {
	for i := len(w.children) - 1; i >= 0; i-- {
		w.children[i].stop()
	}
	if w.cluster != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = w.cluster.Stop(ctx) // the process ends now, and the cluster with it
	}
}

func startWorld(ctx context.Context, dir string) (*world, error) {
	w := &world{dir: dir}
	if err := w.start(ctx); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func (w *world) start(ctx context.Context) error {
	ports, err := freePorts(7)
	if err != nil {
		return err
	}
	null, nginx, logging, haproxy, caddy, python, bare := ports[0], ports[1], ports[2], ports[3], ports[4], ports[5], ports[6]
	w.null = local(null)
	if err := w.proxies(null, nginx, logging, haproxy, caddy); err != nil {
		return err
	}
	if err := w.bare(bare); err != nil {
		return err
	}
	if err := w.build(ctx); err != nil {
		return err
	}
	if w.url, _, err = w.serve(ctx, w.null); err != nil {
		return err
	}
	if err := w.standIn(ctx, python); err != nil {
		return err
	}
	contestants := []contestant{
		{name: "null upstream, directly", url: w.null},
		{name: "nginx", url: local(nginx)},
		{name: "nginx with its access log", url: local(logging)},
		{name: "haproxy", url: local(haproxy)},
		{name: "net/http and nothing else", url: local(bare)},
		{name: "odoobridge, JSON-RPC, API-KEY", url: w.url, headers: [][2]string{apiKey}},
		{name: "odoobridge, XML-RPC transcoded", url: w.url + "/xmlrpc/2/object", contentType: "text/xml", body: xmlCall, headers: [][2]string{apiKey}},
		{name: "caddy", url: local(caddy)}, // the last: what it has left to do would burden the next
	}
	for _, c := range contestants {
		if slices.Contains(w.missing, c.name) {
			continue
		}
		if c.body == "" {
			c.url += "/jsonrpc"
			c.contentType, c.body = "application/json", jsonCall
		}
		w.contestants = append(w.contestants, c)
		if err := check(c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func local(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// proxies starts the null upstream, which is an nginx that makes the answer up, and the others before it, each with one
// process or thread for each CPU and connections to the upstream kept alive, as one would deploy them.
func (w *world) proxies(null, nginx, logging, haproxy, caddy int) error {
	dir := w.dir
	conf := func(name, log, server string) (string, error) {
		text := fmt.Sprintf("daemon off; worker_processes auto; pid %[1]s/%[2]s.pid; error_log stderr crit;\n"+
			"events { worker_connections 1024; }\nhttp { access_log %[4]s; keepalive_requests 1000000;\n"+
			"client_body_temp_path %[1]s/%[2]s-a; proxy_temp_path %[1]s/%[2]s-b; fastcgi_temp_path %[1]s/%[2]s-c; uwsgi_temp_path %[1]s/%[2]s-d; scgi_temp_path %[1]s/%[2]s-e;\n%[3]s\n}\n",
			dir, name, server, log)
		path := filepath.Join(dir, name+".conf")
		return path, os.WriteFile(path, []byte(text), 0o644)
	}
	nullConf, err := conf("null", "off", fmt.Sprintf("server { listen 127.0.0.1:%d; location / { default_type application/json; return 200 '%s'; } }", null, answer))
	if err != nil {
		return err
	}
	plain := func(port int) string {
		return fmt.Sprintf("upstream null { server 127.0.0.1:%d; keepalive 64; keepalive_requests 1000000; }\n"+
			"server { listen 127.0.0.1:%d; location / { proxy_pass http://null; proxy_http_version 1.1; proxy_set_header Connection ''; } }", null, port)
	}
	nginxConf, err := conf("nginx", "off", plain(nginx))
	if err != nil {
		return err
	}
	loggingConf, err := conf("logging", filepath.Join(dir, "access.log"), plain(logging))
	if err != nil {
		return err
	}
	haproxyConf := filepath.Join(dir, "haproxy.cfg")
	text := fmt.Sprintf("defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n http-reuse always\n"+
		"frontend f\n bind 127.0.0.1:%d\n default_backend b\nbackend b\n server null 127.0.0.1:%d\n", haproxy, null)
	if err := os.WriteFile(haproxyConf, []byte(text), 0o644); err != nil {
		return err
	}
	caddyConf := filepath.Join(dir, "Caddyfile")
	text = fmt.Sprintf("{\n admin off\n auto_https off\n}\n%s {\n reverse_proxy 127.0.0.1:%d\n}\n", local(caddy), null)
	if err := os.WriteFile(caddyConf, []byte(text), 0o644); err != nil {
		return err
	}
	if _, err := lookPath("caddy"); err != nil {
		w.missing = append(w.missing, "caddy")
	}
	for _, p := range []struct {
		name string
		args []string
		port int
	}{
		{"nginx", []string{"-c", nullConf}, null},
		{"nginx", []string{"-c", nginxConf}, nginx},
		{"nginx", []string{"-c", loggingConf}, logging},
		{"haproxy", []string{"-db", "-f", haproxyConf}, haproxy},
		{"caddy", []string{"run", "--config", caddyConf, "--adapter", "caddyfile"}, caddy},
	} {
		if slices.Contains(w.missing, p.name) {
			continue
		}
		c, err := spawn(dir, p.name, p.args...)
		if err != nil {
			return err
		}
		w.children = append(w.children, c)
		if err := await(p.port); err != nil {
			return fmt.Errorf("%s does not listen: %w", p.name, err)
		}
	}
	return nil
}

// bare starts the server that does nothing else.
func (w *world) bare(port int) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	c, err := spawnPath(w.dir, own, "-bare", fmt.Sprintf("127.0.0.1:%d", port), w.null)
	if err != nil {
		return err
	}
	w.children = append(w.children, c)
	if err := await(port); err != nil {
		return fmt.Errorf("the bare server does not listen: %w", err)
	}
	return nil
}

// build builds the bridge and fills a database with the fixture state.
func (w *world) build(ctx context.Context) error {
	var err error
	if w.cluster, err = postgres.Start(ctx, postgres.Options{Fast: true}); err != nil {
		return err
	}
	if err := w.cluster.CreateDatabase(ctx, "odoo18", ""); err != nil {
		return err
	}
	db, err := sql.Open("postgres", w.cluster.DSN("odoo18"))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := fixtures.Load(ctx, db, 18); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.binary(), "./cmd/odoobridge").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

func (w *world) binary() string { return filepath.Join(w.dir, "odoobridge") }

// serve starts a bridge, with its log, in front of odoo, waits until it is ready and returns its address.
func (w *world) serve(ctx context.Context, odoo string) (url string, c *child, err error) {
	log, err := os.OpenFile(filepath.Join(w.dir, "odoobridge.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return "", nil, err
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer read.Close()
	cmd := exec.CommandContext(ctx, w.binary(), "serve", "--database-url", w.cluster.DSN("odoo18"), "--odoo-url", odoo,
		"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = write, log
	err = cmd.Start()
	write.Close()
	if err != nil {
		return "", nil, err
	}
	c = &child{cmd: cmd}
	w.children = append(w.children, c)
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		return "", nil, fmt.Errorf("the bridge ended before it was ready: %w", err)
	}
	for field := range strings.FieldsSeq(line) {
		if url, ok := strings.CutPrefix(field, "bridge="); ok {
			return url, c, nil
		}
	}
	return "", nil, fmt.Errorf("the bridge said %q, which names no address", line)
}

// standInSource is the program that stands in for Odoo's marshalling.
//
//go:embed testdata/standin.py
var standInSource []byte

// standIn starts it, and a bridge before it, where there is a Python.
func (w *world) standIn(ctx context.Context, port int) error {
	if _, err := lookPath("python3"); err != nil {
		return nil
	}
	source := filepath.Join(w.dir, "standin.py")
	if err := os.WriteFile(source, standInSource, 0o644); err != nil {
		return err
	}
	c, err := spawn(w.dir, "python3", source, strconv.Itoa(port))
	if err != nil {
		return err
	}
	w.children = append(w.children, c)
	if err := await(port); err != nil {
		return fmt.Errorf("the stand-in does not listen: %w", err)
	}
	w.marshaller = local(port)
	w.transcoder, _, err = w.serve(ctx, w.marshaller)
	return err
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func await(port int) error {
	var err error
	for range 200 {
		var c net.Conn
		if c, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// check makes one call, so that no one is measured answering errors.
func check(c contestant) error {
	req, err := http.NewRequest(http.MethodPost, c.url, strings.NewReader(c.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", c.contentType)
	for _, h := range c.headers {
		req.Header.Set(h[0], h[1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(body), "0123456789abcdef") {
		return fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	return nil
}
