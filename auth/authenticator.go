package auth

import "context"

// Authenticator finds out who calls. It is safe for use by many goroutines.
type Authenticator struct{ config Config }

// New makes an Authenticator. It starts nothing; see [Authenticator.Run].
func New(c Config) *Authenticator { return &Authenticator{config: c} }

// Identify returns the identity that p stands for in the database db. The error is an [*Error], or ctx's.
func (a *Authenticator) Identify(ctx context.Context, db string, p Presented) (Identity, error) {
	return Identity{}, denied("no credentials were presented")
}

// Secret returns what to send to Odoo as the identity's password: the caller's own, or a native key made for the user.
// The error is an [*Error], or ctx's.
func (a *Authenticator) Secret(ctx context.Context, id Identity) (Secret, error) {
	return "", denied("no secret for %s", id.Login)
}

// Run keeps what is known of callers fresh, and collects leftovers of dead processes, until ctx ends.
func (a *Authenticator) Run(ctx context.Context) { <-ctx.Done() }

// Close removes the native keys that were made. Run must have returned.
func (a *Authenticator) Close(ctx context.Context) error { return nil }
