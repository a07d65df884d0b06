package bridge

import (
	"net/http"
	"time"

	"odoobridge/auth"
	"odoobridge/rpc"
)

// exchange is one request and its answer, from the first stage to the record that is kept of them.
type exchange struct {
	bridge *Bridge
	w      countingWriter
	rec    *Record
	who    auth.Identity // of a passage, once it is known
	denied int           // status of AccessDenied where it is not that of the protocol
	ended  bool
}

// begin opens the record of r. The caller defers end.
func (b *Bridge) begin(w http.ResponseWriter, r *http.Request, p rpc.Protocol) *exchange {
	x := &exchange{bridge: b, w: countingWriter{ResponseWriter: w}, rec: &Record{
		RequestID: requestID(r),
		Start:     time.Now(),
		Source:    Source(r, b.cfg.TrustedProxies),
		Protocol:  p,
	}}
	x.rec.trace(b.cfg.Tracer, r)
	b.cfg.Metrics.inFlight.Inc()
	return x
}

// answer ends the exchange with what came of it: nothing more is to be said if err is nil, else err is, in protocol p and
// with the id of the call, which is nil where there is none.
func (x *exchange) answer(p rpc.Protocol, id []byte, err error) {
	if err != nil {
		var wire *rpc.Error
		wire, x.rec.Outcome = x.bridge.wireError(p, err)
		x.rec.Err = err
		if x.rec.Outcome == Denied && x.denied != 0 {
			wire.Status = x.denied
		}
		if wire == nil {
			x.ended = true
			// One who only ended its own sending looks gone too, and would be given an empty answer by net/http.
			panic(http.ErrAbortHandler)
		}
		// The error is the connection's: there is no one left to tell.
		_ = rpc.ErrorReply(p, x.bridge.cfg.Series(), id, wire).Write(&x.w)
	}
	x.ended = true
}

// end hands the record over, also on the way of a panic: net/http cuts the connection then, which is what a broken answer
// must look like.
func (x *exchange) end() {
	x.bridge.cfg.Metrics.inFlight.Dec()
	if !x.ended {
		x.rec.Outcome = BadGateway
	}
	x.rec.Total = time.Since(x.rec.Start)
	x.rec.Status, x.rec.BytesOut = x.w.status, x.w.bytes
	if x.rec.span != nil {
		x.rec.span.End(x.rec)
	}
	x.bridge.cfg.Observer.Observe(x.rec)
}

// countingWriter remembers what was answered.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) WriteHeader(status int) {
	if status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Sent implements [rpc.StatusKeeper].
func (w *countingWriter) Sent(status int, body int64) { w.status, w.bytes = status, w.bytes+body }

// Unwrap lets http.ResponseController find the writer beneath.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
