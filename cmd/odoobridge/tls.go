package main

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"odoobridge/rpc/certificate"
)

// tlsFiles are a certificate and its key, "" both where a listener speaks HTTP alone.
type tlsFiles struct{ Cert, Key string }

func (f tlsFiles) problem(prefix string) string {
	switch {
	case f.Cert != "" && f.Key == "":
		return fmt.Sprintf("--%stls-key: --%[1]stls-cert needs the key of the certificate", prefix)
	case f.Cert == "" && f.Key != "":
		return fmt.Sprintf("--%stls-cert: --%[1]stls-key needs the certificate of the key", prefix)
	}
	return ""
}

// secure has the listener speak TLS by the files, if there are any, and returns what keeps their certificate fresh.
func (l *listener) secure(files tlsFiles, log zerolog.Logger) (watch []func(context.Context), err error) {
	if files.Cert == "" {
		return nil, nil
	}
	c, err := certificate.Open(files.Cert, files.Key)
	if err != nil {
		return nil, usageError{err}
	}
	l.server.TLSConfig, l.tls = c.Config(), true
	return []func(context.Context){func(ctx context.Context) {
		c.Run(ctx, func(err error) {
			if err != nil {
				log.Error().Err(err).Msg("the TLS certificate has changed and can't be used; the one before is shown still")
				return
			}
			log.Info().Str("file", files.Cert).Msg("the TLS certificate has changed and was read again")
		})
	}}, nil
}
