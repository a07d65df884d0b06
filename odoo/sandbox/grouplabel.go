package sandbox

import (
	"time"
)

// groupLabel is what a group is called, and the domain of the records in it.
type groupLabel struct {
	shown    any
	domain   []any
	temporal bool // a period, whose span is false where there is no date
	span     any
	start    string
}

// groupLabel names the group of a value.
func (e *env) groupLabel(t groupTerm, v any) (groupLabel, error) {
	f := t.field
	switch at, isTime := v.(time.Time); {
	case isTime && (f.kind == "date" || f.kind == "datetime"):
		return e.periodLabel(t, at), nil
	case f.kind == "date" || f.kind == "datetime":
		return datePartLabel(e, t, v), nil
	case f.kind == "many2one" || f.kind == "many2many" || f.name == "id" && e.series >= 16:
		return e.recordLabel(t.model, f, v)
	}
	if v == nil {
		return groupLabel{shown: false, domain: equals(f.name, false)}, nil
	}
	shown, err := e.convert(f, v)
	return groupLabel{shown: shown, domain: equals(f.name, shown)}, err
}

// equals is the domain of one condition.
func equals(name string, v any) []any { return []any{[]any{name, "=", v}} }

func (e *env) recordLabel(m *model, f *field, v any) (groupLabel, error) {
	id, ok := v.(int64)
	if !ok {
		empty := groupLabel{shown: false, domain: equals(f.name, false)}
		if f.kind == "many2many" && e.series >= 16 {
			empty.domain = []any{[]any{f.name, "not any", []any{}}}
		}
		return empty, nil
	}
	co := e.models[f.comodel]
	if f.name == "id" {
		co = m
	}
	names, err := e.superuser().displayNames(co, []int64{id})
	return groupLabel{shown: []any{id, names[id]}, domain: equals(f.name, id)}, err
}

// datePartLabel is the label of a part of a date that is a number, and of a date that is not set.
func datePartLabel(e *env, t groupTerm, v any) groupLabel {
	if v == nil {
		l := groupLabel{shown: false, domain: equals(t.field.name, false), temporal: true, span: false}
		_, isNumber := numberParts[t.granularity]
		if isNumber {
			l.domain = equals(t.field.name+"."+t.granularity, false)
		}
		return l
	}
	return groupLabel{shown: v, domain: equals(t.field.name+"."+t.granularity, v)}
}

// periodLabel names a period and tells its begin and end; those of a datetime are in UTC, the period being the user's.
func (e *env) periodLabel(t groupTerm, start time.Time) groupLabel {
	layout := dateLayout
	end := timeSteps[t.granularity](start)
	label := e.period(start, t.granularity)
	if t.field.kind == "datetime" {
		layout = datetimeLayout
		if zone, err := time.LoadLocation(e.zone()); err == nil {
			start, end = inZone(start, zone), inZone(end, zone)
		}
	}
	from, to := start.UTC().Format(layout), end.UTC().Format(layout)
	if t.field.kind == "date" {
		from, to = start.Format(layout), end.Format(layout)
	}
	name := t.field.name
	return groupLabel{
		shown: label, temporal: true, span: newDict("from", from, "to", to), start: from,
		domain: []any{"&", []any{name, ">=", from}, []any{name, "<", to}},
	}
}

// inZone is the moment at which a clock of a time zone shows what at shows.
func inZone(at time.Time, zone *time.Location) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone)
}
