package main

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"odoobridge/odoo/keyring"
	"odoobridge/rpc/bridge"
)

// useObserver counts the calls of each key.
type useObserver struct{ uses *keyring.Uses }

// Observe implements [bridge.Observer].
func (o useObserver) Observe(r *bridge.Record) {
	if !r.Used() {
		return
	}
	o.uses.Count(&keyring.Use{
		DB: r.DB, UID: r.UID, Login: r.Login, Kind: r.Kind, KeyID: r.KeyID, KeyName: r.Key,
		Protocol: r.Protocol.String(), At: r.Start, Source: r.Source,
	})
}

// warnOfUses says, once for each database, that the use of keys is not written down, or replaced keys not removed.
func warnOfUses(log zerolog.Logger) func(string, error) {
	return func(db string, err error) {
		log.Warn().Str("db", db).Err(err).Msg("the use of keys is not kept, or replaced keys are not removed; still trying")
	}
}

// auditPolicies writes into the audit log that other policies are in force. Who changed the file is not known here.
func auditPolicies(keys *keyring.Keyring, path string, log zerolog.Logger) func(context.Context, int) {
	return func(ctx context.Context, rules int) {
		for _, db := range keys.Databases() {
			err := keys.Note(ctx, keyring.Entry{
				DB: db, By: keyring.Actor{Name: "whoever may write the file", Source: path},
				Action: "policies", Object: path, Detail: fmt.Sprintf("changed, %d rules are in force", rules),
			})
			if err != nil {
				log.Warn().Str("db", db).Err(err).Msg("the change of the policies is not in the table of the audit log")
			}
		}
	}
}
