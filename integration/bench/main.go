//go:build unix

// Command bench measures the bridge beside nginx, HAProxy and Caddy: the same null upstream behind each, the same load in
// turn, several rounds, and ratios instead of figures, since machines differ and are noisy. It needs wrk, nginx and
// haproxy on PATH, does without Caddy and Python, and installs nothing. Everything listens on loopback and ends with it.
//
//	go run ./integration/bench [-rounds 5] [-seconds 3] [-connections 16] [-o bench.txt]
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "how often each is measured")
	flag.IntVar(&o.seconds, "seconds", 3, "for how long each time")
	flag.IntVar(&o.connections, "connections", 16, "keep-alive connections of the load")
	flag.StringVar(&o.out, "o", "", "file for the table, besides standard output")
	bareAt := flag.String("bare", "", "be the bare server of the table at this address, before the URL that follows")
	flag.Parse()
	if *bareAt != "" {
		fmt.Fprintln(os.Stderr, "bench:", bare(*bareAt, flag.Arg(0))) // until it is stopped
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds, seconds, connections int
	out                          string
}

func run(ctx context.Context, o options) error {
	for _, program := range []string{"wrk", "nginx", "haproxy"} {
		if _, err := lookPath(program); err != nil {
			return fmt.Errorf("%s is not installed (Debian: apt-get install wrk nginx-light haproxy)", program)
		}
	}
	dir, err := os.MkdirTemp("", "odoobridge-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := startWorld(ctx, dir)
	if err != nil {
		return err
	}
	defer w.stop()

	rates := map[string][]float64{} // calls per second, by contestant
	slow := map[string][]time.Duration{}
	for range o.rounds {
		for _, c := range w.contestants {
			m, err := load(ctx, dir, c, o)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			rates[c.name] = append(rates[c.name], m.rate)
			slow[c.name] = append(slow[c.name], m.p99)
		}
	}
	figures, err := w.figures(ctx, o)
	if err != nil {
		return err
	}
	table := report(w, rates, slow, o) + goals(figures)
	fmt.Print(table)
	if o.out != "" {
		return os.WriteFile(o.out, []byte(table), 0o644)
	}
	return nil
}

// ratioGoals are the ratios to nginx that are to be reached.
var ratioGoals = map[string]string{"odoobridge, JSON-RPC, API-KEY": "0.60", "odoobridge, XML-RPC transcoded": "0.45"}

// report is a line for each contestant: its median, and the median of its ratios to nginx within each round.
func report(w *world, rates map[string][]float64, slow map[string][]time.Duration, o options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rounds of %d s, %d connections, load and all servers on %d CPUs of one machine, %s\n\n",
		o.rounds, o.seconds, o.connections, runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(&b, "%-34s %12s %8s %20s %8s %10s\n", "", "calls/s", "of nginx", "(lowest .. highest)", "goal", "p99")
	for _, c := range w.contestants {
		base := rates["nginx"]
		ratios := make([]float64, len(base))
		for i := range base {
			ratios[i] = rates[c.name][i] / base[i]
		}
		fmt.Fprintf(&b, "%-34s %12.0f %8.2f %9.2f .. %7.2f %8s %10s\n", c.name, median(rates[c.name]), median(ratios),
			slices.Min(ratios), slices.Max(ratios), ratioGoals[c.name], median(slow[c.name]).Round(10*time.Microsecond))
	}
	if caddy := rates["caddy"]; caddy != nil {
		ratios := make([]float64, len(caddy))
		for i := range caddy {
			ratios[i] = rates["odoobridge, JSON-RPC, API-KEY"][i] / caddy[i]
		}
		fmt.Fprintf(&b, "odoobridge, JSON-RPC, of caddy: %s; goal: at least 1.8\n", spanOf(ratios, func(r float64) string { return fmt.Sprintf("%.2f", r) }))
	}
	for _, name := range w.missing {
		fmt.Fprintf(&b, "%s is not installed (Debian: apt-get install %[1]s) and was left out\n", name)
	}
	return b.String()
}

// goals is the table of the figures that are no rates.
func goals(figures []figure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-66s %-14s %s\n", "", "goal", "median (lowest .. highest)")
	for _, f := range figures {
		fmt.Fprintf(&b, "%-66s %-14s %s\n", f.name, f.goal, f.got)
	}
	return b.String()
}

// span is the median of times, with the lowest and the highest.
func span(times []time.Duration) string {
	return spanOf(times, func(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) })
}

func spanOf[T float64 | time.Duration](values []T, print func(T) string) string {
	return fmt.Sprintf("%s (%s .. %s)", print(median(values)), print(slices.Min(values)), print(slices.Max(values)))
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// lookPath also finds what Debian keeps in /usr/sbin, which is not on everyone's PATH.
func lookPath(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", program))
}

// child is a program that runs until it is stopped.
type child struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
}

// spawn starts a program that keeps its files, if it keeps any, in dir.
func spawn(dir, name string, args ...string) (*child, error) {
	path, err := lookPath(name)
	if err != nil {
		return nil, err
	}
	return spawnPath(dir, path, args...)
}

func spawnPath(dir, path string, args ...string) (*child, error) {
	c := &child{exec.Command(path, args...), new(bytes.Buffer)}
	c.cmd.Stdout, c.cmd.Stderr = c.output, c.output
	c.cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	return c, c.cmd.Start()
}

func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = c.cmd.Wait()
}
