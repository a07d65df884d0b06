package traffic

import (
	"errors"

	"odoobridge/auth"
	"odoobridge/odoo/queue"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
	"odoobridge/rpc/bridge"
)

// class is how a call ended, as coarsely as a plot shows it.
type class uint8

const (
	fine    class = iota
	refused       // by the bridge, for what the caller showed or sent
	failed        // for nothing that the caller did
)

// ClassOf is how a call ended, as coarsely as that: "fine", "refused" or "failed".
func ClassOf(r *bridge.Record) string {
	c, _ := classify(r)
	return [...]string{fine: "fine", refused: "refused", failed: "failed"}[c]
}

// Kind is what went wrong with a call, in a bounded set of words.
type Kind struct {
	Outcome bridge.Outcome
	Detail  string // within the outcome: what auth, policies, the queue or the connection to Odoo has to say; "" is nothing
}

// classify tells how a call ended; the kind is zero where nothing was wrong.
func classify(r *bridge.Record) (class, Kind) {
	switch r.Outcome {
	case bridge.Forwarded, bridge.Answered:
		if r.Err == nil {
			return fine, Kind{}
		}
		return refused, Kind{r.Outcome, detail(r)} // a login that does not hold: its answer is false
	case bridge.Overloaded, bridge.Unavailable, bridge.BadGateway, bridge.Timeout:
		return failed, Kind{r.Outcome, detail(r)}
	case bridge.Canceled:
		return fine, Kind{r.Outcome, ""}
	}
	return refused, Kind{r.Outcome, detail(r)}
}

// byPolicy is the detail of what a policy rule refused.
const byPolicy = "policy"

func detail(r *bridge.Record) string {
	err := r.Err
	if r.Policy.Kept() {
		return byPolicy
	}
	if kind := auth.KindOf(err); kind != 0 {
		return kind.String()
	}
	if busy, ok := errors.AsType[*queue.Refusal](err); ok {
		return busy.Reason.String()
	}
	if _, ok := errors.AsType[*upstream.RefusedError](err); ok {
		return "breaker_open"
	}
	return ""
}

// Legacy is an endpoint, or a service, that Odoo gives up.
type Legacy uint8

const (
	LegacyDB      Legacy = iota // service db, gone in 20, whatever it was called by
	LegacyXMLRPC1               // /xmlrpc, gone in 22
	LegacyXMLRPC2               // /xmlrpc/2, gone in 22
	LegacyJSONRPC               // /jsonrpc, gone in 22
	legacyCount
)

// String is what callers know it as.
func (l Legacy) String() string {
	return [...]string{LegacyDB: "service db", LegacyXMLRPC1: "/xmlrpc", LegacyXMLRPC2: "/xmlrpc/2", LegacyJSONRPC: "/jsonrpc"}[l]
}

// Gone is the series of Odoo that has it no more.
func (l Legacy) Gone() int {
	if l == LegacyDB {
		return 20
	}
	return 22
}

// legacyOf tells which of them a call used.
func legacyOf(r *bridge.Record) (l Legacy, ok bool) {
	switch {
	case r.Protocol == rpc.JSON2, r.Protocol == rpc.HTTP, r.Endpoint != 0:
		return 0, false
	case r.Service == "db":
		return LegacyDB, true
	case r.Protocol == rpc.XMLRPC1:
		return LegacyXMLRPC1, true
	case r.Protocol == rpc.XMLRPC2:
		return LegacyXMLRPC2, true
	}
	return LegacyJSONRPC, true
}
