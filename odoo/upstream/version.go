package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"odoobridge/rpc"
)

// versionLimit is more than any answer to common.version.
const versionLimit = 64 << 10

// Version asks Odoo's common.version, which needs no credentials and no database, and returns the series: 15 for
// "15.0", 17 for "saas~17.4". Recorded as common.version.json in series 15, 18 and 19.
func (c *Client) Version(ctx context.Context) (rpc.Series, error) {
	const call = `{"jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "version", "args": []}, "id": 1}`
	a, err := c.Post(ctx, &Request{Path: "/jsonrpc", Fields: []Field{{"Content-Type", "application/json"}}, Body: []byte(call)})
	if err != nil {
		return 0, err
	}
	defer a.Close()
	body, err := io.ReadAll(io.LimitReader(a, versionLimit))
	if err != nil {
		return 0, &Error{Kind: Broken, cause: err}
	}
	if a.Status != http.StatusOK {
		return 0, fmt.Errorf("common.version at /jsonrpc of Odoo: status %d", a.Status)
	}
	var answer struct {
		Result struct {
			Series string `json:"server_serie"`
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("common.version at /jsonrpc of Odoo: %w", err)
	}
	return parseSeries(answer.Result.Series)
}

// parseSeries reads server_serie: "18.0", and "saas~17.4" of Odoo Online.
func parseSeries(s string) (rpc.Series, error) {
	major, _, _ := strings.Cut(strings.TrimPrefix(s, "saas~"), ".")
	n, err := strconv.Atoi(major)
	if err != nil || n < 8 {
		return 0, fmt.Errorf("common.version of Odoo: server_serie %q names no series", s)
	}
	return rpc.Series(n), nil
}
