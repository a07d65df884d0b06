package sandbox

import (
	"net/http"
	"strings"

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

// isDocPage tells whether a page for browsers is at path: they need a session.
func isDocPage(path string) bool {
	model, below := strings.CutPrefix(path, docUser)
	return path == "/doc" || below && !strings.Contains(model, "/")
}

func (s *Sandbox) docIndex(r *http.Request, uid int64) (rpc.Reply, error) {
	_, err := s.retried(r.Context(), uid, "", func(e *env) (any, error) { return nil, e.checkDocReader() })
	if err != nil {
		return rpc.Reply{}, err
	}
	return rpc.Reply{}, rpc.NotFoundURL()
}

func (s *Sandbox) docModel(r *http.Request, uid int64) (rpc.Reply, error) {
	_, err := s.retried(r.Context(), uid, "", func(e *env) (any, error) { return nil, e.checkDocReader() })
	if err != nil {
		return rpc.Reply{}, err
	}
	return rpc.Reply{}, rpc.NotFoundURL()
}

// checkDocReader refuses users outside of docGroup (doc.index.user).
func (e *env) checkDocReader() error {
	module, name, _ := strings.Cut(docGroup, ".")
	ids, err := e.ids("SELECT res_id FROM ir_model_data WHERE model = 'res.groups' AND module = $1 AND name = $2", module, name)
	if err != nil || len(ids) == 0 || e.user.groups[ids[0]] {
		return err
	}
	return accessError("This page is only accessible to " + e.groups[ids[0]].fullName + " users.")
}

// serveDocPage sends who has no session to the login. The page itself, made of scripts, the sandbox does not have.
func (s *Sandbox) serveDocPage(r *http.Request) rpc.Reply {
	if session, bound := s.boundTo(r); bound && session == 0 {
		return toLogin(r)
	}
	return s.page(rpc.PageNotFound, r)
}
