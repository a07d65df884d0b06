package keyring

import (
	"context"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// SetGroups puts a key into the groups of those codes and no others.
func (k *Keyring) SetGroups(ctx context.Context, db string, by Actor, ref Ref, codes []string) (Key, error) {
	return k.changeGroups(ctx, db, by, ref, func([]string) []string {
		return append([]string{}, codes...) // never nil, which is NULL
	})
}

// ChangeGroups puts a key into some groups and takes it out of others.
func (k *Keyring) ChangeGroups(ctx context.Context, db string, by Actor, ref Ref, add, remove []string) (Key, error) {
	return k.changeGroups(ctx, db, by, ref, func(had []string) []string {
		codes := append([]string{}, add...)
		for _, code := range had {
			if !slices.Contains(remove, code) {
				codes = append(codes, code)
			}
		}
		return codes
	}, slices.Concat(add, remove)...)
}

// changeGroups writes which groups a key is in, and knows no codes but those of groups.
func (k *Keyring) changeGroups(ctx context.Context, db string, by Actor, ref Ref, want func(had []string) []string,
	mustExist ...string) (key Key, err error) {
	err = k.change(ctx, db, by, func(ctx context.Context, c *change) error {
		if !c.hasGroups() {
			return noGroups()
		}
		if key, err = c.current(ctx, ref); err != nil {
			return err
		}
		codes := want(key.Groups)
		if err := c.checkGroups(ctx, slices.Concat(mustExist, codes)); err != nil {
			return err
		}
		had := strings.Join(key.Groups, ", ")
		ids, err := c.family(ctx, key)
		if err != nil {
			return err
		}
		removed, err := c.ExecContext(ctx, `DELETE FROM auth_api_key_group_rel r USING auth_api_key_group g
			WHERE g.id = r.group_id AND r.key_id = ANY ($1::bigint[]) AND NOT g.code = ANY ($2::text[])`, pq.Array(ids), pq.Array(codes))
		if err != nil {
			return err
		}
		added, err := c.ExecContext(ctx, `INSERT INTO auth_api_key_group_rel (key_id, group_id)
			SELECT k.id, g.id FROM unnest($1::bigint[]) AS k(id), auth_api_key_group g WHERE g.code = ANY ($2::text[])
			AND NOT EXISTS (SELECT FROM auth_api_key_group_rel r WHERE r.key_id = k.id AND r.group_id = g.id)`, pq.Array(ids), pq.Array(codes))
		if err != nil {
			return err
		}
		left, _ := removed.RowsAffected() // which lib/pq always knows
		joined, _ := added.RowsAffected()
		if left+joined == 0 {
			return nil
		}
		if err := c.edit(ctx, key, ""); err != nil { // who wrote it, and when, as in Odoo
			return err
		}
		if key, err = c.key(ctx, Numbered(key.ID)); err == nil {
			c.did("groups", key.Name, key.ID, "from [%s] to [%s]", had, strings.Join(key.Groups, ", "))
		}
		return err
	})
	return key, err
}

// checkGroups refuses codes that no group has.
func (c *change) checkGroups(ctx context.Context, codes []string) error {
	var known []string
	if err := c.QueryRowContext(ctx, `SELECT array_agg(code ORDER BY code) FROM auth_api_key_group`).Scan(pq.Array(&known)); err != nil {
		return err
	}
	for _, code := range codes {
		if !slices.Contains(known, code) {
			return wrong(ErrUnknownGroup, "there is no group of keys with the code %q, but %q: groups are made in Odoo", code, known)
		}
	}
	return nil
}
