package bridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestLogFields: docs/OBSERVABILITY.md has every field of a call's line, and no other.
func TestLogFields(t *testing.T) {
	var line bytes.Buffer
	Log{zerolog.New(&line).With().Timestamp().Logger()}.Observe(fullRecord())
	var fields map[string]any
	if err := json.Unmarshal(line.Bytes(), &fields); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/OBSERVABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Log\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var written []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(section, -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			written = append(written, strings.Trim(name, "`"))
		}
	}
	for _, name := range written {
		if _, ok := fields[name]; !ok {
			t.Errorf("%s is in docs/OBSERVABILITY.md and not in %s", name, &line)
		}
	}
	for name := range fields {
		if !slices.Contains(written, name) {
			t.Errorf("%s is in no table of docs/OBSERVABILITY.md", name)
		}
	}
}

// fullRecord is one in which everything is known.
func fullRecord() *Record {
	return &Record{
		RequestID: "abcdefgh", TraceID: traceID, Total: time.Second, Queued: time.Second, Upstream: time.Second, Source: netip.MustParseAddr("192.0.2.1"),
		Service: "object", Call: "execute_kw", Model: "res.partner", Method: "read", DB: "odoo18", UID: 2, Login: "admin", Via: "api-key", Key: "shop",
		Basic: "other", Policy: Verdict{"rule", allowed}, Trial: Verdict{"trial", wouldRefuse}, Status: 502, Outcome: BadGateway, Err: errors.New("it is away"),
	}
}
