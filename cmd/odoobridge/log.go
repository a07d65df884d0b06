package main

import (
	"io"
	"time"

	"github.com/rs/zerolog"
)

// newLog writes JSON lines with UTC times to w. level is one that checkLogLevel let through.
func newLog(w io.Writer, level string) zerolog.Logger {
	zerolog.TimestampFunc = func() time.Time { return time.Now().UTC() }
	zerolog.TimeFieldFormat = time.RFC3339Nano
	l, err := zerolog.ParseLevel(level)
	if err != nil {
		l = zerolog.InfoLevel
	}
	return zerolog.New(w).Level(l).With().Timestamp().Logger()
}
