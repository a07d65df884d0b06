//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// measurement is what wrk saw.
type measurement struct {
	rate float64 // calls per second
	p99  time.Duration
}

var (
	rateLine = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	p99Line  = regexp.MustCompile(`99%\s+([\d.]+)(us|ms|s)\b`)
	badLine  = regexp.MustCompile(`(Non-2xx or 3xx responses|Socket errors): .*`)
)

// load sends c's call as fast as it is answered.
func load(ctx context.Context, dir string, c contestant, o options) (measurement, error) {
	script := filepath.Join(dir, "load.lua")
	if err := os.WriteFile(script, []byte(lua(c)), 0o644); err != nil {
		return measurement{}, err
	}
	out, err := exec.CommandContext(ctx, "wrk", "-t", "1", "-c", strconv.Itoa(o.connections), "-d", fmt.Sprintf("%ds", o.seconds),
		"--latency", "-s", script, c.url).CombinedOutput()
	if err != nil {
		return measurement{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	if bad := badLine.Find(out); bad != nil {
		return measurement{}, fmt.Errorf("wrk: %s", bad)
	}
	rate, p99 := rateLine.FindSubmatch(out), p99Line.FindSubmatch(out)
	if rate == nil || p99 == nil {
		return measurement{}, fmt.Errorf("wrk printed no figures: %s", out)
	}
	var m measurement
	if m.rate, err = strconv.ParseFloat(string(rate[1]), 64); err != nil {
		return m, err
	}
	m.p99, err = time.ParseDuration(string(p99[1]) + string(p99[2]))
	return m, err
}

// lua is c's call as a script for wrk.
func lua(c contestant) string {
	var b strings.Builder
	fmt.Fprintf(&b, "wrk.method = \"POST\"\nwrk.body = [==[%s]==]\nwrk.headers[\"Content-Type\"] = %q\n", c.body, c.contentType)
	for _, h := range c.headers {
		fmt.Fprintf(&b, "wrk.headers[%q] = %q\n", h[0], h[1])
	}
	return b.String()
}
