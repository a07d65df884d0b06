package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"odoobridge/odoo"
	"odoobridge/odoo/upstream"
)

// documents are what Odoo's API documentation (/doc-bearer/<model>.json, of 19's module api_doc) says of the methods of models:
// the names of their parameters. Users outside of the group api_doc.group_allow_doc are refused there, so that it is read with
// the key of a user who is named for that; and it leaves out deprecated methods.
type documents struct {
	reading singleflight.Group

	mu     sync.Mutex
	known  map[docKey]document
	failed map[string]time.Time // when they could not be read last, by database
}

type docKey struct{ db, model string }

// document is that of one model. It has no methods where there is no such model.
type document struct {
	methods map[string]methodDoc
	read    time.Time
}

// documentAge is how old a document may be: modules are installed while the bridge runs.
const documentAge = 10 * time.Minute

// documentPause is how long nothing is asked for after a failure: whoever may not read one may read none.
const documentPause = 30 * time.Second

// documentLimit is more than any document, in bytes; that of res.partner has 200 kB.
const documentLimit = 16 << 20

// methodDoc is a method in a document.
type methodDoc struct {
	API        []string `json:"api"` // "model" where it is @api.model
	Parameters parameterDocs
}

// parameterDocs are the parameters of a method, in their order.
type parameterDocs struct{ required, optional []string }

// UnmarshalJSON reads an object, whose order counts. Parameters without a place are left out.
func (p *parameterDocs) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var parameter struct {
			Kind    string
			Default json.RawMessage
		}
		if err := d.Decode(&parameter); err != nil {
			return err
		}
		switch text, _ := name.(string); {
		case parameter.Kind != "" && parameter.Kind != "POSITIONAL_OR_KEYWORD":
		case parameter.Default == nil && len(p.optional) == 0:
			p.required = append(p.required, text)
		default:
			p.optional = append(p.optional, text)
		}
	}
	return nil
}

// documented are the parameters of the called method by Odoo's documentation.
func (b *Bridge) documented(ctx context.Context, call odoo.Call, db string) (odoo.Parameters, error) {
	if b.cfg.DocKey == nil {
		return odoo.Parameters{}, call.NoNames()
	}
	doc, err := b.document(ctx, docKey{db, call.Model})
	if err != nil {
		return odoo.Parameters{}, call.NoNames() // document has logged why
	}
	m, ok := doc.methods[call.Method]
	switch {
	case doc.methods == nil:
		return odoo.Parameters{}, call.NoSuchModel()
	case !ok:
		// It does not exist, or is deprecated.
		return odoo.Parameters{}, call.NoSuchMethod()
	}
	return call.OwnParameters(m.Parameters.required, m.Parameters.optional, slices.Contains(m.API, "model")), nil
}

// document is that of a model, read again when it has become old.
func (b *Bridge) document(ctx context.Context, key docKey) (document, error) {
	docs := &b.documents
	docs.mu.Lock()
	doc, ok := docs.known[key]
	failed := docs.failed[key.db]
	docs.mu.Unlock()
	switch {
	case ok && time.Since(doc.read) < documentAge:
		return doc, nil
	case time.Since(failed) < documentPause:
		return document{}, errors.New("it could not be read a moment ago")
	}
	done := docs.reading.DoChan(key.db+"/"+key.model, func() (any, error) {
		reading, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		doc, err := b.readDocument(reading, key)
		docs.mu.Lock()
		defer docs.mu.Unlock()
		if docs.known == nil {
			docs.known, docs.failed = map[docKey]document{}, map[string]time.Time{}
		}
		if err != nil {
			docs.failed[key.db] = time.Now()
			b.cfg.Log.Warn().Str("db", key.db).Str("model", cut(key.model)).Err(err).
				Msg("Odoo's API documentation can't be read; methods that are not of the ORM are refused where their arguments have no names")
			return doc, err
		}
		if doc.methods != nil { // names that callers invent take no room
			docs.known[key] = doc
		}
		return doc, nil
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return document{}, r.Err
		}
		return r.Val.(document), nil
	case <-ctx.Done():
		return document{}, ctx.Err()
	}
}

func (b *Bridge) readDocument(ctx context.Context, key docKey) (document, error) {
	doc := document{read: time.Now()}
	secret, err := b.cfg.DocKey(ctx, key.db)
	if err != nil {
		return doc, err
	}
	path := "/doc-bearer/" + url.PathEscape(key.model) + ".json"
	a, err := b.cfg.Upstream.Post(ctx, &upstream.Request{Method: http.MethodGet, Path: path,
		Fields: []upstream.Field{bearer(secret), {Name: databaseHeader, Value: key.db}}})
	if err != nil {
		return doc, err
	}
	defer a.Close()
	body, err := io.ReadAll(io.LimitReader(a, documentLimit))
	switch {
	case err != nil:
		return doc, err
	case a.Status == http.StatusNotFound && hasJSON(a):
		return doc, nil // doc.model.unknown
	case a.Status == http.StatusForbidden:
		return doc, errors.New(path + ": Odoo refuses the user of doc_user: put them into its group Technical Documentation")
	case a.Status != http.StatusOK:
		return doc, fmt.Errorf("%s: status %d", path, a.Status)
	}
	var read struct{ Methods map[string]methodDoc }
	if err := json.Unmarshal(body, &read); err != nil {
		return doc, fmt.Errorf("%s: %w", path, err)
	}
	if read.Methods == nil {
		return doc, errors.New(path + ": it has no methods")
	}
	doc.methods = read.Methods
	return doc, nil
}
