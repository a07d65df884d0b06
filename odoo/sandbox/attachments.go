package sandbox

import (
	"net/http"
	"path"
	"strings"
)

// mimetypes are those that Odoo, by Python's mimetypes, gives the names that attachments of integrations usually have.
var mimetypes = map[string]string{
	".csv": "text/csv", ".gif": "image/gif", ".htm": "text/html", ".html": "text/html", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".json": "application/json", ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain",
	".xml": "application/xml", ".zip": "application/zip", ".doc": "application/msword", ".xls": "application/vnd.ms-excel",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// attachmentDefaults tells the type of a new attachment by its name, else by its content.
func attachmentDefaults(vals *dict) {
	if given, _ := vals.get("mimetype"); truthy(given) {
		return
	}
	name, _ := vals.get("name")
	if known := mimetypes[strings.ToLower(path.Ext(str(name)))]; known != "" {
		vals.set("mimetype", known)
		return
	}
	datas, _ := vals.get("datas")
	if content, err := decodeBase64(str(datas)); err == nil && truthy(datas) {
		kind, _, _ := strings.Cut(http.DetectContentType(content), ";")
		vals.set("mimetype", kind)
		return
	}
	vals.set("mimetype", "application/octet-stream")
}
