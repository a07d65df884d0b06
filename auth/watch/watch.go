// Package watch finds the files that a setting names, a file or those of a folder, and notices when they change: how the
// keys of the environment and the policies are read again without a restart.
package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Source is a file, or the files of a folder that have one of the extensions.
type Source struct {
	Path       string
	Extensions []string // with their dot; they count in a folder only
}

// Files are the paths of the files, those of a folder in the order of their names. Names that begin with a dot are left
// out, and folders within it.
func (s Source) Files() ([]string, error) {
	info, err := os.Stat(s.Path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{s.Path}, nil
	}
	entries, err := os.ReadDir(s.Path) // sorted by name
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if slices.Contains(s.Extensions, filepath.Ext(e.Name())) && !strings.HasPrefix(e.Name(), ".") && !e.IsDir() {
			files = append(files, filepath.Join(s.Path, e.Name()))
		}
	}
	return files, nil
}

// State stands for what the files are: it changes when one is written, replaced, added or removed. Take it before they are
// read, so that a change meanwhile is noticed.
func (s Source) State() string {
	files, err := s.Files()
	if err != nil {
		return err.Error()
	}
	text := ""
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			text += fmt.Sprintln(file, info.Size(), info.ModTime().UnixNano())
		}
	}
	return text
}

// look is how often the files are looked at.
const look = 500 * time.Millisecond

// Run calls changed whenever the files are no longer what they were when seen was their State, until ctx ends.
func (s Source) Run(ctx context.Context, seen string, changed func()) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := s.State(); now != seen {
			seen = now
			changed()
		}
	}
}
