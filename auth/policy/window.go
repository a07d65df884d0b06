package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the program runs where there are no time zones installed, in a container with nothing else in it
)

// window is a time of the week. One that ends before it begins goes on after midnight, into the day after one of its days.
type window struct {
	days     uint8 // bits by time.Weekday
	from, to int   // minutes since midnight; to is not in it. Both 0 is the whole day.
	zone     *time.Location
}

const everyDay = 1<<7 - 1

func (w *window) has(t time.Time) bool {
	t = t.In(w.zone)
	hour, minute, _ := t.Clock()
	now := hour*60 + minute
	today := w.days&(1<<t.Weekday()) != 0
	switch {
	case w.from == w.to:
		return today
	case w.from < w.to:
		return today && w.from <= now && now < w.to
	}
	yesterday := w.days&(1<<((t.Weekday()+6)%7)) != 0
	return today && w.from <= now || yesterday && now < w.to
}

// covers tells whether w, where nil is always, is all of other, as far as that is easily seen.
func (w *window) covers(other *window) bool {
	return w == nil || other != nil && w.days == other.days && w.from == other.from && w.to == other.to && w.zone.String() == other.zone.String()
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseDays reads a day, "sat", or several, "mon-fri".
func parseDays(text string) (uint8, error) {
	first, last, several := strings.Cut(text, "-")
	from, to := weekday(first), weekday(last)
	if !several {
		to = from
	}
	if from < 0 || to < 0 {
		return 0, fmt.Errorf("%q is no day: write sun, mon, tue, wed, thu, fri, sat, or several as mon-fri", text)
	}
	var days uint8
	for d := from; ; d = (d + 1) % 7 {
		days |= 1 << d
		if d == to {
			return days, nil
		}
	}
}

func weekday(name string) int {
	for i, d := range weekdays {
		if strings.EqualFold(strings.TrimSpace(name), d) {
			return i
		}
	}
	return -1
}

// parseClock reads a time of the day, "08:30" or "24:00", in minutes.
func parseClock(text string) (int, error) {
	hour, minute, ok := strings.Cut(text, ":")
	h, herr := strconv.ParseUint(hour, 10, 8)
	m, merr := strconv.ParseUint(minute, 10, 8)
	if !ok || herr != nil || merr != nil || len(minute) != 2 || m > 59 || h > 24 || h == 24 && m > 0 {
		return 0, fmt.Errorf("%q is no time of the day such as \"08:30\"", text)
	}
	return int(h*60 + m), nil
}

// parseZone reads the name of a time zone.
func parseZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no time zone such as Europe/Paris or UTC", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone such as Europe/Paris or UTC", name)
	}
	return zone, nil
}
