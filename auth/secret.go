package auth

import (
	"fmt"
	"log/slog"
)

// redacted is all that is ever printed of a [Secret].
const redacted = "[redacted]"

// Secret is a key, a password or a hash of one. Whatever prints it, prints [redacted]: fmt with any verb, also inside
// other values, encoding/json, log/slog and zerolog. Some things escape it: fmt asks no methods for %w, which go vet
// refuses, nor for unexported fields, which hence hold a *Secret, nor behind a pointer with an unfit verb, for which
// [Login] and [CallCredentials] have methods of their own; and encoding/json asks none for the keys of maps.
// [Secret.Reveal] is the one way to its text, so that a search for the name finds every place where a secret leaves.
type Secret string

// Reveal returns the text itself, to be compared, hashed or sent to Odoo, never to be printed.
func (s Secret) Reveal() string { return string(s) }

// Format implements [fmt.Formatter], which comes before every other way fmt has to print a value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements [fmt.Stringer] for callers that don't go through fmt.
func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return redacted }

// MarshalText implements encoding.TextMarshaler, which encoding/json and zerolog use.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
