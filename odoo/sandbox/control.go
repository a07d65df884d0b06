package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"odoobridge/rpc"
)

// ControlPrefix is the path of what a test asks of the sandbox itself, where Config.Control is set:
//
//	POST   /_sandbox/snapshot[?name=N]  keep the state of the database
//	POST   /_sandbox/restore[?name=N]   bring it back
//	GET    /_sandbox/calls              the calls received, oldest first: [{"seq": 1, "http": "POST /jsonrpc", ...}]
//	GET    /_sandbox/executions         how often which method was carried out: {"res.partner.create": 2}
//	DELETE /_sandbox/calls              forget both
//	GET    /_sandbox/faults             the rules there are
//	PUT    /_sandbox/faults             replace them: [{"fault": "delay=300ms", "model": "res.partner", "method": "create", "times": 1}]
//	DELETE /_sandbox/faults             no more faults
const ControlPrefix = "/_sandbox/"

// FaultHeader asks for a fault for the request it is in.
const FaultHeader = "X-Sandbox-Fault"

// defaultSnapshot is the name of the snapshot that nobody named.
const defaultSnapshot = "default"

// control is what tests can do to the sandbox.
type control struct {
	sandbox *Sandbox
	ledger  *ledger

	mu    sync.Mutex
	rules []*FaultRule
}

// ServeHTTP answers requests to the control endpoints itself, and lets others go their way, faults and all.
func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, ControlPrefix) {
		c.serve(w, r)
		return
	}
	body, err := readBody(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away, or sends more than a call can be
	}
	call := c.sandbox.describe(r, body)
	fault, err := c.fault(r, call)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call.Fault = fault.String()
	c.ledger.receive(call)
	status := c.suffer(fault, w, withBody(r, body))
	c.ledger.finish(call, status)
}

// fault is the one for a call: its header's, or that of the first rule for it.
func (c *control) fault(r *http.Request, call *ReceivedCall) (Fault, error) {
	if text := r.Header.Get(FaultHeader); text != "" {
		return ParseFault(text)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, rule := range c.rules {
		if !rule.matches(call) {
			continue
		}
		if rule.Times == 1 {
			c.rules = append(c.rules[:i:i], c.rules[i+1:]...)
		} else if rule.Times > 1 {
			rule.Times--
		}
		return rule.Fault, nil
	}
	return Fault{}, nil
}

// suffer answers a request with its fault, and returns the status of the answer, 0 where there was none.
func (c *control) suffer(f Fault, w http.ResponseWriter, r *http.Request) int {
	switch f.kind {
	case faultClosed:
		panic(http.ErrAbortHandler)
	case faultError:
		http.Error(w, http.StatusText(f.status)+", as the test asked for", f.status)
		return f.status
	case faultDenied:
		return c.deny(w, r)
	case faultDelay:
		select {
		case <-time.After(f.delay):
		case <-r.Context().Done(): // the call is carried out, but no one is left to wait for
		}
	case faultCut, faultGarbage:
		kept := keptAnswer{header: w.Header()}
		c.sandbox.serve(&kept, r)
		spoil(f, w, &kept)
		return kept.status
	}
	kept := statusWriter{ResponseWriter: w}
	c.sandbox.serve(&kept, r)
	return kept.status
}

// deny answers AccessDenied in the form of the request's protocol.
func (c *control) deny(w http.ResponseWriter, r *http.Request) int {
	series := rpc.Series(c.sandbox.series)
	req, ok := rpcRequest(r)
	if !ok {
		req.Protocol = rpc.HTTP
	}
	var e rpc.Envelope
	if body, err := readBody(r); err == nil {
		_ = e.Parse(req, body, series) // the id is all that is wanted
	}
	denied := rpc.AccessDenied()
	if req.Protocol == rpc.JSON2 {
		denied = rpc.InvalidKey()
	}
	reply := rpc.ErrorReply(req.Protocol, series, e.ID, denied)
	_ = reply.Write(w) // the error is the connection's
	return reply.Status
}

// spoil sends an answer that makes no sense, or half of the one there is.
func spoil(f Fault, w http.ResponseWriter, kept *keptAnswer) {
	body := kept.body
	if f.kind == faultGarbage {
		body = []byte("\x00garbage: as the test asked for{<")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(kept.status)
	if f.kind == faultGarbage {
		_, _ = w.Write(body)
		return
	}
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func (c *control) serve(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == "" {
		name = defaultSnapshot
	}
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, ControlPrefix) {
	case "POST snapshot":
		said(w, c.sandbox.Snapshot(r.Context(), name))
	case "POST restore":
		said(w, c.sandbox.Restore(r.Context(), name))
	case "GET calls":
		show(w, c.ledger.calls())
	case "GET executions":
		show(w, c.ledger.executions())
	case "DELETE calls":
		c.ledger.clear()
		said(w, nil)
	case "GET faults":
		show(w, c.faults())
	case "PUT faults":
		said(w, c.setFaults(r))
	case "DELETE faults":
		c.replace(nil)
		said(w, nil)
	default:
		http.Error(w, "no such request to "+ControlPrefix+"; see docs/TESTING.md", http.StatusNotFound)
	}
}

func (c *control) faults() []FaultRule {
	c.mu.Lock()
	defer c.mu.Unlock()
	rules := make([]FaultRule, len(c.rules))
	for i, rule := range c.rules {
		rules[i] = *rule
	}
	return rules
}

// errBadRules is wrapped by what is wrong with rules.
var errBadRules = errors.New("the body is to be a JSON list of rules")

func (c *control) setFaults(r *http.Request) error {
	var rules []*FaultRule
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&rules); err != nil {
		return errors.Join(errBadRules, err)
	}
	for _, rule := range rules {
		if rule == nil || rule.Fault.kind == noFault || rule.Times < 0 {
			return errors.Join(errBadRules, errors.New(`each has a "fault", `+faultUsage+`, and "times" is not below 0`))
		}
	}
	c.replace(rules)
	return nil
}

func (c *control) replace(rules []*FaultRule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = rules
}

// said answers what was asked for with 204, or with what is wrong.
func said(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrNoSnapshot):
		http.Error(w, err.Error()+": POST "+ControlPrefix+"snapshot takes one", http.StatusNotFound)
	case errors.Is(err, errBadRules), errors.Is(err, errName):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func show(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the error is the connection's
}
