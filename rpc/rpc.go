// Package rpc is the wire: Odoo's JSON-RPC and XML-RPC envelopes, read as spans, written canonically.
package rpc

import "fmt"

// Protocol is the form a call came in and its answer goes out in.
type Protocol uint8

const (
	JSONRPC Protocol = iota // POST /jsonrpc
	XMLRPC2                 // POST /xmlrpc/2/{service}: integer fault codes
	XMLRPC1                 // POST /xmlrpc/{service}: string fault codes
)

func (p Protocol) String() string {
	switch p {
	case JSONRPC:
		return "jsonrpc"
	case XMLRPC2:
		return "xmlrpc/2"
	case XMLRPC1:
		return "xmlrpc"
	}
	return fmt.Sprintf("Protocol(%d)", uint8(p))
}

// Series is Odoo's major version, 12 to 22. Zero is "not known yet" and is worded as DefaultSeries.
type Series int

// DefaultSeries words the answers given before the upstream has said which series it is.
const DefaultSeries Series = 18
