package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"odoobridge/auth"
)

const canary = auth.Secret("canary-5b0f")

func TestSecretIsNeverPrinted(t *testing.T) {
	type nested struct {
		S auth.Secret
		P *auth.Secret
		M map[string]auth.Secret
	}
	s := canary
	values := map[string]any{
		"plain": canary, "pointer": &s, "slice": []auth.Secret{canary}, "nested": nested{canary, &s, map[string]auth.Secret{"k": canary}},
		"presented": auth.Presented{APIKey: canary, Bearer: canary, Basic: &auth.Login{Password: canary}, Call: &auth.CallCredentials{Password: canary}},
		"rows":      auth.Rows{Users: []auth.User{{Password: canary}}, AuthAPIKeys: []auth.AuthAPIKey{{Key: canary}}, NativeKeys: []auth.NativeKey{{Hash: canary}}},
		"query":     auth.Query{AuthAPIKey: canary}, "minted": auth.MintedKey{Key: canary, Hash: canary},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s", "%z"} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
			fmt.Fprintln(&out, v)
			if err := json.NewEncoder(&out).Encode(v); err != nil {
				t.Fatal(err)
			}
			slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
			slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
			log := zerolog.New(&out)
			log.Info().Interface("v", v).Any("a", v).Msg("m")
			absent(t, out.String())
		})
	}
	log := &bytes.Buffer{}
	logger := zerolog.New(log)
	logger.Info().Stringer("s", canary).Msg("m")
	absent(t, log.String())
	if canary.Reveal() != "canary-5b0f" {
		t.Error("Reveal doesn't")
	}
}

func absent(t *testing.T, out string) {
	t.Helper()
	for _, form := range []string{string(canary), fmt.Sprintf("%x", string(canary)), fmt.Sprintf("%X", string(canary)), string(canary[:3])} {
		if strings.Contains(out, form) {
			t.Errorf("the secret shows as %q in %s", form, out)
		}
	}
}

// TestErrorsAndIdentitiesHoldNoSecret goes through every way to be let in and refused with the canary.
func TestErrorsAndIdentitiesHoldNoSecret(t *testing.T) {
	b := newBench(nil)
	b.dir.Change(func(r *auth.Rows) {
		r.AuthAPIKeys = append(r.AuthAPIKeys, auth.AuthAPIKey{ID: 900, UserID: 9001, Name: "c", Key: canary, Active: true})
		userOf(r, 9008).Password = canary
	})
	for _, p := range []auth.Presented{apiKey(canary), bearer(canary), basic("plainhash", canary), basic("rpcuser", canary), basic("nobody", canary),
		object(9008, canary), object(9001, canary), object(424242, canary), common("plainhash", canary), common("nobody", canary),
		both(apiKey(canary), object(2, canary)), apiKey(canary + "x")} {
		id, err := b.Identify(context.Background(), db, p)
		absent(t, fmt.Sprintf("%v %+v %#v", id, id, id))
		absent(t, fmt.Sprintf("%v %+v %#v", err, err, err))
		if err == nil {
			secret, err := b.Secret(context.Background(), id)
			absent(t, fmt.Sprintf("%v %#v %v", secret, secret, err))
		}
	}
}
