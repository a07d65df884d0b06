//go:build unix

package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"sync"

	"odoobridge/odoo/upstream"
	"odoobridge/rpc/socket"
)

// bareBallast is the bridge's, see cmd/odoobridge.
var bareBallast = make([]byte, 12<<20)

// bare passes bodies on by net/http's server and the bridge's connection to Odoo, and does nothing else: what is left for the
// bridge to win. It is a process of its own, as the bridge is.
func bare(listen, to string) error {
	runtime.GOMAXPROCS(2 * runtime.GOMAXPROCS(0))
	defer runtime.KeepAlive(bareBallast)
	base, err := url.Parse(to)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	client := upstream.New(upstream.Config{URL: base})
	buffers := sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}
	contentType := []upstream.Field{{Name: "Content-Type", Value: "application/json"}}
	answerType := []string{"application/json"}
	return http.Serve(socket.Listener{Listener: l}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffer := buffers.Get().(*[]byte)
		defer buffers.Put(buffer)
		n, err := io.ReadFull(r.Body, *buffer)
		if !errors.Is(err, io.ErrUnexpectedEOF) { // it filled the buffer, or broke off
			http.Error(w, "this is for small bodies", http.StatusRequestEntityTooLarge)
			return
		}
		answer, err := client.Post(r.Context(), &upstream.Request{Path: "/jsonrpc", Body: (*buffer)[:n], Fields: contentType})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Close()
		w.Header()["Content-Type"] = answerType
		_, _ = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{answer}, *buffer) // the error is the connection's
	}))
}
