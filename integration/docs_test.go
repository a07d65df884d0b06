//go:build unix

package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"odoobridge/fixtures/postgres"
)

// docs is where the pages are.
const docs = "../docs"

// TestPages does what the pages say: the blocks of sh of a page are run in one shell, in their order, and what follows one
// as text is what it has to print. Addresses in them are replaced by those of this run, and nothing else.
func TestPages(t *testing.T) {
	for _, program := range []string{"bash", "psql", "curl", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed, and the pages use it", program)
		}
	}
	pages, err := filepath.Glob(docs + "/tasks/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("pages: %v, %v", pages, err)
	}
	for _, page := range append(pages, docs+"/QUICKSTART.md") {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			blocks := readBlocks(t, page)
			if len(blocks) == 0 {
				t.Fatal("nothing to run")
			}
			w := pageWorld(t, name)
			output := w.run(t, blocks)
			for i, b := range blocks {
				if err := b.check(output[i], w.replace); err != nil {
					t.Errorf("%s:%d: %v", page, b.line, err)
				}
			}
		})
	}
}

// block is a command of a page, with what it prints.
type block struct {
	line     int
	commands string
	prints   []string // lines, in their order, among others; "..." is anything
}

var fence = regexp.MustCompile("^```(.*)$")

func readBlocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	inside := "" // the language of the block that is open
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimRight(line, "\n")
		if f := fence.FindStringSubmatch(line); f != nil {
			switch {
			case inside != "":
				inside = ""
			case f[1] == "sh":
				inside = f[1]
				blocks = append(blocks, block{line: n + 1})
			case f[1] == "text" && len(blocks) > 0:
				inside = f[1]
			default:
				t.Errorf("%s:%d: a block of %q; those that are run are of sh, and what they print of text", page, n, f[1])
			}
			continue
		}
		switch inside {
		case "sh":
			blocks[len(blocks)-1].commands += line + "\n"
		case "text":
			blocks[len(blocks)-1].prints = append(blocks[len(blocks)-1].prints, line)
		}
	}
	return blocks
}

// check tells which line is missing in what was printed.
func (b block) check(output string, replace *strings.Replacer) error {
	rest := strings.Split(output, "\n")
	for _, want := range b.prints {
		if want == "..." {
			continue
		}
		parts := strings.Split(replace.Replace(want), "...")
		for i := range parts {
			// Columns are as wide as what stands in them.
			parts[i] = strings.Join(strings.Fields(strings.ReplaceAll(regexp.QuoteMeta(parts[i]), " ", " \x00 ")), "")
			parts[i] = strings.ReplaceAll(parts[i], "\x00", " +")
		}
		line := regexp.MustCompile("^ *" + strings.Join(parts, ".*") + " *$")
		at := slices.IndexFunc(rest, line.MatchString)
		if at < 0 {
			return fmt.Errorf("%q was to be printed; what was:\n%s", want, output)
		}
		rest = rest[at+1:]
	}
	return nil
}

// run runs blocks in a folder of their own and returns what each printed.
func (w world) run(t *testing.T, blocks []block) []string {
	t.Helper()
	const mark = "=== end of the block ==="
	var script strings.Builder
	for _, b := range blocks {
		fmt.Fprintf(&script, "%s\nprintf '\\n%s\\n'\n", w.replace.Replace(b.commands), mark)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script.String())
	cmd.Dir = dir
	cmd.Env = append(append(withoutSettings(), w.env...), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "HOME="+dir, "XDG_CACHE_HOME="+dir, "PYTHONUNBUFFERED=1")
	// What is left in the background goes with the shell.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := os.Create(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	if kerr := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); kerr == nil {
		eventually(t, "what ran in the background has ended", func() bool {
			return errors.Is(syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH)
		})
	}
	text, rerr := os.ReadFile(out.Name())
	if rerr != nil {
		t.Fatal(rerr)
	}
	seen.capture("commands of a page").Write(text)
	output := strings.Split(string(text), mark)
	if err != nil || len(output) != len(blocks)+1 {
		logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		for _, l := range logs {
			tail, _ := os.ReadFile(l)
			t.Logf("%s: %s", filepath.Base(l), tail[max(0, len(tail)-3000):])
		}
		t.Fatalf("%v in block %d:\n%s\n%s", err, len(output), blocks[min(len(output), len(blocks))-1].commands, output[len(output)-1])
	}
	return output
}

// world is what a page takes to be there.
type world struct {
	replace *strings.Replacer // addresses of the page by those of this run
	env     []string
}

// pageWorld starts it: a database "prod" with a sandbox on it, but where the page starts its own.
func pageWorld(t *testing.T, page string) world {
	t.Helper()
	dir, err := clusterDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	bridge, admin, odoo := closedPort(t), closedPort(t), "http://"+closedPort(t)
	w := world{env: []string{"ODOOBRIDGE_LISTEN=" + bridge, "ODOOBRIDGE_ADMIN_LISTEN=" + admin, "ODOOBRIDGE_URL=http://" + bridge}}
	addresses := []string{"127.0.0.1:8079", bridge, "127.0.0.1:8078", admin}
	if page == "QUICKSTART" {
		demo := fmt.Sprintf("odoobridge demo --listen %s --admin-listen %s --sandbox-listen 127.0.0.1:0 --data %s/data", bridge, admin, dir)
		w.replace = strings.NewReplacer(append(addresses, "odoobridge demo", demo)...)
		return w
	}
	cluster, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	dsn := cluster.DSN("postgres")
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if page != "test-in-ci" {
		series := []string{"--series", "18"}
		if page == "json2-only" {
			series = []string{"--series", "19", "--legacy=false"}
		}
		odoo = start(t, append([]string{"sandbox", "--database-url", dsn, "--db", "prod", "--listen", "127.0.0.1:0"}, series...)...).ready["sandbox"]
		if page != "before-odoo-18" { // which does this itself, before the others
			prepareRole(t, cluster.DSN("prod"))
		}
	}
	w.replace = strings.NewReplacer(append(addresses,
		"odoo:odoo@localhost:5432", u.User.String()+"@"+u.Host, "localhost:5432", u.Host,
		"http://localhost:8069", odoo, "127.0.0.1:8069", strings.TrimPrefix(odoo, "http://"))...)
	return w
}

// prepareRole makes the role odoobridge of the pages, with the rights that the program prints, and the schema.
func prepareRole(t *testing.T, dsn string) {
	t.Helper()
	grants, errs, status := shell(t, nil, "grants", "--keys")
	if status != 0 {
		t.Fatalf("grants: %s", errs)
	}
	db, err := openDB(dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE ROLE odoobridge LOGIN PASSWORD 'change-me';" + grants); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := shell(t, nil, "keys", "init", "--database-url", dsn); status != 0 {
		t.Fatalf("keys init: %s", errs)
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestLinks: the pages and files that pages name are there.
func TestLinks(t *testing.T) {
	pages := []string{"../README.md", "../CONTRIBUTING.md"}
	for _, pattern := range []string{docs + "/*.md", docs + "/tasks/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), string(m[1]))); err != nil {
				line := 1 + bytes.Count(text[:bytes.Index(text, m[0])], []byte("\n"))
				t.Errorf("%s:%d: there is no %s", page, line, m[1])
			}
		}
	}
}
