package sandbox

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// moment reads a date or datetime of a domain of series 19: ISO 8601, or relative to now as in "today -1w" or "=monday".
// isDate says that it is a date.
func (e *env) moment(v any, kind string) (at time.Time, isDate bool, err error) {
	text, ok := v.(string)
	if !ok {
		article := map[string]string{"date": "a date", "datetime": "a datetime"}[kind]
		return at, false, valueError("Failed to cast " + repr(v) + " into " + article)
	}
	if at, isDate, err = isoTime(text); err == nil || startsWithNumber.MatchString(text) {
		return e.midnight(at, isDate && kind == "datetime"), isDate, err
	}
	at, isDate, err = e.relativeTime(text)
	return e.midnight(at, isDate && kind == "datetime"), isDate, err
}

// midnight is when a day begins in the user's time zone.
func (e *env) midnight(at time.Time, shift bool) time.Time {
	if zone, err := time.LoadLocation(e.zone()); shift && err == nil {
		return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone).UTC()
	}
	return at
}

// zone is the time zone of the context, else that of the user, else UTC.
func (e *env) zone() string {
	if zone, _ := e.context.get("tz"); truthy(zone) {
		return str(zone)
	}
	return "UTC"
}

var (
	startsWithNumber = regexp.MustCompile(`^\d+-`)
	isoPattern       = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})(?:.(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?)?$`)
)

// isoTime is Python's date.fromisoformat up to ten characters and datetime.fromisoformat beyond, with their errors.
func isoTime(text string) (at time.Time, isDate bool, err error) {
	isDate = len(text) <= len(dateLayout)
	parts := isoPattern.FindStringSubmatch(text)
	if parts == nil || isDate && parts[4] != "" {
		return at, isDate, valueError("Invalid isoformat string: " + repr(text))
	}
	var n [7]int
	for i, part := range parts[1:7] {
		n[i], _ = strconv.Atoi(part)
	}
	limits := []struct {
		value, low, high int
		message          string
	}{
		{n[0], 1, 9999, fmt.Sprintf("year %d is out of range", n[0])}, {n[1], 1, 12, "month must be in 1..12"},
		{n[2], 1, time.Date(n[0], time.Month(n[1])+1, 0, 0, 0, 0, 0, time.UTC).Day(), "day is out of range for month"},
		{n[3], 0, 23, "hour must be in 0..23"}, {n[4], 0, 59, "minute must be in 0..59"}, {n[5], 0, 59, "second must be in 0..59"},
	}
	for _, limit := range limits {
		if limit.value < limit.low || limit.value > limit.high {
			return at, isDate, valueError(limit.message)
		}
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC), isDate, nil
}

// relativeTime is a time relative to now: "today" or "now", then offsets such as +3d, -1m, =1d or =monday.
func (e *env) relativeTime(text string) (at time.Time, isDate bool, err error) {
	terms := strings.Fields(text)
	if len(terms) == 0 {
		return at, false, valueError("Empty date value")
	}
	zone, err := time.LoadLocation(e.zone())
	if err != nil {
		zone = time.UTC
	}
	at = time.Now().In(zone)
	if terms[0] == "today" || terms[0] == "now" {
		isDate, terms = terms[0] == "today", terms[1:]
	}
	if isDate {
		at = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	}
	for _, term := range terms {
		moved, ok := offset(at, term)
		if !ok {
			return at, isDate, valueError("Invalid term " + repr(term) + " in expression date: " + repr(text))
		}
		at = moved
	}
	return at.UTC(), isDate, nil
}

var weekdays = map[string]int{
	"sunday": 0, "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "week_start": 0,
}

// offset applies one term of a relative time.
func offset(at time.Time, term string) (time.Time, bool) {
	sign := term[0]
	if len(term) < 3 || sign != '+' && sign != '-' && sign != '=' {
		return at, false
	}
	start := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
	if day, ok := weekdays[term[1:]]; ok {
		days := day - int(at.Weekday())
		switch {
		case sign == '+' && days < 0:
			days += 7
		case sign == '-' && days > 0:
			days -= 7
		case sign == '=':
			at = start
		}
		return at.AddDate(0, 0, days), true
	}
	n, err := strconv.Atoi(term[1 : len(term)-1])
	if err != nil {
		return at, false
	}
	if sign == '=' {
		return setPart(at, start, term[len(term)-1], n)
	}
	if sign == '-' {
		n = -n
	}
	return addPart(at, term[len(term)-1], n)
}

func addPart(at time.Time, unit byte, n int) (time.Time, bool) {
	switch unit {
	case 'd':
		return at.AddDate(0, 0, n), true
	case 'w':
		return at.AddDate(0, 0, 7*n), true
	case 'm', 'y':
		if unit == 'y' {
			n *= 12
		}
		moved := at.AddDate(0, n, 0)
		if moved.Day() != at.Day() { // the last day of the month, as relativedelta has it
			moved = moved.AddDate(0, 0, -moved.Day())
		}
		return moved, true
	case 'H':
		return at.Add(time.Duration(n) * time.Hour), true
	case 'M':
		return at.Add(time.Duration(n) * time.Minute), true
	case 'S':
		return at.Add(time.Duration(n) * time.Second), true
	}
	return at, false
}

func setPart(at, start time.Time, unit byte, n int) (time.Time, bool) {
	switch unit {
	case 'd':
		return time.Date(at.Year(), at.Month(), n, 0, 0, 0, 0, at.Location()), true
	case 'm':
		return time.Date(at.Year(), time.Month(n), at.Day(), 0, 0, 0, 0, at.Location()), true
	case 'y':
		return time.Date(n, at.Month(), at.Day(), 0, 0, 0, 0, at.Location()), true
	case 'H':
		return start.Add(time.Duration(n) * time.Hour), true
	case 'M':
		return start.Add(time.Duration(at.Hour())*time.Hour + time.Duration(n)*time.Minute), true
	case 'S':
		return at.Truncate(time.Minute).Add(time.Duration(n) * time.Second), true
	}
	return at, false
}

// zoneLiteral is a time zone's name as SQL.
func zoneLiteral(zone any) string {
	text, _ := literal(str(zone)) // a name that PostgreSQL does not know is its error to tell
	return text
}
