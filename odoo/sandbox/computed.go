package sandbox

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"

	"odoobridge/rpc"
)

// computation is a field that Odoo computes in Python: how it is read, and what a write of it sets. write is nil where a
// write does nothing.
type computation struct {
	read  func(e *env, id int64) (any, error)
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

func (e *env) attachment(id int64) ([]byte, error) {
	var content []byte
	err := e.tx.QueryRowContext(e.ctx, "SELECT db_datas FROM ir_attachment WHERE id = $1", id).Scan(&content)
	return content, e.databaseError(err)
}

func attachmentData(e *env, id int64) (any, error) {
	content, err := e.attachment(id)
	if size, _ := e.context.get("bin_size"); truthy(size) {
		return humanSize(len(content)), err
	}
	return bytes(base64.StdEncoding.EncodeToString(content)), err
}

func attachmentRaw(e *env, id int64) (any, error) {
	content, err := e.attachment(id)
	if size, _ := e.context.get("bin_size"); truthy(size) {
		return humanSize(len(content)), err
	}
	return bytes(content), err
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
func emptyText(*env, int64) (any, error) { return "", nil }

func writePassword(_ *env, value any) (map[string]any, error) {
	if !truthy(value) {
		return nil, nil
	}
	hash, err := hashPassword(str(value))
	return map[string]any{"password": hash}, err
}

func hasTOTP(e *env, id int64) (any, error) {
	var enabled bool
	err := e.tx.QueryRowContext(e.ctx, "SELECT coalesce(totp_secret, '') != '' FROM res_users WHERE id = $1", id).Scan(&enabled)
	return enabled, e.databaseError(err)
}

func companyType(e *env, id int64) (any, error) {
	var company bool
	err := e.tx.QueryRowContext(e.ctx, "SELECT coalesce(is_company, FALSE) FROM res_partner WHERE id = $1", id).Scan(&company)
	if company {
		return "company", e.databaseError(err)
	}
	return "person", e.databaseError(err)
}

func writeCompanyType(_ *env, value any) (map[string]any, error) {
	if value != "company" && value != "person" && truthy(value) {
		return nil, valueError("Wrong value for res.partner.company_type: " + repr(value))
	}
	return map[string]any{"is_company": value == "company"}, nil
}
