package trace

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// endpoint is a server, as spans of requests to it name it.
type endpoint struct {
	base       string // scheme, host and path
	attributes []attribute.KeyValue
}

func endpointOf(u *url.URL) endpoint {
	return endpoint{
		base:       u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"),
		attributes: hostAttributes(u.Host, u.Scheme),
	}
}

// hostAttributes are name and port of a server that is reached by scheme.
func hostAttributes(host, scheme string) []attribute.KeyValue {
	if host == "" {
		return nil
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), "80"
		if scheme == "https" {
			port = "443"
		}
	}
	attributes := []attribute.KeyValue{semconv.ServerAddress(name)}
	if n, err := strconv.Atoi(port); err == nil {
		attributes = append(attributes, semconv.ServerPort(n))
	}
	return attributes
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// knownMethods are HTTP's; others are anything.
var knownMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete,
	http.MethodConnect, http.MethodOptions, http.MethodTrace, http.MethodPatch}

// methodOf is the request's method as names of spans have it.
func methodOf(r *http.Request) string {
	if slices.Contains(knownMethods, r.Method) {
		return r.Method
	}
	return "HTTP"
}

func requestMethod(method string) []attribute.KeyValue {
	if slices.Contains(knownMethods, method) {
		return []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(method)}
	}
	return []attribute.KeyValue{semconv.HTTPRequestMethodOther, semconv.HTTPRequestMethodOriginal(method[:min(len(method), 32)])}
}
