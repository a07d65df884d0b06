package rpc

import "fmt"

// Protocol is the form a call came in and its answer goes out in.
type Protocol uint8

const (
	JSONRPC Protocol = iota // POST /jsonrpc
	XMLRPC2                 // POST /xmlrpc/2/{service}: integer fault codes
	XMLRPC1                 // POST /xmlrpc/{service}: string fault codes
	JSON2                   // POST /json/2/{model}/{method}
	HTTP                    // none of these: a request that is passed on as it is, whose errors are pages
)

func (p Protocol) String() string {
	switch p {
	case JSONRPC:
		return "jsonrpc"
	case XMLRPC2:
		return "xmlrpc/2"
	case XMLRPC1:
		return "xmlrpc"
	case JSON2:
		return "json/2"
	case HTTP:
		return "http"
	}
	return fmt.Sprintf("Protocol(%d)", uint8(p))
}

// Series is Odoo's major version, 12 to 22. Zero is "not known yet" and is worded as DefaultSeries.
type Series int

// DefaultSeries words the answers given before the upstream has said which series it is.
const DefaultSeries Series = 18

func (s Series) orDefault() Series {
	if s == 0 {
		return DefaultSeries
	}
	return s
}

// The wire differs between series in a few places. 15, 18 and 19 are recorded. 17 was compared with the recordings of 18
// by sending their requests to it: it speaks HTTP as 18 does and XML as 15 does. 16 is taken for a 17.

// oldHTTP is true before Odoo's HTTP layer was rewritten: JSON is read strictly as UTF-8 and printed in ASCII, its
// Content-Type names no charset, nothing says nosniff, and what fails before the call is an HTML page.
func (s Series) oldHTTP() bool { return s.orDefault() <= 15 }

// oldXML is true while Odoo's XML-RPC is plain xmlrpc.client: a declaration in single quotes, dates that stay text.
func (s Series) oldXML() bool { return s.orDefault() <= 17 }
