package main

import (
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// newLog writes JSON lines with UTC times to w. level is one that checkLogLevel let through. What was logged is on w once
// flush has returned.
func newLog(w io.Writer, level string) (log zerolog.Logger, flush func()) {
	zerolog.TimestampFunc = func() time.Time { return time.Now().UTC() }
	zerolog.TimeFieldFormat = time.RFC3339Nano
	l, err := zerolog.ParseLevel(level)
	if err != nil {
		l = zerolog.InfoLevel
	}
	lines := &lineWriter{w: w}
	return zerolog.New(lines).Level(l).With().Timestamp().Logger(), lines.flush
}

const (
	// logDelay is how long a line of level info may wait for others to be written with it. A write for every call is a
	// twentieth of what a small call costs.
	logDelay = 50 * time.Millisecond
	// logPiece is how much waits at most.
	logPiece = 32 << 10
)

// lineWriter gathers lines for a moment. Warnings and errors do not wait, nor what was logged before them.
type lineWriter struct {
	w io.Writer

	mu      sync.Mutex
	waiting []byte
	timer   *time.Timer // nil while nothing waits
}

// WriteLevel implements zerolog.LevelWriter.
func (l *lineWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, line...)
	switch {
	case level >= zerolog.WarnLevel || len(l.waiting) >= logPiece:
		return len(line), l.write()
	case l.timer == nil:
		l.timer = time.AfterFunc(logDelay, l.flush)
	}
	return len(line), nil
}

func (l *lineWriter) Write(line []byte) (int, error) { return l.WriteLevel(zerolog.NoLevel, line) }

func (l *lineWriter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.write() // a log that can't be written has no one to tell
}

func (l *lineWriter) write() error {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if len(l.waiting) == 0 {
		return nil
	}
	_, err := l.w.Write(l.waiting)
	l.waiting = l.waiting[:0]
	return err
}
