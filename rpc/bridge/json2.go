package bridge

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"odoobridge/auth"
	"odoobridge/auth/policy"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// JSON-2 is Odoo 19's: the model and the method are in the path, the arguments are members of the body, the caller is in a
// header, the database in another. It is one more form of an object call and takes the same way as the others (call.go). In
// front of an older Odoo, which has none, it is execute_kw there.

// serveJSON2 is a call of JSON-2.
func (b *Bridge) serveJSON2(w http.ResponseWriter, r *http.Request) {
	vars := mux.Vars(r)
	b.serve(w, r, rpc.Request{Protocol: rpc.JSON2, Model: vars["model"], ModelMethod: vars["method"], Database: namedDatabase(r)})
}

// serveNoJSON2 is what is below /json/2 and no call.
func (b *Bridge) serveNoJSON2(w http.ResponseWriter, r *http.Request) {
	x := b.begin(w, r, rpc.JSON2)
	defer x.end()
	x.rec.Call = cut(r.URL.Path)
	if db := namedDatabase(r); db != "" && !b.serves(db) {
		x.answer(rpc.JSON2, nil, rpc.PageError(rpc.PageNotFound))
		return
	}
	req := rpc.Request{Protocol: rpc.JSON2, Route: rpc.JSON2Path, ContentType: r.Header.Get("Content-Type"), NoBody: r.ContentLength == 0}
	if err := req.Check(b.cfg.Series()); err != nil {
		x.answer(rpc.JSON2, nil, err)
		return
	}
	x.answer(rpc.JSON2, nil, rpc.NotJSON2())
}

// serveDoc passes a document of 19's API documentation on, asked for as the caller.
func (b *Bridge) serveDoc(w http.ResponseWriter, r *http.Request) {
	db := b.databaseOf(r)
	if !b.hasJSON2() || db == "" && namedDatabase(r) != "" {
		b.notFound(w, r)
		return
	}
	g := gate{service: policy.Doc, drop: []string{apiKeyHeader}, as: rpc.JSON2}
	g.check = func(x *exchange) error {
		p, err := b.presented(r, x.rec.Source)
		if !hasHeader(p) && (err == nil || err == errNoKey) {
			return rpc.NoBearer()
		}
		if err != nil {
			return err
		}
		if x.rec.DB = db; db == "" {
			x.rec.DB = b.defaultDB()
		}
		if x.who, err = b.identify(r.Context(), x.rec, x.rec.DB, p); err != nil {
			return err
		}
		key, err := b.cfg.Auth.Key(r.Context(), x.who)
		g.fields = []upstream.Field{bearer(key), {Name: databaseHeader, Value: x.rec.DB}}
		return err
	}
	b.pass(w, r, &g)
}

// hasJSON2 tells whether the Odoo behind the bridge has JSON-2.
func (b *Bridge) hasJSON2() bool { return b.cfg.Series() >= 19 }

// namedDatabase is the database that a request names in its header. Several fields are one, as to a WSGI server, and name
// none that is.
func namedDatabase(r *http.Request) string { return strings.Join(r.Header.Values(databaseHeader), ",") }

// databaseOf is namedDatabase, "" where that is not served.
func (b *Bridge) databaseOf(r *http.Request) string {
	if db := namedDatabase(r); b.serves(db) {
		return db
	}
	return ""
}

func bearer(key auth.Secret) upstream.Field {
	return upstream.Field{Name: "Authorization", Value: "Bearer " + key.Reveal()}
}
