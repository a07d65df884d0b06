package main

import (
	"net/url"
	"testing"
)

func TestWantsTraces(t *testing.T) {
	collector := &url.URL{Scheme: "http", Host: "collector:4318"}
	for _, tc := range []struct {
		name     string
		endpoint *url.URL
		env      map[string]string
		want     bool
	}{
		{"nothing", nil, nil, false},
		{"our setting", collector, nil, true},
		{"the standard endpoint", nil, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318"}, true},
		{"that of traces", nil, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/v1/traces"}, true},
		{"an empty one", nil, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, false},
		{"the exporter alone", nil, map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		{"no exporter", collector, map[string]string{"OTEL_TRACES_EXPORTER": "none"}, false},
		{"disabled", collector, map[string]string{"OTEL_SDK_DISABLED": "TRUE"}, false},
		{"other variables alone", nil, map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "always_on"}, false},
		{"JSON", collector, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, problems := wantsTraces(tc.endpoint, func(name string) (string, bool) { v, ok := tc.env[name]; return v, ok })
			if got != tc.want || problems != nil {
				t.Errorf("%t, %v; want %t", got, problems, tc.want)
			}
		})
	}
}
