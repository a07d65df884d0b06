package auth

import (
	"context"
	"strconv"
)

// keyEvidence finds the row that a key presented without a user stands for: one of auth_api_key if the claim was asked
// of that table, else a native key. Of several rows with the same key the first that lets the caller pass counts.
func (a *Authenticator) keyEvidence(ctx context.Context, f found, c claim) (*evidence, error) {
	refusal := ""
	for _, k := range f.rows.AuthAPIKeys {
		if !equalSecrets(k.Key, c.secret) {
			continue // the database compared by its collation
		}
		e := f.evidence(ByAuthAPIKey, k.UserID, k.ID)
		if refusal = decide(e, a.config.ArchivedUsers, f.rows.Now); refusal == "" {
			return e, nil
		}
		refusal = "auth_api_key " + quoteShort(k.Name) + ": " + refusal
	}
	if refusal != "" {
		return nil, denied("%s", refusal)
	}
	var candidates []*evidence
	for _, k := range f.rows.NativeKeys {
		candidates = append(candidates, f.evidence(ByNativeKey, k.UserID, k.ID))
	}
	return a.firstVerified(ctx, c.secret, candidates, NativeKeyRounds, "no such key")
}

// userEvidence finds what of the user's own, nil for nobody, a claim verifies against: a native key or the password.
// Native keys come first since they cost a hundredth of a password; which one it is makes no difference to what the
// caller may do.
//
// Whoever the claim names, and whatever is stored of them, a miss takes as long as the dearest hash of the database.
func (a *Authenticator) userEvidence(ctx context.Context, f found, user *User, c claim) (*evidence, error) {
	if c.noText {
		return nil, withoutPassword(user, c)
	}
	rounds := f.rows.Settings.PasswordRounds
	if rounds <= 0 {
		rounds = fallbackRounds
	}
	if user == nil {
		return a.firstVerified(ctx, c.secret, nil, rounds, "no user has the login "+quoteShort(c.login))
	}
	var candidates []*evidence
	for _, k := range f.rows.NativeKeys {
		if k.UserID == user.ID {
			candidates = append(candidates, f.evidence(ByNativeKey, k.UserID, k.ID))
		}
	}
	if user.Password != "" { // NULL matches nothing, not even an empty password (auth.nopassword)
		candidates = append(candidates, f.evidence(ByPassword, user.ID, 0))
	}
	return a.firstVerified(ctx, c.secret, candidates, rounds, "wrong password or key for "+quoteShort(user.Login))
}

// withoutPassword is the error of a claim that shows nothing to check.
func withoutPassword(user *User, c claim) error {
	switch {
	case user == nil:
		return denied("no user has the login %s", quoteShort(c.login))
	case c.via != ViaCall:
		return denied("login %s came with an empty password", quoteShort(c.login))
	case !user.Active:
		return denied("the user %s is archived", quoteShort(user.Login))
	}
	return &Error{Kind: NoPassword, Reason: "the call's password is empty or no text"}
}

// firstVerified returns the first candidate that secret verifies against and that lets the caller pass. A refusal
// tells the log why one that verified does not pass, else it is the one given.
func (a *Authenticator) firstVerified(ctx context.Context, secret Secret, candidates []*evidence, rounds int, refusal string) (*evidence, error) {
	for {
		stored := make([]storedSecret, len(candidates))
		for i, e := range candidates {
			stored[i] = storedSecret{e.stored(), e.method == ByPassword}
		}
		match, err := a.hashes.verify(ctx, a.verificationDigest(secret, stored, rounds), secret, stored, rounds)
		if err != nil {
			return nil, err
		}
		if match < 0 {
			return nil, denied("%s", refusal)
		}
		e := candidates[match]
		why := decide(e, a.config.ArchivedUsers, e.now)
		if why == "" {
			return e, nil
		}
		refusal, candidates = why, candidates[match+1:]
	}
}

// verificationDigest stands for all that the outcome of a verification depends on.
func (a *Authenticator) verificationDigest(secret Secret, stored []storedSecret, rounds int) digest {
	parts := []string{"verification", secret.Reveal(), strconv.Itoa(rounds)}
	for _, s := range stored {
		parts = append(parts, s.value.Reveal(), strconv.FormatBool(s.mayBeClear))
	}
	return a.digests.of(parts...)
}
