package auth

import (
	"context"
	"net/netip"
)

// Standing is a login that lasts: for as long as the password or key it was made with counts, and the user it is of. It holds
// neither.
type Standing struct {
	database *database
	proof    *proof
	claim    claim // without its secret
}

// SignIn finds out who signs in with a login and a password or native key, as [Authenticator.Identify] does for Basic, and
// with the same cooldown. The error is an [*Error], or ctx's.
func (a *Authenticator) SignIn(ctx context.Context, db string, source netip.Addr, l Login) (*Standing, Identity, error) {
	c := claim{via: ViaBasic, login: l.Login, byLogin: true, secret: l.Password, noText: l.Password == ""}
	id, err := a.verify(ctx, db, cooldownSource(source), c)
	if err != nil {
		return nil, Identity{}, err
	}
	var p *proof
	d := a.database(db)
	if d != nil {
		p = d.proofs.get(a.claimDigest(db, c))
	}
	if p == nil {
		return nil, Identity{}, &Error{Kind: Overloaded, RetryAfter: overloadRetry,
			Reason: "so many callers came that the login was forgotten before it was used; try again"}
	}
	id.own = nil
	c.secret = ""
	return &Standing{d, p, c}, id, nil
}

// Check tells whether the login still counts: nil, an [*Error] of kind Denied where it does not, or why that can't be told. What
// it goes by is as fresh as for any caller.
func (s *Standing) Check(ctx context.Context) error {
	e, now, err := s.database.fresh(ctx, s.proof)
	if err != nil {
		return err
	}
	return s.database.auth.holds(e, s.proof, s.claim, now)
}
