package trace

import (
	"testing"
	"time"

	"odoobridge/rpc/bridge"
	"odoobridge/rpc/trace/collectortest"
)

// BenchmarkCall is what a trace costs a call besides what a call costs, whether it is sampled or not.
func BenchmarkCall(b *testing.B) {
	for _, bm := range []struct{ name, parent string }{
		{"sampled", "00-" + caller + "-00f067aa0ba902b7-01"},
		{"not sampled", "00-" + caller + "-00f067aa0ba902b7-00"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			tr := start(b, collectortest.Start(b).URL)
			r, rec := request("POST", "/jsonrpc"), record(nil)
			b.ReportAllocs()
			for b.Loop() {
				s := tr.Start(r, time.Now(), bridge.TraceContext{Parent: bm.parent})
				s.Send("POST", "/jsonrpc")
				s.End(rec)
			}
		})
	}
}
