package bridge

import (
	"context"

	"odoobridge/auth"
	"odoobridge/odoo"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// Odoo refuses archived users on RPC whatever they show. The add-on (odoo/addon/odoobridge) is a controller that finds the
// user by the API-KEY, as auth_api_key does for controllers, and runs the call by Odoo's own RPC. It speaks JSON-RPC.

// rewriteForAddon makes the request to the add-on: the call without the caller's credentials, and their key as a header. It
// tells whether the call can be said in JSON.
func (b *Bridge) rewriteForAddon(s *scratch, call odoo.Call, who caller, key auth.Secret) (said bool, err error) {
	switch call.Envelope.Protocol {
	case rpc.JSON2:
		named, wrong := call.Name()
		if wrong != nil {
			return false, wrong
		}
		s.out = call.RewriteNamed(s.out[:0], named, nil)
	case rpc.JSONRPC:
		s.room(false)
		s.out = call.Rewrite(s.out[:0], nil)
	default:
		s.room(true)
		if s.out, said = call.Transcode(s.out[:0], nil); !said {
			return false, nil
		}
	}
	fields := append(s.up.Fields[:0], jsonField, upstream.Field{Name: "API-KEY", Value: key.Reveal()})
	s.up = upstream.Request{Path: upstream.AddonPath, Body: s.out, Fields: append(fields, b.cfg.Addon.Fields(who.DB)...)}
	return true, nil
}

// withoutAddon is what Odoo itself is shown on way w for a call that can't be said to the add-on: one with dates or bytes in XML.
func (b *Bridge) withoutAddon(ctx context.Context, w way, who caller) (auth.Secret, error) {
	secret, err := b.odooSecret(ctx, w, who)
	if auth.KindOf(err) == auth.NeedsAddon {
		return "", &rpc.Error{Class: "odoo.exceptions.UserError", Message: "This call holds dates or bytes, which the way by which calls " +
			"with this API-KEY reach Odoo can't carry. Send dates as text, \"2024-02-29 12:00:00\", and bytes as the text of their base64."}
	}
	return secret, err
}

// noAddon is the error of a call that met no add-on in Odoo, where it was a moment ago: nothing has run.
func (b *Bridge) noAddon(db string) error {
	b.cfg.Addon.Gone(db)
	return &auth.Error{Kind: auth.NeedsAddon, Reason: "the add-on odoobridge is gone from Odoo; the call was not run"}
}
