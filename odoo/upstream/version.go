package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"odoobridge/rpc"
)

// Version asks Odoo's common.version, which needs no credentials and no database, and returns the series: 15 for
// "15.0", 17 for "saas~17.4". Recorded as common.version.json in series 15, 18 and 19.
func (c *Client) Version(ctx context.Context) (rpc.Series, error) {
	const call = `{"jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "version", "args": []}, "id": 1}`
	res, err := c.Post(ctx, "/jsonrpc", http.Header{"Content-Type": {"application/json"}}, []byte(call))
	if err != nil {
		return 0, err
	}
	body, err := readAll(res)
	if err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("common.version at /jsonrpc of Odoo: status %d", res.StatusCode)
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
