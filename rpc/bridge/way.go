package bridge

import (
	"context"

	"odoobridge/auth"
	"odoobridge/odoo"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// way is how a call reaches Odoo. It is chosen once for a call, and from it follows what Odoo is shown for the caller, what it
// is sent, and how its answer is read: what is known of Odoo may change while the call is on its way.
type way uint8

const (
	asItCame way = iota // a call of common or db, which Odoo answers to everyone
	toRPC               // to Odoo's /jsonrpc or /xmlrpc
	toJSON2             // to Odoo's /json/2 (driver.go)
	toAddon             // to Odoo's add-on (addon.go)
)

// sending is a call on its way: what is sent is in the scratch.
type sending struct {
	way
	protocol rpc.Protocol   // that Odoo answers in
	named    odoo.JSON2Call // what is sent toJSON2 of a call that did not come by JSON-2
}

// odooWay is the way that what Odoo offers by itself leaves to a call.
func (b *Bridge) odooWay(call odoo.Call) way {
	switch {
	case call.Kind != odoo.Object:
		return asItCame
	case b.onlyJSON2(), call.Envelope.Protocol == rpc.JSON2 && b.hasJSON2():
		return toJSON2
	}
	return toRPC
}

// secret chooses the way of a call, and finds what Odoo is shown for the caller there: what they showed themselves, or a key
// that is made for them.
func (b *Bridge) secret(ctx context.Context, call odoo.Call, who caller) (way, auth.Secret, error) {
	w := b.odooWay(call)
	if w == asItCame {
		return w, "", nil
	}
	if key, ok := b.cfg.Auth.Addon(who.Identity); ok {
		return toAddon, key, nil
	}
	secret, err := b.odooSecret(ctx, w, who)
	return w, secret, err
}

// odooSecret is what Odoo by itself is shown. JSON-2 takes native keys only.
func (b *Bridge) odooSecret(ctx context.Context, w way, who caller) (auth.Secret, error) {
	if w == toJSON2 {
		return b.cfg.Auth.Key(ctx, who.Identity)
	}
	return b.cfg.Auth.Secret(ctx, who.Identity)
}

// rewrite writes the canonical request: what Odoo receives instead of the caller's bytes.
func (b *Bridge) rewrite(ctx context.Context, s *scratch, call odoo.Call, who caller, w way, secret auth.Secret) (sending, error) {
	if w == toAddon {
		said, err := b.rewriteForAddon(s, call, who, secret)
		if said || err != nil {
			return sending{way: w, protocol: rpc.JSONRPC}, err
		}
		w = b.odooWay(call)
		if secret, err = b.withoutAddon(ctx, w, who); err != nil {
			return sending{}, err
		}
	}
	if w == toJSON2 {
		return b.rewriteForJSON2(ctx, s, call, who, secret)
	}
	var as []rpc.Arg
	if w == toRPC {
		as = odoo.As(who.DB, who.UID, secret.Reveal())
	}
	return b.rewriteForRPC(s, call, w, as)
}

// rewriteForRPC makes the request to Odoo's /jsonrpc or /xmlrpc, with as in the place of the caller's credentials.
func (b *Bridge) rewriteForRPC(s *scratch, call odoo.Call, w way, as []rpc.Arg) (sending, error) {
	sent := sending{way: w, protocol: call.Envelope.Protocol}
	switch {
	case w == asItCame:
		s.room(false)
		s.out = call.Envelope.Append(s.out[:0])
	case sent.protocol == rpc.JSON2:
		named, wrong := call.Name()
		if wrong != nil {
			return sent, wrong
		}
		sent.protocol = rpc.JSONRPC
		s.out = call.RewriteNamed(s.out[:0], named, as)
	case sent.protocol == rpc.JSONRPC || b.cfg.ForwardXML || !s.transcode(call, as):
		s.room(false)
		s.out = call.Rewrite(s.out[:0], as)
	default:
		sent.protocol = rpc.JSONRPC
	}
	s.up = upstream.Request{Path: "/jsonrpc", Body: s.out, Fields: append(s.up.Fields[:0], jsonField)}
	switch sent.protocol {
	case rpc.XMLRPC2:
		s.up.Path, s.up.Fields[0] = "/xmlrpc/2/"+call.Envelope.Service, xmlField
	case rpc.XMLRPC1:
		s.up.Path, s.up.Fields[0] = "/xmlrpc/"+call.Envelope.Service, xmlField
	}
	return sent, nil
}

// transcode says a call that came in XML in JSON, and tells whether it can be.
func (s *scratch) transcode(call odoo.Call, as []rpc.Arg) (said bool) {
	s.room(true)
	s.out, said = call.Transcode(s.out[:0], as)
	return said
}

var (
	jsonField = upstream.Field{Name: "Content-Type", Value: "application/json"}
	xmlField  = upstream.Field{Name: "Content-Type", Value: "text/xml"}
)
