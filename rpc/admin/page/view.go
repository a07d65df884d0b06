package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// view is what every template has.
type view struct {
	Title   string
	Active  string // the part of the navigation that the page is of
	Token   string // of its forms
	Page    any    // what the page itself shows
	session *session

	// Filled by show.
	Login, Database string
	Several         bool // databases are served
	Notices         []notice
	Policies        bool // are in force
	Now             time.Time
	Version         string
}

// SignedIn tells whether there is a navigation.
func (v view) SignedIn() bool { return v.session != nil }

// views are the pages' templates, by name.
type views map[string]*template.Template

// parseViews reads the templates. Each page is layout.html with the blocks of its own file; parts.html has what pages share.
func parseViews() views {
	all := views{}
	pages, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	shared := []string{"templates/layout.html", "templates/parts.html"}
	base := template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, shared...))
	for _, file := range pages {
		if file == shared[0] || file == shared[1] {
			continue
		}
		name := strings.TrimSuffix(path.Base(file), ".html")
		all[name] = template.Must(template.Must(base.Clone()).ParseFS(files, file))
	}
	return all
}

// show writes the page of that name.
func (p *Page) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	return p.write(w, r, status, name, "layout.html", v)
}

// showPart writes the block of a page that is replaced while it is looked at.
func (p *Page) showPart(w http.ResponseWriter, r *http.Request, name, block string, v view) error {
	return p.write(w, r, http.StatusOK, name, block, v)
}

func (p *Page) write(w http.ResponseWriter, _ *http.Request, status int, name, block string, v view) error {
	v.Now, v.Version, v.Several, v.Policies = p.cfg.Now(), p.cfg.Version, len(p.cfg.Databases) > 1, p.cfg.Policies != nil
	if v.session != nil {
		v.Login, v.Database, v.Token = v.session.login, v.session.db, v.session.token
		if block == "layout.html" {
			v.Notices = v.session.takeNotices()
		}
	}
	var page bytes.Buffer
	if err := p.views[name].ExecuteTemplate(&page, block, v); err != nil {
		return fmt.Errorf("show the page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the error is the connection's
	return nil
}

// assets are the files below static by the names under which they are asked for, which change with what is in them.
var assets, assetNames = readAssets()

type asset struct {
	kind string // its Content-Type
	data []byte
}

// contentTypes are told, not looked up: what a machine has in its tables differs, and with nosniff the browser believes it.
var contentTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func readAssets() (byName map[string]asset, names map[string]string) {
	byName, names = map[string]asset{}, map[string]string{}
	entries, err := files.ReadDir("static")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		data, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		byName[name] = asset{contentTypes[ext], data}
		names[e.Name()] = "/static/" + name
	}
	return byName, names
}

func (p *Page) static(w http.ResponseWriter, r *http.Request) error {
	a, ok := assets[mux.Vars(r)["name"]]
	if !ok {
		return &pageError{http.StatusNotFound, "No such file", "The page that asked for it is of another version; load it again."}
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.data)
	return nil
}
