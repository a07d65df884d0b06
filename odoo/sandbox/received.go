package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"odoobridge/rpc"
)

// ReceivedCall is a request as the sandbox received it, without credentials and arguments.
type ReceivedCall struct {
	Seq       int       `json:"seq"` // from 1, in the order in which they came
	Time      time.Time `json:"time"`
	RequestID string    `json:"request_id,omitempty"` // the X-Request-Id header, which the bridge sends
	HTTP      string    `json:"http"`                 // "POST /jsonrpc"
	Service   string    `json:"service,omitempty"`    // common, object, db; "" of what is no call
	Model     string    `json:"model,omitempty"`
	Method    string    `json:"method,omitempty"` // the model's method, or that of common or db
	Fault     string    `json:"fault,omitempty"`  // what was made to go wrong
	Status    int       `json:"status"`           // of the answer; 0 where there was none, or none yet
}

// maxReceived bounds what is remembered; beyond, the oldest calls are forgotten.
const maxReceived = 10000

// ledger is what was received and what was carried out.
type ledger struct {
	mu       sync.Mutex
	seq      int
	received []*ReceivedCall
	executed map[string]int // by "model.method"
}

func newLedger() *ledger { return &ledger{executed: make(map[string]int)} }

// receive enters a call.
func (l *ledger) receive(c *ReceivedCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	c.Seq = l.seq
	if len(l.received) == maxReceived {
		l.received = append(l.received[:0:0], l.received[maxReceived/2:]...)
	}
	l.received = append(l.received, c)
}

// finish enters how it ended.
func (l *ledger) finish(c *ReceivedCall, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Status = status
}

// execute counts a call whose transaction is committed.
func (l *ledger) execute(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.executed[name]++
}

// calls are copies of what was received.
func (l *ledger) calls() []ReceivedCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]ReceivedCall, len(l.received))
	for i, c := range l.received {
		list[i] = *c
	}
	return list
}

// executions is a copy of the counts.
func (l *ledger) executions() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := make(map[string]int, len(l.executed))
	for name, n := range l.executed {
		counts[name] = n
	}
	return counts
}

func (l *ledger) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.received = nil
	clear(l.executed)
}

// describe reads what a request asks for, as far as it can be read.
func (s *Sandbox) describe(r *http.Request, body []byte) *ReceivedCall {
	c := &ReceivedCall{Time: time.Now().UTC(), RequestID: r.Header.Get("X-Request-Id"), HTTP: r.Method + " " + r.URL.Path}
	req, ok := rpcRequest(r)
	if !ok {
		return c
	}
	var e rpc.Envelope
	if req.Check(rpc.Series(s.series)) != nil || e.Parse(req, body, rpc.Series(s.series)) != nil {
		return c
	}
	c.Service, c.Method = e.Service, e.Method
	if e.Service == "object" && len(e.Args) > 4 {
		c.Model, _ = e.Args[3].Str()
		c.Method, _ = e.Args[4].Str()
	}
	return c
}

// rpcRequest is the request to one of the endpoints that take calls; ok is false for others.
func rpcRequest(r *http.Request) (req rpc.Request, ok bool) {
	path := rpc.CleanPath(r.URL.Path)
	req = rpc.Request{Path: path, Method: r.Method, ContentType: r.Header.Get("Content-Type"), NoBody: r.ContentLength == 0}
	rest, isXML := strings.CutPrefix(path, "/xmlrpc/")
	service, isV2 := strings.CutPrefix(rest, "2/")
	switch {
	case path == "/jsonrpc":
	case isXML && rest != "" && !strings.Contains(service, "/"):
		req.Protocol, req.Service = rpc.XMLRPC1, service
		if isV2 {
			req.Protocol = rpc.XMLRPC2
		}
	case strings.HasPrefix(path, "/web/dataset/call_kw"):
		req.Endpoint = rpc.EndpointCallKW
	case strings.HasPrefix(path, rpc.JSON2Path+"/"):
		req.Protocol = rpc.JSON2
		req.Model, req.ModelMethod, ok = cutCall(path)
		return req, ok
	default:
		return req, false
	}
	return req, true
}
