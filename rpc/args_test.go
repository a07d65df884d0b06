package rpc

import (
	"net/http"
	"strings"
	"testing"
)

// TestMaxArgs: as many arguments as maxArgs are read, one more is refused, in either protocol.
func TestMaxArgs(t *testing.T) {
	for _, n := range []int{maxArgs, maxArgs + 1} {
		json := `{"params": {"service": "object", "method": "execute", "args": [` + strings.Repeat("0,", n-1) + `0]}}`
		xml := "<methodCall><methodName>execute</methodName><params>" + strings.Repeat("<param><value/></param>", n) + "</params></methodCall>"
		for name, parse := range map[string]func(*Envelope) error{
			"JSON": func(e *Envelope) error { return e.ParseJSON([]byte(json), 18) },
			"XML":  func(e *Envelope) error { return e.ParseXML(XMLRPC2, "object", []byte(xml), 18) },
		} {
			var e Envelope
			err := parse(&e)
			if n == maxArgs && (err != nil || len(e.Args) != n) {
				t.Errorf("%s: %d arguments: %d read, %v", name, n, len(e.Args), err)
			}
			if wire, ok := err.(*Error); n > maxArgs && (!ok || wire.Status != http.StatusBadRequest) {
				t.Errorf("%s: %d arguments: %v, want 400", name, n, err)
			}
		}
	}
}
