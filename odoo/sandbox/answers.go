package sandbox

import (
	stdbytes "bytes"
	"io"
	"net/http"
)

// withBody is r with a body that was read.
func withBody(r *http.Request, body []byte) *http.Request {
	clone := *r
	clone.Body = io.NopCloser(stdbytes.NewReader(body))
	return &clone
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Sent implements rpc.StatusKeeper.
func (w *statusWriter) Sent(status int, _ int64) { w.status = status }

// Unwrap lets http.ResponseController find the writer beneath.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// keptAnswer is an answer that is not sent yet.
type keptAnswer struct {
	header http.Header
	status int
	body   []byte
}

func (w *keptAnswer) Header() http.Header    { return w.header }
func (w *keptAnswer) WriteHeader(status int) { w.status = status }

func (w *keptAnswer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.body = append(w.body, p...)
	return len(p), nil
}
