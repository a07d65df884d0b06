package bridge

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"odoobridge/auth"
	"odoobridge/odoo/upstream"
	"odoobridge/rpc"
)

// The errors of the bridge's own are named after the exceptions of Werkzeug, Odoo's HTTP library, so that a client that
// looks at names finds familiar ones.

// authError is AccessDenied, in the words of Odoo where it has some. JSON-2 has 401 for a caller it does not know.
func authError(p rpc.Protocol, e *auth.Error) (*rpc.Error, Outcome) {
	denied := rpc.AccessDenied()
	switch e.Kind {
	case auth.Cooldown:
		denied.Message = "Too many login failures, please wait a bit before trying again." // Odoo's _assert_can_auth
		return denied, Denied
	case auth.NeedsAddon:
		denied.Message = "Access Denied: " + e.Reason
		return denied, Denied
	case auth.Overloaded:
		return &rpc.Error{Class: "werkzeug.exceptions.ServiceUnavailable", Status: http.StatusServiceUnavailable,
			Message: "503 Service Unavailable: too many passwords are being checked; try again", RetryAfter: e.RetryAfter}, Overloaded
	case auth.Unavailable:
		return &rpc.Error{Class: "werkzeug.exceptions.ServiceUnavailable", Status: http.StatusServiceUnavailable,
			Message: "503 Service Unavailable: the bridge could not ask its database who calls; its log says why. Try again", RetryAfter: max(e.RetryAfter, time.Second)}, Unavailable
	}
	if p == rpc.JSON2 {
		return rpc.InvalidKey(), Denied
	}
	return denied, Denied
}

func upstreamError(e *upstream.Error) (*rpc.Error, Outcome) {
	switch e.Kind {
	case upstream.Canceled:
		return nil, Canceled
	case upstream.Timeout:
		return &rpc.Error{Class: "werkzeug.exceptions.GatewayTimeout", Status: http.StatusGatewayTimeout,
			Message: "504 Gateway Timeout: Odoo did not answer in time. The call may still be at work; look before you send it again"}, Timeout
	case upstream.Unreachable:
		return &rpc.Error{Class: "werkzeug.exceptions.BadGateway", Status: http.StatusBadGateway, RetryAfter: afterPause(e),
			Message: "502 Bad Gateway: Odoo can't be reached. The call was not sent; try again"}, BadGateway
	default:
		return &rpc.Error{Class: "werkzeug.exceptions.BadGateway", Status: http.StatusBadGateway,
			Message: "502 Bad Gateway: Odoo broke off before it answered. The call may have been carried out; look before you send it again"}, BadGateway
	}
}

// afterPause is when Odoo may be reached again: not before the circuit breaker lets an attempt through.
func afterPause(e *upstream.Error) time.Duration {
	var refused *upstream.RefusedError
	if errors.As(e, &refused) {
		return max(refused.Pause, soon)
	}
	return soon
}

// answerUnusable is an answer of Odoo's that came and makes no sense.
func answerUnusable() *rpc.Error {
	return &rpc.Error{Class: "werkzeug.exceptions.BadGateway", Status: http.StatusBadGateway,
		Message: "502 Bad Gateway: Odoo's answer could not be passed on; the bridge's log says why. " +
			"The request may have been carried out; look before you send it again"}
}

func bodyTooLarge(limit int64) *rpc.Error {
	return &rpc.Error{Class: "werkzeug.exceptions.RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
		Message: fmt.Sprintf("413 Request Entity Too Large: the body is larger than %d bytes; send less at once, or raise max_body", limit)}
}

func bodyNoRoom() *rpc.Error {
	return &rpc.Error{Class: "werkzeug.exceptions.ServiceUnavailable", Status: http.StatusServiceUnavailable, RetryAfter: soon,
		Message: "503 Service Unavailable: the bodies of other requests leave no room for this one. The call was not sent; try again"}
}

func bodyTooSlow(pause time.Duration) *rpc.Error {
	return &rpc.Error{Class: "werkzeug.exceptions.RequestTimeout", Status: http.StatusRequestTimeout,
		Message: fmt.Sprintf("408 Request Timeout: nothing more of the body came for %v; send it without such pauses, or raise body_timeout", pause)}
}

func bodyBroken() *rpc.Error {
	return &rpc.Error{Class: "werkzeug.exceptions.BadRequest", Status: http.StatusBadRequest,
		Message: "400 Bad Request: the body ends before its Content-Length says, or its chunks can't be read; send all of it"}
}
