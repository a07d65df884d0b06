package bridge

import (
	"context"
	"errors"
	"net/http"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo"
	"odoobridge/odoo/queue"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// serve takes a request through the pipeline and keeps its record.
func (b *Bridge) serve(w http.ResponseWriter, r *http.Request, req rpc.Request) {
	req.Method, req.Path, req.ContentType = r.Method, r.URL.Path, r.Header.Get("Content-Type")
	req.NoBody = r.ContentLength == 0
	x := b.begin(w, r, req.Protocol)
	defer x.end()
	x.rec.Endpoint = req.Endpoint
	s := b.scratch()
	defer s.release()
	err := b.call(r.Context(), &x.w, r, x.rec, s, req)
	x.answer(req.Protocol, s.env.ID, err)
}

// call is the way of a call, stage by stage.
func (b *Bridge) call(ctx context.Context, w http.ResponseWriter, r *http.Request, rec *Record, s *scratch, req rpc.Request) error {
	env, err := b.envelope(w, r, rec, s, req)
	if err != nil {
		return err
	}
	call, err := understand(env, b.cfg.Series(), rec)
	if err != nil {
		return err
	}
	rules := b.rules()
	id, err := b.identity(ctx, r, rec, call)
	if err != nil {
		return err
	}
	admitted, err := b.admitCall(ctx, rec, rules, call, id.Identity)
	if err != nil {
		return err
	}
	defer admitted.leave()
	answer, err := b.decide(call, id)
	if err != nil {
		return err
	}
	if answer != nil {
		rec.Outcome = Answered
		// The error is the connection's: there is no one left to tell.
		_ = b.answerHere(w, env, answer.result)
		return nil
	}
	if err := b.await(ctx, rec); err != nil {
		return err
	}
	defer b.cfg.Queue.Leave()
	if rec.Queued > 0 { // what was known of the caller may have changed meanwhile
		if id, err = b.identity(ctx, r, rec, call); err != nil {
			return err
		}
		if err := b.recheckCall(rec, rules, call, id.Identity); err != nil {
			return err
		}
	}
	way, secret, err := b.secret(ctx, call, id)
	if err != nil {
		return err
	}
	sending, err := b.rewrite(ctx, s, call, id, way, secret)
	if err != nil {
		return err
	}
	return b.forward(ctx, w, r, rec, s, call, sending)
}

// envelope reads the request's body and the call in it.
func (b *Bridge) envelope(w http.ResponseWriter, r *http.Request, rec *Record, s *scratch, req rpc.Request) (*rpc.Envelope, error) {
	series := b.cfg.Series()
	if req.Protocol == rpc.JSON2 && req.Database != "" && !b.serves(req.Database) {
		return nil, rpc.PageError(rpc.PageNotFound) // json2.db.wrong
	}
	if err := req.Check(series); err != nil {
		return nil, err
	}
	if err := s.read(w, r, b.cfg.MaxBody, b.pace()); err != nil {
		return nil, err
	}
	rec.BytesIn = int64(len(s.body))
	return &s.env, s.env.Parse(req, s.body, series)
}

// understand tells what the envelope means.
func understand(env *rpc.Envelope, s rpc.Series, rec *Record) (odoo.Call, error) {
	rec.Service, rec.Call = cut(env.Service), cut(env.Method)
	call, err := odoo.Read(env, s)
	if err != nil {
		return call, err
	}
	rec.Model, rec.Method = cut(call.Model), cut(call.Method)
	return call, nil
}

// answer is a result given here, without Odoo.
type answer struct{ result any }

// decide tells whether the caller may make this call, and answers those that Odoo need not be asked for.
func (b *Bridge) decide(call odoo.Call, who caller) (*answer, error) {
	switch call.Kind {
	case odoo.Login:
		if !who.known {
			return &answer{false}, nil
		}
		return &answer{who.UID}, nil
	case odoo.Object:
		if wrong := call.CheckMethod(); wrong != nil {
			return nil, wrong
		}
		if wrong := call.CheckNames(); wrong != nil {
			return nil, wrong
		}
	case odoo.DatabaseList:
		return &answer{b.cfg.Databases}, nil
	case odoo.DatabaseExists:
		name, _ := call.DB.Str()
		return &answer{b.serves(name)}, nil
	case odoo.Master:
		if !b.cfg.DBServiceFull {
			return nil, &auth.Error{Kind: auth.Denied, Reason: "methods of db that need the master password are off; see --db-service"}
		}
	}
	if b.serviceGone(call) {
		return b.answerForService(call)
	}
	return nil, nil
}

// forward sends the call to Odoo, once, and streams the answer back, as it is or in the caller's protocol.
func (b *Bridge) forward(ctx context.Context, w http.ResponseWriter, r *http.Request, rec *Record, s *scratch, call odoo.Call, sent sending) error {
	begin := time.Now()
	defer func() { rec.Upstream = time.Since(begin) }()
	transcode := sent.protocol != s.env.Protocol
	trace := rec.sendTrace(http.MethodPost, s.up.Path)
	s.up.Fields = appendForwarded(s.up.Fields, r, rec, trace, transcode)
	answer, err := b.cfg.Upstream.Post(ctx, &s.up)
	if err != nil {
		return err
	}
	defer answer.Close()
	rec.UpstreamStatus = answer.Status
	if sent.way == toAddon && answer.Status == http.StatusNotFound {
		return b.noAddon(rec.DB)
	}
	rec.Outcome = Forwarded
	switch {
	case transcode && sent.protocol == rpc.JSON2:
		err = b.tellAsRPC(w, call, sent.named, answer)
	case !transcode || !isJSON(answer):
		err = stream(w, answer)
	case s.env.Protocol == rpc.JSON2:
		err = rpc.TranscodeJSON2(w, answer, call.JSON2Answer())
	default:
		err = rpc.TranscodeReply(w, s.env.Protocol, b.cfg.Series(), answer)
	}
	var unsent *rpc.Error
	if err == nil || errors.As(err, &unsent) {
		return err
	}
	rec.Err = err
	// The status is sent: only a cut connection can still tell the client that the answer is not whole.
	panic(http.ErrAbortHandler)
}

// isJSON tells whether an answer is JSON-RPC's, and no page of Odoo's or of a proxy before it, which is passed on as it
// is.
func isJSON(a *upstream.Answer) bool {
	for _, f := range a.Fields {
		if f.Name == "Content-Type" {
			return a.Status == http.StatusOK && rpc.IsJSON(f.Value)
		}
	}
	return false
}

// wireError is the one table from what went wrong to what the caller is told, nil where there is nobody to tell.
func (b *Bridge) wireError(p rpc.Protocol, err error) (*rpc.Error, Outcome) {
	var (
		wire *rpc.Error
		who  *auth.Error
		away *upstream.Error
		busy *queue.Refusal
		rule *forbiddenError
		over *limitError
		size *http.MaxBytesError
		room *noRoomError
		slow *slowError
		read *readError
	)
	switch {
	case errors.As(err, &wire):
		switch {
		case wire.Class == "odoo.exceptions.AccessDenied", wire.Status == http.StatusUnauthorized:
			return wire, Denied
		case wire.Status == http.StatusBadGateway:
			return wire, BadGateway
		}
		return wire, Invalid
	case errors.As(err, &who):
		return authError(p, who)
	case errors.As(err, &rule):
		return rule.wire(), Denied
	case errors.As(err, &over):
		return over.wire(), Limited
	case errors.As(err, &away):
		return upstreamError(away)
	case errors.As(err, &busy):
		return queueError(busy)
	case errors.As(err, &size):
		return bodyTooLarge(size.Limit), Invalid
	case errors.As(err, &room):
		return bodyNoRoom(), Overloaded
	case errors.As(err, &slow):
		return bodyTooSlow(slow.pause), Invalid
	case errors.As(err, &read):
		if read.wentAway() {
			return bodyBroken(), Canceled
		}
		return bodyBroken(), Invalid
	case errors.Is(err, context.Canceled):
		return nil, Canceled
	}
	return &rpc.Error{Class: "werkzeug.exceptions.InternalServerError", Status: http.StatusInternalServerError,
		Message: "500 Internal Server Error: the bridge failed; its log says why"}, Unavailable
}
