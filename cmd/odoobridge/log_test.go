package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// writes remembers each write.
type writes struct {
	mu  sync.Mutex
	all []string
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, string(bytes.Clone(p)))
	return len(p), nil
}

func (w *writes) lines() (n, lines int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.all), strings.Count(strings.Join(w.all, ""), "\n")
}

// TestLogGathersLines: lines of info wait for each other but not for ever, a warning takes all with it, and flush leaves
// none behind.
func TestLogGathersLines(t *testing.T) {
	var w writes
	log, flush := newLog(&w, "info")
	log.Debug().Msg("not asked for")
	log.Info().Msg("one")
	log.Info().Msg("two")
	if n, _ := w.lines(); n != 0 {
		t.Fatalf("%d writes at once", n)
	}
	log.Warn().Msg("three")
	if n, lines := w.lines(); n != 1 || lines != 3 {
		t.Errorf("%d writes of %d lines after a warning, want 1 of 3", n, lines)
	}
	log.Info().Msg("four")
	flush()
	if n, lines := w.lines(); n != 2 || lines != 4 {
		t.Errorf("%d writes of %d lines after flush, want 2 of 4", n, lines)
	}
	log.Info().Msg("five")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, lines := w.lines(); lines == 5 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a line waits for ever")
		}
	}
	for range 2 * logPiece / 50 {
		log.Info().Msg(strings.Repeat("x", 50))
	}
	if n, _ := w.lines(); n < 4 {
		t.Errorf("%d writes: what waits knows no bound", n)
	}
}
