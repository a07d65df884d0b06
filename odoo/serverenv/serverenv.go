// Package serverenv reads API keys from the files of the server's environment, as OCA's modules server_environment and
// auth_api_key_server_env do: sections [api_key_<technical name>] with an option key. They stand in place of the keys that
// are stored in auth_api_key; see [odoobridge/auth.WithEnvironment].
package serverenv

import (
	"context"
	"sync/atomic"

	"odoobridge/auth"
	"odoobridge/auth/watch"
)

// Keys are the keys of a file or folder, as last read. They are safe for use by many goroutines.
type Keys struct {
	source watch.Source
	keys   atomic.Pointer[map[string]auth.Secret]
	seen   string // the state of the files when they were read first
}

// Open reads the file, or the files *.conf, *.cfg and *.ini of the folder, at path. The error is [Problems] where they are no
// such files.
func Open(path string) (*Keys, error) {
	source := watch.Source{Path: path, Extensions: []string{".conf", ".cfg", ".ini"}}
	k := &Keys{source: source, seen: source.State()}
	return k, k.read()
}

// Keys are the keys by technical name. The map is not to be changed.
func (k *Keys) Keys() map[string]auth.Secret { return *k.keys.Load() }

func (k *Keys) read() error {
	keys, err := readAll(k.source)
	if err == nil {
		k.keys.Store(&keys)
	}
	return err
}

// Run reads the files again when they change, until ctx ends. Files that can't be read change nothing; told is told of each
// change, with the error or nil.
func (k *Keys) Run(ctx context.Context, told func(error)) {
	k.source.Run(ctx, k.seen, func() { told(k.read()) })
}
