//go:build unix

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// figure is a line of the second table: what is not a rate beside nginx's.
type figure struct{ name, goal, got string }

// figures measures them, each beside what it is to be held against, in the same rounds.
func (w *world) figures(ctx context.Context, o options) ([]figure, error) {
	all := []figure{}
	for _, measure := range []func(context.Context, options) ([]figure, error){w.added, w.logins, w.search, w.starts} {
		some, err := measure(ctx, o)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// added is what each adds to the 99th percentile of the null upstream at 1,000 calls a second.
func (w *world) added(ctx context.Context, o options) ([]figure, error) {
	p99 := make([][]time.Duration, len(w.contestants))
	for range o.rounds {
		for i, c := range w.contestants {
			d, err := paced(ctx, c, 1000, time.Duration(o.seconds)*time.Second)
			if err != nil {
				return nil, err
			}
			p99[i] = append(p99[i], d)
		}
	}
	var all []figure
	for i, c := range w.contestants[1:] {
		goal := ""
		if strings.HasPrefix(c.name, "odoobridge") {
			goal = "under 1 ms"
		}
		more := make([]time.Duration, o.rounds)
		for round := range more {
			more[round] = p99[i+1][round] - p99[0][round]
		}
		all = append(all, figure{"p99 added at 1,000 calls/s, " + c.name, goal, span(more)})
	}
	return all, nil
}

// logins is what a repeated common.authenticate takes. Odoo hashes the password anew for each.
func (w *world) logins(ctx context.Context, o options) ([]figure, error) {
	authenticate := func(login, password string) string {
		return fmt.Sprintf(`{"jsonrpc": "2.0", "method": "call", "id": 1, "params": {"service": "common", "method": "authenticate", `+
			`"args": ["odoo18", %q, %q, {}]}}`, login, password)
	}
	var all []figure
	for _, c := range []contestant{
		{name: "by the call", body: authenticate("rpcuser", "rpcuser-pw")},
		{name: "by API-KEY", body: authenticate("", ""), headers: [][2]string{apiKey}},
		{name: "by Basic", body: authenticate("", ""),
			headers: [][2]string{{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("rpcuser:rpcuser-pw"))}}},
	} {
		c.url, c.contentType = w.url+"/jsonrpc", "application/json"
		var times []time.Duration
		for range o.rounds {
			d, err := repeated(ctx, c, 1000)
			if err != nil {
				return nil, err
			}
			times = append(times, d)
		}
		all = append(all, figure{"common.authenticate, repeated, " + c.name, "under 0.31 ms", span(times)})
	}
	return all, nil
}

// search is XML-RPC of 5,000 records by way of the bridge and JSON, beside asking for XML.
func (w *world) search(ctx context.Context, o options) ([]figure, error) {
	if w.marshaller == "" {
		return []figure{{"search_read of 5,000 records by XML-RPC, of asking directly", "at most 0.75", "python3 is not installed"}}, nil
	}
	direct := contestant{name: "the stand-in", url: w.marshaller + "/xmlrpc/2/object", contentType: "text/xml", body: xmlCall}
	bridged := contestant{name: "the bridge before the stand-in", url: w.transcoder + "/xmlrpc/2/object", contentType: "text/xml", body: xmlCall,
		headers: [][2]string{apiKey}}
	var ratios []float64
	var times [2][]time.Duration
	for range o.rounds {
		var round [2]time.Duration
		for i, c := range []contestant{direct, bridged} {
			var err error
			if round[i], err = repeated(ctx, c, 5); err != nil {
				return nil, err
			}
			times[i] = append(times[i], round[i])
		}
		ratios = append(ratios, float64(round[1])/float64(round[0]))
	}
	return []figure{
		{"search_read of 5,000 records by XML-RPC, of asking directly", "at most 0.75", spanOf(ratios, func(r float64) string { return fmt.Sprintf("%.2f", r) })},
		{"  asking directly, Odoo's marshalling alone", "", span(times[0])},
		{"  through the bridge", "", span(times[1])},
	}, nil
}

// starts is what passes from the start of serve to its ready line, with the database up.
func (w *world) starts(ctx context.Context, o options) ([]figure, error) {
	var times []time.Duration
	for range 2 * o.rounds {
		begin := time.Now()
		_, c, err := w.serve(ctx, w.null)
		if err != nil {
			return nil, err
		}
		times = append(times, time.Since(begin))
		c.stop()
	}
	return []figure{{"start of serve to ready", "under 200 ms", span(times)}}, nil
}
