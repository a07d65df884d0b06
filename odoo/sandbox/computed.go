package sandbox

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/lib/pq"

	"odoobridge/rpc"
)

// computation is a field that Odoo computes in Python: how it is read, by record, and what a write of it sets. write is
// nil where a write does nothing.
type computation struct {
	read  func(e *env, ids []int64) (map[int64]any, error)
	write func(e *env, value any) (map[string]any, error) // values by column
}

// computed are the computed fields that recorded cases use, by "model.field".
var computed = map[string]computation{
	"ir.attachment.datas":           {read: attachmentData, write: writeAttachmentData},
	"ir.attachment.raw":             {read: attachmentRaw},
	"res.users.password":            {read: emptyText, write: writePassword},
	"res.users.new_password":        {read: emptyText, write: writePassword},
	"res.users.totp_enabled":        {read: hasTOTP},
	"res.partner.contact_address":   {read: contactAddress},
	"res.partner.email_formatted":   {read: formattedEmail},
	"res.partner.tz_offset":         {read: partnerZoneOffset},
	"res.users.tz_offset":           {read: userZoneOffset},
	"res.partner.active_lang_count": {read: activeLanguages},
	"res.partner.company_type":      {read: companyType, write: writeCompanyType},
}

// scan reads an expression of records' rows, by record, as do makes a value of it.
func scan[T any](e *env, ids []int64, table, expression string, do func(T) any) (map[int64]any, error) {
	found, err := e.tx.QueryContext(e.ctx, "SELECT id, "+expression+" FROM "+quote(table)+" WHERE id = ANY ($1)", pq.Array(ids))
	if err != nil {
		return nil, e.databaseError(err)
	}
	defer found.Close()
	byID := make(map[int64]any, len(ids))
	for found.Next() {
		var id int64
		var v T
		if err := found.Scan(&id, &v); err != nil {
			return nil, err
		}
		byID[id] = do(v)
	}
	return byID, e.databaseError(found.Err())
}

func attachmentData(e *env, ids []int64) (map[int64]any, error) {
	if size, _ := e.context.get("bin_size"); truthy(size) {
		return scan(e, ids, "ir_attachment", "coalesce(length(db_datas), 0)", func(n int) any { return humanSize(n) })
	}
	return scan(e, ids, "ir_attachment", "db_datas", func(content []byte) any { return bytes(base64.StdEncoding.EncodeToString(content)) })
}

func attachmentRaw(e *env, ids []int64) (map[int64]any, error) {
	if size, _ := e.context.get("bin_size"); truthy(size) {
		return scan(e, ids, "ir_attachment", "coalesce(length(db_datas), 0)", func(n int) any { return humanSize(n) })
	}
	return scan(e, ids, "ir_attachment", "db_datas", func(content []byte) any { return bytes(content) })
}

func writeAttachmentData(e *env, value any) (map[string]any, error) {
	text := ""
	if truthy(value) {
		text = str(value)
	}
	content, err := decodeBase64(text)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"db_datas": content, "file_size": len(content), "checksum": fmt.Sprintf("%x", sha1.Sum(content)),
	}, nil
}

// decodeBase64 is Python's b64decode with its error (case write.write.binary).
func decodeBase64(text string) ([]byte, error) {
	letters := 0
	for _, r := range text {
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", r) {
			letters++
		}
	}
	if letters%4 == 1 {
		return nil, binasciiError(fmt.Sprintf("Invalid base64-encoded string: number of data characters (%d) cannot be 1 more than a multiple of 4", letters))
	}
	if letters%4 != 0 && strings.Count(text, "=") < 4-letters%4 {
		return nil, binasciiError("Incorrect padding")
	}
	return lenientBase64(text), nil
}

func binasciiError(message string) *rpc.Error { return newError("binascii.Error", message) }

// emptyText is what passwords read as.
func emptyText(_ *env, ids []int64) (map[int64]any, error) {
	byID := make(map[int64]any, len(ids))
	for _, id := range ids {
		byID[id] = ""
	}
	return byID, nil
}

func writePassword(e *env, value any) (map[string]any, error) {
	if !truthy(value) {
		return nil, nil
	}
	hash, err := hashPassword(str(value), e.passwordRounds)
	return map[string]any{"password": hash}, err
}

func hasTOTP(e *env, ids []int64) (map[int64]any, error) {
	return scan(e, ids, "res_users", "coalesce(totp_secret, '') != ''", func(enabled bool) any { return enabled })
}

func companyType(e *env, ids []int64) (map[int64]any, error) {
	return scan(e, ids, "res_partner", "CASE WHEN is_company THEN 'company' ELSE 'person' END", func(kind string) any { return kind })
}

func writeCompanyType(_ *env, value any) (map[string]any, error) {
	if value != "company" && value != "person" && truthy(value) {
		return nil, valueError("Wrong value for res.partner.company_type: " + repr(value))
	}
	return map[string]any{"is_company": value == "company"}, nil
}
