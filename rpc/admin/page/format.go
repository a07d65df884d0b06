package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// functions are what templates can call.
var functions = template.FuncMap{
	"number":   number,
	"took":     took,
	"size":     size,
	"share":    share,
	"ago":      ago,
	"clock":    func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"stamp":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"machine":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"plural":   plural,
	"asset":    func(name string) string { return assetNames[name] },
	"percent":  percent,
	"lines":    func(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") },
	"some":     func(s, otherwise string) string { return some(s, otherwise) },
	"describe": describeKind,
}

func some(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// number is a whole number with a narrow space before each three digits.
func number(n any) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}

// took is a duration in three digits or so.
func took(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d == 0:
		return "–"
	case ms < 1:
		return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
	case ms < 100:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	case ms < 1000:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

func size(n int64) string {
	const unit = 1024
	if n < unit {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, names := float64(n)/unit, []string{"KiB", "MiB", "GiB", "TiB"}
	for len(names) > 1 && v >= unit {
		v, names = v/unit, names[1:]
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + names[0]
}

// share is part of whole in percent.
func share(part, whole uint64) string {
	if whole == 0 {
		return "0 %"
	}
	return percent(100 * float64(part) / float64(whole))
}

func percent(v float64) string {
	switch {
	case v == 0:
		return "0 %"
	case v < 0.1:
		return "< 0.1 %"
	case v < 10:
		return strconv.FormatFloat(v, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " %"
}

// ago is how long before now t was.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	switch d := now.Sub(t); {
	case d < 2*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}

func plural(n any, one, many string) string {
	if s := fmt.Sprint(n); s == "1" {
		return "1 " + one
	}
	return number(n) + " " + many
}
