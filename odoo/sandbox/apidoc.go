package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"odoobridge/rpc"
)

// 19's API documentation, of its module api_doc: below /doc-bearer for callers with a key, below /doc for a session.
const (
	docBearer = "/doc-bearer/"
	docUser   = "/doc/"
)

// docGroup is whose users may read the documentation.
const docGroup = "api_doc.group_allow_doc"

// docRoute is the route of a document.
func docRoute(path string) (json2Route, bool) {
	prefix, auth := docBearer, authBearer
	if strings.HasPrefix(path, docUser) {
		prefix, auth = docUser, authUser
	}
	rest, ok := strings.CutPrefix(path, prefix)
	model, isJSON := strings.CutSuffix(rest, ".json")
	switch {
	case !ok || !isJSON || model == "" || strings.Contains(model, "/"):
		return json2Route{}, false
	case model == "index":
		return json2Route{path: prefix + "index.json", auth: auth, answer: (*Sandbox).docIndex}, true
	}
	return json2Route{path: prefix + "<model_name>.json", auth: auth, answer: (*Sandbox).docModel}, true
}

// isPage tells whether a page for browsers is at path, which needs a session: of the documentation, or of an action's views,
// as JSON.
func isPage(path string) bool {
	model, below := strings.CutPrefix(path, docUser)
	return path == "/doc" || below && !strings.Contains(model, "/") || strings.HasPrefix(path, "/json/") && !strings.HasPrefix(path, "/json/1/")
}

// servePage sends who has no session to the login. The pages themselves, made of scripts and views, the sandbox does not have.
func (s *Sandbox) servePage(r *http.Request) rpc.Reply {
	if session, bound := s.boundTo(r); bound && session == 0 {
		return toLogin(r)
	}
	return s.page(rpc.PageNotFound, r)
}

// document is one to be answered, or the tag of one that the caller has.
type document struct {
	tag      string
	language string // "en-US"
	content  *dict  // nil where the caller has it
}

// docIndex answers the modules, and the models with the names of their fields and methods.
func (s *Sandbox) docIndex(r *http.Request, uid int64) (rpc.Reply, error) {
	fresh := wantsFresh(r)
	doc, err := s.document(r, uid, "/doc/index.json", func(e *env) (*dict, error) { return e.index() })
	if err != nil || doc.content == nil {
		return notModified(), err
	}
	reply, err := s.json2Reply(doc.content)
	header := []rpc.Header{
		{Name: "Content-Disposition", Value: "inline; filename=odoo-doc-index-1-" + doc.tag + ".json"},
		{Name: "Last-Modified", Value: time.Now().UTC().Format(http.TimeFormat)}, // of the attachment that Odoo keeps it in
		{Name: "Cache-Control", Value: "no-cache, private"},
		{Name: "ETag", Value: `"` + doc.tag + `"`},
		{Name: "Content-Security-Policy", Value: "default-src 'none'"},
		{Name: "Content-Language", Value: doc.language},
	}
	if fresh {
		header = []rpc.Header{
			{Name: "Cache-Control", Value: "no-store"},
			{Name: "Content-Disposition", Value: "attachment; filename*=UTF-8''odoo-doc-index.json"},
			{Name: "Content-Language", Value: doc.language},
		}
	}
	reply.Header = append(reply.Header, header...)
	return reply, err
}

// docModel answers the fields and methods of one model.
func (s *Sandbox) docModel(r *http.Request, uid int64) (rpc.Reply, error) {
	path := rpc.CleanPath(r.URL.Path)
	name := strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], ".json")
	doc, err := s.document(r, uid, "/doc/<model_name>.json", func(e *env) (*dict, error) {
		m := e.models[name]
		if m == nil {
			return nil, rpc.NotFoundURL()
		}
		if err := e.checkAccess(m, "read"); err != nil {
			return nil, err
		}
		return e.reflect(m)
	})
	if err != nil || doc.content == nil {
		return notModified(), err
	}
	reply, err := s.json2Reply(doc.content)
	reply.Header = append(reply.Header,
		rpc.Header{Name: "ETag", Value: doc.tag}, // as Odoo sends it, without quotes
		rpc.Header{Name: "Cache-Control", Value: "no-cache, private"},
		rpc.Header{Name: "Content-Language", Value: doc.language})
	return reply, err
}

// document makes a document for a user, unless the request says that its caller has it.
func (s *Sandbox) document(r *http.Request, uid int64, scope string, content func(*env) (*dict, error)) (doc document, err error) {
	_, err = s.retried(r.Context(), caller{uid: uid}, "", func(e *env) (any, error) {
		if err := e.checkDocReader(); err != nil {
			return nil, err
		}
		made, err := content(e)
		if err != nil {
			return nil, err
		}
		doc = document{tag: e.docTag(scope), language: strings.ReplaceAll(e.language(), "_", "-"), content: made}
		if has := r.Header.Get("If-None-Match"); !wantsFresh(r) && strings.Contains(has, doc.tag) {
			doc.content = nil
		}
		return nil, nil
	})
	return doc, err
}

// docTag tells documents apart: what is in one depends on the user's language and groups.
func (e *env) docTag(scope string) string {
	groups := slices.Sorted(maps.Keys(e.user.groups))
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %v", scope, e.language(), groups))
	return hex.EncodeToString(sum[:])
}

func (e *env) language() string {
	if e.user.lang != "" {
		return e.user.lang
	}
	return "en_US"
}

func wantsFresh(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Cache-Control"), "no-cache")
}

func notModified() rpc.Reply {
	return rpc.Reply{Status: http.StatusNotModified, Header: []rpc.Header{{Name: "Content-Type", Value: "text/html; charset=utf-8"}}}
}

// checkDocReader refuses users outside of docGroup (doc.index.user).
func (e *env) checkDocReader() error {
	group, err := e.groupID(docGroup)
	if err != nil || group == 0 || e.user.groups[group] {
		return err
	}
	return accessError("This page is only accessible to " + e.groups[group].fullName + " users.")
}
