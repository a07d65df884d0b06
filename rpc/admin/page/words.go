package page

import (
	"odoobridge/rpc/bridge"
	"odoobridge/rpc/traffic"
)

// outcomes are how a call can end, in words for an administrator.
var outcomes = map[bridge.Outcome]string{
	bridge.Forwarded:   "forwarded to Odoo",
	bridge.Answered:    "answered here",
	bridge.Denied:      "access denied",
	bridge.Invalid:     "no call in the request",
	bridge.Limited:     "too often",
	bridge.Overloaded:  "too much to do",
	bridge.Unavailable: "PostgreSQL is away",
	bridge.BadGateway:  "Odoo is away or broke off",
	bridge.Timeout:     "Odoo took too long",
	bridge.Canceled:    "the caller went away",
}

// details are what can be told besides, in the words of package auth, the queue and the connection to Odoo.
var details = map[string]string{
	"denied":           "wrong, missing or refused credentials",
	"unknown_database": "no such database",
	"unknown_user":     "no such user",
	"no_password":      "no password",
	"cooldown":         "too many login failures",
	"unavailable":      "users and keys can't be read",
	"overloaded":       "too many passwords to check",
	"needs_addon":      "an archived user, and no add-on in Odoo",
	"policy":           "by a policy rule",
	"own_limit":        "too many calls of one caller wait",
	"queue_full":       "too many calls wait in all",
	"queue_timeout":    "no place at Odoo came free in time",
	"breaker_open":     "connecting failed, and is not tried for a moment",
}

func describeOutcome(o bridge.Outcome) string { return some(outcomes[o], string(o)) }

// describeKind says what went wrong.
func describeKind(k traffic.Kind) string {
	if k.Outcome == bridge.Forwarded || k.Outcome == bridge.Answered {
		return "login refused: " + some(details[k.Detail], "wrong credentials")
	}
	text := describeOutcome(k.Outcome)
	if k.Detail != "" {
		text += ": " + some(details[k.Detail], k.Detail)
	}
	return text
}
