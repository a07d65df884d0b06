package page

import (
	"fmt"
	"math"
	"strings"
	"time"

	"odoobridge/rpc/traffic"
)

// The plots are drawn in these units, and scaled to the page.
const (
	plotWidth, plotHeight   = 720.0, 190.0
	plotLeft, plotTop       = 52.0, 8.0
	plotRight, plotBottom   = plotWidth - 6, plotHeight - 24
	innerWidth, innerHeight = plotRight - plotLeft, plotBottom - plotTop
	barGap                  = 1.5
)

// plot is what a template draws. Its texts are what those have who can't see it.
type plot struct {
	ID, Title, Text string
	Width, Height   float64
	Left, Right     float64
	Bottom          float64
	Bars            []bar
	Curves          []curve
	Rows, Columns   []tick
	Legend          []legend
}

type bar struct {
	Class               string
	X, Y, Width, Height float64
	Text                string
}

type curve struct{ Class, Path string }

type tick struct {
	At   float64
	Text string
}

type legend struct{ Class, Text string }

func newPlot(id, title string, minutes []traffic.Minute) *plot {
	p := &plot{ID: id, Title: title, Width: plotWidth, Height: plotHeight, Left: plotLeft, Right: plotRight, Bottom: plotBottom}
	for i, m := range minutes {
		if at := m.Start.UTC(); at.Minute()%15 == 0 {
			p.Columns = append(p.Columns, tick{columnAt(i, len(minutes)) + columnWidth(len(minutes))/2, at.Format("15:04")})
		}
	}
	return p
}

func columnWidth(n int) float64       { return innerWidth / float64(n) }
func columnAt(i, n int) float64       { return round(plotLeft + float64(i)*columnWidth(n)) }
func round(v float64) float64         { return math.Round(v*10) / 10 }
func clockOf(m traffic.Minute) string { return m.Start.UTC().Format("15:04") }

// callsPlot is calls by minute, each a column of those that went well, were refused and failed.
func callsPlot(minutes []traffic.Minute) *plot {
	p := newPlot("calls", "Calls per minute", minutes)
	var most, sum uint64
	busiest := minutes[0]
	for _, m := range minutes {
		if m.Calls > most {
			most, busiest = m.Calls, m
		}
		sum += m.Calls
	}
	top, step := niceScale(float64(most))
	for v := 0.0; v <= top; v += step {
		p.Rows = append(p.Rows, tick{round(plotBottom - v/top*innerHeight), number(uint64(v))})
	}
	width := round(columnWidth(len(minutes)) - barGap)
	for i, m := range minutes {
		y := plotBottom
		for _, part := range []struct {
			class, text string
			n           uint64
		}{
			{"fine", "went well", m.Calls - m.Refused - m.Failed}, {"refused", "refused", m.Refused}, {"failed", "failed", m.Failed},
		} {
			if part.n == 0 {
				continue
			}
			h := math.Max(float64(part.n)/top*innerHeight, 1) // a few among many stay visible
			y -= h
			p.Bars = append(p.Bars, bar{part.class, columnAt(i, len(minutes)), round(y), width, round(h),
				fmt.Sprintf("%s: %s %s", clockOf(m), number(part.n), part.text)})
		}
	}
	p.Legend = []legend{{"fine", "went well"}, {"refused", "refused"}, {"failed", "failed"}}
	p.Text = "No calls in the last hour."
	if sum > 0 {
		p.Text = fmt.Sprintf("%s in the last hour; the busiest minute was %s with %s.", plural(sum, "call", "calls"), clockOf(busiest), number(most))
	}
	return p
}

// niceScale is where an axis ends that has to have room for most, and the step of its rows.
func niceScale(most float64) (top, step float64) {
	const rows = 4
	most = math.Max(most, rows)
	step = math.Pow(10, math.Floor(math.Log10(most/rows)))
	for _, factor := range []float64{1, 2, 2.5, 5, 10} {
		if s := step * factor; s*rows >= most && s == math.Floor(s) {
			return s * rows, s
		}
	}
	return step * 10 * rows, step * 10
}

// latencyPlot is how long calls took, by minute, on an axis whose every row is ten times the one below.
func latencyPlot(minutes []traffic.Minute) *plot {
	p := newPlot("latency", "Duration of calls", minutes)
	low, high := time.Duration(math.MaxInt64), time.Duration(0)
	for _, m := range minutes {
		if m.Calls > 0 {
			low, high = min(low, m.Took.P50), max(high, m.Took.P99)
		}
	}
	p.Legend = []legend{{"p99", "99th percentile"}, {"p95", "95th"}, {"p50", "median"}}
	if high == 0 {
		low, high = time.Millisecond, 100*time.Millisecond
		p.Text = "No calls in the last hour."
	} else {
		p.Text = fmt.Sprintf("Medians from %s, 99th percentiles up to %s; rows are powers of ten.", took(low), took(high))
	}
	floor := math.Floor(math.Log10(math.Max(low.Seconds(), 1e-5)))
	ceiling := math.Max(math.Ceil(math.Log10(math.Max(high.Seconds(), 1e-5))), floor+1)
	height := func(d time.Duration) float64 {
		v := (math.Log10(math.Max(d.Seconds(), 1e-6)) - floor) / (ceiling - floor)
		return round(plotBottom - math.Min(math.Max(v, 0), 1)*innerHeight)
	}
	for e := floor; e <= ceiling; e++ {
		d := time.Duration(math.Pow(10, e) * float64(time.Second))
		p.Rows = append(p.Rows, tick{height(d), shortDuration(d)})
	}
	for _, c := range []struct {
		class string
		of    func(traffic.Percentiles) time.Duration
	}{
		{"p99", func(t traffic.Percentiles) time.Duration { return t.P99 }},
		{"p95", func(t traffic.Percentiles) time.Duration { return t.P95 }},
		{"p50", func(t traffic.Percentiles) time.Duration { return t.P50 }},
	} {
		p.Curves = append(p.Curves, curve{c.class, curvePath(minutes, func(m traffic.Minute) float64 { return height(c.of(m.Took)) })})
	}
	return p
}

func shortDuration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}

// curvePath is a line through the minutes that have calls; one between two that have none is a dash of a column's width.
func curvePath(minutes []traffic.Minute, height func(traffic.Minute) float64) string {
	var b strings.Builder
	n := len(minutes)
	has := func(i int) bool { return i >= 0 && i < n && minutes[i].Calls > 0 }
	for i, m := range minutes {
		if !has(i) {
			continue
		}
		x, y := columnAt(i, n)+columnWidth(n)/2, height(m)
		switch {
		case !has(i-1) && !has(i+1):
			fmt.Fprintf(&b, "M%.1f %.1fh%.1f", x-columnWidth(n)/2, y, columnWidth(n))
		case !has(i - 1):
			fmt.Fprintf(&b, "M%.1f %.1f", x, y)
		default:
			fmt.Fprintf(&b, "L%.1f %.1f", x, y)
		}
	}
	return b.String()
}

// The size of a sparkline, in its units.
const sparkWidth, sparkHeight = 120.0, 18.0

// spark is a small line of calls by minute.
func spark(trend [traffic.Minutes]uint32) string {
	var most uint32 = 1
	for _, n := range trend {
		most = max(most, n)
	}
	var b strings.Builder
	for i, n := range trend {
		op := 'L'
		if i == 0 {
			op = 'M'
		}
		fmt.Fprintf(&b, "%c%.1f %.1f", op, float64(i)*sparkWidth/(traffic.Minutes-1), sparkHeight-1-float64(n)/float64(most)*(sparkHeight-2))
	}
	return b.String()
}
