package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// pqText is a member of a PostgreSQL array: its text, nil for NULL.
type pqText struct{ text *string }

// Scan takes what the driver gives.
func (p *pqText) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		p.text = nil
	case []byte:
		text := string(v)
		p.text = &text
	default:
		text := fmt.Sprint(v)
		p.text = &text
	}
	return nil
}

// value is the member as a value of a field.
func (p pqText) value(f *field) (any, error) {
	if p.text == nil {
		return nil, nil
	}
	switch f.kind {
	case "integer", "many2one", "many2one_reference":
		return toInt(*p.text)
	case "float", "monetary":
		return toFloat(*p.text)
	case "boolean":
		return *p.text == "t" || *p.text == "true", nil
	case "datetime":
		text, _, _ := strings.Cut(*p.text, ".")
		return text, nil
	}
	return *p.text, nil
}

// period is the name of the period that begins at a time, in English as en_US writes it.
func (e *env) period(at time.Time, granularity string) string {
	switch granularity {
	case "hour":
		return at.Format("03:00 02 Jan")
	case "day":
		return at.Format("02 Jan 2006")
	case "week":
		year, week := e.weekOf(at)
		if e.series < 16 {
			return fmt.Sprintf("W%d %d", week, year)
		}
		return fmt.Sprintf("W%d %04d", week, year)
	case "quarter":
		return fmt.Sprintf("Q%d %d", (int(at.Month())+2)/3, at.Year())
	case "year":
		return at.Format("2006")
	}
	return at.Format("January 2006")
}

// weekOf is the year and the number of a week of en_US: weeks begin on Sunday, and the first one is that of January 1. Up
// to series 15 it counts to the end of the year, later ones give the last days to the week of the next January 1.
func (e *env) weekOf(at time.Time) (year, week int) {
	sunday := func(t time.Time) time.Time { return t.AddDate(0, 0, -int(t.Weekday())) }
	first := func(year int) time.Time { return sunday(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)) }
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	if e.series >= 16 && !day.Before(first(day.Year()+1)) {
		return day.Year() + 1, 1
	}
	return day.Year(), int(day.Sub(first(day.Year())).Hours())/24/7 + 1
}
