package rpc_test

import (
	"testing"

	"odoobridge/rpc"
)

// TestFaultsAreMarkedIn18Only: recorded for 15, 18 and 19; tried on a 17.
func TestFaultsAreMarkedIn18Only(t *testing.T) {
	for series, want := range map[rpc.Series]bool{15: false, 16: false, 17: false, 18: true, 19: false} {
		marked := false
		for _, h := range rpc.ErrorReply(rpc.XMLRPC2, series, nil, rpc.AccessDenied()).Header {
			marked = marked || h.Name == "X-Content-Type-Options"
		}
		if marked != want {
			t.Errorf("series %d: nosniff %v, want %v", series, marked, want)
		}
	}
}
