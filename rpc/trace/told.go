package trace

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/go-logr/logr"
)

// longestTold bounds, in bytes, what is told of an error: a collector's answer may be in it.
const longestTold = 500

// headerVariables hold the header fields that the collector is sent, its credentials among them.
var headerVariables = []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"}

// withoutSecrets makes tell an error of the SDK's fit for a log. A collector, or a proxy before it, may answer with the
// header that it got.
func withoutSecrets(tell func(error)) func(error) {
	var secrets []string
	for _, variable := range headerVariables {
		for field := range strings.SplitSeq(os.Getenv(variable), ",") {
			_, value, _ := strings.Cut(field, "=")
			if value = strings.TrimSpace(value); value == "" {
				continue
			}
			secrets = append(secrets, value, "[redacted]")
			if plain, err := url.PathUnescape(value); err == nil {
				secrets = append(secrets, strings.TrimSpace(plain), "[redacted]")
			}
		}
	}
	redact := strings.NewReplacer(secrets...)
	return func(err error) {
		if err == nil {
			tell(nil)
			return
		}
		text := redact.Replace(err.Error())
		tell(errors.New(text[:min(len(text), longestTold)]))
	}
}

// sdkLog is where the SDK logs. The values beside a message are left out: those of a header that it can't read are secret.
type sdkLog struct{ warn func(error) }

func (l sdkLog) Init(logr.RuntimeInfo)                {}
func (l sdkLog) Enabled(level int) bool               { return level <= 1 } // errors and warnings
func (l sdkLog) Info(_ int, message string, _ ...any) { l.warn(errors.New(message)) }
func (l sdkLog) Error(err error, message string, _ ...any) {
	l.warn(fmt.Errorf("%s: %w", message, err))
}
func (l sdkLog) WithValues(...any) logr.LogSink { return l }
func (l sdkLog) WithName(string) logr.LogSink   { return l }
