package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"odoobridge/rpc"
)

// versionLimit is more than any answer to a question for the version.
const versionLimit = 64 << 10

// Protocol is by which endpoints calls reach Odoo.
type Protocol uint8

const (
	// Auto is RPC where Odoo has /jsonrpc, else JSON2.
	Auto Protocol = iota
	// RPC is /jsonrpc and /xmlrpc.
	RPC
	// JSON2 is /json/2, for an Odoo that has nothing else left.
	JSON2
)

// ParseProtocol reads "auto", "rpc" or "json2".
func ParseProtocol(s string) (Protocol, error) {
	for p, name := range []string{"auto", "rpc", "json2"} {
		if s == name {
			return Protocol(p), nil
		}
	}
	return Auto, fmt.Errorf("%q is none of auto, rpc and json2", s)
}

// Version is what Odoo says of itself.
type Version struct {
	Series rpc.Series      // 15 for "15.0", 17 for "saas~17.4"
	Text   string          // "19.0"
	Serie  string          // "19.0", "saas~18.4"
	Info   json.RawMessage // [19, 0, 0, "final", 0, ""]
	JSON2  bool            // /jsonrpc is not there, or not to be used
}

// json2Series is the first with JSON-2; what led up to it calls itself saas~18.
const json2Series rpc.Series = 19

// errNoEndpoint is a 404: Odoo has nothing at that path.
var errNoEndpoint = errors.New("there is no such endpoint")

// Version asks Odoo for its version, at an endpoint of p that needs no credentials and no database.
func (c *Client) Version(ctx context.Context, p Protocol) (Version, error) {
	if p != JSON2 {
		v, err := c.commonVersion(ctx)
		if p == RPC || !errors.Is(err, errNoEndpoint) {
			return v, err
		}
	}
	return c.jsonVersion(ctx)
}

// commonVersion asks common.version. Recorded as common.version.json in series 15, 18 and 19.
func (c *Client) commonVersion(ctx context.Context) (Version, error) {
	const call = `{"jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "version", "args": []}, "id": 1}`
	var answer struct {
		Result struct {
			Version string          `json:"server_version"`
			Serie   string          `json:"server_serie"`
			Info    json.RawMessage `json:"server_version_info"`
		}
	}
	r := Request{Path: "/jsonrpc", Fields: []Field{{"Content-Type", "application/json"}}, Body: []byte(call)}
	if err := c.askVersion(ctx, "common.version at /jsonrpc of Odoo", &r, &answer); err != nil {
		return Version{}, err
	}
	series, err := parseSeries(answer.Result.Serie)
	return Version{Series: series, Text: answer.Result.Version, Serie: answer.Result.Serie, Info: answer.Result.Info}, err
}

// jsonVersion asks /json/version, which came with 19 (version.json.version), and takes GET alone
// (version.json.version.post).
func (c *Client) jsonVersion(ctx context.Context) (Version, error) {
	var answer struct {
		Version string          `json:"version"`
		Info    json.RawMessage `json:"version_info"`
	}
	r := Request{Method: http.MethodGet, Path: "/json/version"}
	if err := c.askVersion(ctx, "/json/version of Odoo", &r, &answer); err != nil {
		return Version{}, err
	}
	// Odoo's serie is made of the first two of the info: [19, 0, ...], ["saas~18", 4, ...].
	var info []any
	if err := json.Unmarshal(answer.Info, &info); err != nil || len(info) < 2 {
		return Version{}, fmt.Errorf("/json/version of Odoo: version_info %.100q is no list of a version", answer.Info)
	}
	serie := fmt.Sprintf("%v.%v", info[0], info[1])
	series, err := parseSeries(serie)
	return Version{Series: max(series, json2Series), Text: answer.Version, Serie: serie, Info: answer.Info, JSON2: true}, err
}

// askVersion sends r and decodes the answer into answer. what names the question in errors.
func (c *Client) askVersion(ctx context.Context, what string, r *Request, answer any) error {
	a, err := c.Post(ctx, r)
	if err != nil {
		return err
	}
	defer a.Close()
	body, err := io.ReadAll(io.LimitReader(a, versionLimit))
	switch {
	case err != nil:
		return &Error{Kind: Broken, cause: err}
	case a.Status == http.StatusNotFound:
		return fmt.Errorf("%s: status %d: %w", what, a.Status, errNoEndpoint)
	case a.Status != http.StatusOK:
		return fmt.Errorf("%s: status %d", what, a.Status)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// parseSeries reads server_serie: "18.0", and "saas~17.4" of Odoo Online.
func parseSeries(s string) (rpc.Series, error) {
	major, _, _ := strings.Cut(strings.TrimPrefix(s, "saas~"), ".")
	n, err := strconv.Atoi(major)
	if err != nil || n < 8 {
		return 0, fmt.Errorf("the version of Odoo: serie %q names no series", s)
	}
	return rpc.Series(n), nil
}
