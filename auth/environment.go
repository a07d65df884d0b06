package auth

import (
	"context"
	"strings"
)

// WithEnvironment returns a Directory in which keys of the environment stand in place of the stored ones, as OCA's
// auth_api_key_server_env has it: the row of auth_api_key whose TechName keys has a value for holds that value, whatever
// its column says, which may be a dummy. What a stored key was before it was replaced counts as little. keys is asked on each read, so that a change is in force as soon as one of a row.
func WithEnvironment(d Directory, keys func() map[string]Secret) Directory {
	return environment{d, keys}
}

type environment struct {
	Directory
	keys func() map[string]Secret
}

// Read implements [Directory].
func (e environment) Read(ctx context.Context, db string, q Query) (Rows, error) {
	keys := e.keys()
	if q.AuthAPIKey != "" {
		for name, key := range keys {
			if equalSecrets(key, q.AuthAPIKey) {
				q.TechNames = append(q.TechNames, name)
			}
		}
	}
	rows, err := e.Directory.Read(ctx, db, q)
	for i := range rows.AuthAPIKeys {
		row := &rows.AuthAPIKeys[i]
		if key, ok := keys[row.TechName]; ok {
			if !row.Retires.IsZero() {
				key = "" // the old value of a stored key that does not count either
			}
			row.Key = key
		}
	}
	return rows, err
}

// TechName makes a technical name of a key's name: what is neither a letter of ASCII nor a digit becomes an underscore, a run
// of them one, and letters small. "My Shop: B2B" is my_shop_b2b.
func TechName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			b.WriteByte(c - 'A' + 'a')
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b.WriteByte(c)
		case b.Len() > 0 && b.String()[b.Len()-1] != '_':
			b.WriteByte('_')
		}
	}
	return strings.TrimSuffix(b.String(), "_")
}
