// Package serverenv reads API keys from the files of the server's environment, as OCA's modules server_environment and
// auth_api_key_server_env do: sections [api_key_<technical name>] with an option key. They stand in place of the keys that
// are stored in auth_api_key; see [odoobridge/auth.WithEnvironment].
package serverenv

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"odoobridge/auth"
)

// Keys are the keys of a file or folder, as last read. They are safe for use by many goroutines.
type Keys struct {
	path string
	keys atomic.Pointer[map[string]auth.Secret]
	seen string // the state of the files at the last look
}

// Open reads the file, or the files *.conf, *.cfg and *.ini of the folder, at path. The error is [Problems] where they are no
// such files.
func Open(path string) (*Keys, error) {
	k := &Keys{path: path, seen: state(path)}
	return k, k.read()
}

// Keys are the keys by technical name. The map is not to be changed.
func (k *Keys) Keys() map[string]auth.Secret { return *k.keys.Load() }

func (k *Keys) read() error {
	keys, err := readAll(k.path)
	if err == nil {
		k.keys.Store(&keys)
	}
	return err
}

// look is how often the files are looked at.
const look = 500 * time.Millisecond

// Run reads the files again when they change, until ctx ends. Files that can't be read change nothing; told is told of each
// change, with the error or nil.
func (k *Keys) Run(ctx context.Context, told func(error)) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := state(k.path); now != k.seen {
			k.seen = now
			told(k.read())
		}
	}
}

// state stands for what the files are: it changes when one is written, replaced, added or removed.
func state(path string) string {
	files, err := filesOf(path)
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
